//! Answering an invitation: accepting is one transaction in which the conflicts are judged again (INV-8).
use super::mails;
use super::model::{self, Invitation, Seen};
use super::send::no_open_partnership;
use super::views::{InvitationView, Reader, again, view};
use crate::api::access::WantedAccess;
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::access::{Access, Naming};
use crate::domain::event::EventType;
use crate::domain::id::{InvitationId, OrganizationId, PartnershipId};
use crate::domain::invitation::{Direction, InvitationStatus};
use crate::domain::mail::MailTemplate;
use crate::domain::partnership::conflicts;
use crate::domain::policy::{self, Action, Found, Standing};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::accounts::step_up::{self, PasswordGiven};
use crate::resources::partnerships::model::Partnership;
use crate::resources::partnerships::views::PartnershipView;
use crate::resources::partnerships::{self, customer, start};
use crate::resources::programme::model as programme;
use actix_web::post;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// How an invitation is accepted.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"granted_access": {"level": "full", "product_ids": null, "payment_mode": "customer"}}))]
pub struct Acceptance {
    /// From a customer: the access it grants; silence means as requested, and is refused where the request was limited.
    #[validate(nested)]
    pub granted_access: Option<WantedAccess>,
    /// From a customer: its partnerships that stand in the way and end.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    pub replace: Option<Vec<PartnershipId>>,
    /// The caller's password, where partnerships are replaced.
    #[validate(length(max = 256))]
    #[schema(example = "correct horse battery staple")]
    pub password: Option<String>,
}

/// What came of an acceptance.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedInvitation)]
pub struct AcceptedView {
    /// The invitation.
    invitation: InvitationView,
    /// The partnership that has started, or is to.
    partnership: PartnershipView,
}

/// Accept an invitation.
///
/// A legal representative of the invited side does. A customer grants what it likes, whatever was requested; a partner takes the proposal as it stands. A customer whose other partnerships stand in the way may repeat with `replace` and its password. Of two simultaneous acceptances that conflict, exactly one wins. Where the proposal names a later start, the partnership is scheduled, and conflicts are judged again when it starts.
#[utoipa::path(tag = "Invitations", params(("id" = InvitationId, Path, description = "The invitation.")), request_body = Acceptance,
    responses((status = 200, body = AcceptedView, description = "Accepted: the partnership has started, or starts when it was proposed to.")),
    extensions(("x-problems" = json!(["forbidden", "already_answered", "not_a_partner", "already_partners", "opposite_partnership", "conflicting_partnerships", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/invitations/{id}/accept")]
pub async fn accept_invitation(
    caller: Caller,
    db: Data<Db>,
    id: Path<InvitationId>,
    acceptance: Post<Acceptance>,
) -> Result<Reply<AcceptedView>> {
    let given = password(&db, &caller, &acceptance.body).await?;
    let id = *id;
    acceptance
        .once(&db, caller, &[], move |tx, identity, acceptance| {
            let invitation = received(tx, identity, id)?;
            invitation.status_at(tx.now).must_be_pending()?;
            let customer = invitation.customer_id.ok_or_else(Refusal::not_found)?;
            accept(
                tx,
                identity,
                &invitation,
                customer,
                acceptance,
                given.as_ref(),
            )
        })
        .await
}

/// Decline an invitation.
///
/// A legal representative of the invited side does; the side that sent it is told.
#[utoipa::path(tag = "Invitations", params(("id" = InvitationId, Path, description = "The invitation.")),
    responses((status = 200, body = InvitationView, description = "Declined.")),
    extensions(("x-problems" = json!(["forbidden", "already_answered"]))))]
#[post("/v1/invitations/{id}/decline")]
pub async fn decline_invitation(
    caller: Caller,
    db: Data<Db>,
    id: Path<InvitationId>,
    nothing: Post<Nothing>,
) -> Result<Reply<InvitationView>> {
    let id = *id;
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let invitation = received(tx, identity, id)?;
            invitation.status_at(tx.now).must_be_pending()?;
            decline(tx, identity, &invitation)?;
            let (view, version) = again(tx, identity.user, id)?;
            Ok(Reply::ok(&view)?.version(version))
        })
        .await
}

