//! The command line; each command is a few lines.
use actix_web::{App, HttpServer};
use clap::{Args, Parser, Subcommand};
use mandat::bench;
use mandat::config::{self, Config};
use mandat::db::record::Event;
use mandat::db::{Clock, Db};
use mandat::demo;
use mandat::domain::event::EventType;
use mandat::domain::locale::Language;
use mandat::domain::organization::OperatorRole;
use mandat::error::{Error, Result};
use mandat::jobs;
use mandat::resources::accounts::model::{self as accounts, NewUser};
use mandat::resources::accounts::password;
use mandat::resources::accounts::tokens::{self, NewApiToken, TokenScope};
use mandat::resources::audit::chain::Head;
use mandat::resources::{self, audit, billing};
use mandat::service::{self, Service};
use mandat::telemetry;
use std::io::Write;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (also without a command).
    Serve(Serve),
    /// Run the jobs alone, for a node of their own.
    Work,
    /// Bring the schema up to date.
    Migrate(Migrate),
    /// Fill an empty database with a small believable world.
    Demo,
    /// Look after users.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Look after API tokens.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Measure how fast the service is, against its limits in the same run; exit code 1 if it misses one.
    Bench(Bench),
    /// Prove the books and the audit log; exit code 1 and the differences if they are not right.
    Verify {
        /// The head of the audit log that an earlier proof printed.
        #[arg(long)]
        head: Option<String>,
    },
    /// Copy the embedded database, as it is at one instant, to a file that is not there yet.
    Backup { file: String },
    /// Print everything as lines of JSON, as it is at one instant.
    Export,
    /// Print the OpenAPI document.
    Openapi {
        /// The 3.0.3 rendering instead of 3.1.
        #[arg(long)]
        older: bool,
    },
    /// Look at the settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Args)]
struct Serve {
    /// Migrate first; always so on the embedded database.
    #[arg(long)]
    migrate: bool,
    /// Fill an empty database with the demo world first; one that holds it already is served as it is.
    #[arg(long)]
    demo: bool,
}

#[derive(Args)]
struct Migrate {
    /// Only say what is pending.
    #[arg(long, conflicts_with = "revert")]
    status: bool,
    /// Undo the last migration.
    #[arg(long)]
    revert: bool,
}

#[derive(Args)]
struct Bench {
    /// An empty database on a server, instead of an embedded one that is removed afterwards.
    #[arg(long)]
    database: Option<String>,
    /// How long each figure is taken.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections that order at the same time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Make a user; the password is read from MANDAT_PASSWORD.
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// operator_admin, operator_billing or operator_support.
        #[arg(long, value_parser = operator_role)]
        operator_role: Option<OperatorRole>,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make an API token for a user and print it.
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// read, write, billing, admin; several by repetition.
        #[arg(long = "scope", required = true, value_parser = scope)]
        scopes: Vec<TokenScope>,
        /// Days until it expires.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=366))]
        days: i32,
    },
}

fn operator_role(word: &str) -> std::result::Result<OperatorRole, String> {
    OperatorRole::parse(word)
        .ok_or_else(|| "operator_admin, operator_billing or operator_support".into())
}

fn scope(word: &str) -> std::result::Result<TokenScope, String> {
    TokenScope::parse(word).ok_or_else(|| "read, write, billing or admin".into())
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Every setting, where it came from, and what is wrong with it.
    Check,
}

fn main() -> ExitCode {
    drop(dotenvy::dotenv());
    let cli = Cli::parse();
    match actix_web::rt::System::new().block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to when this fails.
            drop(writeln!(std::io::stderr(), "mandat: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(options) => serve(options).await,
        Command::Work => work().await,
        Command::Migrate(options) => migrate(options).await,
        Command::Demo => {
            let db = open().await?;
            fill(&db).await?;
            say(world(&Config::from_env()?.public_url))
        }
        Command::User {
            command:
                UserCommand::Create {
                    email,
                    name,
                    operator_role,
                },
        } => create_user(email, name, operator_role).await,
        Command::Token {
            command:
                TokenCommand::Create {
                    email,
                    name,
                    scopes,
                    days,
                },
        } => create_token(email, name, scopes, days).await,
        Command::Bench(options) => bench(options).await,
        Command::Verify { head } => verify(head).await,
        Command::Backup { file } => backup(file).await,
        Command::Export => export().await,
        Command::Openapi { older } => {
            let (newest, oldest) = resources::documents();
            let document = if older { oldest } else { newest };
            say(serde_json::to_string_pretty(&document)?)
        }
        Command::Config {
            command: ConfigCommand::Check,
        } => check_config(),
    }
}

fn say(text: impl std::fmt::Display) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::internal)
}

