//! Which products a partner used on which day: noted in memory while requests are answered, and written
//! by a job, so that a read never waits for a write (PSH-11).
use super::prepared::Among;
use super::schema::product_uses;
use super::{Tx, insert_all};
use crate::domain::id::{PartnershipId, ProductId};
use crate::error::Result;
use chrono::NaiveDate;
use diesel::prelude::*;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashSet};
use std::mem::take;

/// A product that was used through a partnership on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Insertable, Queryable)]
#[diesel(table_name = product_uses, treat_none_as_default_value = false)]
pub struct Use {
    pub partnership_id: PartnershipId,
    pub product_id: ProductId,
    pub day: NaiveDate,
}

/// The uses of this node that are not written yet, and those of the day that are known.
#[derive(Default)]
pub struct Uses(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    day: NaiveDate,
    known: HashSet<Use>,
    waiting: Vec<Use>,
}

impl Uses {
    pub fn note(&self, seen: Use) {
        let mut gathered = self.0.lock();
        if gathered.day != seen.day {
            gathered.day = seen.day;
            gathered.known.clear();
        }
        if gathered.known.insert(seen) {
            gathered.waiting.push(seen);
        }
    }

    /// What waits to be written.
    pub fn take(&self) -> Vec<Use> {
        take(&mut self.0.lock().waiting)
    }

    /// Takes back what could not be written.
    pub fn put_back(&self, uses: Vec<Use>) {
        self.0.lock().waiting.extend(uses);
    }
}

impl Tx<'_> {
    /// Writes what no node has written yet: at most one row a partnership, product and day.
    pub fn record_uses(&mut self, uses: &[Use]) -> Result<()> {
        let partnerships: BTreeSet<_> = uses.iter().map(|seen| seen.partnership_id).collect();
        let days: BTreeSet<_> = uses.iter().map(|seen| seen.day).collect();
        let known: Vec<Use> = product_uses::table
            .filter(product_uses::partnership_id.among(partnerships))
            .filter(product_uses::day.among(days))
            .load(self.conn)?;
        let new: BTreeSet<Use> = uses.iter().copied().collect();
        let new: Vec<Use> = new
            .into_iter()
            .filter(|seen| !known.contains(seen))
            .collect();
        insert_all!(self, product_uses::table, &new);
        Ok(())
    }
}
