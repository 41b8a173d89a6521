//! Taking a product's renewals over, and giving them back (PAY-6).
use super::next::{self, NextRenewalView};
use super::ownership;
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::record::Event;
use crate::db::schema::payment_methods;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::access::{PaymentMode, Terms};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PaymentMethodId, ProductId};
use crate::domain::money::Currency;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::settlement::Orderer;
use crate::error::{Error, Result};
use crate::resources::billing_events::views::Reader;
use crate::resources::quotes::model::{Side, side};
use actix_web::put;
use actix_web::web::{Data, Path};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

/// Whose act a product's automatic renewal is to be.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"owner": "partner", "payment_method_id": "pm_01jd8xk3v9e6mbyg4q5r7s8t9v"}))]
pub struct RenewalOwnerChange {
    /// Which side's.
    owner: Orderer,
    /// What is charged: a payment method of the new owner. A partner that gives back names none, and nothing is automatic until the customer has.
    payment_method_id: Option<PaymentMethodId>,
}

/// Change whose act a product's renewals are.
///
/// A partner under payment mode `partner` takes them over, with its own payment method, or gives them back; the customer takes them, with its own. What is given back is not automatic until the customer names a payment method, so that nobody is charged for what another ordered (PAY-6).
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The customer."), ("product_id" = ProductId, Path, description = "The product.")), request_body = RenewalOwnerChange, responses((status = 200, body = NextRenewalView, description = "The next renewal as it is now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden"]))))]
#[put("/v1/organizations/{org_id}/products/{product_id}/renewal-owner")]
pub async fn set_renewal_owner(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    path: Path<(OrganizationId, ProductId)>,
    change: Valid<RenewalOwnerChange>,
) -> Result<Reply<NextRenewalView>> {
    let (customer, id) = path.into_inner();
    let change = change.0;
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (acting_as, side) = acting(tx, &identity, customer, change.owner)?;
        let owned = ownership::active(tx, customer, id, &side.reach)?;
        if_match.check(owned.0.version)?;
        let to = match change.owner {
            Orderer::Customer => customer,
            Orderer::Partner => side.asker,
        };
        let method = method(tx, acting_as, &change, to, owned.0.currency)?;
        let event = Event::new(EventType::ProductRenewalOwnerChanged, id)
            .between(
                Some(customer),
                Some(side.asker).filter(|asker| *asker != customer),
            )
            .data(json!({"before": owned.1.owner_id, "after": to, "automatic": method.is_some()}))
            .by_rule(side.rule);
        ownership::hand_over(tx, vec![owned], to, method)?;
        tx.record(Some(&identity), event)?;
        let reader = match acting_as {
            Orderer::Customer => Reader::Customer,
            Orderer::Partner => Reader::Partner,
        };
        next::answer(tx, customer, id, reader)
    })
    .await
}

/// The side on which the caller acts: the partner's to take over, either to give back or to take.
fn acting(
    tx: &mut Tx,
    identity: &Identity,
    customer: OrganizationId,
    owner: Orderer,
) -> Result<(Orderer, Side)> {
    let as_customer = match owner {
        Orderer::Customer => side(tx, identity, customer, Orderer::Customer),
        Orderer::Partner => Err(Refusal::by(Code::Forbidden, "PAY-6").into()),
    };
    match as_customer {
        Ok(side) => Ok((Orderer::Customer, side)),
        Err(Error::Refused(refused)) => {
            let side =
                side(tx, identity, customer, Orderer::Partner).map_err(|error| match error {
                    // Of a member of the customer the partner's side knows nothing.
                    Error::Refused(other) if other.rule == Some("ACC-1") => Error::Refused(refused),
                    other => other,
                })?;
            let pays = Terms::Full {
                payment_mode: PaymentMode::Partner,
            };
            match side.terms == Some(pays) {
                true => Ok((Orderer::Partner, side)),
                false => Err(Refusal::by(Code::Forbidden, "PAY-6").into()),
            }
        }
        Err(failed) => Err(failed),
    }
}

/// What is to be charged from now on: a method of whoever owns the renewal, and names it.
fn method(
    tx: &mut Tx,
    acting_as: Orderer,
    change: &RenewalOwnerChange,
    owner: OrganizationId,
    currency: Currency,
) -> Result<Option<PaymentMethodId>> {
    let fault = |code, rule| Error::from(Refusal::fault("/payment_method_id", code, rule));
    let id = match (acting_as, change.owner, change.payment_method_id) {
        (Orderer::Partner, Orderer::Customer, None) => return Ok(None),
        (Orderer::Partner, Orderer::Customer, Some(_)) => {
            return Err(fault("expected_null", "PAY-6"));
        }
        (_, _, None) => return Err(fault("required", "PAY-6")),
        (_, _, Some(id)) => id,
    };
    let of: Option<Option<Currency>> = payment_methods::table
        .filter(payment_methods::id.eq(id))
        .filter(payment_methods::organization_id.eq(owner))
        .filter(payment_methods::removed_at.is_null())
        .select(payment_methods::currency)
        .first(tx.conn)
        .optional()?;
    match of {
        None => Err(fault("not_payers", "PAY-7")),
        Some(Some(other)) if other != currency => Err(fault("currency_mismatch", "PAY-7")),
        Some(_) => Ok(Some(id)),
    }
}
