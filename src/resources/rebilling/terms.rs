//! A partner's resale terms for one customer.
use super::model::{self, Version};
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::Db;
use crate::db::record::Event;
use crate::domain::event::EventType;
use crate::domain::id::PartnershipId;
use crate::domain::money::Rate;
use crate::domain::policy::{self, Action};
use crate::domain::rebilling::{RebillingBasis, ResaleTerms};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::partnerships::model as partnerships;
use actix_web::web::{Data, Path};
use actix_web::{get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The resale terms to set.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"basis": "partner_price_markup", "rate": "0.15"}))]
pub struct NewRebillingTerms {
    /// From what the resale price is made.
    basis: RebillingBasis,
    /// The markup on the partner price, or the discount on the list price.
    #[schema(pattern = r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$", example = "0.15")]
    rate: String,
}

/// A partner's resale terms.
#[derive(Serialize, ToSchema)]
#[schema(as = RebillingTerms)]
pub struct RebillingTermsView {
    /// The partnership.
    partnership_id: PartnershipId,
    /// From what the resale price is made.
    basis: RebillingBasis,
    /// The markup on the partner price, or the discount on the list price.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.15")]
    rate: String,
    /// Since when; null while nothing has been set, and what the partner paid is charged.
    since: Option<DateTime<Utc>>,
}

impl RebillingTermsView {
    fn new(partnership_id: PartnershipId, version: Option<&Version>) -> Self {
        let terms = version.map_or(ResaleTerms::AT_COST, |version| version.terms);
        Self {
            partnership_id,
            basis: terms.basis,
            rate: terms.rate.to_string(),
            since: version.map(|version| version.from.and_utc()),
        }
    }
}

/// Show the resale terms.
///
/// What the partner charges this customer for what it paid for itself. The partner's own: for the customer they do not exist (BIL-11).
#[utoipa::path(tag = "Money", params(("id" = PartnershipId, Path, description = "The partnership.")), responses((status = 200, body = RebillingTermsView, description = "The terms.")), extensions(("x-problems" = json!(["forbidden"])), ("x-etag" = json!(true))))]
#[get("/v1/partnerships/{id}/rebilling-terms")]
pub async fn get_rebilling_terms(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
) -> Result<Reply<RebillingTermsView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = partnerships::find(tx, &identity, *id)?;
        policy::allow(found, Action::ReadRebilling)?;
        let versions = model::versions(tx, *id)?;
        let last = versions.last();
        let view = RebillingTermsView::new(*id, last);
        Ok(Reply::ok(&view)?.version(last.map_or(0, |last| last.number)))
    })
    .await
}

/// Set the resale terms.
///
/// A markup on what the partner pays, or the list price less a discount. They hold for what happens from now on; the first that are set hold for what was before, too. Under full access.
#[utoipa::path(tag = "Money", params(("id" = PartnershipId, Path, description = "The partnership.")), request_body = NewRebillingTerms, responses((status = 200, body = RebillingTermsView, description = "The terms.")), extensions(("x-problems" = json!(["forbidden"])), ("x-if-match" = json!("required"))))]
#[put("/v1/partnerships/{id}/rebilling-terms")]
pub async fn set_rebilling_terms(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    from: IfMatch,
    new: Valid<NewRebillingTerms>,
) -> Result<Reply<RebillingTermsView>> {
    let wrong = || Refusal::fault("/rate", "rate", "BIL-7");
    let rate = Rate::parse(&new.rate).ok_or_else(wrong)?;
    let terms = ResaleTerms {
        basis: new.basis,
        rate,
    };
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = partnerships::find(tx, &identity, *id)?;
        let allowed = policy::allow(found, Action::SetRebillingTerms)?;
        let versions = model::versions(tx, *id)?;
        let last = versions.last();
        from.required(last.map_or(0, |last| last.number))?;
        let set = model::set(tx, *id, last, terms)?;
        // The partner's own affair: the customer is not told.
        let event = Event::new(EventType::RebillingTermsChanged, *id)
            .of(allowed.what.0.partner_id)
            .by_rule(allowed.rule);
        tx.record(
            Some(&identity),
            Event {
                partnership: Some(*id),
                ..event
            },
        )?;
        let view = RebillingTermsView::new(*id, Some(&set));
        Ok(Reply::ok(&view)?.version(set.number))
    })
    .await
}
