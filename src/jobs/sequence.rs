//! The sequencer: gives what was committed its gapless position. Writers insert without one, so that
//! they do not wait for each other; who reads by position never misses a late commit.
use super::Next;
use crate::db::schema::{audit_log, events};
use crate::db::{Tx, lease};
use crate::domain::id::{EntryId, EventId};
use crate::error::Result;
use crate::service::Service;
use chrono::TimeDelta;
use diesel::prelude::*;

/// How many rows take their position in one transaction.
const MOST: i64 = 500;

/// Gives positions to what has none yet, as far as one transaction goes.
pub async fn step(service: Service) -> Result<Next> {
    if !service.db.read(is_waiting).await? {
        return Ok(Next::Rest);
    }
    let node = service.node;
    let numbered = service.db.write_beside(move |tx| {
        if !lease::take(tx, "sequence", node, TimeDelta::seconds(30))? {
            return Ok(0);
        }
        Ok(number_events(tx)?.max(number_audit(tx)?))
    });
    Ok(match numbered.await? < MOST as usize {
        true => Next::Rest,
        false => Next::AtOnce,
    })
}

/// Without a lease or a write where nothing is to be done.
fn is_waiting(tx: &mut Tx) -> Result<bool> {
    let events = events::table.filter(events::position.is_null());
    let audit = audit_log::table.filter(audit_log::position.is_null());
    Ok(
        diesel::select(diesel::dsl::exists(events).or(diesel::dsl::exists(audit)))
            .get_result(tx.conn)?,
    )
}

fn number_events(tx: &mut Tx) -> Result<usize> {
    let waiting: Vec<EventId> = events::table
        .filter(events::position.is_null())
        .order(events::id)
        .limit(MOST)
        .select(events::id)
        .load(tx.conn)?;
    let last: Option<i64> = events::table
        .select(diesel::dsl::max(events::position))
        .first(tx.conn)?;
    for (position, id) in (last.unwrap_or(0) + 1..).zip(&waiting) {
        diesel::update(events::table.find(id))
            .set(events::position.eq(position))
            .execute(tx.conn)?;
    }
    Ok(waiting.len())
}

fn number_audit(tx: &mut Tx) -> Result<usize> {
    let waiting: Vec<EntryId> = audit_log::table
        .filter(audit_log::position.is_null())
        .order(audit_log::id)
        .limit(MOST)
        .select(audit_log::id)
        .load(tx.conn)?;
    let last: Option<i64> = audit_log::table
        .select(diesel::dsl::max(audit_log::position))
        .first(tx.conn)?;
    for (position, id) in (last.unwrap_or(0) + 1..).zip(&waiting) {
        diesel::update(audit_log::table.find(id))
            .set(audit_log::position.eq(position))
            .execute(tx.conn)?;
    }
    Ok(waiting.len())
}
