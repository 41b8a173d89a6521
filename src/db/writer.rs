//! How writes run: one thread that takes many into one commit on the embedded database,
//! serializable transactions that are run again on a server.
use super::dialect::{self, Conn, Connector};
use super::{Given, Tx, pool};
use crate::error::{Error, Result};
use crate::secret;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use r2d2::{ManageConnection, Pool};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// How many writes may wait; one more is told to come again.
const QUEUE: usize = 1024;
/// How many writes share one commit.
const GROUP: usize = 64;
/// How often a write that collides is tried.
const TRIES: u32 = 12;

pub struct Writer {
    kind: Kind,
    /// How many writes have been submitted and have not begun.
    waiting: Arc<AtomicUsize>,
}

enum Kind {
    Grouped(SyncSender<Box<dyn Job>>),
    Pooled {
        pool: Pool<Connector>,
        given: Arc<Given>,
    },
}

/// A write's place among those that wait; given up when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn taken(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a transaction on a server begins; the writer thread's are alone anyway.
pub type Begin = fn(&mut Conn) -> diesel::QueryResult<()>;

pub enum Submitted<T> {
    Queued(oneshot::Receiver<Result<T>>),
    Here(Box<dyn FnOnce() -> Result<T> + Send>),
    Full,
}

impl Writer {
    pub fn open(connector: &Connector, size: u32, given: &Arc<Given>) -> Result<Self> {
        let (given, waiting) = (given.clone(), Arc::default());
        if connector.embedded().is_none() {
            let pool = pool(connector.clone(), size)?;
            let kind = Kind::Pooled { pool, given };
            return Ok(Self { kind, waiting });
        }
        let mut conn = connector
            .connect()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let (send, receive) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(&mut conn, &receive, &given))
            .map_err(Error::internal)?;
        let kind = Kind::Grouped(send);
        Ok(Self { kind, waiting })
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The connections of a server's pool; the embedded database is written to by one.
    pub fn connections(&self) -> Option<r2d2::State> {
        match &self.kind {
            Kind::Grouped(_) => None,
            Kind::Pooled { pool, .. } => Some(pool.state()),
        }
    }

    pub fn submit<T, F>(&self, begin: Begin, job: F) -> Submitted<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let place = Place::taken(&self.waiting);
        match &self.kind {
            Kind::Grouped(queue) => {
                let (send, receive) = oneshot::channel();
                let waiting = Waiting {
                    job,
                    place: Some(place),
                    outcome: None,
                    answer: send,
                };
                match queue.try_send(Box::new(waiting)) {
                    Ok(()) => Submitted::Queued(receive),
                    Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Submitted::Full,
                }
            }
            Kind::Pooled { pool, given } => {
                let (pool, given) = (pool.clone(), given.clone());
                Submitted::Here(Box::new(move || {
                    let mut conn = pool.get().map_err(super::unavailable)?;
                    drop(place);
                    repeating(&mut conn, begin, &given, job)
                }))
            }
        }
    }
}

/// Runs a job in a transaction of its own, again when it collides with another.
fn repeating<T>(
    conn: &mut Conn,
    begin: Begin,
    given: &Given,
    job: impl Fn(&mut Tx) -> Result<T>,
) -> Result<T> {
    let mut constraint_met = false;
    for attempt in 1..=TRIES {
        match once(conn, begin, given, &job) {
            Err(Error::Database(error)) if dialect::is_collision(&error) => pause(attempt)?,
            Err(Error::Database(error)) if is_constraint(&error) && !constraint_met => {
                constraint_met = true;
            }
            outcome => return outcome,
        }
    }
    Err(Error::Busy)
}

fn once<T>(
    conn: &mut Conn,
    begin: Begin,
    given: &Given,
    job: impl Fn(&mut Tx) -> Result<T>,
) -> Result<T> {
    begin(conn)?;
    match guarded(|| job(&mut given.tx(conn))) {
        Ok(value) => {
            dialect::commit(conn)?;
            Ok(value)
        }
        Err(error) => {
            dialect::rollback(conn)?;
            Err(error)
        }
    }
}

/// Another wrote first: run once more, so that the rule can refuse with the ids.
fn is_constraint(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation,
            _
        )
    )
}

/// Waits longer each time, by chance, so that two do not collide again.
fn pause(attempt: u32) -> Result<()> {
    let [chance] = secret::random::<1>()?;
    let millis = u64::from(chance) * u64::from(1u32 << attempt.min(6)) / 64;
    std::thread::sleep(Duration::from_millis(millis));
    Ok(())
}

fn guarded<T>(job: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| Err(Error::internal("a write panicked")))
}

/// A write that waits for the writer thread.
pub trait Job: Send {
    /// Runs inside the group's transaction; whether it is to be kept.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Whether another run could let a rule say what a constraint said.
    fn met_constraint(&self) -> bool;
    /// Answers, once the group is on disk (or is not).
    fn finish(self: Box<Self>, committed: bool);
}

struct Waiting<T, F> {
    job: F,
    /// Until it begins.
    place: Option<Place>,
    outcome: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: Fn(&mut Tx) -> Result<T> + Send> Job for Waiting<T, F> {
    fn run(&mut self, tx: &mut Tx) -> bool {
        self.place = None;
        let outcome = guarded(|| (self.job)(tx));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn met_constraint(&self) -> bool {
        matches!(&self.outcome, Some(Err(Error::Database(error))) if is_constraint(error))
    }

    fn finish(self: Box<Self>, committed: bool) {
        let outcome = match self.outcome {
            Some(Err(error)) => Err(error),
            Some(Ok(value)) if committed => Ok(value),
            Some(Ok(_)) | None => Err(Error::Unavailable("the commit failed".into())),
        };
        // The caller may have hung up; what was committed stays.
        drop(self.answer.send(outcome));
    }
}

/// The writer thread: takes what waits into one transaction, a savepoint each, one flush to disk.
fn run(conn: &mut Conn, queue: &Receiver<Box<dyn Job>>, given: &Given) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        let committed = match together(conn, &mut group, given) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "a group of writes was not committed");
                // Fails where the engine has rolled back by itself already.
                drop(dialect::rollback(conn));
                false
            }
        };
        for job in group {
            job.finish(committed);
        }
    }
}

fn together(conn: &mut Conn, group: &mut [Box<dyn Job>], given: &Given) -> Result<()> {
    dialect::begin_write(conn)?;
    for job in group {
        if !alone(conn, job.as_mut(), given)? && job.met_constraint() {
            alone(conn, job.as_mut(), given)?;
        }
    }
    dialect::commit(conn)?;
    Ok(())
}

/// A failing write fails alone.
fn alone(conn: &mut Conn, job: &mut dyn Job, given: &Given) -> Result<bool> {
    dialect::begin_inner(conn)?;
    let keep = job.run(&mut given.tx(conn));
    if keep {
        dialect::commit(conn)?
    } else {
        dialect::rollback(conn)?
    }
    Ok(keep)
}