/// The password, where the acceptance ends other partnerships.
pub async fn password(
    db: &Db,
    caller: &Caller,
    acceptance: &Acceptance,
) -> Result<Option<PasswordGiven>> {
    match acceptance.replace.as_deref() {
        None | Some([]) => Ok(None),
        Some(_) => step_up::with_password(db, caller, acceptance.password.as_deref())
            .await
            .map(Some),
    }
}

fn received(tx: &mut Tx, identity: &Identity, id: InvitationId) -> Result<Invitation> {
    let Seen {
        invitation,
        as_recipient,
        as_sender,
    } = model::find(tx, identity.user, id)?;
    // Whoever sent it sees it too, and is told that answering is the other side's.
    let standings = if as_recipient.is_empty() {
        Err(as_sender)
    } else {
        Ok(as_recipient)
    };
    match standings {
        Ok(standings) => Ok(policy::allow(
            Found {
                what: invitation,
                standings,
            },
            Action::AnswerInvitation,
        )?
        .what),
        Err(_) => Err(Refusal::by(Code::Forbidden, "INV-6").into()),
    }
}

pub fn decline(tx: &mut Tx, identity: &Identity, invitation: &Invitation) -> Result<()> {
    model::conclude(tx, invitation, InvitationStatus::Declined)?;
    let event = Event::new(EventType::InvitationDeclined, invitation.id)
        .between(invitation.customer_id, Some(invitation.partner_id))
        .by_rule("ORG-2");
    let event = tx.record(Some(identity), event)?;
    mails::tell_sender(tx, event, invitation, MailTemplate::InvitationDeclined)
}

/// Starts the partnership, ends what it replaces, and supersedes what can no longer be.
pub fn accept(
    tx: &mut Tx,
    identity: &Identity,
    invitation: &Invitation,
    customer: OrganizationId,
    acceptance: &Acceptance,
    given: Option<&PasswordGiven>,
) -> Result<Reply<AcceptedView>> {
    let partner = invitation.partner_id;
    let (requested, _) = model::access_of(tx, invitation)?;
    let granted = granted(invitation, acceptance, requested)?;
    customer::must_own(
        tx,
        customer,
        granted.products(),
        "/granted_access/product_ids",
    )?;
    if !programme::is_approved(tx, partner)? {
        return Err(Refusal::by(Code::NotAPartner, "PRG-2").into());
    }
    if customer == partner {
        return Err(Refusal::fault("/organization_id", "same_organization", "INV-9").into());
    }
    no_open_partnership(tx, customer, partner)?;
    if let Some(given) = given {
        given.still_holds(tx, identity)?;
    }
    let replaced = replaced(tx, invitation, customer, acceptance, &granted)?;
    let starts_at = invitation.starts_at.filter(|at| *at > tx.now);
    let agreed = partnerships::model::agree(
        tx,
        invitation.id,
        invitation.tender_id,
        (customer, partner),
        starts_at.unwrap_or(tx.now),
    )?;
    model::accept(tx, invitation, customer, &granted, agreed.id)?;
    record(tx, identity, invitation, &agreed)?;
    tx.falls_due(starts_at);
    match starts_at {
        Some(_) => {
            let scheduled = start::about(EventType::PartnershipScheduled, &agreed);
            tx.record(Some(identity), scheduled)?;
        }
        None => {
            start::begin(tx, Some(identity), &agreed, &granted, &replaced)?;
        }
    }
    answer(tx, identity, invitation.id, agreed.id)
}

