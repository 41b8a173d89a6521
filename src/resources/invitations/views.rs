//! How an invitation is shown.
use super::model::{self, Invitation, Seen};
use crate::api::access::AccessView;
use crate::api::views::OrganizationNameView;
use crate::db::Tx;
use crate::domain::id::{InvitationId, OrganizationId, PartnershipId, TenderId};
use crate::domain::invitation::{Direction, InvitationStatus};
use crate::domain::policy::{self, Action, Standing};
use crate::error::Result;
use crate::resources::organizations::model::names;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What can be done to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationAct {
    Accept,
    Decline,
    Resend,
    Cancel,
}

/// The proposal of a partnership.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationView {
    /// Its id.
    pub id: InvitationId,
    /// Which side sent it.
    pub direction: Direction,
    /// What became of it.
    pub status: InvitationStatus,
    /// The customer; null while an invitation by address has not been accepted.
    pub customer: Option<OrganizationNameView>,
    /// The address that was invited, for the side that sent it.
    #[schema(format = "email", example = "marie@chalet-edelweiss.example")]
    pub customer_email: Option<String>,
    /// The partner.
    pub partner: OrganizationNameView,
    /// The access that was asked for.
    pub requested_access: AccessView,
    /// The product families a limited request is about.
    #[schema(example = json!(["web_hosting"]))]
    pub requested_families: Vec<String>,
    /// The access that was granted; null until accepted.
    pub granted_access: Option<AccessView>,
    /// The partnerships that its acceptance ends; shown to the customer only.
    pub replace: Vec<PartnershipId>,
    /// When the partnership is to start; null for at once.
    pub starts_at: Option<DateTime<Utc>>,
    /// The tender it was won through.
    pub tender_id: Option<TenderId>,
    /// A word to the other side.
    #[schema(example = "We would like to look after your website.")]
    pub message: Option<String>,
    /// When it was sent first.
    pub created_at: DateTime<Utc>,
    /// When its link dies.
    pub expires_at: DateTime<Utc>,
    /// When it left `pending` by somebody's act.
    pub answered_at: Option<DateTime<Utc>>,
    /// The partnership that came of it.
    pub partnership_id: Option<PartnershipId>,
    /// What this caller may do now.
    pub available_actions: Vec<InvitationAct>,
}

/// Who looks: the organizations it is a member of, and what it may do.
pub struct Reader<'a> {
    pub as_sender: &'a [Standing],
    pub as_recipient: &'a [Standing],
}

pub fn view(tx: &mut Tx, invitation: &Invitation, reader: &Reader) -> Result<InvitationView> {
    let ids: BTreeSet<OrganizationId> = [Some(invitation.partner_id), invitation.customer_id]
        .into_iter()
        .flatten()
        .collect();
    let names = names(tx, &ids)?;
    let name = |id: OrganizationId| OrganizationNameView {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
    };
    let (requested, granted) = model::access_of(tx, invitation)?;
    let customer_reads = match invitation.direction {
        Direction::CustomerToPartner => !reader.as_sender.is_empty(),
        Direction::PartnerToCustomer => !reader.as_recipient.is_empty(),
    };
    let replace = if customer_reads {
        model::replacements_of(tx, invitation.id)?
    } else {
        BTreeSet::new()
    };
    let sender_reads = !reader.as_sender.is_empty();
    Ok(InvitationView {
        id: invitation.id,
        direction: invitation.direction,
        status: invitation.status_at(tx.now),
        customer: invitation.customer_id.map(name),
        customer_email: invitation.customer_email.clone().filter(|_| sender_reads),
        partner: name(invitation.partner_id),
        requested_access: (&requested).into(),
        requested_families: model::families_of(tx, invitation.id)?,
        granted_access: granted.as_ref().map(Into::into),
        replace: replace.into_iter().collect(),
        starts_at: invitation.starts_at.map(|at| at.and_utc()),
        tender_id: invitation.tender_id,
        message: invitation.message.clone(),
        created_at: invitation.created_at.and_utc(),
        expires_at: invitation.expires_at.and_utc(),
        answered_at: invitation.answered_at.map(|at| at.and_utc()),
        partnership_id: invitation.partnership_id,
        available_actions: available(invitation.status_at(tx.now), reader),
    })
}

fn available(status: InvitationStatus, reader: &Reader) -> Vec<InvitationAct> {
    let may = |standings: &[Standing], action| !policy::available(standings, &[action]).is_empty();
    let acts = [
        (
            InvitationAct::Accept,
            may(reader.as_recipient, Action::AnswerInvitation),
        ),
        (
            InvitationAct::Decline,
            may(reader.as_recipient, Action::AnswerInvitation),
        ),
        (
            InvitationAct::Resend,
            may(reader.as_sender, Action::SendInvitation),
        ),
        (
            InvitationAct::Cancel,
            may(reader.as_sender, Action::SendInvitation),
        ),
    ];
    let open = status == InvitationStatus::Pending;
    acts.into_iter()
        .filter(|(_, may)| open && *may)
        .map(|(act, _)| act)
        .collect()
}

/// An invitation after an act, as the caller sees it.
pub fn again(
    tx: &mut Tx,
    user: crate::domain::id::UserId,
    id: InvitationId,
) -> Result<(InvitationView, i32)> {
    let Seen {
        invitation,
        as_sender,
        as_recipient,
    } = model::find(tx, user, id)?;
    let reader = Reader {
        as_sender: &as_sender,
        as_recipient: &as_recipient,
    };
    Ok((view(tx, &invitation, &reader)?, invitation.version))
}
