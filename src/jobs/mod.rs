//! FLOOR 4: what runs without a request. What is due by date holds without any of it.
//!
//! A job is a plain async function that does one step and says what comes next. Any number of nodes
//! run all of them: a step that only one node may do takes a lease in its own transaction.
pub mod books;
pub mod deliver;
pub mod expire;
pub mod heads;
pub mod mail;
pub mod reads;
pub mod renew;
pub mod sequence;
pub mod uses;

use crate::error::{Error, Result};
use crate::service::Service;
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a step leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There is more to do now.
    AtOnce,
    /// The job rests for its interval.
    Rest,
}

struct Job {
    name: &'static str,
    /// How many of it work side by side on a node.
    workers: u32,
    every: Duration,
    step: fn(Service) -> BoxFuture<'static, Result<Next>>,
}

/// All there are.
const JOBS: &[Job] = &[
    Job {
        name: "uses",
        workers: 1,
        every: Duration::from_secs(5),
        step: |service| Box::pin(uses::step(service)),
    },
    Job {
        name: "sequence",
        workers: 1,
        every: Duration::from_millis(200),
        step: |service| Box::pin(sequence::step(service)),
    },
    Job {
        name: "mail",
        workers: 1,
        every: Duration::from_secs(1),
        step: |service| Box::pin(mail::step(service)),
    },
    Job {
        name: "reads",
        workers: 1,
        every: Duration::from_secs(1),
        step: |service| Box::pin(reads::step(service)),
    },
    Job {
        name: "heads",
        workers: 1,
        every: Duration::from_secs(60),
        step: |service| Box::pin(heads::step(service)),
    },
    Job {
        name: "renew",
        workers: 1,
        every: Duration::from_secs(60),
        step: |service| Box::pin(renew::step(service)),
    },
    Job {
        name: "deliver",
        // Many, since one that waits for a receiver costs nothing, and all look at the queue in turn.
        workers: 64,
        every: Duration::from_secs(4),
        step: |service| Box::pin(deliver::step(service)),
    },
    Job {
        name: "books",
        workers: 1,
        every: Duration::from_secs(600),
        step: |service| Box::pin(books::step(service)),
    },
    Job {
        name: "expire",
        workers: 1,
        every: Duration::from_secs(600),
        step: |service| Box::pin(expire::step(service)),
    },
];

/// The longest that a failing job waits before it is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long steps under way may take when the service stops.
const GRACE: Duration = Duration::from_secs(15);

/// The jobs of this node, until they are stopped.
pub struct Running {
    stop: watch::Sender<bool>,
    jobs: JoinSet<()>,
    service: Service,
}

/// Starts every job on this node.
pub fn start(service: &Service) -> Running {
    let (stop, stopped) = watch::channel(false);
    let mut jobs = JoinSet::new();
    for job in JOBS {
        for worker in 0..job.workers {
            // Not all at the same instant.
            let first = job.every * worker / job.workers;
            jobs.spawn(run(job, first, service.clone(), stopped.clone()));
        }
    }
    Running {
        stop,
        jobs,
        service: service.clone(),
    }
}

impl Running {
    /// Lets the steps under way end, and starts no other; what was gathered in memory is written.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.send_replace(true);
        let ended = async { while self.jobs.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("a job was still at work when the service stopped");
        }
        uses::step(self.service.clone()).await?;
        reads::step(self.service).await.map(drop)
    }
}

async fn run(
    job: &'static Job,
    first: Duration,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
    let (mut failures, mut pause) = (0, first);
    loop {
        tokio::select! {
            _ = stopped.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
        if *stopped.borrow() {
            return;
        }
        // On a task of its own, so that a panic fails the step and not the job.
        let step = tokio::spawn((job.step)(service.clone())).await;
        let step = step.map_err(Error::internal).flatten();
        let now = service.db.clock().now();
        service.metrics.ran(job.name, step.is_ok(), now);
        pause = match step {
            Ok(next) => {
                failures = 0;
                match next {
                    Next::AtOnce => Duration::ZERO,
                    Next::Rest => job.every,
                }
            }
            Err(error) => {
                failures += 1;
                tracing::error!(job = job.name, %error, failures, "a job failed and is tried again");
                after(failures)
            }
        };
    }
}

/// Twice as long each time.
fn after(failures: u32) -> Duration {
    Duration::from_millis(250 << failures.min(10)).min(LONGEST_PAUSE)
}