async fn serve(options: Serve) -> Result<()> {
    let config = Config::from_env()?;
    let telemetry = telemetry::start(&config)?;
    let db = service::open_database(&config, Clock::default())?;
    prepare(&db, options.migrate).await?;
    if options.demo && !db.read(demo::is_here).await? {
        fill(&db).await?;
    }
    let greeting = if options.demo {
        world(&config.public_url)
    } else {
        String::new()
    };
    let (listen, workers) = (config.listen, config.workers);
    let service = Service::start(db, config).await?;
    let jobs = jobs::start(&service);
    watched(&service);
    let server = HttpServer::new(move || service.app())
        .workers(workers)
        .shutdown_timeout(10)
        .bind(listen)
        .map_err(|error| Error::internal(format!("{listen}: {error}")))?;
    say(format_args!("{greeting}Mandat serves at http://{listen}"))?;
    let served = server.run().await.map_err(Error::internal);
    let ended = served.and(jobs.stop().await);
    telemetry.stop();
    ended
}

async fn work() -> Result<()> {
    let config = Config::from_env()?;
    let telemetry = telemetry::start(&config)?;
    let db = service::open_database(&config, Clock::default())?;
    prepare(&db, false).await?;
    let service = Service::start(db, config).await?;
    let jobs = jobs::start(&service);
    watched(&service);
    say("Mandat works")?;
    told_to_stop().await?;
    let ended = jobs.stop().await;
    telemetry.stop();
    ended
}

/// Serves the metrics until the process ends. The service does its work without them too.
fn watched(service: &Service) {
    let Some(listen) = service.config.metrics_listen else {
        return;
    };
    let watched = service.clone();
    let server = HttpServer::new(move || App::new().configure(|app| watched.watched(app)))
        .workers(1)
        .disable_signals()
        .bind(listen);
    match server {
        Ok(server) => drop(actix_web::rt::spawn(server.run())),
        Err(error) => tracing::error!(%listen, %error, "the metrics are not served"),
    }
}

/// Waits for what an operator or a service manager sends.
async fn told_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Error::internal),
    }
}

/// Serves only with the schema that it was built for.
async fn prepare(db: &Db, migrate: bool) -> Result<()> {
    if migrate || db.connector().embedded().is_some() {
        return db.migrate().await;
    }
    match db.pending_migrations().await?.as_slice() {
        [] => Ok(()),
        pending => Err(Error::internal(format!(
            "the schema lacks {}: run `mandat migrate`",
            pending.join(", ")
        ))),
    }
}

/// The configured database, with its schema up to date.
async fn open() -> Result<Db> {
    let db = service::open_database(&Config::from_env()?, Clock::default())?;
    prepare(&db, false).await?;
    Ok(db)
}

async fn fill(db: &Db) -> Result<()> {
    let hash = password::hash(demo::PASSWORD.into()).await?;
    db.write(move |tx| demo::fill(tx, &hash)).await
}

/// The demo world in words, with three lines that show the main job.
fn world(url: &str) -> String {
    let people: String = demo::ACCOUNTS
        .iter()
        .map(|(email, name, about)| format!("  {email:<34} {name:<14} {about}\n"))
        .collect();
    format!("{}{people}\n{}\n", demo::heading(), demo::curl_lines(url))
}

async fn bench(options: Bench) -> Result<()> {
    let (text, reached) = bench::run(bench::Options {
        database: options.database,
        seconds: options.seconds,
        connections: usize::from(options.connections),
    })
    .await?;
    say(text)?;
    match reached {
        true => Ok(()),
        false => Err(Error::internal("a limit was missed")),
    }
}

