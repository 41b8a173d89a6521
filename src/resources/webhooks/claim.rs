//! What a delivering worker takes: an endpoint that no other serves, and what is due to it. One worker
//! at a time serves an endpoint, so that a resource's events arrive in their order.
use super::model::Endpoint;
use super::send::{Message, WHOLE};
use crate::db::Tx;
use crate::db::schema::{events, webhook_deliveries, webhook_endpoints};
use crate::domain::id::{DeliveryId, EventId, NodeId, WebhookId};
use crate::error::Result;
use crate::resources::events::views;
use crate::secret::Keyring;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::min;
use diesel::prelude::*;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// How long an endpoint is a worker's; renewed with what comes of attempts, of which none takes as long.
pub const LEASE: TimeDelta = TimeDelta::seconds(4 * WHOLE.as_secs() as i64);
/// How many deliveries an endpoint gets before it is the others' turn.
const ROUND: usize = 200;
/// How many due deliveries are looked through for those that wait for nothing.
const LOOKED_AT: i64 = 1000;

/// An endpoint that one worker serves, and what is due to it.
pub struct Claim {
    pub(super) worker: NodeId,
    pub endpoint: Endpoint,
    due: Vec<Due>,
}

/// A delivery that is due.
#[derive(Clone)]
pub struct Due {
    pub id: DeliveryId,
    pub failed: i32,
    event: EventId,
    subject: String,
}

/// What is due of one resource, in order, each with its body.
pub type Lane = VecDeque<(Due, String)>;

/// Whether there is an endpoint to serve.
pub fn is_due(tx: &mut Tx) -> Result<bool> {
    Ok(!candidates(tx)?.is_empty())
}

/// The endpoints that wait longest for a worker.
fn candidates(tx: &mut Tx) -> Result<Vec<WebhookId>> {
    let due = webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(webhook_endpoints::id))
        .filter(webhook_deliveries::finished_at.is_null())
        .filter(webhook_deliveries::due_at.le(tx.now));
    Ok(webhook_endpoints::table
        .filter(webhook_endpoints::disabled.is_null())
        .filter(webhook_endpoints::removed_at.is_null())
        .filter(webhook_endpoints::rests_until.le(tx.now))
        .filter(webhook_endpoints::leased_until.le(tx.now))
        .filter(diesel::dsl::exists(due))
        .order(webhook_endpoints::leased_until)
        .limit(8)
        .select(webhook_endpoints::id)
        .load(tx.conn)?)
}

/// Takes an endpoint that no other worker serves.
pub fn claim(tx: &mut Tx) -> Result<Option<Claim>> {
    let worker: NodeId = tx.new_id()?;
    for id in candidates(tx)? {
        let taken = diesel::update(webhook_endpoints::table.find(id))
            .filter(webhook_endpoints::leased_until.le(tx.now))
            .filter(webhook_endpoints::rests_until.le(tx.now))
            .filter(webhook_endpoints::disabled.is_null())
            .set((
                webhook_endpoints::leased_by.eq(worker),
                webhook_endpoints::leased_until.eq(tx.now + LEASE),
            ))
            .execute(tx.conn)?;
        if taken == 1 {
            let endpoint = webhook_endpoints::table
                .find(id)
                .select(Endpoint::as_select())
                .first(tx.conn)?;
            let due = due(tx, id)?;
            let claim = Claim {
                worker,
                endpoint,
                due,
            };
            if !claim.due.is_empty() {
                return Ok(Some(claim));
            }
            claim.release(tx)?;
        }
    }
    Ok(None)
}

/// What is due, in order, and waits for nothing earlier of the same resource.
fn due(tx: &mut Tx, endpoint: WebhookId) -> Result<Vec<Due>> {
    let due: Vec<(DeliveryId, i32, EventId, String, i64)> = webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .filter(webhook_deliveries::finished_at.is_null())
        .filter(webhook_deliveries::due_at.le(tx.now))
        .order((webhook_deliveries::position, webhook_deliveries::id))
        .limit(LOOKED_AT)
        .select((
            webhook_deliveries::id,
            webhook_deliveries::failed,
            webhook_deliveries::event_id,
            webhook_deliveries::subject,
            webhook_deliveries::position,
        ))
        .load(tx.conn)?;
    let subjects = due.iter().map(|(.., subject, _)| subject.as_str());
    let held_up = hold_up(tx, endpoint, subjects.collect())?;
    let free = due.into_iter().filter(|(.., subject, position)| {
        let first = held_up.get(subject);
        first.is_none_or(|first| position < first)
    });
    let due = free.map(|(id, failed, event, subject, _)| Due {
        id,
        failed,
        event,
        subject,
    });
    Ok(due.take(ROUND).collect())
}

