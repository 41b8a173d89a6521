//! What the other tests stand on: a database for each, on every engine, and nothing left of it.
use crate::engines::{Engine, Engines, TestDatabase, engines};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, select};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

static MIGRATIONS: AtomicUsize = AtomicUsize::new(0);
static ENGINES: Engines = Engines::migrated_by(|url| {
    MIGRATIONS.fetch_add(1, Ordering::Relaxed);
    Connected::to(url).execute("CREATE TABLE visitors (name TEXT NOT NULL)");
});

/// Prints them, by its first line: see `cargo test`'s output.
#[test]
fn the_engines_that_ran() {
    let engines = engines();
    assert_eq!(engines[0], Engine::Sqlite);
    if std::env::var("REQUIRE_POSTGRES").is_ok_and(|it| it == "1") {
        assert_eq!(engines[1], Engine::Postgres);
    }
}

#[test]
fn two_tests_do_not_see_each_other() {
    for &engine in engines() {
        let (one, other) = (
            ENGINES.fresh_database(engine),
            ENGINES.fresh_database(engine),
        );
        Connected::to(&one.url).execute("INSERT INTO visitors VALUES ('Ada')");
        assert_eq!(Connected::to(&one.url).visitors(), 1, "{engine}");
        assert_eq!(Connected::to(&other.url).visitors(), 0, "{engine}");
    }
}

#[test]
fn each_test_runs_on_every_engine_and_each_engine_is_migrated_once() {
    for _ in 0..3 {
        ENGINES.on_each(async |database: TestDatabase| {
            actix_web::rt::spawn(async {})
                .await
                .expect("there is a runtime");
            assert_eq!(Connected::to(&database.url).visitors(), 0);
        });
    }
    assert_eq!(MIGRATIONS.load(Ordering::Relaxed), engines().len());
}

#[test]
fn a_database_vanishes_though_someone_is_connected() {
    ENGINES.on_each(async |database| {
        let url = database.url.clone();
        let mut visitor = Connected::to(&url);
        visitor.execute("INSERT INTO visitors VALUES ('Ada')");
        assert!(exists(&url));
        drop(database);
        assert!(!exists(&url));
    });
}

#[actix_web::test]
async fn a_test_may_bring_its_runtime_and_the_migrations_theirs() {
    static ASYNCHRONOUS: Engines = Engines::migrated_by(|url| {
        actix_web::rt::System::new().block_on(async {
            Connected::to(url).execute("CREATE TABLE visitors (name TEXT NOT NULL)");
        });
    });
    for &engine in engines() {
        let database = ASYNCHRONOUS.fresh_database(engine);
        assert_eq!(Connected::to(&database.url).visitors(), 0, "{engine}");
    }
}

#[test]
fn a_failing_test_runs_on_the_other_engine_too_and_names_both() {
    let failed =
        catch_unwind(|| ENGINES.on_each(async |_| panic!("one customer, two full partners")));
    let panic = failed.expect_err("it failed");
    let message = panic.downcast_ref::<String>().expect("it says why");
    for engine in engines() {
        let line = format!("on {engine}: one customer, two full partners");
        assert!(message.contains(&line), "{message}");
    }
}

enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connected {
    fn to(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => Connected::Sqlite(SqliteConnection::establish(path).expect("it opens")),
            None => Connected::Postgres(PgConnection::establish(url).expect("it answers")),
        }
    }

    fn execute(&mut self, statement: &str) {
        match self {
            Connected::Sqlite(conn) => conn.batch_execute(statement),
            Connected::Postgres(conn) => conn.batch_execute(statement),
        }
        .expect("the statement runs");
    }

    fn visitors(&mut self) -> i64 {
        let count = select(sql::<BigInt>("count(*) FROM visitors"));
        match self {
            Connected::Sqlite(conn) => count.get_result(conn),
            Connected::Postgres(conn) => count.get_result(conn),
        }
        .expect("the table is there")
    }
}

fn exists(url: &str) -> bool {
    match url.strip_prefix("sqlite://") {
        Some(path) => std::path::Path::new(path).exists(),
        None => PgConnection::establish(url).is_ok(),
    }
}
