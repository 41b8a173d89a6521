//! The sequencer: gives what was committed its gapless position, and links the audit log. Writers
//! insert without, so that they do not wait for each other; who reads by position never misses a
//! late commit.
use super::Next;
use crate::db::schema::{audit_log, events};
use crate::db::{Tx, lease};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId};
use crate::error::Result;
use crate::resources::audit::chain;
use crate::resources::webhooks::model::{self, Numbered};
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

type Waiting = (
    EventId,
    EventType,
    Option<OrganizationId>,
    Option<OrganizationId>,
    String,
);

/// Gives events their positions, and queues them for the webhooks that listen.
fn number(tx: &mut Tx) -> Result<usize> {
    let waiting: Vec<Waiting> = events::table
        .filter(events::position.is_null())
        .order(events::id)
        .limit(MOST)
        .select((
            events::id,
            events::kind,
            events::customer_id,
            events::partner_id,
            events::subject,
        ))
        .load(tx.conn)?;
    let last: Option<i64> = events::table
        .select(diesel::dsl::max(events::position))
        .first(tx.conn)?;
    let mut numbered = Vec::new();
    for (position, (id, kind, customer, partner, subject)) in (last.unwrap_or(0) + 1..).zip(waiting)
    {
        diesel::update(events::table.find(id))
            .set(events::position.eq(position))
            .execute(tx.conn)?;
        numbered.push(Numbered {
            id,
            kind,
            sides: [customer, partner],
            subject,
            position,
        });
    }
    model::queue(tx, &numbered)?;
    Ok(numbered.len())
}