async fn verify(head: Option<String>) -> Result<()> {
    let config = Config::from_env()?;
    let db = open().await?;
    let proof = db.snapshot(billing::verify::verify).await?;
    for difference in &proof.differences {
        say(difference)?;
    }
    let known = head.as_deref().map(str::parse).transpose()?;
    let kept = audit::heads::last_kept(&config.audit_heads)?;
    let heads: Vec<Head> = known.into_iter().chain(kept).collect();
    let log = db
        .snapshot(move |tx| audit::proof::verify(tx, heads.clone()))
        .await?;
    for difference in &log.differences {
        say(difference)?;
    }
    match proof.differences.len() + log.differences.len() {
        0 => say(format_args!(
            "{} transactions with {} entries, {} lines of the audit log: all right\n{}",
            proof.transactions,
            proof.entries,
            log.entries,
            log.head.map(|head| head.to_string()).unwrap_or_default()
        )),
        count => Err(Error::internal(format!("{count} differences"))),
    }
}

async fn backup(file: String) -> Result<()> {
    let db = open().await?;
    let to = file.clone();
    db.backup(to).await?;
    let key = db.connector().embedded().map(|file| format!("{file}.key"));
    match key.filter(|key| std::path::Path::new(key).exists()) {
        Some(key) => say(format_args!(
            "{file} is written. What is sealed in it opens only with {key}: keep a copy of that elsewhere."
        )),
        None => say(format_args!("{file} is written.")),
    }
}

async fn export() -> Result<()> {
    let line = |line: &str| writeln!(std::io::stdout(), "{line}").map_err(Error::internal);
    open().await?.export(line).await
}

async fn create_user(email: String, name: String, role: Option<OperatorRole>) -> Result<()> {
    let given = std::env::var("MANDAT_PASSWORD")
        .map_err(|_| Error::internal("put the password into MANDAT_PASSWORD"))?;
    if !password::is_strong(&given, &[&email, &name]) {
        return Err(Error::internal(
            "the password in MANDAT_PASSWORD is too short or too easy to guess",
        ));
    }
    let hash = password::hash(given).await?;
    let db = open().await?;
    let id = db.write(move |tx| {
        if accounts::user_by_email(tx, &email)?.is_some() {
            return Err(Error::internal("this address has an account already"));
        }
        let new = NewUser {
            email: &email,
            name: &name,
            language: Language::English,
            password_hash: Some(&hash),
            verified: true,
        };
        let id = accounts::insert_user(tx, &new)?;
        accounts::change_operator_role(tx, id, role)?;
        tx.record(None, Event::new(EventType::UserCreated, id))?;
        Ok(id)
    });
    say(id.await?)
}

async fn create_token(
    email: String,
    name: String,
    scopes: Vec<TokenScope>,
    days: i32,
) -> Result<()> {
    let db = open().await?;
    let token = db.write(move |tx| {
        let user = accounts::user_by_email(tx, &email)?
            .ok_or_else(|| Error::internal("nobody has this address"))?;
        let operator = accounts::operator_role_of(tx, user.id)?;
        let new = NewApiToken {
            name: name.clone(),
            scopes: scopes.clone(),
            expires_in_days: Some(days),
        };
        tokens::make(tx, None, user.id, operator, &new)
    });
    say(token.await?.token.unwrap_or_default())
}

async fn migrate(options: Migrate) -> Result<()> {
    let db = service::open_database(&Config::from_env()?, Clock::default())?;
    if options.revert {
        return say(format_args!("reverted {}", db.revert().await?));
    }
    let pending = db.pending_migrations().await?;
    if options.status {
        return say(if pending.is_empty() {
            "up to date".into()
        } else {
            format!("pending: {}", pending.join(", "))
        });
    }
    db.migrate().await?;
    say(format_args!("{} migrations applied", pending.len()))
}

fn check_config() -> Result<()> {
    say(config::describe(&std::env::vars().collect()))?;
    Config::from_env().map(drop)
}