/// Silence means as requested, and is refused where the request was limited (INV-3).
fn granted(invitation: &Invitation, acceptance: &Acceptance, requested: Access) -> Result<Access> {
    match (invitation.direction, &acceptance.granted_access, requested) {
        (Direction::CustomerToPartner, Some(_), _) => {
            Err(Refusal::fault("/granted_access", "expected_null", "INV-3").into())
        }
        (Direction::CustomerToPartner, None, requested) => match &acceptance.replace {
            None => Ok(requested),
            Some(_) => Err(Refusal::fault("/replace", "expected_null", "INV-8").into()),
        },
        (Direction::PartnerToCustomer, None, Access::Limited { .. }) => {
            Err(Refusal::fault("/granted_access", "grant_required", "INV-3").into())
        }
        (Direction::PartnerToCustomer, None, requested @ Access::Full { .. }) => Ok(requested),
        (Direction::PartnerToCustomer, Some(wanted), _) => wanted
            .read(Naming::Some, "/granted_access")
            .map_err(|faults| Refusal::invalid(faults).rule("INV-4").into()),
    }
}

/// The open partnerships that the customer said may end; what else conflicts is refused: to the
/// customer with the ids, to the partner without (INV-8).
fn replaced(
    tx: &mut Tx,
    invitation: &Invitation,
    customer: OrganizationId,
    acceptance: &Acceptance,
    granted: &Access,
) -> Result<BTreeSet<PartnershipId>> {
    let open = partnerships::model::open_of_customer(tx, customer)?;
    let in_the_way = conflicts(&open, granted);
    let by_customer = invitation.direction == Direction::PartnerToCustomer;
    let replace: BTreeSet<PartnershipId> = match by_customer {
        true => acceptance.replace.iter().flatten().copied().collect(),
        false => model::replacements_of(tx, invitation.id)?,
    };
    if by_customer
        && !replace
            .iter()
            .all(|id| open.iter().any(|open| open.id == *id))
    {
        return Err(Refusal::invalid(vec![Fault::new("/replace", "unknown")])
            .rule("INV-8")
            .into());
    }
    if !in_the_way.is_subset(&replace) {
        return Err(match (by_customer, granted) {
            (true, Access::Full { .. }) => {
                Refusal::by(Code::ConflictingPartnerships, "PSH-1").conflicts(&in_the_way)
            }
            (true, Access::Limited { .. }) => {
                Refusal::by(Code::ConflictingPartnerships, "PSH-3").conflicts(&in_the_way)
            }
            (false, Access::Full { .. } | Access::Limited { .. }) => {
                Refusal::by(Code::ConflictingPartnerships, "INV-8")
            }
        }
        .into());
    }
    let is_open = |id: &PartnershipId| open.iter().any(|open| open.id == *id);
    Ok(replace.into_iter().filter(is_open).collect())
}

fn record(
    tx: &mut Tx,
    identity: &Identity,
    invitation: &Invitation,
    agreed: &Partnership,
) -> Result<()> {
    let event = Event {
        subject: invitation.id.to_string(),
        ..start::about(EventType::InvitationAccepted, agreed)
    };
    let accepted = tx.record(Some(identity), event)?;
    let told = Invitation {
        customer_id: Some(agreed.customer_id),
        starts_at: invitation.starts_at.filter(|at| *at > tx.now),
        ..invitation.clone()
    };
    let template = match told.starts_at {
        None => MailTemplate::InvitationAccepted,
        Some(_) => MailTemplate::InvitationAcceptedForLater,
    };
    mails::tell_sender(tx, accepted, &told, template)
}

fn answer(
    tx: &mut Tx,
    identity: &Identity,
    id: InvitationId,
    partnership: PartnershipId,
) -> Result<Reply<AcceptedView>> {
    let Seen {
        invitation,
        as_sender,
        as_recipient,
    } = model::find(tx, identity.user, id)?;
    let reader = Reader {
        as_sender: &as_sender,
        as_recipient: &as_recipient,
    };
    let found = partnerships::model::find(tx, identity, partnership)?;
    let (row, timeline) = found.what;
    let standings: Vec<Standing> = found.standings;
    let at = timeline
        .last()
        .map_or(tx.now, |last| last.interval.from.max(tx.now));
    let view = AcceptedView {
        invitation: view(tx, &invitation, &reader)?,
        partnership: partnerships::views::one(
            tx,
            &row,
            &timeline,
            &standings,
            identity.language,
            at,
        )?,
    };
    Reply::ok(&view)
}
