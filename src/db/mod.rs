//! The door to the database: `read` to look, `write` to change.
pub mod columns;
mod dialect;
pub mod due;
pub mod external;
pub mod lease;
pub mod prepared;
pub mod reads;
pub mod record;
pub mod schema;
pub mod throttle;
pub mod turns;
pub mod uses;
pub mod witness;
mod writer;

use crate::domain::id::Id;
use crate::domain::partnership::right_after;
use crate::domain::vat::Rates;
use crate::error::{Error, Result};
use crate::secret::{self, Keyring};
use chrono::{NaiveDateTime, SubsecRound, TimeDelta, Utc};
pub use dialect::{Conn, Connector, MultiBackend};
pub(crate) use dialect::{directly, in_rows, insert_all, put_all};
use due::{Due, Watch};
use r2d2::Pool;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tracing::Instrument;
use turns::{Turn, Turns};
use uses::Uses;
use writer::Writer;

/// What a transaction sees: its connection, and one instant for every row that it writes.
pub struct Tx<'c> {
    pub conn: &'c mut Conn,
    pub now: NaiveDateTime,
    pub keys: &'c Keyring,
    pub vat: &'c Rates,
    /// Where it is noted which products a partner uses.
    pub uses: &'c Uses,
    /// How many ids it has made.
    made: Cell<u16>,
    falls_due: Cell<Option<NaiveDateTime>>,
}

/// What is the same for every transaction.
pub struct Given {
    pub clock: Clock,
    pub keys: Keyring,
    pub vat: Rates,
    /// What falls due by the clock alone.
    pub watch: Watch,
    pub uses: Uses,
}

impl Given {
    /// A transaction on this connection, of this instant.
    fn tx<'c>(&'c self, conn: &'c mut Conn) -> Tx<'c> {
        Tx {
            conn,
            now: self.clock.now(),
            keys: &self.keys,
            vat: &self.vat,
            uses: &self.uses,
            made: Cell::new(0),
            falls_due: Cell::new(None),
        }
    }
}

impl Tx<'_> {
    /// When a version ends and the next begins: now, or right after what began or ended last.
    pub fn after(&self, last: impl Into<Option<NaiveDateTime>>) -> NaiveDateTime {
        let last = last.into();
        last.map_or(self.now, |last| self.now.max(right_after(last)))
    }

    /// What was written has to be applied at this instant, if at one (see [`due`]).
    pub fn falls_due(&self, at: Option<NaiveDateTime>) {
        let earliest = self.falls_due.get().into_iter().chain(at).min();
        self.falls_due.set(earliest);
    }

    /// Writes anew what these columns of tables hold that has a word in it, in whatever letter case.
    pub fn rewrite(
        &mut self,
        columns: &[(&str, &str)],
        word: &str,
        anew: impl Fn(&str) -> String,
    ) -> Result<()> {
        Ok(dialect::rewrite(self.conn, columns, word, anew)?)
    }

    /// A new id of this instant. Ids rise: by the microsecond, and within a transaction in the order
    /// in which they are made, so that they tell what happened first.
    pub fn new_id<K>(&self) -> Result<Id<K>> {
        let instant = self.now.and_utc();
        let millis = u64::try_from(instant.timestamp_millis()).map_err(Error::internal)?;
        let micros = instant.timestamp_subsec_micros() % 1000;
        let mut rest: [u8; 10] = secret::random()?;
        rest[..2].copy_from_slice(&(micros as u16).to_be_bytes());
        let made = self.made.get();
        rest[2..4].copy_from_slice(&made.to_be_bytes());
        self.made.set((made + 1).min(MOST_IN_ORDER));
        Ok(Id::new(millis, rest))
    }

    /// So many of them, ascending: rows of one act keep their order.
    pub fn new_ids<K>(&self, count: usize) -> Result<Vec<Id<K>>> {
        let mut ids = (0..count)
            .map(|_| self.new_id())
            .collect::<Result<Vec<_>>>()?;
        ids.sort_unstable();
        Ok(ids)
    }
}

/// Fourteen bits are left beside the variant; what one transaction makes beyond has no order.
const MOST_IN_ORDER: u16 = (1 << 14) - 1;

