//! What the service tells whoever watches over it, as Prometheus reads it: on a listener of its own,
//! since it is nobody's business who calls the API.
mod model;
mod process;

use crate::api::requests::Requests;
use crate::db::{Db, Load};
use crate::error::{Error, Result};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDateTime;
use model::Backlogs;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// How long the database may take to answer, before the rest is told without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What this node has counted since it started.
pub struct Metrics {
    registry: Registry,
    pub requests: Data<Requests>,
    runs: Family<Run, Counter>,
    last_run: Family<JobName, Gauge>,
    last_success: Family<JobName, Gauge>,
    unbalanced: Gauge,
    checked: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    job: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobName {
    job: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connections {
    pool: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
    engine: &'static str,
}

impl Metrics {
    pub fn new(db: &Db) -> Self {
        let mut registry = Registry::default();
        let metrics = Self {
            requests: Data::new(Requests::told_by(&mut registry)),
            runs: Family::default(),
            last_run: Family::default(),
            last_success: Family::default(),
            unbalanced: Gauge::default(),
            checked: Gauge::default(),
            registry,
        };
        metrics.told(db)
    }

    fn told(mut self, db: &Db) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "mandat_job_runs",
            "Steps of jobs on this node, and what came of them",
            self.runs.clone(),
        );
        registry.register(
            "mandat_job_last_run_timestamp_seconds",
            "When a job's last step ended",
            self.last_run.clone(),
        );
        registry.register(
            "mandat_job_last_success_timestamp_seconds",
            "When a job's last step ended well",
            self.last_success.clone(),
        );
        registry.register(
            "mandat_ledger_unbalanced_transactions",
            "Transactions of the ledger that do not add up to nothing, at the last check: must be 0",
            self.unbalanced.clone(),
        );
        registry.register(
            "mandat_ledger_checked_timestamp_seconds",
            "When the ledger was last checked; 0 before the first time",
            self.checked.clone(),
        );
        let engine = match db.connector().embedded() {
            Some(_) => "sqlite",
            None => "postgres",
        };
        let version = env!("CARGO_PKG_VERSION");
        registry.register(
            "mandat_build",
            "What runs here",
            Info::new(Build { version, engine }),
        );
        let started = db.clock().now().and_utc().timestamp();
        registry.register(
            "process_start_time_seconds",
            "When this process started",
            ConstGauge::new(started),
        );
        self
    }

    /// A job's step has ended.
    pub fn ran(&self, job: &'static str, well: bool, at: NaiveDateTime) {
        let outcome = if well { "success" } else { "failure" };
        self.runs.get_or_create(&Run { job, outcome }).inc();
        let (name, at) = (JobName { job }, at.and_utc().timestamp());
        self.last_run.get_or_create(&name).set(at);
        if well {
            self.last_success.get_or_create(&name).set(at);
        }
    }

    /// The ledger was looked through.
    pub fn checked(&self, unbalanced: i64, at: NaiveDateTime) {
        self.unbalanced.set(unbalanced);
        self.checked.set(at.and_utc().timestamp());
    }
}

/// All figures, in the text format of OpenMetrics. Whatever the database does, it answers: without what only
/// the database knows if that does not answer at once.
#[get("/metrics")]
pub async fn get_metrics(db: Data<Db>, metrics: Data<Metrics>) -> Result<HttpResponse> {
    let known = tokio::time::timeout(PATIENCE, db.glance(model::backlogs)).await;
    let known = known.unwrap_or(Err(Error::Busy));
    if let Err(error) = &known {
        tracing::warn!(%error, "the database does not tell how it stands");
    }
    let mut now = Registry::default();
    now.register(
        "mandat_database_up",
        "Whether the database answered at once",
        ConstGauge::new(i64::from(known.is_ok())),
    );
    tell_load(&mut now, &db.load());
    if let Ok(backlogs) = known {
        tell_backlogs(&mut now, &backlogs);
    }
    process::tell(&mut now);
    let mut text = String::new();
    encode_registry(&mut text, &metrics.registry)
        .and_then(|()| encode_registry(&mut text, &now))
        .and_then(|()| encode_eof(&mut text))
        .map_err(Error::internal)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .body(text))
}

fn tell_load(registry: &mut Registry, load: &Load) {
    let connections = Family::<Connections, Gauge>::default();
    let pools = [
        ("read", Some(&load.readers)),
        ("write", load.writers.as_ref()),
    ];
    for (pool, state) in pools {
        let Some(state) = state else { continue };
        let used = state.connections - state.idle_connections;
        for (state, count) in [("in_use", used), ("idle", state.idle_connections)] {
            let labels = Connections { pool, state };
            connections.get_or_create(&labels).set(count.into());
        }
    }
    registry.register(
        "mandat_database_connections",
        "Connections to the database; a single one writes to the embedded one, and is not told here",
        connections,
    );
    registry.register(
        "mandat_database_writes_waiting",
        "Writes that wait for the writer, or for a connection that writes",
        ConstGauge::new(load.waiting),
    );
}

fn tell_backlogs(registry: &mut Registry, backlogs: &Backlogs) {
    let counts = Family::<Queue, Gauge>::default();
    let ages = Family::<Queue, Gauge>::default();
    for (queue, backlog) in backlogs {
        let queue = Queue { queue };
        counts.get_or_create(&queue).set(backlog.count);
        ages.get_or_create(&queue).set(backlog.seconds);
    }
    registry.register(
        "mandat_backlog",
        "What is due and not done: mails, webhook deliveries, events and lines of the audit log without their position",
        counts,
    );
    registry.register(
        "mandat_backlog_oldest_seconds",
        "For how long the oldest of it has been due",
        ages,
    );
}
