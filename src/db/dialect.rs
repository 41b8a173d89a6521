//! The only file that knows there are two engines.
use crate::error::{Error, Result};
use diesel::connection::{
    AnsiTransactionManager, DefaultLoadingMode, SimpleConnection, TransactionManager,
};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Text;
use diesel::{PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// `busy_timeout` stands first: pools open in parallel, and switching to WAL takes a lock. What
/// savepoints may have to undo is kept in memory: a file for it costs a write a statement.
const SQLITE: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;";
const POSTGRES: &str = "SET TIME ZONE 'UTC'; SET statement_timeout = '30s'; \
    SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s';";

#[derive(diesel::MultiConnection)]
pub enum Conn {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Chooses the engine by the scheme of the URL; the derived `establish` would try them in turn
/// and make a SQLite file of a PostgreSQL address.
#[derive(Debug, Clone)]
pub enum Connector {
    Postgres { url: String },
    Sqlite { path: String, read_only: bool },
}

impl Connector {
    /// `postgres://…`, `sqlite://…`, or a file's path.
    pub fn parse(url: &str) -> Result<Self> {
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres { url: url.into() }),
            Some(("sqlite", path)) => Ok(Self::file(path)),
            None if !url.is_empty() => Ok(Self::file(url)),
            _ => Err(Error::internal(
                "DATABASE_URL must be a file's path, sqlite://… or postgres://…",
            )),
        }
    }

    fn file(path: &str) -> Self {
        Self::Sqlite {
            path: path.into(),
            read_only: false,
        }
    }

    /// The file of the embedded database; none on a server.
    pub fn embedded(&self) -> Option<&str> {
        match self {
            Self::Postgres { .. } => None,
            Self::Sqlite { path, .. } => Some(path),
        }
    }

    /// For connections that only read.
    pub fn reading(&self) -> Self {
        match self {
            Self::Postgres { .. } => self.clone(),
            Self::Sqlite { path, .. } => Self::Sqlite {
                path: path.clone(),
                read_only: true,
            },
        }
    }
}

impl r2d2::ManageConnection for Connector {
    type Connection = Conn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> std::result::Result<Conn, Self::Error> {
        let prepare = |conn: &mut dyn FnMut(&str) -> QueryResult<()>, settings: &str| {
            conn(settings).map_err(diesel::r2d2::Error::QueryError)
        };
        match self {
            Self::Postgres { url } => {
                let mut conn = PgConnection::establish(url)?;
                prepare(&mut |sql| conn.batch_execute(sql), POSTGRES)?;
                Ok(Conn::Postgres(conn))
            }
            Self::Sqlite { path, read_only } => {
                let mut conn = SqliteConnection::establish(path)?;
                prepare(&mut |sql| conn.batch_execute(sql), SQLITE)?;
                if *read_only {
                    prepare(
                        &mut |sql| conn.batch_execute(sql),
                        "PRAGMA query_only = ON;",
                    )?;
                }
                Ok(Conn::Sqlite(conn))
            }
        }
    }

    fn is_valid(&self, conn: &mut Conn) -> std::result::Result<(), Self::Error> {
        conn.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.is_broken()
    }
}

type Manager = <Conn as Connection>::TransactionManager;

/// Starts a transaction that is alone with what it reads. What it sees is fixed here and not by its
/// first query, so that its instant is later than all that it sees.
pub fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Postgres(pg) => AnsiTransactionManager::begin_transaction_sql(
            pg,
            "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1",
        ),
        Conn::Sqlite(sqlite) => {
            AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")
        }
    }
}

/// Starts a transaction that sees what others commit meanwhile.
pub fn begin_beside(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Postgres(pg) => AnsiTransactionManager::begin_transaction_sql(
            pg,
            "BEGIN ISOLATION LEVEL READ COMMITTED",
        ),
        Conn::Sqlite(sqlite) => {
            AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")
        }
    }
}

/// Starts a transaction in which several statements read one state.
pub fn begin_snapshot(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Postgres(pg) => AnsiTransactionManager::begin_transaction_sql(
            pg,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
        Conn::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN"),
    }
}