/// What time it is; tests move it.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Now, in UTC, cut to the microseconds that both engines keep.
    pub fn now(&self) -> NaiveDateTime {
        let moved = TimeDelta::microseconds(self.0.load(Ordering::Relaxed));
        (Utc::now().naive_utc() + moved).trunc_subsecs(6)
    }

    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

/// One database, whichever engine it is.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    connector: Connector,
    readers: Pool<Connector>,
    writer: Writer,
    turns: Turns,
    given: Arc<Given>,
}

/// How busy the connections are, and how many writes wait.
pub struct Load {
    pub readers: r2d2::State,
    /// None on the embedded database, which has one.
    pub writers: Option<r2d2::State>,
    pub waiting: usize,
}

/// How long a request waits for a connection before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

impl Db {
    /// Opens the pools; `size` is the number of reading connections (and writing ones, on a server).
    pub fn open(connector: Connector, size: u32, given: Given) -> Result<Self> {
        let given = Arc::new(given);
        let readers = pool(connector.reading(), size)?;
        let writer = Writer::open(&connector, size, &given)?;
        Ok(Self(Arc::new(Inner {
            connector,
            readers,
            writer,
            turns: Turns::default(),
            given,
        })))
    }

    pub fn clock(&self) -> &Clock {
        &self.0.given.clock
    }

    pub fn uses(&self) -> &Uses {
        &self.0.given.uses
    }

    pub fn keys(&self) -> &Keyring {
        &self.0.given.keys
    }

    pub fn connector(&self) -> &Connector {
        &self.0.connector
    }

    pub fn load(&self) -> Load {
        Load {
            readers: self.0.readers.state(),
            writers: self.0.writer.connections(),
            waiting: self.0.writer.waiting(),
        }
    }

