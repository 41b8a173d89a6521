//! Refunding a billing event, whole or in part (BIL-4).
use super::report::{Reporter, created};
use super::views::BillingEventView;
use crate::api::views::MoneyView;
use crate::api::{Caller, Post, Reply};
use crate::db::Db;
use crate::domain::id::BillingEventId;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use crate::resources::billing::book::book_one;
use crate::resources::billing::intent::{Intent, Refund};
use actix_web::post;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What to refund.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": "100.00", "currency": "CHF"}}))]
pub struct NewRefund {
    /// How much; all that is left of the charge unless said.
    amount: Option<MoneyView>,
}

/// Refund a billing event.
///
/// Whole or in part, never more in sum than was charged, to the method that was charged, leaving the units installed. It takes back cashback in proportion; a prepaid balance may fall below zero by it. For the operator's billing staff (token scope `billing`).
#[utoipa::path(tag = "Money", params(("id" = BillingEventId, Path, description = "The event to refund.")), request_body = NewRefund, responses((status = 201, body = BillingEventView, description = "The refund, an event of its own.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden"]))))]
#[post("/v1/billing-events/{id}/refunds")]
pub async fn refund_billing_event(
    caller: Caller,
    db: Data<Db>,
    id: Path<BillingEventId>,
    new: Post<NewRefund>,
) -> Result<Reply<BillingEventView>> {
    let id = *id;
    new.keyed()?
        .once(&db, caller, &[], move |tx, identity, new| {
            let by = Reporter::of(identity)?;
            let amount = match &new.amount {
                Some(view) => Some(view.read("/amount").map_err(unreadable)?),
                None => None,
            };
            let refund = Refund {
                event: id,
                amount,
                rule: by.rule(),
            };
            let booked = book_one(tx, Some(identity), Intent::Refund(refund))?;
            created(tx, &booked.events)
        })
        .await
}

fn unreadable(fault: Fault) -> Refusal {
    Refusal::invalid(vec![fault]).rule("PRC-1")
}
