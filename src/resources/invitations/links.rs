//! The link of an invitation's e-mail: looking changes nothing, since mail scanners follow links (INV-6).
use super::answer::{self, Acceptance, AcceptedView};
use super::model::{self, Invitation};
use crate::api::access::{AccessView, WantedAccess};
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::schema::users;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::invitation::Direction;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::model::names;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// Who invites whom to what, for whoever holds the link.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationLink)]
pub struct InvitationLinkView {
    /// Which side sent it.
    direction: Direction,
    /// The side that invites.
    #[schema(example = "Studio Lumen")]
    from: String,
    /// The organization that is invited; null where an address was.
    #[schema(example = "Galerie Arno")]
    to: Option<String>,
    /// The access that is proposed or asked for.
    requested_access: AccessView,
    /// The product families a limited request is about.
    #[schema(example = json!(["web_hosting"]))]
    requested_families: Vec<String>,
    /// A word from the other side.
    #[schema(example = "We would like to look after your website.")]
    message: Option<String>,
    /// When the link dies.
    expires_at: DateTime<Utc>,
}

/// How an invitation is accepted by its link.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"organization_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v", "granted_access": {"level": "full", "product_ids": null, "payment_mode": "customer"}}))]
pub struct LinkAcceptance {
    /// The organization that accepts, where an address was invited.
    organization_id: Option<OrganizationId>,
    /// From a customer: the access it grants; silence means as requested, and is refused where the request was limited.
    #[validate(nested)]
    granted_access: Option<WantedAccess>,
    /// From a customer: its partnerships that stand in the way and end.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    replace: Option<Vec<PartnershipId>>,
    /// The caller's password, where partnerships are replaced.
    #[validate(length(max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
}

/// Follow an invitation's link.
///
/// Shows who invites whom to what, and changes nothing. A dead link answers 410 and says which end the invitation met.
#[utoipa::path(tag = "Invitations", security(()), params(("token" = String, Path, description = "The link's token.")),
    responses((status = 200, body = InvitationLinkView, description = "The invitation.")), extensions(("x-problems" = json!(["link_dead"]))))]
#[get("/v1/invitation-links/{token}")]
pub async fn get_invitation_link(
    db: Data<Db>,
    token: Path<String>,
) -> Result<Reply<InvitationLinkView>> {
    db.snapshot(move |tx| {
        let invitation = alive(tx, &token)?;
        let ids: BTreeSet<OrganizationId> = [Some(invitation.partner_id), invitation.customer_id]
            .into_iter()
            .flatten()
            .collect();
        let names = names(tx, &ids)?;
        let name = |id: Option<OrganizationId>| id.and_then(|id| names.get(&id).cloned());
        let (requested, _) = model::access_of(tx, &invitation)?;
        Reply::ok(&InvitationLinkView {
            direction: invitation.direction,
            from: name(invitation.sender()).unwrap_or_default(),
            to: name(invitation.recipient()),
            requested_access: (&requested).into(),
            requested_families: model::families_of(tx, invitation.id)?,
            message: invitation.message.clone(),
            expires_at: invitation.expires_at.and_utc(),
        })
    })
    .await
}

/// Accept an invitation by its link.
///
/// Like accepting by id. Where an address was invited, the person signed in has that address, verified, and names the organization, of which it is a legal representative.
#[utoipa::path(tag = "Invitations", params(("token" = String, Path, description = "The link's token.")), request_body = LinkAcceptance,
    responses((status = 200, body = AcceptedView, description = "Accepted: the partnership has started.")),
    extensions(("x-problems" = json!(["forbidden", "link_dead", "not_a_partner", "already_partners", "opposite_partnership", "conflicting_partnerships", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/invitation-links/{token}/accept")]
pub async fn accept_invitation_link(
    caller: Caller,
    db: Data<Db>,
    token: Path<String>,
    acceptance: Post<LinkAcceptance>,
) -> Result<Reply<AcceptedView>> {
    let given = answer::password(&db, &caller, &plain(&acceptance.body)).await?;
    acceptance
        .once(&db, caller, &[], move |tx, identity, acceptance| {
            let invitation = alive(tx, &token)?;
            let customer = binding(tx, identity, &invitation, acceptance.organization_id)?;
            answer::accept(
                tx,
                identity,
                &invitation,
                customer,
                &plain(acceptance),
                given.as_ref(),
            )
        })
        .await
}

/// Decline an invitation by its link.
///
/// By a signed-in legal representative of the invited side, or the person whose verified address was invited.
#[utoipa::path(tag = "Invitations", params(("token" = String, Path, description = "The link's token.")),
    responses((status = 204, description = "Declined.")), extensions(("x-problems" = json!(["forbidden", "link_dead"]))))]
#[post("/v1/invitation-links/{token}/decline")]
pub async fn decline_invitation_link(
    caller: Caller,
    db: Data<Db>,
    token: Path<String>,
    nothing: Post<Nothing>,
) -> Result<Reply<()>> {
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let invitation = alive(tx, &token)?;
            match invitation.recipient() {
                Some(recipient) => represents(tx, identity, recipient)?,
                None => has_address(tx, identity, &invitation)?,
            }
            answer::decline(tx, identity, &invitation)?;
            Ok(Reply::no_content())
        })
        .await
}

fn plain(acceptance: &LinkAcceptance) -> Acceptance {
    Acceptance {
        granted_access: acceptance.granted_access.clone(),
        replace: acceptance.replace.clone(),
        password: acceptance.password.clone(),
    }
}

fn alive(tx: &mut Tx, token: &str) -> Result<Invitation> {
    let invitation = model::find_by_token(tx, token)?;
    invitation.status_at(tx.now).link_must_live()?;
    Ok(invitation)
}

/// The customer of the partnership to be: the invited one, or the one that whoever was addressed names.
fn binding(
    tx: &mut Tx,
    identity: &Identity,
    invitation: &Invitation,
    named: Option<OrganizationId>,
) -> Result<OrganizationId> {
    match (invitation.customer_id, named) {
        (Some(_), Some(_)) => {
            Err(Refusal::fault("/organization_id", "expected_null", "INV-6").into())
        }
        (None, None) => Err(Refusal::fault("/organization_id", "required", "INV-6").into()),
        (Some(customer), None) => {
            represents(tx, identity, invitation.recipient().unwrap_or(customer))?;
            Ok(customer)
        }
        (None, Some(named)) => {
            has_address(tx, identity, invitation)?;
            represents(tx, identity, named)?;
            Ok(named)
        }
    }
}

/// Holding the link lets one see the invitation; answering it needs the right.
fn represents(tx: &mut Tx, identity: &Identity, organization: OrganizationId) -> Result<()> {
    let standings = model::members(tx, identity.user, Some(organization))?;
    match policy::decide(&standings, Action::AnswerInvitation) {
        policy::Decision::Granted(..) => Ok(()),
        policy::Decision::Refused(_) | policy::Decision::Invisible => {
            Err(Refusal::by(Code::Forbidden, "ORG-2").into())
        }
    }
}

fn has_address(tx: &mut Tx, identity: &Identity, invitation: &Invitation) -> Result<()> {
    let address: Option<String> = users::table
        .find(identity.user)
        .filter(users::verified_at.is_not_null())
        .select(users::email)
        .first(tx.conn)
        .optional()?;
    match address.is_some() && address == invitation.customer_email {
        true => Ok(()),
        false => Err(Refusal::by(Code::Forbidden, "INV-6").into()),
    }
}
