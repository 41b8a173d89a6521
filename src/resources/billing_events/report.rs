//! What the operator's commerce system reports: orders and renewals that happened elsewhere (BIL-3).
use super::views::{BillingEventView, Reader, by_ids};
use crate::api::{Caller, Post, Reply};
use crate::db::{Db, Tx, witness};
use crate::domain::billing::{Initiator, ReportedKind};
use crate::domain::id::{BillingEventId, OrderId, OrganizationId, ProductId, UserId};
use crate::domain::money::Currency;
use crate::domain::policy::Action;
use crate::domain::product::Period;
use crate::domain::reach::Reach;
use crate::error::{Error, Result};
use crate::resources::billing::book::book_one;
use crate::resources::billing::intent::{Channel, Intent, Sale, Wanted, WantedLine};
use crate::secret;
use actix_web::post;
use actix_web::web::Data;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// An order or a renewal that happened elsewhere, and was collected there. Its amounts are computed here, by the terms, prices and units in force when it happened.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"external_id": "shop-2026-004711", "kind": "order", "organization_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v", "family": "web_hosting", "quantity": 35, "period": "monthly", "currency": "CHF", "initiator": "customer", "occurred_at": "2026-11-20T09:30:00Z"}))]
pub struct NewBillingEvent {
    /// The id that tells it from all others; reporting the same one again changes nothing.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "shop-2026-004711")]
    pub external_id: String,
    /// What it was.
    kind: ReportedKind,
    /// The customer.
    organization_id: OrganizationId,
    /// The product that was paid for; without one a product is installed.
    product_id: Option<ProductId>,
    /// The product's family.
    #[validate(length(min = 1, max = 60))]
    #[schema(example = "web_hosting")]
    family: String,
    /// How many units.
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1000000, example = 35)]
    quantity: i64,
    /// How long one payment lasts.
    period: Period,
    /// In which currency.
    currency: Currency,
    /// Who caused it.
    initiator: Initiator,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// The first day paid for; the day it happened unless said.
    period_start: Option<NaiveDate>,
    /// The order, of what was ordered here: it is booked already, and so refused.
    order_id: Option<OrderId>,
}

impl NewBillingEvent {
    /// What is to be booked; the fingerprint is of the content, however it was written.
    pub fn intent(&self, by: &Reporter) -> Result<Intent> {
        let line = WantedLine {
            family: self.family.clone(),
            quantity: self.quantity,
            period: self.period,
            parent: None,
            label: None,
            product: self.product_id,
            starts: self.period_start,
        };
        Ok(Intent::Sale(Sale {
            kind: self.kind.into(),
            wanted: Wanted {
                customer: self.organization_id,
                initiator: self.initiator,
                currency: self.currency,
                lines: vec![line],
                reach: Reach::Everything,
                at: self.occurred_at.naive_utc().trunc_subsecs(6),
            },
            channel: Channel::Reported {
                external_id: self.external_id.clone(),
                fingerprint: secret::token_hash(&serde_json::to_string(self)?),
                order: self.order_id,
            },
            by: Some(by.user),
            rule: by.rule,
        }))
    }
}

/// Who reports, and by which right.
pub struct Reporter {
    user: UserId,
    rule: &'static str,
}

impl Reporter {
    pub fn of(identity: &witness::Identity) -> Result<Self> {
        Ok(Self {
            user: identity.user,
            rule: witness::staff(identity, Action::ReportBillingEvents)?,
        })
    }

    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

/// Report a billing event.
///
/// An order or a renewal that happened elsewhere, by the operator's commerce system (token scope `billing`). Reporting the same one again answers as the first time, other content under the same `external_id` is refused; a product is renewed once for each period start (BIL-3).
#[utoipa::path(tag = "Money", request_body = NewBillingEvent, responses((status = 201, body = BillingEventView, description = "The event.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "already_booked", "already_renewed", "external_id_reused"]))))]
#[post("/v1/billing-events")]
pub async fn report_billing_event(
    caller: Caller,
    db: Data<Db>,
    new: Post<NewBillingEvent>,
) -> Result<Reply<BillingEventView>> {
    new.keyed()?
        .once(&db, caller, &[], |tx, identity, new| {
            let intent = new.intent(&Reporter::of(identity)?)?;
            let booked = book_one(tx, Some(identity), intent)?;
            created(tx, &booked.events)
        })
        .await
}

/// The one event that was made, or was made the first time.
pub fn created(tx: &mut Tx, events: &[BillingEventId]) -> Result<Reply<BillingEventView>> {
    let event = by_ids(tx, events, Reader::Operator)?.pop();
    let event = event.ok_or_else(|| Error::internal("no event was made"))?;
    Reply::created(format!("/v1/billing-events/{}", event.id), &event)
}
