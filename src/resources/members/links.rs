//! The link that makes somebody a member: looking changes nothing, since mail scanners follow links.
use super::model::{self, Offer};
use super::views::{self, MemberView};
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::users;
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::PartnershipId;
use crate::domain::invitation::InvitationStatus;
use crate::domain::membership::partner_may_turn;
use crate::domain::organization::Role;
use crate::domain::policy::Action;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::model::name;
use crate::resources::organizations::reach;
use crate::resources::partnerships::model as partnerships;
use crate::resources::programme::model as programme;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// Who invites to what, for whoever holds the link.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberInvitationLink)]
pub struct MemberInvitationLinkView {
    /// The organization that invites.
    #[schema(example = "Galerie Arno")]
    organization: String,
    /// The address that was invited: its owner accepts.
    #[schema(format = "email", example = "lea.rey@atelier-lumen.example")]
    email: String,
    /// The role that is offered.
    role: Role,
    /// When the link dies.
    expires_at: DateTime<Utc>,
}

/// Follow a member invitation's link.
///
/// Shows who invites to what, and changes nothing. A dead link answers 410 and says which end the invitation met.
#[utoipa::path(tag = "Members", security(()), params(("token" = String, Path, description = "The link's token.")),
    responses((status = 200, body = MemberInvitationLinkView, description = "The invitation.")), extensions(("x-problems" = json!(["link_dead"]))))]
#[get("/v1/member-invitation-links/{token}")]
pub async fn get_member_invitation_link(
    db: Data<Db>,
    token: Path<String>,
) -> Result<Reply<MemberInvitationLinkView>> {
    db.snapshot(move |tx| {
        let offer = alive(tx, &token)?;
        Reply::ok(&MemberInvitationLinkView {
            organization: name(tx, offer.organization_id)?,
            email: offer.email,
            role: offer.role,
            expires_at: offer.expires_at.and_utc(),
        })
    })
    .await
}

/// Become a member.
///
/// By the signed-in person whose verified address was invited: the membership begins with this answer. What a partner offered holds only while that partner could still offer it (ACC-5).
#[utoipa::path(tag = "Members", params(("token" = String, Path, description = "The link's token.")),
    responses((status = 200, body = MemberView, description = "Accepted: the membership has begun.")), extensions(("x-problems" = json!(["forbidden", "link_dead", "already_a_member"]))))]
#[post("/v1/member-invitation-links/{token}/accept")]
pub async fn accept_member_invitation_link(
    caller: Caller,
    db: Data<Db>,
    token: Path<String>,
    nothing: Post<Nothing>,
) -> Result<Reply<MemberView>> {
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let offer = alive(tx, &token)?;
            must_be_addressed(tx, identity, &offer)?;
            let org = offer.organization_id;
            if model::belongs(tx, identity.user, org)? {
                return Err(Refusal::new(Code::AlreadyAMember).into());
            }
            if let Some(partnership) = offer.added_by {
                must_still_be_given(tx, identity, &offer, partnership)?;
            }
            model::take_offer(tx, &offer, identity.user)?;
            let event = Event::new(EventType::MemberAdded, offer.id).of(org);
            let event = event.data(json!({"role": offer.role})).by_rule("ACC-1");
            tx.record(Some(identity), event)?;
            let standings = witness::organization(tx, identity, org)?.standings;
            let reach = reach::of(tx, &standings, Action::ReadProducts, tx.now)?;
            let member = model::find(tx, org, offer.id)?.ok_or_else(Refusal::not_found)?;
            let view = views::members(tx, vec![member], &reach)?.pop();
            let view = view.ok_or_else(Refusal::not_found)?;
            Ok(Reply::ok(&view)?.version(view.version))
        })
        .await
}

/// Decline to become a member.
///
/// By the signed-in person whose verified address was invited. The link is dead with this answer.
#[utoipa::path(tag = "Members", params(("token" = String, Path, description = "The link's token.")),
    responses((status = 204, description = "Declined.")), extensions(("x-problems" = json!(["forbidden", "link_dead"]))))]
#[post("/v1/member-invitation-links/{token}/decline")]
pub async fn decline_member_invitation_link(
    caller: Caller,
    db: Data<Db>,
    token: Path<String>,
    nothing: Post<Nothing>,
) -> Result<Reply<()>> {
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let offer = alive(tx, &token)?;
            must_be_addressed(tx, identity, &offer)?;
            model::conclude_offer(tx, &offer, InvitationStatus::Declined)?;
            let event = Event::new(EventType::MemberInvitationDeclined, offer.id);
            let event = event.of(offer.organization_id).by_rule("ACC-1");
            tx.record(Some(identity), event)?;
            Ok(Reply::no_content())
        })
        .await
}

fn alive(tx: &mut Tx, token: &str) -> Result<Offer> {
    let offer = model::offer_by_token(tx, token)?;
    offer.status_at(tx.now).link_must_live()?;
    Ok(offer)
}

/// Holding the link is not enough: the address is whose it says.
fn must_be_addressed(tx: &mut Tx, identity: &Identity, offer: &Offer) -> Result<()> {
    let address: Option<String> = users::table
        .find(identity.user)
        .filter(users::verified_at.is_not_null())
        .select(users::email)
        .first(tx.conn)
        .optional()?;
    match address.as_ref() == Some(&offer.email) {
        true => Ok(()),
        false => Err(Refusal::by(Code::Forbidden, "INV-6").into()),
    }
}

/// A partner's offer is judged again by what the partner may give now, and to whom (ACC-5, ACC-6).
fn must_still_be_given(
    tx: &mut Tx,
    identity: &Identity,
    offer: &Offer,
    partnership: PartnershipId,
) -> Result<()> {
    let partner = partnerships::row(tx, partnership)?.partner_id;
    let now = tx.now;
    let access = partnerships::timelines(tx, &[partnership])?
        .remove(&partnership)
        .and_then(|timeline| timeline.at(now))
        .map(|version| version.access);
    let fits = match access {
        None => false,
        Some(access) => {
            let given = reach::of_holder(tx, offer.id)?;
            partner_may_turn(access.terms(), None, Some(offer.place())).is_ok()
                && access.products().is_none_or(|open| given.is_subset(open))
                && programme::is_approved(tx, partner)?
                && !model::belongs(tx, identity.user, partner)?
        }
    };
    match fits {
        true => Ok(()),
        false => Err(Refusal::by(Code::Forbidden, "ACC-5").into()),
    }
}
