//! What a delivering worker reads and writes: which endpoint it serves, what is due, what came of it.
//! One worker at a time serves an endpoint, so that a resource's events arrive in their order.
use super::model::Endpoint;
use super::send::{Attempt, Message, WHOLE};
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::schema::{events, webhook_attempts, webhook_deliveries, webhook_endpoints};
use crate::domain::event::EventType;
use crate::domain::id::{AttemptId, DeliveryId, EventId, NodeId, WebhookId};
use crate::domain::mail::MailTemplate;
use crate::domain::webhook::{DeliveryState, DisabledReason, next_attempt, rest};
use crate::error::{Error, Result};
use crate::resources::events::views;
use crate::resources::organizations::mails;
use crate::secret;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use url::Url;

/// How long an endpoint is a worker's; renewed with each attempt, of which none takes as long.
const LEASE: TimeDelta = TimeDelta::seconds(4 * WHOLE.as_secs() as i64);
/// How many deliveries an endpoint gets before it is the others' turn.
const ROUND: usize = 20;
/// How many waiting deliveries are looked through for those that are due.
const LOOKED_AT: i64 = 1000;
/// How long an endpoint may fail before it gets nothing any more.
const PATIENCE: TimeDelta = TimeDelta::days(5);
/// From how many failures in a row on an endpoint is left alone for a while.
const SICK: i32 = 3;

/// An endpoint that one worker serves, and what is due to it.
pub struct Claim {
    worker: NodeId,
    pub endpoint: Endpoint,
    pub due: Vec<Due>,
}

/// A delivery that is due.
#[derive(Clone)]
pub struct Due {
    pub id: DeliveryId,
    pub subject: String,
    event: EventId,
    failed: i32,
}

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

type Waiting = (DeliveryId, String, EventId, i32, NaiveDateTime);

/// What is due, in order. What waits for something earlier of the same thing is due when that is.
fn due(tx: &mut Tx, endpoint: WebhookId) -> Result<Vec<Due>> {
    let waiting: Vec<Waiting> = webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .filter(webhook_deliveries::finished_at.is_null())
        .order((webhook_deliveries::position, webhook_deliveries::id))
        .limit(LOOKED_AT)
        .select((
            webhook_deliveries::id,
            webhook_deliveries::subject,
            webhook_deliveries::event_id,
            webhook_deliveries::failed,
            webhook_deliveries::due_at,
        ))
        .load(tx.conn)?;
    let mut held_up: HashMap<String, NaiveDateTime> = HashMap::new();
    let mut due = Vec::new();
    for (id, subject, event, failed, due_at) in waiting {
        if let Some(until) = held_up.get(&subject) {
            if due_at < *until {
                diesel::update(webhook_deliveries::table.find(id))
                    .set(webhook_deliveries::due_at.eq(until))
                    .execute(tx.conn)?;
            }
        } else if due_at > tx.now {
            held_up.insert(subject, due_at);
        } else if due.len() < ROUND {
            due.push(Due {
                id,
                subject,
                event,
                failed,
            });
        }
    }
    Ok(due)
}

impl Claim {
    /// The messages of what is due, by delivery, without signature.
    pub fn bodies(&self, tx: &mut Tx) -> Result<HashMap<DeliveryId, String>> {
        let ids: Vec<EventId> = self.due.iter().map(|due| due.event).collect();
        let rows: Vec<views::Row> = events::table
            .filter(events::id.eq_any(&ids))
            .select(views::Row::as_select())
            .load(tx.conn)?;
        let mut written = HashMap::new();
        for row in rows {
            written.insert(row.id, serde_json::to_string(&row.view())?);
        }
        let body = |due: &Due| Some((due.id, written.get(&due.event)?.clone()));
        Ok(self.due.iter().filter_map(body).collect())
    }

