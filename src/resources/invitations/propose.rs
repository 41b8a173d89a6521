//! A customer's proposal to a partner, sent as an invitation (INV-1), or as a handover (PSH-10).
use super::model::{self, Invitation, New};
use super::{mails, send};
use crate::api::access::WantedAccess;
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::domain::access::{Access, Naming};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PartnershipId, TenderId};
use crate::domain::invitation::Direction;
use crate::domain::partnership::conflicts;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::partnerships::{self, customer};
use crate::resources::programme::model as programme;
use crate::resources::tenders::model as tenders;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// What a customer proposes to a partner.
pub struct Proposal<'a> {
    pub customer: OrganizationId,
    pub partner: OrganizationId,
    pub access: Option<&'a WantedAccess>,
    /// The open partnerships that the acceptance ends.
    pub replace: &'a BTreeSet<PartnershipId>,
    pub starts_at: Option<DateTime<Utc>>,
    pub tender: Option<TenderId>,
    pub message: Option<&'a str>,
}

/// Judges the proposal, with the faults that are known already, and writes it as a pending
/// invitation; answers it with the token of its link.
pub fn propose(
    tx: &mut Tx,
    identity: &Identity,
    proposal: &Proposal,
    mut faults: Vec<Fault>,
    lasts: TimeDelta,
) -> Result<(Invitation, String)> {
    let (customer, partner) = (proposal.customer, proposal.partner);
    let access = send::wanted("/access", proposal.access, Naming::Some, &mut faults);
    if customer == partner {
        faults.push(Fault::new("/partner_id", "same_organization"));
    }
    let starts_at = proposal.starts_at.map(|at| at.naive_utc());
    if starts_at.is_some_and(|at| at <= tx.now) {
        faults.push(Fault::new("/starts_at", "in_the_past"));
    }
    let Some(access) = access.filter(|_| faults.is_empty()) else {
        return Err(Refusal::invalid(faults).rule("INV-4").into());
    };
    if !programme::is_approved(tx, partner)? {
        return Err(Refusal::by(Code::NotAPartner, "PRG-2").into());
    }
    customer::must_own(tx, customer, access.products(), "/access/product_ids")?;
    send::between_strangers(tx, customer, partner)?;
    if let Some(tender) = proposal.tender {
        tenders::must_be_won(tx, identity.user, tender, (customer, partner))?;
    }
    nothing_in_the_way(tx, proposal, &access)?;
    model::insert(
        tx,
        &New {
            direction: Direction::CustomerToPartner,
            customer: Some(customer),
            email: None,
            partner,
            requested: &access,
            families: &[],
            replace: proposal.replace,
            starts_at,
            tender: proposal.tender,
            message: proposal.message,
            by: identity.user,
            lasts,
        },
    )
}

/// Records an invitation that was sent, and mails it.
pub fn tell(
    tx: &mut Tx,
    identity: &Identity,
    (invitation, token): &(Invitation, String),
    rule: &'static str,
) -> Result<()> {
    let event = Event::new(EventType::InvitationCreated, invitation.id)
        .between(invitation.customer_id, Some(invitation.partner_id))
        .by_rule(rule);
    let event = tx.record(Some(identity), event)?;
    mails::invite(tx, event, invitation, token)
}

/// What is replaced is open and the customer's own; products that others manage are in it (INV-4,
/// INV-8). Full access may stand in nobody's way until it is accepted.
fn nothing_in_the_way(tx: &mut Tx, proposal: &Proposal, access: &Access) -> Result<()> {
    let open = partnerships::model::open_of_customer(tx, proposal.customer)?;
    let is_open = |id: &PartnershipId| open.iter().any(|open| open.id == *id);
    if !proposal.replace.iter().all(is_open) {
        return Err(Refusal::fault("/replace", "unknown", "INV-8").into());
    }
    let managed: BTreeSet<PartnershipId> = match access {
        Access::Full { .. } => BTreeSet::new(),
        Access::Limited { .. } => conflicts(&open, access)
            .difference(proposal.replace)
            .copied()
            .collect(),
    };
    match managed.is_empty() {
        true => Ok(()),
        false => Err(Refusal::by(Code::ConflictingPartnerships, "PSH-3")
            .conflicts(&managed)
            .into()),
    }
}
