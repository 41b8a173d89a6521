//! Requesting payouts, looking at them, cancelling one.
use super::model::{self, Payout};
use super::views::PayoutView;
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::views::MoneyView;
use crate::api::{Caller, Listed, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::payouts;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PaymentMethodId, PayoutId};
use crate::domain::money::Money;
use crate::domain::payout::{PayoutAct, PayoutStatus};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::accounts::step_up;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// What to pay out.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayout {
    /// How much: at most the balance.
    amount: MoneyView,
    /// Where to: a card or bank account of the organization.
    payment_method_id: PaymentMethodId,
    /// The caller's password.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
}

impl NewPayout {
    fn amount(&self) -> Result<Money> {
        let wrong = |fault| Refusal::fault("/amount/amount", fault, "BIL-12").into();
        match Money::parse(&self.amount.amount, self.amount.currency) {
            Ok(amount) if amount.minor > 0 => Ok(amount),
            Ok(_) => Err(wrong("range")),
            Err(_) => Err(wrong("amount")),
        }
    }
}

/// Which payouts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PayoutFilters {
    /// Only those that stand so.
    status: Option<PayoutStatus>,
}

/// Request a payout.
///
/// Of a prepaid balance, to a card or bank account of the organization: never more than the balance. From now on the amount is in transit; it comes back if the payout fails or is cancelled. A legal representative does it, with the password again; an API token cannot. Needs an Idempotency-Key.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "Whose balance it is.")), request_body = NewPayout, responses((status = 201, body = PayoutView, description = "Requested.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "insufficient_balance", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/organizations/{org_id}/payouts")]
pub async fn request_payout(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    new: Post<NewPayout>,
) -> Result<Reply<PayoutView>> {
    let (org, new, asking) = (*org, new.keyed()?, caller.clone());
    // Who may not request it is told so before any password is looked at.
    db.read(move |tx| {
        let identity = asking.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        policy::allow(found, Action::RequestPayout).map(drop)?;
        Ok(())
    })
    .await?;
    let given = step_up::with_password(&db, &caller, new.body.password.as_deref()).await?;
    new.once(&db, caller, &[], move |tx, identity, new| {
        given.still_holds(tx, identity)?;
        let found = witness::organization(tx, identity, org)?;
        let rule = policy::allow(found, Action::RequestPayout)?.rule;
        let (to, amount) = (new.payment_method_id, new.amount()?);
        let payout = model::request(tx, org, identity.user, to, amount)?;
        let event = Event::new(EventType::PayoutRequested, payout.id).of(org);
        tx.record(Some(identity), event.by_rule(rule))?;
        let path = format!("/v1/organizations/{org}/payouts/{}", payout.id);
        Reply::created(path, &PayoutView::from(payout))
    })
    .await
}

/// List an organization's payouts.
///
/// The newest first.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "Whose balance it is."), PayoutFilters, Paging), responses((status = 200, body = Page<PayoutView>, description = "A page of payouts.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/payouts")]
pub async fn list_payouts(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<PayoutFilters>,
) -> Result<Listed<PayoutView>> {
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadPrepaidAccounts)?;
        let query = || {
            let query = payouts::table
                .into_boxed::<MultiBackend>()
                .filter(payouts::organization_id.eq(*org));
            match listing.filters.status {
                Some(status) => query.filter(payouts::status.eq(status)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Payout> = query()
            .filter(payouts::id.lt(listing.before()))
            .order(payouts::id.desc())
            .limit(listing.fetch())
            .select(Payout::as_select())
            .load(tx.conn)?;
        listing.page(
            tx.keys,
            rows,
            total,
            |row: &Payout| row.id,
            PayoutView::from,
        )
    });
    read.await
}

/// Show a payout.
///
/// How it stands, and why it failed if it did.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "Whose balance it is."), ("id" = PayoutId, Path, description = "The payout.")), responses((status = 200, body = PayoutView, description = "The payout.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/payouts/{id}")]
pub async fn get_payout(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, PayoutId)>,
) -> Result<Reply<PayoutView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let identity = caller.identify(tx)?;
        let payout = model::find(tx, &identity, org, id)?;
        let payout = policy::allow(payout, Action::ReadPrepaidAccounts)?.what;
        Reply::ok(&PayoutView::from(payout))
    })
    .await
}

/// Cancel a payout.
///
/// While it is only requested; the amount comes back. Cancelling again answers the same, unchanged.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "Whose balance it is."), ("id" = PayoutId, Path, description = "The payout.")), responses((status = 200, body = PayoutView, description = "The payout, cancelled.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/organizations/{org_id}/payouts/{id}/cancel")]
pub async fn cancel_payout(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, PayoutId)>,
    cancel: Post<Nothing>,
) -> Result<Reply<PayoutView>> {
    let (org, id) = path.into_inner();
    cancel
        .keyed()?
        .once(&db, caller, &[], move |tx, identity, _| {
            let found = model::find(tx, identity, org, id)?;
            let allowed = policy::allow(found, Action::RequestPayout)?;
            let mut payout = allowed.what;
            if model::step(tx, &mut payout, PayoutAct::Cancel, None)? {
                let event = Event::new(EventType::PayoutCancelled, id).of(org);
                tx.record(Some(identity), event.by_rule(allowed.rule))?;
            }
            Reply::ok(&PayoutView::from(payout))
        })
        .await
}