    /// Looks, if a connection is idle: for who watches, and must not wait with all the others.
    pub async fn glance<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.blocking(|db| {
            let mut conn = db.0.readers.try_get().ok_or(Error::Busy)?;
            job(&mut db.0.given.tx(&mut conn))
        })
        .await
    }

    /// Looks. Each statement sees what is committed when it runs.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = async {
            let since = self.catch_up().await?;
            self.blocking(move |db| db.read_here(db.applied(since), job))
                .await
        };
        read.instrument(span("read")).await
    }

    /// Looks, and all statements see one state.
    pub async fn snapshot<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = async {
            let since = self.catch_up().await?;
            self.blocking(move |db| {
                db.read_here(db.applied(since), |tx| {
                    dialect::begin_snapshot(tx.conn)?;
                    let seen = job(tx);
                    dialect::rollback(tx.conn)?;
                    seen
                })
            })
            .await
        };
        read.instrument(span("snapshot")).await
    }

    /// Changes, alone: serializable on both engines. The job runs again when transactions collide,
    /// so it does nothing but read and write rows. An error rolls back.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.catch_up().await?;
        let given = self.0.given.clone();
        let job = move |tx: &mut Tx| {
            // Between the look and this transaction's instant something may have fallen due.
            while given.watch.passed(tx.now) && (given.watch.due.apply)(tx)? {}
            Ok((job(tx)?, tx.falls_due.get()))
        };
        let (done, falls_due) = self.submit(dialect::begin_write, job).await?;
        if let Some(at) = falls_due {
            self.0.given.watch.expect(at);
        }
        Ok(done)
    }

    /// Changes, after those that take the same turns: for what would else collide and run again.
    pub async fn write_in_turn<T: Send + 'static>(
        &self,
        turns: &BTreeSet<Turn>,
        job: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // The writer thread takes one after the other anyway, and many of them into one commit.
        if self.0.connector.embedded().is_some() {
            return self.write(job).await;
        }
        // Without its turn it may collide, which only costs time.
        let _taken = tokio::time::timeout(PATIENCE, self.0.turns.take(turns)).await;
        self.write(job).await
    }

    /// Applies what has fallen due, and says by when. Costs no statement while this node knows of nothing.
    async fn catch_up(&self) -> Result<NaiveDateTime> {
        let Given { clock, watch, .. } = &*self.0.given;
        let now = clock.now();
        if !watch.is_stale(now) {
            return Ok(now);
        }
        let _looking = watch.looking.lock().await;
        let (now, agreed) = (clock.now(), watch.agreed());
        if !watch.is_stale(now) {
            return Ok(now);
        }
        let Due { next, apply } = watch.due;
        let look = move |db: &Self| db.read_here(now, next);
        let mut coming = self.blocking(look).await?;
        if coming.is_some_and(|coming| coming <= now) {
            coming = match self.apply_all(apply).await {
                Ok(()) => self.blocking(look).await?,
                // What is wrong with one of them must not stop everyone else: tried at the next look.
                Err(error @ (Error::Refused(_) | Error::Internal(_) | Error::Database(_))) => {
                    tracing::error!(%error, "what is due could not be applied");
                    None
                }
                Err(error) => return Err(error),
            };
        }
        watch.saw(now, coming, agreed);
        Ok(now)
    }

    /// In many transactions, so that others get between them.
    async fn apply_all(&self, apply: fn(&mut Tx) -> Result<bool>) -> Result<()> {
        while self.submit(dialect::begin_write, apply).await? {}
        Ok(())
    }

    /// As of when to read, after what was due by `since` was applied: now, unless it is time to look again.
    fn applied(&self, since: NaiveDateTime) -> NaiveDateTime {
        let Given { clock, watch, .. } = &*self.0.given;
        let now = clock.now();
        match watch.is_stale(now) {
            true => since,
            false => now,
        }
    }

    /// Changes beside others: for jobs that hold a lease, or whose every change says what it expects
    /// to find, and that would else collide with all who write what they look through.
    pub async fn write_beside<T: Send + 'static>(
        &self,
        job: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.submit(dialect::begin_beside, job).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        begin: writer::Begin,
        job: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let write = async {
            match self.0.writer.submit(begin, job) {
                writer::Submitted::Queued(answer) => answer.await.map_err(|_| Error::Busy)?,
                writer::Submitted::Here(run) => self.blocking(move |_| run()).await,
                writer::Submitted::Full => Err(Error::Busy),
            }
        };
        write.instrument(span("write")).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = self.clone();
        tokio::task::spawn_blocking(move || job(&db))
            .await
            .map_err(Error::internal)?
    }

    fn read_here<T>(
        &self,
        now: NaiveDateTime,
        job: impl FnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let mut conn = self.0.readers.get().map_err(unavailable)?;
        let mut tx = self.0.given.tx(&mut conn);
        tx.now = now;
        job(&mut tx)
    }

    pub async fn migrate(&self) -> Result<()> {
        self.schema(dialect::migrate).await
    }

    pub async fn revert(&self) -> Result<String> {
        self.schema(dialect::revert).await
    }

    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        self.schema(dialect::pending).await
    }

    /// Writes a consistent copy of the embedded database to a file that is not there yet.
    pub async fn backup(&self, file: String) -> Result<()> {
        self.schema(move |conn| dialect::backup(conn, &file)).await
    }

    /// Gives every row of every table as a line of JSON, of one instant.
    pub async fn export(
        &self,
        mut give: impl FnMut(&str) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.snapshot(move |tx| dialect::export(tx.conn, &mut give))
            .await
    }

    /// On a connection of its own.
    async fn schema<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.blocking(move |db| {
            let mut conn = r2d2::ManageConnection::connect(db.connector())
                .map_err(|error| Error::Unavailable(error.to_string()))?;
            job(&mut conn)
        })
        .await
    }
}

/// Work on the database, for traces: with the time that it waits.
fn span(kind: &'static str) -> tracing::Span {
    tracing::info_span!(target: "otlp", "database", otel.name = kind, otel.kind = "client")
}

fn unavailable(error: r2d2::Error) -> Error {
    Error::Unavailable(error.to_string())
}

/// A broken connection shows itself where it is used: asking it first costs a third of all reads.
fn pool(connector: Connector, size: u32) -> Result<Pool<Connector>> {
    Pool::builder()
        .max_size(size)
        .test_on_check_out(false)
        .connection_timeout(PATIENCE)
        .build(connector)
        .map_err(unavailable)
}
