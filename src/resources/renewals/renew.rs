//! Paying a product for another period, by whoever may order on one of the sides.
use super::ownership;
use crate::api::{Caller, Post, Reply};
use crate::db::Db;
use crate::domain::billing::EventKind;
use crate::domain::id::{OrganizationId, PaymentMethodId, ProductId};
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::settlement::Orderer;
use crate::error::Result;
use crate::resources::billing::book::book_one;
use crate::resources::billing::intent::{Channel, Intent, Sale, Wanted, WantedLine};
use crate::resources::orders::placed::{self, PlacedOrderView};
use crate::resources::quotes::lines::initiator;
use crate::resources::quotes::model::side;
use actix_web::post;
use actix_web::web::{Data, Path};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// A renewal by hand.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"acting_as": "customer", "payment_method_id": "pm_01jd8xk3v9e6mbyg4q5r7s8t9v"}))]
pub struct NewRenewal {
    /// On which side the caller acts.
    acting_as: Orderer,
    /// What is charged: a payment method of the payer (PAY-7).
    payment_method_id: PaymentMethodId,
    /// The first day to pay for, so that nobody pays for the one after by mistake; the product's next unless said.
    period_start: Option<NaiveDate>,
}

/// Renew a product.
///
/// Pays for its next period, once for each (BIL-3). Who pays which price follows from the partnership as for an order, and whoever pays owns the product's next automatic renewal from then on (PAY-6). Needs an Idempotency-Key.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The customer."), ("product_id" = ProductId, Path, description = "The product.")), request_body = NewRenewal, responses((status = 201, body = PlacedOrderView, description = "Renewed.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "already_renewed", "insufficient_balance"]))))]
#[post("/v1/organizations/{org_id}/products/{product_id}/renewals")]
pub async fn renew_product(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, ProductId)>,
    new: Post<NewRenewal>,
) -> Result<Reply<PlacedOrderView>> {
    let (customer, id) = path.into_inner();
    new.keyed()?
        .in_turn(customer)
        .once(&db, caller, &[], move |tx, identity, new| {
            let side = side(tx, identity, customer, new.acting_as)?;
            let (product, _) = ownership::active(tx, customer, id, &side.reach)?;
            let starts = new.period_start.unwrap_or(product.renews_on);
            let sale = Sale {
                kind: EventKind::Renewal,
                wanted: Wanted {
                    customer,
                    initiator: initiator(new.acting_as),
                    currency: product.currency,
                    lines: vec![WantedLine {
                        starts: Some(starts),
                        ..WantedLine::renewing(&product)
                    }],
                    reach: side.reach,
                    at: tx.now,
                },
                channel: Channel::Here {
                    payment_method: new.payment_method_id,
                    quote: None,
                },
                by: Some(identity.user),
                rule: side.rule,
            };
            let booked = book_one(tx, Some(identity), Intent::Sale(sale))?;
            if starts != product.renews_on {
                let fault = Fault::new("/period_start", "not_next").with("next", product.renews_on);
                return Err(Refusal::invalid(vec![fault]).rule("BIL-3").into());
            }
            let view = placed::view(tx, new.acting_as, &booked, Vec::new())?;
            Reply::created(
                format!("/v1/organizations/{customer}/orders/{}", view.id()),
                &view,
            )
        })
        .await
}
