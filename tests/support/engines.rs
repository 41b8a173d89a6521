//! A fresh, migrated database for each test, on each engine that is there.
//!
//! SQLite is always there. PostgreSQL is the server of `TEST_DATABASE_URL`, else one that `postgres` starts from
//! the binaries it finds, else it is left out: loudly, and with `REQUIRE_POSTGRES=1` as a failure.
//!
//! The migrations run once per engine and process; every test then gets a copy. A `static` holds them:
//!
//! ```ignore
//! static ENGINES: Engines = Engines::migrated_by(|url| …);
//!
//! #[test]
//! fn psh_1_a_customer_has_one_full_partner() {
//!     ENGINES.on_each(async |database| { let db = Db::open(&database.url); … });
//! }
//! ```
mod postgres;
mod scratch;

use self::scratch::Scratch;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::any::Any;
use std::fmt;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        })
    }
}

/// The engines of this run; the first call starts PostgreSQL and says on stderr what runs.
pub fn engines() -> &'static [Engine] {
    static ANNOUNCED: Once = Once::new();
    match postgres::server() {
        Ok(server) => {
            ANNOUNCED.call_once(|| {
                let (version, origin) = (&server.version, server.origin);
                say(&format!("engines: SQLite, PostgreSQL {version} ({origin})"));
            });
            &[Engine::Sqlite, Engine::Postgres]
        }
        Err(why) if std::env::var("REQUIRE_POSTGRES").is_ok_and(|it| it == "1") => {
            panic!("REQUIRE_POSTGRES=1, but there is no PostgreSQL: {why}")
        }
        Err(why) => {
            ANNOUNCED.call_once(|| {
                say(&format!(
                    "engines: SQLite only. POSTGRESQL WAS LEFT OUT: {why}"
                ));
            });
            &[Engine::Sqlite]
        }
    }
}

/// The databases of one set of migrations.
pub struct Engines {
    migrate: fn(url: &str),
    sqlite: OnceLock<Vec<u8>>,
    postgres: OnceLock<String>,
}

impl Engines {
    /// `migrate` gets the URL of an empty database, panics when it fails, and leaves no connection open.
    pub const fn migrated_by(migrate: fn(url: &str)) -> Self {
        Self {
            migrate,
            sqlite: OnceLock::new(),
            postgres: OnceLock::new(),
        }
    }

    pub fn fresh_database(&self, engine: Engine) -> TestDatabase {
        match engine {
            Engine::Sqlite => {
                let template = self.sqlite.get_or_init(|| self.sqlite_template());
                TestDatabase::file(template)
            }
            Engine::Postgres => {
                let template = self.postgres.get_or_init(|| self.postgres_template());
                TestDatabase::copied(template)
            }
        }
    }

    /// Runs the test on every engine, each with a database and a runtime of its own, and fails with the names of
    /// the engines it failed on. The runtime has ended, with what was spawned on it, when the next engine begins.
    #[track_caller]
    pub fn on_each(&self, test: impl AsyncFn(TestDatabase)) {
        let on = |engine| {
            let database = self.fresh_database(engine);
            actix_web::rt::System::new().block_on(test(database));
        };
        let failures: Vec<_> = engines()
            .iter()
            .filter_map(|&engine| {
                let panic = catch_unwind(AssertUnwindSafe(|| on(engine))).err()?;
                Some(format!("on {engine}: {}", words(&*panic)))
            })
            .collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// On a thread of its own, so that it may start a runtime also where the test already runs on one.
    fn migrate(&self, url: &str) {
        let migrated = std::thread::scope(|scope| scope.spawn(|| (self.migrate)(url)).join());
        migrated.unwrap_or_else(|panic| resume_unwind(panic));
    }

    /// The file's bytes: to write them is all that a copy takes.
    fn sqlite_template(&self) -> Vec<u8> {
        let empty = TestDatabase::file(&[]);
        self.migrate(&empty.url);
        let file = empty.path();
        SqliteConnection::establish(&file.to_string_lossy())
            .expect("the template opens")
            // Whoever filled it may still be closing its connections: wait for them.
            .batch_execute("PRAGMA busy_timeout = 10000; PRAGMA wal_checkpoint(TRUNCATE)")
            .expect("the template is one file, with nothing left in its log");
        fs::read(file).expect("the template can be read")
    }

    fn postgres_template(&self) -> String {
        let server = on_server();
        let name = server.create_database(None);
        self.migrate(&server.url_of(&name));
        name
    }
}

/// One test's database. It goes when this is dropped, whoever is still connected; let it outlive the service.
pub struct TestDatabase {
    pub engine: Engine,
    pub url: String,
    /// SQLite: the folder of the file, and of what the service keeps beside it; PostgreSQL: the database.
    name: String,
}

impl TestDatabase {
    fn file(content: &[u8]) -> Self {
        let folder = folder().join(uuid::Uuid::now_v7().to_string());
        fs::create_dir(&folder).expect("a folder for the database");
        let file = folder.join("mandat.db");
        fs::write(&file, content).expect("the database is copied");
        Self {
            engine: Engine::Sqlite,
            url: format!("sqlite://{}", file.display()),
            name: folder.display().to_string(),
        }
    }

    fn copied(template: &str) -> Self {
        let server = on_server();
        let name = server.create_database(Some(template));
        Self {
            engine: Engine::Postgres,
            url: server.url_of(&name),
            name,
        }
    }

    fn path(&self) -> PathBuf {
        Path::new(&self.name).join("mandat.db")
    }
}

impl Drop for TestDatabase {
    /// Says what went wrong and does not panic: the test has had its verdict, and may be unwinding.
    fn drop(&mut self) {
        let dropped = match self.engine {
            Engine::Sqlite => remove_folder(Path::new(&self.name)),
            Engine::Postgres => on_server().drop_database(&self.name),
        };
        if let Err(why) = dropped {
            say(&format!(
                "the test database {} was left behind: {why}",
                self.name
            ));
        }
    }
}

fn on_server() -> &'static postgres::Server {
    let server = postgres::server().as_ref();
    server.unwrap_or_else(|why| panic!("there is no PostgreSQL: {why}"))
}

/// Of this process, for its SQLite databases.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<Scratch> = OnceLock::new();
    let scratch =
        FOLDER.get_or_init(|| Scratch::new(None, ":").expect("a folder for the databases"));
    &scratch.folder
}

/// A second try, since a pool that is closing may put a file into the folder while it is being emptied.
fn remove_folder(folder: &Path) -> Result<(), String> {
    fs::remove_dir_all(folder)
        .or_else(|_| fs::remove_dir_all(folder))
        .map_err(|error| error.to_string())
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}

/// To the real stderr: `eprintln!` would be captured, and shown for failing tests only.
fn say(line: &str) {
    let line = format!("\n{line}\n");
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("stderr is open");
}