/// Sets a savepoint inside the open transaction.
pub fn begin_inner(conn: &mut Conn) -> QueryResult<()> {
    Manager::begin_transaction(conn)
}

/// Keeps what the innermost transaction did.
pub fn commit(conn: &mut Conn) -> QueryResult<()> {
    Manager::commit_transaction(conn)
}

/// Undoes what the innermost transaction did.
pub fn rollback(conn: &mut Conn) -> QueryResult<()> {
    Manager::rollback_transaction(conn)
}

pub fn migrate(conn: &mut Conn) -> Result<()> {
    conn.run_pending_migrations(MIGRATIONS)
        .map(drop)
        .map_err(Error::internal)
}

pub fn revert(conn: &mut Conn) -> Result<String> {
    conn.revert_last_migration(MIGRATIONS)
        .map(|version| version.to_string())
        .map_err(Error::internal)
}

/// The migrations that the schema lacks.
pub fn pending(conn: &mut Conn) -> Result<Vec<String>> {
    let pending = conn
        .pending_migrations(MIGRATIONS)
        .map_err(Error::internal)?;
    Ok(pending.iter().map(|one| one.name().to_string()).collect())
}

/// Two transactions met; the same again may well succeed.
pub fn is_collision(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(_, about) => about.message().contains("deadlock detected"),
        _ => false,
    }
}

/// Writes a consistent copy of the embedded database to a file that is not there yet.
pub fn backup(conn: &mut Conn, file: &str) -> Result<()> {
    match conn {
        Conn::Postgres(_) => Err(Error::internal(
            "a database server is copied by its own means, such as pg_dump",
        )),
        Conn::Sqlite(sqlite) => {
            diesel::sql_query("VACUUM INTO ?")
                .bind::<Text, _>(file)
                .execute(sqlite)?;
            Ok(())
        }
    }
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    held: String,
}

