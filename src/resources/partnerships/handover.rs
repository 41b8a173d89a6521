//! Handing a customer's products over from one partner to another, in one step (PSH-10).
use super::model;
use crate::api::access::WantedAccess;
use crate::api::{Caller, Post, Reply};
use crate::config::Config;
use crate::db::Db;
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::policy::{self, Action};
use crate::error::Result;
use crate::resources::accounts::step_up;
use crate::resources::invitations::propose::{self, Proposal};
use crate::resources::invitations::views::{InvitationView, again};
use actix_web::post;
use actix_web::web::{Data, Path};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// To whom a partnership is handed over.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"partner_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v", "access": {"level": "full", "product_ids": null, "payment_mode": "customer"}, "starts_at": "2027-01-01T00:00:00Z", "password": "correct horse battery staple"}))]
pub struct Handover {
    /// The approved partner that takes over.
    partner_id: OrganizationId,
    /// The access it is to have.
    #[validate(nested)]
    access: WantedAccess,
    /// When; at once, as soon as it accepts, unless said.
    starts_at: Option<DateTime<Utc>>,
    /// The caller's password.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
}

/// Hand a partnership over.
///
/// Sends an invitation to another partner that replaces this partnership. When that partner accepts, at once or at the chosen instant, the old partnership ends and the new one starts in one transaction, without a gap. By the customer's legal representative, with the password again.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership to replace.")), request_body = Handover,
    responses((status = 201, body = InvitationView, description = "The invitation that replaces it.")),
    extensions(("x-problems" = json!(["forbidden", "already_ended", "not_started", "not_a_partner", "already_partners", "opposite_partnership", "pending_invitation_exists", "conflicting_partnerships", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/partnerships/{id}/handover")]
pub async fn hand_over_partnership(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    id: Path<PartnershipId>,
    handover: Post<Handover>,
) -> Result<Reply<InvitationView>> {
    let (asking, id) = (caller.clone(), *id);
    // Who may not hand it over is told so before any password is looked at.
    db.read(move |tx| {
        let identity = asking.identify(tx)?;
        let found = model::find(tx, &identity, id)?;
        Ok(policy::allow(found, Action::HandOver).map(drop)?)
    })
    .await?;
    let given = step_up::with_password(&db, &caller, handover.body.password.as_deref()).await?;
    let lasts = TimeDelta::days(config.invitation_days);
    handover
        .once(&db, caller, &[], move |tx, identity, handover| {
            given.still_holds(tx, identity)?;
            let found = model::find(tx, identity, id)?;
            let allowed = policy::allow(found, Action::HandOver)?;
            let row = allowed.what.0;
            row.must_be_in_force()?;
            let proposal = Proposal {
                customer: row.customer_id,
                partner: handover.partner_id,
                access: Some(&handover.access),
                replace: &BTreeSet::from([id]),
                starts_at: handover.starts_at,
                tender: None,
                message: None,
            };
            let sent = propose::propose(tx, identity, &proposal, Vec::new(), lasts)?;
            propose::tell(tx, identity, &sent, allowed.rule)?;
            let (view, version) = again(tx, identity.user, sent.0.id)?;
            Ok(Reply::created(format!("/v1/invitations/{}", sent.0.id), &view)?.version(version))
        })
        .await
}
