//! What the operator's staff report of payouts.
use super::model;
use super::views::PayoutView;
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::PayoutId;
use crate::domain::payout::PayoutAct;
use crate::domain::policy::{self, Action};
use crate::error::Result;
use actix_web::post;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Why a payout failed.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutFailure {
    /// In words that the partner reads.
    #[validate(length(min = 1, max = 1000))]
    #[schema(example = "The bank returned it: the account is closed.")]
    reason: Option<String>,
}

/// Take up a payout.
///
/// From now on the partner can no longer cancel it. Repeating it answers the same, unchanged. For the operator's billing staff and administrators.
#[utoipa::path(tag = "Admin", params(("id" = PayoutId, Path, description = "The payout.")), responses((status = 200, body = PayoutView, description = "The payout, in process.")), extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/payouts/{id}/process")]
pub async fn process_payout(
    caller: Caller,
    db: Data<Db>,
    id: Path<PayoutId>,
    report: Post<Nothing>,
) -> Result<Reply<PayoutView>> {
    let act = move |tx: &mut Tx, identity: &Identity, _: &Nothing| {
        take(tx, identity, *id, PayoutAct::Process, None)
    };
    report.once(&db, caller, &[], act).await
}

/// Report a payout as paid.
///
/// One that was taken up before. Repeating it answers the same, unchanged. For the operator's billing staff and administrators.
#[utoipa::path(tag = "Admin", params(("id" = PayoutId, Path, description = "The payout.")), responses((status = 200, body = PayoutView, description = "The payout, paid.")), extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/payouts/{id}/settle")]
pub async fn settle_payout(
    caller: Caller,
    db: Data<Db>,
    id: Path<PayoutId>,
    report: Post<Nothing>,
) -> Result<Reply<PayoutView>> {
    let act = move |tx: &mut Tx, identity: &Identity, _: &Nothing| {
        take(tx, identity, *id, PayoutAct::Settle, None)
    };
    report.keyed()?.once(&db, caller, &[], act).await
}

/// Report a payout as failed.
///
/// The amount comes back to the balance, and the partner reads why. Repeating it answers the same, unchanged. For the operator's billing staff and administrators.
#[utoipa::path(tag = "Admin", params(("id" = PayoutId, Path, description = "The payout.")), request_body = PayoutFailure, responses((status = 200, body = PayoutView, description = "The payout, failed.")), extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/payouts/{id}/fail")]
pub async fn fail_payout(
    caller: Caller,
    db: Data<Db>,
    id: Path<PayoutId>,
    report: Post<PayoutFailure>,
) -> Result<Reply<PayoutView>> {
    let act = move |tx: &mut Tx, identity: &Identity, failure: &PayoutFailure| {
        take(
            tx,
            identity,
            *id,
            PayoutAct::Fail,
            failure.reason.as_deref(),
        )
    };
    report.keyed()?.once(&db, caller, &[], act).await
}

fn take(
    tx: &mut Tx,
    identity: &Identity,
    id: PayoutId,
    act: PayoutAct,
    why: Option<&str>,
) -> Result<Reply<PayoutView>> {
    let found = model::find_any(tx, identity, id)?;
    let allowed = policy::allow(found, Action::SettlePayouts)?;
    let mut payout = allowed.what;
    if model::step(tx, &mut payout, act, why)? {
        let kind = match act {
            PayoutAct::Process => EventType::PayoutProcessing,
            PayoutAct::Settle => EventType::PayoutPaid,
            PayoutAct::Fail => EventType::PayoutFailed,
            PayoutAct::Cancel => EventType::PayoutCancelled,
        };
        let event = Event::new(kind, id).of(payout.organization_id);
        tx.record(Some(identity), event.by_rule(allowed.rule))?;
    }
    Reply::ok(&PayoutView::from(payout))
}
