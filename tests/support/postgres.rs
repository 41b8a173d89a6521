//! The PostgreSQL server of one test process: the one of `TEST_DATABASE_URL`, or one started from the installed
//! binaries, which ends with the process however that ends.
use super::scratch::{Owner, Scratch};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryResult, RunQueryDsl, select};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// `DROP DATABASE … WITH (FORCE)` came with it.
const OLDEST: u32 = 13;
/// The first half of the advisory lock that says a run is alive; the second is the run's number.
const LEASE: i32 = 0x4d41_4e44;
/// Without `fsync`, since no test pulls the plug, and with it dropping a database of 60 tables took 1.5 s. Without
/// autovacuum, so that only tests connect to the databases that are copied and dropped.
const SETTINGS: &str = "
    listen_addresses = ''
    max_connections = 200
    shared_buffers = 32MB
    wal_level = minimal
    max_wal_senders = 0
    autovacuum = off
    fsync = off
    max_wal_size = 64MB
    min_wal_size = 32MB
";

pub struct Server {
    pub version: String,
    major: u32,
    pub origin: &'static str,
    url: String,
    run: i32,
    created: AtomicU32,
    /// Holds the lease as long as the process lives.
    _lease: Mutex<PgConnection>,
    /// Where it lies, if the tests started it. Copying files is the fast way there, since it need not sync them.
    home: Option<Scratch>,
}

/// The server of this process, started by the first call; or why there is none.
///
/// # Panics
/// When `TEST_DATABASE_URL` is set and does not work: that is no reason to leave PostgreSQL out.
pub fn server() -> &'static Result<Server, String> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => match Server::at(url, "of TEST_DATABASE_URL", None) {
            Ok(server) => Ok(server),
            Err(why) => panic!("TEST_DATABASE_URL: {why}"),
        },
        Err(_) => start(),
    })
}

impl Server {
    fn at(url: String, origin: &'static str, home: Option<Scratch>) -> Result<Self, String> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("it must begin with postgres:// or postgresql://".into());
        }
        let mut conn = PgConnection::establish(&url).map_err(|error| error.to_string())?;
        let setting: String = select(sql::<Text>("current_setting('server_version')"))
            .get_result(&mut conn)
            .map_err(|error| error.to_string())?;
        let version = setting.split(' ').next().unwrap_or_default();
        let major = leading_number(version).unwrap_or_default();
        if major < OLDEST {
            return Err(format!("PostgreSQL {version} is older than {OLDEST}"));
        }
        let run = (uuid::Uuid::now_v7().as_u128() & 0x7fff_ffff) as i32;
        take_lease(&mut conn, run).map_err(|error| error.to_string())?;
        Ok(Self {
            version: version.into(),
            major,
            origin,
            url,
            run,
            created: AtomicU32::new(0),
            _lease: Mutex::new(conn),
            home,
        })
    }

    /// Creates a database, empty or as a copy, and returns its name.
    pub fn create_database(&self, template: Option<&str>) -> String {
        let number = self.created.fetch_add(1, Ordering::Relaxed);
        let name = format!("mandat_test_{}_{number}", self.run);
        let template = template.unwrap_or("template0");
        let strategy = match self.home.is_some() && self.major >= 15 {
            true => "STRATEGY file_copy",
            false => "",
        };
        self.execute(&format!(
            "CREATE DATABASE {name} TEMPLATE {template} {strategy}"
        ))
        .unwrap_or_else(|why| panic!("PostgreSQL refuses a test database: {why}"));
        name
    }

    pub fn drop_database(&self, name: &str) -> Result<(), String> {
        self.execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
    }

    /// The server's URL with another database in it.
    pub fn url_of(&self, database: &str) -> String {
        let (address, query) = match self.url.split_once('?') {
            Some((address, query)) => (address, format!("?{query}")),
            None => (self.url.as_str(), String::new()),
        };
        let host: Vec<&str> = address.splitn(4, '/').take(3).collect();
        format!("{}/{database}{query}", host.join("/"))
    }

    /// On a connection of its own: tests run side by side, and a panic in one must not close the door to others.
    fn execute(&self, statement: &str) -> Result<(), String> {
        let mut conn = PgConnection::establish(&self.url).map_err(|error| error.to_string())?;
        conn.batch_execute(statement)
            .map_err(|error| error.to_string())
    }
}

