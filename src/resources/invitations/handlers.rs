//! Looking at invitations, and the sender's acts.
use super::mails;
use super::model::{self, Invitation, Seen};
use super::views::{InvitationView, Reader, again, view};
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::invitations;
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{InvitationId, OrganizationId};
use crate::domain::invitation::{Direction, InvitationStatus, RESENDS_A_DAY};
use crate::domain::policy::{self, Action, Found};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Sent or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(title = "InvitationBox")]
pub enum InvitationBox {
    Sent,
    Received,
}

/// Which invitations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvitationFilters {
    /// Only those the organization sent, or received.
    #[param(inline)]
    r#box: Option<InvitationBox>,
    /// Only those that stand so.
    status: Option<InvitationStatus>,
}

/// List an organization's invitations.
///
/// Those it sent and those it received, the newest first. For its administrators and legal representatives; a partner never sees its customer's.
#[utoipa::path(tag = "Invitations", params(("org_id" = OrganizationId, Path, description = "The organization."), InvitationFilters, Paging),
    responses((status = 200, body = Page<InvitationView>, description = "A page of invitations.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/invitations")]
pub async fn list_invitations(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<InvitationFilters>,
) -> Result<Reply<Page<InvitationView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let standings = found.standings.clone();
        policy::allow(found, Action::ReadInvitations)?;
        let now = tx.now;
        let query = || {
            use Direction::{CustomerToPartner, PartnerToCustomer};
            let customer = || invitations::customer_id.eq(*org).assume_not_null();
            let partner = || invitations::partner_id.eq(*org);
            let sent = customer()
                .and(invitations::direction.eq(CustomerToPartner))
                .or(partner().and(invitations::direction.eq(PartnerToCustomer)));
            let received = customer()
                .and(invitations::direction.eq(PartnerToCustomer))
                .or(partner().and(invitations::direction.eq(CustomerToPartner)));
            let query = invitations::table.into_boxed::<MultiBackend>();
            let query = match listing.filters.r#box {
                Some(InvitationBox::Sent) => query.filter(sent),
                Some(InvitationBox::Received) => query.filter(received),
                None => query.filter(sent.or(received)),
            };
            let pending = invitations::status.eq(InvitationStatus::Pending);
            match listing.filters.status {
                Some(InvitationStatus::Pending) => {
                    query.filter(pending.and(invitations::expires_at.gt(now)))
                }
                Some(InvitationStatus::Expired) => query.filter(
                    invitations::status
                        .eq(InvitationStatus::Expired)
                        .or(pending.and(invitations::expires_at.le(now))),
                ),
                Some(status) => query.filter(invitations::status.eq(status)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Invitation> = query()
            .filter(invitations::id.lt(listing.before()))
            .order(invitations::id.desc())
            .limit(listing.fetch())
            .select(Invitation::as_select())
            .load(tx.conn)?;
        let views = rows
            .iter()
            .map(|row| {
                let sent = row.sender() == Some(*org);
                let (as_sender, as_recipient): (&[_], &[_]) = if sent {
                    (&standings, &[])
                } else {
                    (&[], &standings)
                };
                view(
                    tx,
                    row,
                    &Reader {
                        as_sender,
                        as_recipient,
                    },
                )
            })
            .collect::<Result<Vec<_>>>()?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Show an invitation.
///
/// To the administrators and legal representatives of both sides.
#[utoipa::path(tag = "Invitations", params(("id" = InvitationId, Path, description = "The invitation.")),
    responses((status = 200, body = InvitationView, description = "The invitation.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/invitations/{id}")]
pub async fn get_invitation(
    caller: Caller,
    db: Data<Db>,
    id: Path<InvitationId>,
) -> Result<Reply<InvitationView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let Seen {
            invitation,
            as_sender,
            as_recipient,
        } = model::find(tx, identity.user, *id)?;
        let standings = as_sender.iter().chain(&as_recipient).cloned().collect();
        policy::allow(
            Found {
                what: (),
                standings,
            },
            Action::ReadInvitations,
        )?;
        let reader = Reader {
            as_sender: &as_sender,
            as_recipient: &as_recipient,
        };
        Ok(Reply::ok(&view(tx, &invitation, &reader)?)?.version(invitation.version))
    })
    .await
}

/// Send an invitation again.
///
/// The same invitation with a new link; the old link is dead and the expiry renewed. At most five times a day, by the legal representatives of the side that sent it.
#[utoipa::path(tag = "Invitations", params(("id" = InvitationId, Path, description = "The invitation.")),
    responses((status = 200, body = InvitationView, description = "Sent again.")), extensions(("x-problems" = json!(["forbidden", "already_answered", "resent_too_often"]))))]
#[post("/v1/invitations/{id}/resend")]
pub async fn resend_invitation(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    id: Path<InvitationId>,
    nothing: Post<Nothing>,
) -> Result<Reply<InvitationView>> {
    let (id, lasts) = (*id, TimeDelta::days(config.invitation_days));
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let invitation = sent(tx, identity, id)?;
            invitation.status_at(tx.now).must_be_pending()?;
            if model::resent_lately(tx, id)? >= RESENDS_A_DAY {
                return Err(Refusal::by(Code::ResentTooOften, "INV-7")
                    .with("seconds", 86_400)
                    .into());
            }
            let (invitation, token) = model::renew(tx, &invitation, lasts)?;
            let event = Event::new(EventType::InvitationResent, id)
                .between(invitation.customer_id, Some(invitation.partner_id))
                .by_rule("ORG-2");
            let event = tx.record(Some(identity), event)?;
            mails::invite(tx, event, &invitation, &token)?;
            let (view, version) = again(tx, identity.user, id)?;
            Ok(Reply::ok(&view)?.version(version))
        })
        .await
}

/// Cancel an invitation.
///
/// By the legal representatives of the side that sent it; its link is dead at once. Cancelling again answers the same.
#[utoipa::path(tag = "Invitations", params(("id" = InvitationId, Path, description = "The invitation.")),
    responses((status = 200, body = InvitationView, description = "Cancelled.")), extensions(("x-problems" = json!(["forbidden", "already_answered"]))))]
#[post("/v1/invitations/{id}/cancel")]
pub async fn cancel_invitation(
    caller: Caller,
    db: Data<Db>,
    id: Path<InvitationId>,
    nothing: Post<Nothing>,
) -> Result<Reply<InvitationView>> {
    let id = *id;
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let invitation = sent(tx, identity, id)?;
            if invitation.status != InvitationStatus::Cancelled {
                invitation.status_at(tx.now).must_be_pending()?;
                model::conclude(tx, &invitation, InvitationStatus::Cancelled)?;
                let event = Event::new(EventType::InvitationCancelled, id)
                    .between(invitation.customer_id, Some(invitation.partner_id))
                    .by_rule("ORG-2");
                tx.record(Some(identity), event)?;
            }
            let (view, version) = again(tx, identity.user, id)?;
            Ok(Reply::ok(&view)?.version(version))
        })
        .await
}

fn sent(tx: &mut Tx, identity: &Identity, id: InvitationId) -> Result<Invitation> {
    let Seen {
        invitation,
        as_sender,
        ..
    } = model::find(tx, identity.user, id)?;
    match as_sender.is_empty() {
        true => Err(Refusal::by(Code::Forbidden, "INV-7").into()),
        false => Ok(policy::allow(
            Found {
                what: invitation,
                standings: as_sender,
            },
            Action::SendInvitation,
        )?
        .what),
    }
}
