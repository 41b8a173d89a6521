//! What a reader sees of an event, and what webhooks deliver.
use crate::api::views::words_of;
use crate::db::schema::events;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its id, by which repetitions are told apart.
    id: EventId,
    /// What happened: one of the webhooks of this document. More may come.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "partnership.started")]
    kind: EventType,
    /// Its place among all events, rising without gaps over all organizations; null for the moment that it takes to get one.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    position: Option<i64>,
    /// When it happened.
    timestamp: DateTime<Utc>,
    /// The organization that it concerns; of two, the customer.
    organization_id: Option<OrganizationId>,
    /// The partner, where it is between a customer and a partner.
    partner_id: Option<OrganizationId>,
    /// What it happened to.
    #[schema(example = "partnership_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    subject_id: String,
    /// More about it, in ids and words; never personal data.
    data: BTreeMap<String, String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Row {
    pub id: EventId,
    kind: EventType,
    customer_id: Option<OrganizationId>,
    partner_id: Option<OrganizationId>,
    subject: String,
    data: String,
    occurred_at: NaiveDateTime,
    pub position: Option<i64>,
}

impl Row {
    pub fn view(self) -> EventView {
        EventView {
            id: self.id,
            kind: self.kind,
            position: self.position,
            timestamp: self.occurred_at.and_utc(),
            organization_id: self.customer_id.or(self.partner_id),
            partner_id: self.customer_id.and(self.partner_id),
            subject_id: self.subject,
            data: words_of(&self.data),
        }
    }
}