/// Puts off what comes after something of the same resource that is not due yet, until that is, so
/// that it hides nothing behind it. From which position on, by resource.
fn hold_up(
    tx: &mut Tx,
    endpoint: WebhookId,
    subjects: BTreeSet<&str>,
) -> Result<HashMap<String, i64>> {
    let waiting = || {
        webhook_deliveries::table
            .filter(webhook_deliveries::endpoint_id.eq(endpoint))
            .filter(webhook_deliveries::finished_at.is_null())
    };
    let later: Vec<(String, Option<i64>, Option<NaiveDateTime>)> = waiting()
        .filter(webhook_deliveries::due_at.gt(tx.now))
        .filter(webhook_deliveries::subject.eq_any(subjects))
        .group_by(webhook_deliveries::subject)
        .select((
            webhook_deliveries::subject,
            min(webhook_deliveries::position),
            min(webhook_deliveries::due_at),
        ))
        .load(tx.conn)?;
    let mut held_up = HashMap::new();
    for (subject, first, until) in later {
        let (Some(first), Some(until)) = (first, until) else {
            continue;
        };
        diesel::update(waiting())
            .filter(webhook_deliveries::subject.eq(&subject))
            .filter(webhook_deliveries::position.gt(first))
            .filter(webhook_deliveries::due_at.lt(until))
            .set(webhook_deliveries::due_at.eq(until))
            .execute(tx.conn)?;
        held_up.insert(subject, first);
    }
    Ok(held_up)
}

impl Claim {
    /// What is due, by resource.
    pub fn lanes(&self, tx: &mut Tx) -> Result<Vec<Lane>> {
        let ids: Vec<EventId> = self.due.iter().map(|due| due.event).collect();
        let rows: Vec<views::Row> = events::table
            .filter(events::id.eq_any(&ids))
            .select(views::Row::as_select())
            .load(tx.conn)?;
        let mut bodies = HashMap::new();
        for row in rows {
            bodies.insert(row.id, serde_json::to_string(&row.view())?);
        }
        let mut lanes: Vec<Lane> = Vec::new();
        let mut places = HashMap::new();
        for due in &self.due {
            let Some(body) = bodies.get(&due.event) else {
                continue;
            };
            let place = *places.entry(&due.subject).or_insert_with(|| {
                lanes.push(Lane::new());
                lanes.len() - 1
            });
            lanes[place].push_back((due.clone(), body.clone()));
        }
        Ok(lanes)
    }

    /// A message, signed at this instant with every secret in force.
    pub fn message(
        &self,
        keys: &Keyring,
        now: NaiveDateTime,
        due: &Due,
        body: String,
    ) -> Result<Message> {
        let id = due.event.to_string();
        let timestamp = now.and_utc().timestamp().to_string();
        let signed = format!("{id}.{timestamp}.{body}");
        let signatures = self
            .endpoint
            .secrets(keys, now)?
            .iter()
            .map(|secret| secret.sign(keys, self.endpoint.id, signed.as_bytes()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Message {
            id,
            timestamp,
            signature: signatures.join(" "),
            body,
        })
    }

    /// Gives the endpoint back.
    pub fn release(&self, tx: &mut Tx) -> Result<()> {
        diesel::update(webhook_endpoints::table.find(self.endpoint.id))
            .filter(webhook_endpoints::leased_by.eq(self.worker))
            .set((
                webhook_endpoints::leased_by.eq(None::<NodeId>),
                webhook_endpoints::leased_until.eq(tx.now),
            ))
            .execute(tx.conn)?;
        Ok(())
    }
}
