//! The sequencer: gives what was committed its gapless position, and links the audit log. Writers
//! insert without, so that they do not wait for each other; who reads by position never misses a
//! late commit.
use super::Next;
use crate::db::schema::{audit_log, events};
use crate::db::{Tx, lease};
use crate::domain::id::EventId;
use crate::error::Result;
use crate::resources::audit::chain;
use crate::service::Service;
use chrono::TimeDelta;
use diesel::prelude::*;

/// How many rows take their position in one transaction.
const MOST: i64 = 500;

/// Gives positions to what has none yet, as far as one transaction goes. Events first, so that a
/// fault in the audit log holds up nobody's webhooks.
pub async fn step(service: Service) -> Result<Next> {
    if !service.db.read(is_waiting).await? {
        return Ok(Next::Rest);
    }
    let numbered = alone(&service, number).await?;
    let linked = alone(&service, |tx| chain::extend(tx, MOST)).await?;
    Ok(match numbered.max(linked) < MOST as usize {
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

async fn alone(service: &Service, act: fn(&mut Tx) -> Result<usize>) -> Result<usize> {
    let node = service.node;
    let done = service.db.write_beside(move |tx| {
        match lease::take(tx, "sequence", node, TimeDelta::seconds(30))? {
            true => act(tx),
            false => Ok(0),
        }
    });
    done.await
}

fn number(tx: &mut Tx) -> Result<usize> {
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
