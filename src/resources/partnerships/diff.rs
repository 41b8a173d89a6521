//! What was requested and what was granted, side by side (INV-3).
use super::model;
use crate::api::access::AccessView;
use crate::api::{Caller, Reply};
use crate::db::Db;
use crate::domain::access::Access;
use crate::domain::id::{InvitationId, PartnershipId, ProductId};
use crate::domain::invitation::Direction;
use crate::domain::policy::{self, Action};
use crate::error::{Error, Result};
use crate::resources::invitations::model as invitations;
use actix_web::get;
use actix_web::web::{Data, Path};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The difference between what was requested and what was granted.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnershipDiff)]
pub struct PartnershipDiffView {
    /// The invitation that the partnership came of.
    invitation_id: InvitationId,
    /// Which side sent it.
    direction: Direction,
    /// What was asked for.
    requested_access: AccessView,
    /// The product families that a limited request was about.
    #[schema(example = json!(["web_hosting"]))]
    requested_families: Vec<String>,
    /// What was granted.
    granted_access: AccessView,
    /// Whether the level is another.
    level_differs: bool,
    /// Whether the payment mode is another.
    payment_mode_differs: bool,
    /// Products that were granted beyond those named in the proposal.
    added_product_ids: Vec<ProductId>,
    /// Products that were named in the proposal and not granted.
    removed_product_ids: Vec<ProductId>,
}

/// Compare what was requested with what was granted.
///
/// A customer grants what it likes, whatever its partner requested; both sides see the difference. A partner's limited request names no products, so all that were granted are additions.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")),
    responses((status = 200, body = PartnershipDiffView, description = "Both, and where they differ.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/diff")]
pub async fn get_partnership_diff(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
) -> Result<Reply<PartnershipDiffView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let (row, _) = policy::allow(found, Action::ReadPartnership)?.what;
        let invitation = invitations::row(tx, row.invitation_id)?;
        let (requested, granted) = invitations::access_of(tx, &invitation)?;
        let granted = granted.ok_or_else(|| Error::internal("a partnership without a grant"))?;
        let products = |access: &Access| -> BTreeSet<ProductId> {
            access.products().cloned().unwrap_or_default()
        };
        let (before, after) = (products(&requested), products(&granted));
        Reply::ok(&PartnershipDiffView {
            invitation_id: invitation.id,
            direction: invitation.direction,
            requested_access: (&requested).into(),
            requested_families: invitations::families_of(tx, invitation.id)?,
            granted_access: (&granted).into(),
            level_differs: requested.terms().level() != granted.terms().level(),
            payment_mode_differs: requested.terms().payment_mode()
                != granted.terms().payment_mode(),
            added_product_ids: after.difference(&before).copied().collect(),
            removed_product_ids: before.difference(&after).copied().collect(),
        })
    })
    .await
}