/// Writes anew what these columns of tables hold that has a word in it, in whatever letter case.
pub fn rewrite(
    conn: &mut Conn,
    columns: &[(&str, &str)],
    word: &str,
    anew: impl Fn(&str) -> String,
) -> QueryResult<()> {
    let with_word = format!("%{}%", word.to_lowercase());
    for (table, column) in columns {
        let select =
            format!("SELECT DISTINCT {column} AS held FROM {table} WHERE lower({column}) LIKE $1");
        let found: Vec<Held> = diesel::sql_query(select)
            .bind::<Text, _>(&with_word)
            .load(conn)?;
        let change = format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2");
        for Held { held } in found {
            diesel::sql_query(&change)
                .bind::<Text, _>(anew(&held))
                .bind::<Text, _>(&held)
                .execute(conn)?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const SQLITE_COLUMNS: &str = "SELECT tables.name AS table_name, columns.name AS column_name, columns.type AS kind \
    FROM sqlite_master tables, pragma_table_info(tables.name) columns \
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%' AND tables.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
    ORDER BY tables.name, columns.cid";
const POSTGRES_COLUMNS: &str = "SELECT columns.table_name::text, columns.column_name::text, columns.data_type::text AS kind \
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) \
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name NOT LIKE '\\_\\_%' \
    ORDER BY columns.table_name, columns.ordinal_position";

/// Gives every row of every table as a line of JSON: `{"table": …, "row": {…}}`, bytes in
/// hexadecimal. In an open snapshot; no table is ever in memory as a whole.
pub fn export(conn: &mut Conn, give: &mut impl FnMut(&str) -> Result<()>) -> Result<()> {
    match conn {
        Conn::Postgres(pg) => {
            pg.batch_execute("SET LOCAL statement_timeout = 0")?;
            let columns: Vec<Column> = diesel::sql_query(POSTGRES_COLUMNS).load(pg)?;
            for query in exports(&columns, "json_build_object", postgres_value) {
                let lines = diesel::sql_query(query);
                for line in lines.load_iter::<Line, PgRowByRowLoadingMode>(pg)? {
                    give(&line?.line)?;
                }
            }
        }
        Conn::Sqlite(sqlite) => {
            let columns: Vec<Column> = diesel::sql_query(SQLITE_COLUMNS).load(sqlite)?;
            for query in exports(&columns, "json_object", sqlite_value) {
                let lines = diesel::sql_query(query);
                for line in lines.load_iter::<Line, DefaultLoadingMode>(sqlite)? {
                    give(&line?.line)?;
                }
            }
        }
    }
    Ok(())
}

/// One query a table, in the order of their names.
fn exports(columns: &[Column], object: &str, value: fn(&Column) -> String) -> Vec<String> {
    let of_one_table = columns.chunk_by(|a, b| a.table_name == b.table_name);
    of_one_table
        .filter_map(|columns| {
            let table = &columns.first()?.table_name;
            let members: Vec<String> = columns
                .iter()
                .map(|column| format!("'{}', {}", column.column_name, value(column)))
                .collect();
            let row = format!("{object}({})", members.join(", "));
            Some(format!(
                "SELECT CAST({object}('table', '{table}', 'row', {row}) AS TEXT) AS line FROM \"{table}\""
            ))
        })
        .collect()
}

fn postgres_value(column: &Column) -> String {
    let name = format!("\"{}\"", column.column_name);
    match column.kind.as_str() {
        "bytea" => format!("encode({name}, 'hex')"),
        _ => name,
    }
}

fn sqlite_value(column: &Column) -> String {
    let name = format!("\"{}\"", column.column_name);
    match column.kind.as_str() {
        "BYTEA" => format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"),
        "TIMESTAMP" => format!("replace({name}, ' ', 'T')"),
        "BOOLEAN" => {
            format!("json(CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)")
        }
        _ => name,
    }
}

/// Runs a query on the engine itself, for what runs often: the derived connection writes the text of a
/// query three times whenever it runs, the engine's own one knows it by its type.
macro_rules! directly {
    ($tx:expr, |$conn:ident| $run:expr) => {
        match &mut *$tx.conn {
            $crate::db::Conn::Postgres($conn) => $run,
            $crate::db::Conn::Sqlite($conn) => $run,
        }
    };
}
pub(crate) use directly;

/// Runs one query for all of several rows, which the derived connection alone does not take. The embedded
/// engine takes them one by one, which costs it no round trip.
macro_rules! in_rows {
    ($tx:expr, $rows:expr, |$some:ident| $query:expr) => {{
        let rows = $rows;
        match &mut *$tx.conn {
            $crate::db::Conn::Postgres(pg) => {
                for $some in rows.chunks(500) {
                    let (rows, query) = ($some.len(), $query);
                    $crate::db::prepared::OfRows { rows, query }.execute(pg)?;
                }
            }
            $crate::db::Conn::Sqlite(sqlite) => {
                for $some in rows {
                    let (rows, query) = (1, $query);
                    $crate::db::prepared::OfRows { rows, query }.execute(sqlite)?;
                }
            }
        }
    }};
}
pub(crate) use in_rows;

/// Inserts rows. Many of them a server takes from a stream: a statement for them would have a parameter for
/// each value of each row, and reading it would cost more than writing the rows.
macro_rules! insert_all {
    ($tx:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match &mut *$tx.conn {
            $crate::db::Conn::Postgres(pg) if rows.len() > $crate::db::prepared::KEPT_ROWS => {
                diesel::copy_from($table)
                    .from_insertable(&rows[..])
                    .execute(pg)?;
            }
            _ => $crate::db::in_rows!($tx, rows, |some| diesel::insert_into($table).values(some)),
        }
    }};
}
pub(crate) use insert_all;

/// Inserts rows, or changes those that stand under the same key already; no key twice.
macro_rules! put_all {
    ($tx:expr, $table:expr, $rows:expr, $key:expr, $changes:expr) => {
        $crate::db::in_rows!($tx, $rows, |some| diesel::insert_into($table)
            .values(some)
            .on_conflict($key)
            .do_update()
            .set($changes))
    };
}
pub(crate) use put_all;
