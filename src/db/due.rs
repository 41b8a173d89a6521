//! What falls due by the clock alone: applied before anything else is read or written, so that no
//! job needs to have run.
use super::Tx;
use crate::error::Result;
use chrono::{NaiveDateTime, TimeDelta};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tokio::sync::Mutex;

/// What falls due, from a floor above.
#[derive(Clone, Copy)]
pub struct Due {
    /// The instant of the first that has not been applied.
    pub next: fn(&mut Tx) -> Result<Option<NaiveDateTime>>,
    /// Applies some of what is due by the transaction's instant, in its order; whether more may be due.
    pub apply: fn(&mut Tx) -> Result<bool>,
}

/// How long a node trusts what it saw: another may have agreed on something since.
const TRUST: TimeDelta = TimeDelta::seconds(5);

/// What this node knows of it, so that a request costs no statement.
pub struct Watch {
    pub due: Due,
    /// Held by who looks; the others wait for what it finds.
    pub looking: Mutex<()>,
    next: AtomicI64,
    looked: AtomicI64,
    /// How often something new was agreed on.
    agreed: AtomicU64,
}

impl Watch {
    pub fn new(due: Due) -> Self {
        Self {
            due,
            looking: Mutex::default(),
            agreed: AtomicU64::new(0),
            next: AtomicI64::new(i64::MIN),
            looked: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether it is time to look again.
    pub fn is_stale(&self, now: NaiveDateTime) -> bool {
        let looked = self.looked.load(Ordering::Acquire);
        self.passed(now)
            || micros(now).saturating_sub(looked) > TRUST.num_microseconds().unwrap_or(0)
    }

    /// Whether something fell due that may not have been applied.
    pub fn passed(&self, now: NaiveDateTime) -> bool {
        self.next.load(Ordering::Acquire) <= micros(now)
    }

    /// What to hand to [`Watch::saw`] after a look that begins now.
    pub fn agreed(&self) -> u64 {
        self.agreed.load(Ordering::Acquire)
    }

    /// A look found this. Where something was agreed on since it began, it may have
    /// missed that, and is not trusted.
    pub fn saw(&self, now: NaiveDateTime, next: Option<NaiveDateTime>, agreed: u64) {
        let next = next.map_or(i64::MAX, micros);
        self.next.store(next, Ordering::Release);
        let looked = match self.agreed() == agreed {
            true => micros(now),
            false => i64::MIN,
        };
        self.looked.store(looked, Ordering::Release);
    }

    /// Something has been agreed on for this instant.
    pub fn expect(&self, at: NaiveDateTime) {
        self.next.fetch_min(micros(at), Ordering::AcqRel);
        self.agreed.fetch_add(1, Ordering::AcqRel);
    }
}

fn micros(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros()
}
