//! The command line; each command is a few lines.
use actix_web::HttpServer;
use clap::{Args, Parser, Subcommand};
use mandat::config::{self, Config};
use mandat::db::{Clock, Db};
use mandat::error::{Error, Result};
use mandat::service::{self, Service};
use std::io::Write;
use std::process::ExitCode;

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
    /// Bring the schema up to date.
    Migrate(Migrate),
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
        Command::Migrate(options) => migrate(options).await,
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
    start_log(&config);
    let db = service::open_database(&config, Clock::default())?;
    prepare(&db, options.migrate).await?;
    let (listen, workers) = (config.listen, config.workers);
    let service = Service::start(db, config).await?;
    let server = HttpServer::new(move || service.app())
        .workers(workers)
        .shutdown_timeout(10)
        .bind(listen)
        .map_err(|error| Error::internal(format!("{listen}: {error}")))?;
    say(format_args!("Mandat serves at http://{listen}"))?;
    server.run().await.map_err(Error::internal)
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

fn start_log(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::new(&config.log);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log_format.as_str() {
        "json" => log.json().init(),
        _ => log.init(),
    }
}
