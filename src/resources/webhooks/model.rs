//! The rows of endpoints, and which of them an event goes to.
use super::sign::Secret;
use crate::db::prepared::Among;
use crate::db::schema::{webhook_deliveries, webhook_endpoints};
use crate::db::witness::{self, Identity};
use crate::db::{Tx, insert_all};
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, EventId, OrganizationId, WebhookId};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::domain::webhook::{DeliveryState, DisabledReason};
use crate::error::Result;
use crate::secret::Keyring;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
pub struct Endpoint {
    pub id: WebhookId,
    pub organization_id: OrganizationId,
    pub url: String,
    pub description: String,
    event_types: String,
    secret: Vec<u8>,
    old_secret: Option<Vec<u8>>,
    old_secret_until: Option<NaiveDateTime>,
    pub disabled: Option<DisabledReason>,
    pub failures: i32,
    pub failing_since: Option<NaiveDateTime>,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

impl Endpoint {
    /// The types that it listens to; none means all.
    pub fn types(&self) -> Vec<EventType> {
        let words = self.event_types.split_whitespace();
        words.filter_map(EventType::parse).collect()
    }

    fn listens_to(&self, kind: EventType) -> bool {
        self.event_types.is_empty() || self.types().contains(&kind)
    }

    pub fn secret(&self, keys: &Keyring) -> Result<Secret> {
        Secret::open(keys, &self.secret)
    }

    /// What messages are signed with at this instant: for a while the secret before, too.
    pub fn secrets(&self, keys: &Keyring, now: NaiveDateTime) -> Result<Vec<Secret>> {
        let mut secrets = vec![self.secret(keys)?];
        if let (Some(old), Some(until)) = (&self.old_secret, self.old_secret_until)
            && now < until
        {
            secrets.push(Secret::open(keys, old)?);
        }
        Ok(secrets)
    }
}

/// As a column keeps them.
pub fn written(types: &[EventType]) -> String {
    let words: BTreeSet<&str> = types.iter().map(|kind| kind.as_str()).collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// Judges whether the caller may look after the organization's endpoints.
pub fn allow(tx: &mut Tx, identity: &Identity, org: OrganizationId) -> Result<()> {
    let found = witness::organization(tx, identity, org)?;
    policy::allow(found, Action::ManageWebhooks)?;
    Ok(())
}

/// An endpoint of an organization that the caller looks after.
pub fn find(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
    id: WebhookId,
) -> Result<Endpoint> {
    allow(tx, identity, org)?;
    let found = webhook_endpoints::table
        .filter(webhook_endpoints::id.eq(id))
        .filter(webhook_endpoints::organization_id.eq(org))
        .filter(webhook_endpoints::removed_at.is_null())
        .select(Endpoint::as_select())
        .first(tx.conn)
        .optional()?;
    Ok(found.ok_or_else(Refusal::not_found)?)
}

/// An event that has just got its position.
pub struct Numbered {
    pub id: EventId,
    pub kind: EventType,
    pub sides: [Option<OrganizationId>; 2],
    pub subject: String,
    pub position: i64,
}

#[derive(Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
pub struct NewDelivery {
    id: DeliveryId,
    endpoint_id: WebhookId,
    event_id: EventId,
    subject: String,
    position: i64,
    state: DeliveryState,
    due_at: NaiveDateTime,
    created_at: NaiveDateTime,
}

impl NewDelivery {
    /// Due at once.
    pub fn new(
        tx: &Tx,
        to: WebhookId,
        event: EventId,
        subject: String,
        position: i64,
    ) -> Result<Self> {
        Ok(Self {
            id: tx.new_id()?,
            endpoint_id: to,
            event_id: event,
            subject,
            position,
            state: DeliveryState::Waiting,
            due_at: tx.now,
            created_at: tx.now,
        })
    }
}

/// Queues events for the endpoints that listen to them, on either side.
pub fn queue(tx: &mut Tx, events: &[Numbered]) -> Result<()> {
    let concerned: BTreeSet<OrganizationId> = events
        .iter()
        .flat_map(|event| event.sides)
        .flatten()
        .collect();
    let listening: Vec<Endpoint> = webhook_endpoints::table
        .filter(webhook_endpoints::organization_id.among(&concerned))
        .filter(webhook_endpoints::disabled.is_null())
        .filter(webhook_endpoints::removed_at.is_null())
        .select(Endpoint::as_select())
        .load(tx.conn)?;
    let mut rows = Vec::new();
    for event in events {
        // A test goes to the endpoint that it tests, and has gone already.
        if event.kind == EventType::WebhookEndpointTested {
            continue;
        }
        let to = |endpoint: &&Endpoint| {
            event.sides.contains(&Some(endpoint.organization_id)) && endpoint.listens_to(event.kind)
        };
        for endpoint in listening.iter().filter(to) {
            let (id, subject) = (event.id, event.subject.clone());
            rows.push(NewDelivery::new(
                tx,
                endpoint.id,
                id,
                subject,
                event.position,
            )?);
        }
    }
    insert_all!(tx, webhook_deliveries::table, &rows);
    Ok(())
}
