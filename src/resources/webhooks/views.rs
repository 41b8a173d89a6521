//! What is shown of endpoints, deliveries and attempts.
use super::model::Endpoint;
use super::sign::Secret;
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{events, webhook_attempts, webhook_deliveries};
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::webhook::{DeliveryState, DisabledReason};
use crate::error::Result;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Where events are sent.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct WebhookEndpointView {
    /// Its id.
    pub id: WebhookId,
    /// Where messages are posted.
    #[schema(format = "uri", example = "https://hooks.example.com/mandat")]
    url: String,
    /// What it is for.
    #[schema(example = "Accounting")]
    description: String,
    /// The types of events that it gets; all if none is named.
    #[schema(value_type = Vec<String>, example = json!(["partnership.started"]))]
    event_types: Vec<EventType>,
    /// Whether it gets anything.
    enabled: bool,
    /// Why it gets nothing: its owner wants it so, it has answered 410, or it has failed for days.
    disabled_reason: Option<DisabledReason>,
    /// Since when every attempt has failed.
    failing_since: Option<DateTime<Utc>>,
    /// What `v1` signatures are made with: shown once, when it is made.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
    /// What `v1a` signatures are verified with.
    #[schema(example = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    public_key: String,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl WebhookEndpointView {
    pub fn new(tx: &Tx, endpoint: &Endpoint) -> Result<Self> {
        Ok(Self {
            id: endpoint.id,
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            event_types: endpoint.types(),
            enabled: endpoint.disabled.is_none(),
            disabled_reason: endpoint.disabled,
            failing_since: endpoint.failing_since.map(|at| at.and_utc()),
            secret: None,
            public_key: endpoint.secret(tx.keys)?.public_key(tx.keys, endpoint.id)?,
            created_at: endpoint.created_at.and_utc(),
        })
    }

    /// With its secret, which was made just now.
    pub fn showing(self, secret: &Secret) -> Self {
        Self {
            secret: Some(secret.shown()),
            ..self
        }
    }
}

/// An event on its way to an endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct WebhookDeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    event_id: EventId,
    /// What happened.
    #[schema(value_type = String, example = "partnership.started")]
    event_type: EventType,
    /// What it happened to.
    #[schema(example = "partnership_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    subject_id: String,
    /// Whether it waits, has arrived, or was given up.
    state: DeliveryState,
    /// When it is tried next; null when it is finished.
    next_attempt_at: Option<DateTime<Utc>>,
    /// When it was queued.
    created_at: DateTime<Utc>,
    /// When it arrived or was given up.
    finished_at: Option<DateTime<Utc>>,
    /// Every attempt, the newest first.
    attempts: Vec<WebhookAttemptView>,
}

/// One attempt to deliver.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub struct WebhookAttemptView {
    /// When.
    attempted_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    #[schema(minimum = 0, maximum = 9007199254740991i64, example = 84)]
    milliseconds: i64,
    /// The HTTP status of the answer; null if there was none.
    #[schema(minimum = 100, maximum = 999, example = 503)]
    status: Option<i32>,
    /// The beginning of the answer, or why there was none.
    #[schema(example = "timeout")]
    answer: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct Row {
    pub id: DeliveryId,
    event_id: EventId,
    subject: String,
    state: DeliveryState,
    due_at: NaiveDateTime,
    created_at: NaiveDateTime,
    finished_at: Option<NaiveDateTime>,
}

type AttemptRow = (DeliveryId, NaiveDateTime, i64, Option<i32>, String);

/// The views of these deliveries, with their events' types and their attempts. Two queries.
pub fn deliveries(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<WebhookDeliveryView>> {
    let ids: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
    let of: Vec<EventId> = rows.iter().map(|row| row.event_id).collect();
    let kinds: HashMap<EventId, EventType> = events::table
        .filter(events::id.among(&of))
        .select((events::id, events::kind))
        .load::<(EventId, EventType)>(tx.conn)?
        .into_iter()
        .collect();
    let attempts: Vec<AttemptRow> = webhook_attempts::table
        .filter(webhook_attempts::delivery_id.among(&ids))
        .order(webhook_attempts::id.desc())
        .select((
            webhook_attempts::delivery_id,
            webhook_attempts::attempted_at,
            webhook_attempts::millis,
            webhook_attempts::status,
            webhook_attempts::answer,
        ))
        .load(tx.conn)?;
    let mut made: HashMap<DeliveryId, Vec<WebhookAttemptView>> = HashMap::new();
    for (delivery, attempted_at, milliseconds, status, answer) in attempts {
        made.entry(delivery).or_default().push(WebhookAttemptView {
            attempted_at: attempted_at.and_utc(),
            milliseconds,
            status,
            answer,
        });
    }
    let view = |row: Row| {
        Some(WebhookDeliveryView {
            id: row.id,
            event_id: row.event_id,
            event_type: *kinds.get(&row.event_id)?,
            subject_id: row.subject,
            state: row.state,
            next_attempt_at: row.finished_at.is_none().then_some(row.due_at.and_utc()),
            created_at: row.created_at.and_utc(),
            finished_at: row.finished_at.map(|at| at.and_utc()),
            attempts: made.remove(&row.id).unwrap_or_default(),
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}