    /// A message, signed at this instant with every secret in force.
    pub fn message(&self, tx: &Tx, due: &Due, body: String) -> Result<Message> {
        let (id, timestamp) = (
            due.event.to_string(),
            tx.now.and_utc().timestamp().to_string(),
        );
        let signed = format!("{id}.{timestamp}.{body}");
        let signatures = self.endpoint.secrets(tx)?;
        let signatures = signatures
            .iter()
            .map(|secret| secret.sign(tx.keys, self.endpoint.id, signed.as_bytes()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Message {
            id,
            timestamp,
            signature: signatures.join(" "),
            body,
        })
    }

    /// Keeps what came of an attempt. Whether to go on with this endpoint: not when it is no longer
    /// this worker's, has been disabled, or is sick.
    pub fn conclude(&self, tx: &mut Tx, due: &Due, attempt: &Attempt, millis: i64) -> Result<bool> {
        let held = diesel::update(webhook_endpoints::table.find(self.endpoint.id))
            .filter(webhook_endpoints::leased_by.eq(self.worker))
            .filter(webhook_endpoints::disabled.is_null())
            .filter(webhook_endpoints::removed_at.is_null())
            .set(webhook_endpoints::leased_until.eq(tx.now + LEASE))
            .execute(tx.conn)?;
        if held == 0 {
            return Ok(false);
        }
        let made: AttemptId = tx.new_id()?;
        diesel::insert_into(webhook_attempts::table)
            .values((
                webhook_attempts::id.eq(made),
                webhook_attempts::delivery_id.eq(due.id),
                webhook_attempts::attempted_at.eq(tx.now),
                webhook_attempts::millis.eq(millis),
                webhook_attempts::status.eq(attempt.status.map(i32::from)),
                webhook_attempts::answer.eq(&attempt.answer),
            ))
            .execute(tx.conn)?;
        match attempt.is_delivered() {
            true => self.delivered(tx, due).map(|()| true),
            false => self.failed(tx, due, attempt),
        }
    }

    fn delivered(&self, tx: &mut Tx, due: &Due) -> Result<()> {
        finish(tx, due.id, DeliveryState::Delivered)?;
        diesel::update(webhook_endpoints::table.find(self.endpoint.id))
            .set((
                webhook_endpoints::failures.eq(0),
                webhook_endpoints::failing_since.eq(None::<NaiveDateTime>),
            ))
            .execute(tx.conn)?;
        Ok(())
    }

    fn failed(&self, tx: &mut Tx, due: &Due, attempt: &Attempt) -> Result<bool> {
        let [chance] = secret::random()?;
        let wait = attempt.wait.unwrap_or(0);
        match next_attempt(due.failed + 1, chance) {
            Some(seconds) => {
                diesel::update(webhook_deliveries::table.find(due.id))
                    .set((
                        webhook_deliveries::failed.eq(due.failed + 1),
                        webhook_deliveries::due_at
                            .eq(tx.now + TimeDelta::seconds(seconds.max(wait))),
                    ))
                    .execute(tx.conn)?;
            }
            None => finish(tx, due.id, DeliveryState::Failed)?,
        }
        let (failures, since): (i32, Option<NaiveDateTime>) = webhook_endpoints::table
            .find(self.endpoint.id)
            .select((
                webhook_endpoints::failures,
                webhook_endpoints::failing_since,
            ))
            .first(tx.conn)?;
        let (failures, since) = (failures + 1, since.unwrap_or(tx.now));
        let sick = attempt.wait.is_some()
            || matches!(attempt.status, None | Some(429 | 502..=504))
            || failures >= SICK;
        let rests = match sick {
            true => rest(failures, chance).max(wait),
            false => 0,
        };
        diesel::update(webhook_endpoints::table.find(self.endpoint.id))
            .set((
                webhook_endpoints::failures.eq(failures),
                webhook_endpoints::failing_since.eq(since),
                webhook_endpoints::rests_until.eq(tx.now + TimeDelta::seconds(rests)),
            ))
            .execute(tx.conn)?;
        let over = match attempt.status {
            Some(410) => Some(DisabledReason::Gone),
            _ if tx.now - since >= PATIENCE => Some(DisabledReason::Failing),
            _ => None,
        };
        if let Some(reason) = over {
            self.disable(tx, reason)?;
        }
        Ok(!sick && over.is_none())
    }

    /// Sends it nothing more, and says so.
    fn disable(&self, tx: &mut Tx, reason: DisabledReason) -> Result<()> {
        let endpoint = &self.endpoint;
        diesel::update(webhook_endpoints::table.find(endpoint.id))
            .set((
                webhook_endpoints::disabled.eq(reason),
                webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            ))
            .execute(tx.conn)?;
        let event = Event::new(EventType::WebhookEndpointDisabled, endpoint.id)
            .of(endpoint.organization_id)
            .data(json!({"reason": reason}))
            .by_rule("NTF-3");
        let event = tx.record(None, event)?;
        // The rest of the URL may hold a secret of the receiver's.
        let url = Url::parse(&endpoint.url).map_err(Error::internal)?;
        let arguments = json!({"host": url.host_str()});
        let (organization, template) = (endpoint.organization_id, MailTemplate::WebhookDisabled);
        mails::tell(tx, event, organization, template, &arguments)
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

fn finish(tx: &mut Tx, id: DeliveryId, state: DeliveryState) -> Result<()> {
    diesel::update(webhook_deliveries::table.find(id))
        .set((
            webhook_deliveries::state.eq(state),
            webhook_deliveries::finished_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// How long what has been delivered or given up is kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Sweeps away what was finished long ago.
pub fn sweep(tx: &mut Tx) -> Result<()> {
    let old = || webhook_deliveries::finished_at.lt(tx.now - KEPT);
    let of_old = webhook_deliveries::table
        .filter(old())
        .select(webhook_deliveries::id);
    diesel::delete(webhook_attempts::table)
        .filter(webhook_attempts::delivery_id.eq_any(of_old))
        .execute(tx.conn)?;
    diesel::delete(webhook_deliveries::table)
        .filter(old())
        .execute(tx.conn)?;
    Ok(())
}