/// Says that this run is alive, and removes what others that are not have left on a server that outlives them.
fn take_lease(conn: &mut PgConnection, run: i32) -> QueryResult<()> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({LEASE}, {run})"))?;
    let left_behind: Vec<String> = select(sql::<Text>(&format!(
        "datname::text FROM pg_database
         WHERE datname ~ '^mandat_test_[0-9]+_[0-9]+$' AND split_part(datname, '_', 3) NOT IN (
             SELECT objid::text FROM pg_locks WHERE locktype = 'advisory' AND classid = {LEASE})"
    )))
    .load(conn)?;
    left_behind.iter().try_for_each(|name| {
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    })
}

fn start() -> Result<Server, String> {
    let bin = find_binaries().ok_or(format!(
        "TEST_DATABASE_URL is not set and no initdb of PostgreSQL {OLDEST} or newer was found"
    ))?;
    // `immediate`, since nothing of the server is to be kept.
    let stop = format!("'{}/pg_ctl' stop -D data -m immediate", bin.display());
    let home = Scratch::new(owner()?, &stop).map_err(|error| error.to_string())?;
    home.run(
        &bin.join("initdb"),
        &[
            "--pgdata=data",
            "--auth=trust",
            "--username=mandat",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
    )?;
    let folder = home.folder.display();
    let settings = format!("{SETTINGS}\nunix_socket_directories = '{folder}'\n");
    fs::OpenOptions::new()
        .append(true)
        .open(home.folder.join("data/postgresql.conf"))
        .and_then(|mut file| file.write_all(settings.as_bytes()))
        .map_err(|error| error.to_string())?;
    let pg_ctl = bin.join("pg_ctl");
    home.run(&pg_ctl, &["start", "-D", "data", "-l", "log", "--wait"])
        .map_err(|why| {
            let log = fs::read_to_string(home.folder.join("log"));
            why + &log.unwrap_or_default()
        })?;
    let url = format!("postgres:///postgres?host={folder}&user=mandat");
    Server::at(url, "started by the tests", Some(home))
}

/// The folder that holds `initdb`, `pg_ctl` and `postgres`: that of the `PATH`, else the newest of those where
/// distributions keep them.
fn find_binaries() -> Option<PathBuf> {
    // A link points to where the three lie together.
    let real = |folder: PathBuf| {
        Some(
            folder
                .join("initdb")
                .canonicalize()
                .ok()?
                .parent()?
                .to_owned(),
        )
    };
    let usable = |bin: &PathBuf| version(bin) >= Some(OLDEST);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_path = std::env::split_paths(&path).filter_map(real).find(usable);
    of_path.or_else(|| {
        ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt"]
            .iter()
            .filter_map(|place| fs::read_dir(place).ok())
            .flat_map(|entries| entries.filter_map(Result::ok))
            .filter_map(|entry| real(entry.path().join("bin")))
            .filter(usable)
            .max_by_key(|bin| version(bin))
    })
}

/// The major version: `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version(bin: &Path) -> Option<u32> {
    let output = Command::new(bin.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    leading_number(text.split(' ').nth(2)?)
}

fn leading_number(text: &str) -> Option<u32> {
    text.split(|it: char| !it.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// PostgreSQL refuses to run as root: then the user and group of `postgres`, else of `nobody`.
fn owner() -> Result<Owner, String> {
    let id = Command::new("id").arg("-u").output();
    if id.map_err(|error| error.to_string())?.stdout != b"0\n" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let find = |name: &str| {
        let fields = |line: &str| -> Option<(u32, u32)> {
            let mut fields = line
                .strip_prefix(name)?
                .strip_prefix(':')?
                .split(':')
                .skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        users.lines().find_map(fields)
    };
    match find("postgres").or_else(|| find("nobody")) {
        Some(ids) => Ok(Some(ids)),
        None => Err("run as root, and there is no user postgres or nobody to run a server".into()),
    }
}
