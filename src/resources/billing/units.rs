//! The units that pick a volume tier: of active products, by renewal owner and family, at any instant
//! (PRC-4). A counter holds those of now; what changed since is taken back from it.
use crate::db::prepared::Among;
use crate::db::schema::{renewal_ownerships, unit_counters};
use crate::db::{Tx, directly, put_all};
use crate::domain::id::OrganizationId;
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

/// Units that an owner gains, or loses.
pub struct Shift<'a> {
    pub owner: OrganizationId,
    pub family: &'a str,
    pub units: i64,
}

#[derive(Insertable)]
#[diesel(table_name = unit_counters)]
struct CounterRow<'a> {
    owner_id: OrganizationId,
    family: &'a str,
    units: i64,
}

/// Moves the counters by all of this, each once.
pub fn shift(tx: &mut Tx, shifts: &[Shift]) -> Result<()> {
    let mut sums: BTreeMap<(OrganizationId, &str), i64> = BTreeMap::new();
    for one in shifts {
        *sums.entry((one.owner, one.family)).or_default() += one.units;
    }
    let row = |((owner_id, family), units)| CounterRow {
        owner_id,
        family,
        units,
    };
    // An owner that loses has a counter already; a row of less than nothing may not even be offered.
    let (gained, lost): (Vec<_>, Vec<_>) = sums.into_iter().partition(|(_, units)| *units >= 0);
    let rows: Vec<CounterRow> = gained
        .into_iter()
        .filter(|(_, units)| *units > 0)
        .map(row)
        .collect();
    put_all!(
        tx,
        unit_counters::table,
        &rows,
        (unit_counters::owner_id, unit_counters::family),
        unit_counters::units.eq(unit_counters::units + excluded(unit_counters::units))
    );
    let rows: Vec<CounterRow> = lost
        .into_iter()
        .map(|(of, units)| row((of, -units)))
        .collect();
    put_all!(
        tx,
        unit_counters::table,
        &rows,
        (unit_counters::owner_id, unit_counters::family),
        unit_counters::units.eq(unit_counters::units - excluded(unit_counters::units))
    );
    Ok(())
}

/// The units of some owners and families, at any instant since one.
#[derive(Default)]
pub struct Units(BTreeMap<OrganizationId, BTreeMap<String, Counted>>);

/// Those of one owner and family: how many there are now, and what has changed when.
#[derive(Default)]
struct Counted {
    now: i64,
    /// What had changed before, by its instant, each with what it and all that was later came to.
    before: Vec<(NaiveDateTime, i64)>,
    /// What this transaction is about to change.
    made: BTreeMap<NaiveDateTime, i64>,
}

type Changed = (OrganizationId, String, i64, Option<NaiveDateTime>);

impl Units {
    /// Three queries. At the present instant the last two find nothing.
    pub fn load(
        tx: &mut Tx,
        owners: &BTreeSet<OrganizationId>,
        families: &BTreeSet<&str>,
        since: NaiveDateTime,
    ) -> Result<Self> {
        let counted: Vec<(OrganizationId, String, i64)> =
            directly!(tx, |conn| unit_counters::table
                .filter(unit_counters::owner_id.among(owners))
                .filter(unit_counters::family.among(families))
                .select((
                    unit_counters::owner_id,
                    unit_counters::family,
                    unit_counters::units,
                ))
                .load(conn))?;
        let gained: Vec<Changed> = directly!(tx, |conn| renewal_ownerships::table
            .filter(renewal_ownerships::owner_id.among(owners))
            .filter(renewal_ownerships::family.among(families))
            .filter(renewal_ownerships::valid_from.gt(since))
            .select((
                renewal_ownerships::owner_id,
                renewal_ownerships::family,
                renewal_ownerships::quantity,
                renewal_ownerships::valid_from.nullable(),
            ))
            .load(conn))?;
        let lost: Vec<Changed> = directly!(tx, |conn| renewal_ownerships::table
            .filter(renewal_ownerships::owner_id.among(owners))
            .filter(renewal_ownerships::family.among(families))
            .filter(renewal_ownerships::valid_to.gt(since))
            .select((
                renewal_ownerships::owner_id,
                renewal_ownerships::family,
                renewal_ownerships::quantity,
                renewal_ownerships::valid_to,
            ))
            .load(conn))?;
        let mut units = Self::default();
        for (owner, family, held) in counted {
            units.of(owner, &family).now = held;
        }
        let lost = lost
            .into_iter()
            .map(|(owner, family, quantity, at)| (owner, family, -quantity, at));
        for (owner, family, quantity, at) in gained.into_iter().chain(lost) {
            if let Some(at) = at {
                units.of(owner, &family).before.push((at, quantity));
            }
        }
        for counted in units.0.values_mut().flat_map(BTreeMap::values_mut) {
            counted.sum_up();
        }
        Ok(units)
    }

    /// Those that the owner had at an instant.
    pub fn at(&self, owner: OrganizationId, family: &str, at: NaiveDateTime) -> i64 {
        let counted = self.0.get(&owner).and_then(|of| of.get(family));
        counted.map_or(0, |counted| {
            let later = counted
                .before
                .partition_point(|(instant, _)| *instant <= at);
            let changed = counted.before.get(later).map_or(0, |(_, units)| *units);
            let changes = counted.made.range((Excluded(at), Unbounded));
            counted.now - changed - changes.map(|(_, units)| units).sum::<i64>()
        })
    }

    /// What this transaction is about to change.
    pub fn change(&mut self, owner: OrganizationId, family: &str, at: NaiveDateTime, by: i64) {
        let counted = self.of(owner, family);
        counted.now += by;
        *counted.made.entry(at).or_default() += by;
    }

    fn of(&mut self, owner: OrganizationId, family: &str) -> &mut Counted {
        let of = self.0.entry(owner).or_default();
        of.entry(family.to_owned()).or_default()
    }
}

impl Counted {
    /// What was gathered one by one in any order becomes what each and all that was later came to.
    fn sum_up(&mut self) {
        self.before.sort_unstable_by_key(|(at, _)| *at);
        let mut sum = 0;
        for (_, units) in self.before.iter_mut().rev() {
            sum += *units;
            *units = sum;
        }
    }
}
