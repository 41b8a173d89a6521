//! The rows of invitations.
use super::mails;
use crate::db::record::Event;
use crate::db::schema::{
    invitation_families, invitation_mails, invitation_products, invitation_replacements,
    invitations, memberships,
};
use crate::db::witness::Identity;
use crate::db::{Tx, insert_all};
use crate::domain::access::{Access, Level, PaymentMode, Terms};
use crate::domain::event::EventType;
use crate::domain::id::{InvitationId, OrganizationId, PartnershipId, ProductId, TenderId, UserId};
use crate::domain::invitation::{Direction, InvitationStatus};
use crate::domain::organization::Role;
use crate::domain::policy::Standing;
use crate::domain::refusal::Refusal;
use crate::error::{Error, Result};
use crate::secret;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    pub id: InvitationId,
    pub direction: Direction,
    pub status: InvitationStatus,
    pub customer_id: Option<OrganizationId>,
    pub customer_email: Option<String>,
    pub partner_id: OrganizationId,
    pub requested_level: Level,
    pub requested_mode: Option<PaymentMode>,
    pub granted_level: Option<Level>,
    pub granted_mode: Option<PaymentMode>,
    pub starts_at: Option<NaiveDateTime>,
    pub tender_id: Option<TenderId>,
    pub message: Option<String>,
    pub expires_at: NaiveDateTime,
    pub answered_at: Option<NaiveDateTime>,
    pub partnership_id: Option<PartnershipId>,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

impl Invitation {
    /// Expiry holds even if no job has run (INV-7).
    pub fn status_at(&self, now: NaiveDateTime) -> InvitationStatus {
        self.status.at(self.expires_at, now)
    }

    pub fn sender(&self) -> Option<OrganizationId> {
        match self.direction {
            Direction::CustomerToPartner => self.customer_id,
            Direction::PartnerToCustomer => Some(self.partner_id),
        }
    }

    pub fn recipient(&self) -> Option<OrganizationId> {
        match self.direction {
            Direction::CustomerToPartner => Some(self.partner_id),
            Direction::PartnerToCustomer => self.customer_id,
        }
    }
}

/// An invitation with the caller's standings on each side.
pub struct Seen {
    pub invitation: Invitation,
    pub as_sender: Vec<Standing>,
    pub as_recipient: Vec<Standing>,
}

/// Only members of either side see an invitation, whatever a partner's access (ACC-2).
pub fn find(tx: &mut Tx, user: UserId, id: InvitationId) -> Result<Seen> {
    let invitation: Option<Invitation> = invitations::table
        .find(id)
        .select(Invitation::as_select())
        .first(tx.conn)
        .optional()?;
    // One that is not there has nobody on either side.
    let (sender, recipient) = match &invitation {
        Some(invitation) => (invitation.sender(), invitation.recipient()),
        None => (None, None),
    };
    let as_sender = members(tx, user, sender)?;
    let as_recipient = members(tx, user, recipient)?;
    let concerned = !(as_sender.is_empty() && as_recipient.is_empty());
    let invitation = invitation
        .filter(|_| concerned)
        .ok_or_else(Refusal::not_found)?;
    Ok(Seen {
        invitation,
        as_sender,
        as_recipient,
    })
}

/// An invitation's row; the caller has been found to stand towards it, or nobody asks.
pub fn row(tx: &mut Tx, id: InvitationId) -> Result<Invitation> {
    invitations::table
        .find(id)
        .select(Invitation::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

pub fn members(
    tx: &mut Tx,
    user: UserId,
    organization: Option<OrganizationId>,
) -> Result<Vec<Standing>> {
    let rows: Vec<(_, Role, bool)> = memberships::table
        .filter(memberships::user_id.eq(user))
        .filter(memberships::organization_id.nullable().eq(organization))
        .filter(memberships::valid_to.is_null())
        .select((memberships::id, memberships::role, memberships::may_order))
        .load(tx.conn)?;
    Ok(rows
        .into_iter()
        .map(|(member, role, may_order)| Standing::Member {
            member,
            role,
            may_order,
        })
        .collect())
}

/// The invitation behind a link's token, alive or not.
pub fn find_by_token(tx: &mut Tx, token: &str) -> Result<Invitation> {
    invitations::table
        .filter(invitations::token_hash.eq(secret::token_hash(token)))
        .select(Invitation::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

/// An invitation to write.
pub struct New<'a> {
    pub direction: Direction,
    pub customer: Option<OrganizationId>,
    pub email: Option<&'a str>,
    pub partner: OrganizationId,
    pub requested: &'a Access,
    pub families: &'a [String],
    pub replace: &'a BTreeSet<PartnershipId>,
    /// When the partnership is to start; at once unless said (PSH-12).
    pub starts_at: Option<NaiveDateTime>,
    /// The tender it was won through (TND-5).
    pub tender: Option<TenderId>,
    pub message: Option<&'a str>,
    pub by: UserId,
    pub lasts: TimeDelta,
}

#[derive(Insertable)]
#[diesel(table_name = invitation_products, treat_none_as_default_value = false)]
struct ProductRow {
    invitation_id: InvitationId,
    product_id: ProductId,
    granted: bool,
}

#[derive(Insertable)]
#[diesel(table_name = invitation_families, treat_none_as_default_value = false)]
struct FamilyRow<'a> {
    invitation_id: InvitationId,
    family: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = invitation_replacements, treat_none_as_default_value = false)]
struct ReplacementRow {
    invitation_id: InvitationId,
    partnership_id: PartnershipId,
}

/// Writes a pending invitation; answers it with the token of its link.
pub fn insert(tx: &mut Tx, new: &New) -> Result<(Invitation, String)> {
    let id: InvitationId = tx.new_id()?;
    let (token, hash) = secret::new_token()?;
    diesel::insert_into(invitations::table)
        .values((
            invitations::id.eq(id),
            invitations::direction.eq(new.direction),
            invitations::status.eq(InvitationStatus::Pending),
            invitations::customer_id.eq(new.customer),
            invitations::customer_email.eq(new.email),
            invitations::partner_id.eq(new.partner),
            invitations::requested_level.eq(new.requested.terms().level()),
            invitations::requested_mode.eq(new.requested.terms().payment_mode()),
            invitations::starts_at.eq(new.starts_at),
            invitations::tender_id.eq(new.tender),
            invitations::message.eq(new.message),
            invitations::token_hash.eq(hash),
            invitations::sent_at.eq(tx.now),
            invitations::expires_at.eq(tx.now + new.lasts),
            invitations::created_by.eq(new.by),
            invitations::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    insert_products(tx, id, new.requested, false)?;
    let families: Vec<FamilyRow> = new
        .families
        .iter()
        .map(|family| FamilyRow {
            invitation_id: id,
            family,
        })
        .collect();
    insert_all!(tx, invitation_families::table, &families);
    let replaced: Vec<ReplacementRow> = new
        .replace
        .iter()
        .map(|partnership| ReplacementRow {
            invitation_id: id,
            partnership_id: *partnership,
        })
        .collect();
    insert_all!(tx, invitation_replacements::table, &replaced);
    Ok((row(tx, id)?, token))
}

fn insert_products(tx: &mut Tx, id: InvitationId, access: &Access, granted: bool) -> Result<()> {
    let products = access.products().into_iter().flatten();
    let rows: Vec<ProductRow> = products
        .map(|product| ProductRow {
            invitation_id: id,
            product_id: *product,
            granted,
        })
        .collect();
    insert_all!(tx, invitation_products::table, &rows);
    Ok(())
}

/// What was asked for, and what was granted if it was accepted.
pub fn access_of(tx: &mut Tx, invitation: &Invitation) -> Result<(Access, Option<Access>)> {
    let rows: Vec<(ProductId, bool)> = invitation_products::table
        .filter(invitation_products::invitation_id.eq(invitation.id))
        .select((
            invitation_products::product_id,
            invitation_products::granted,
        ))
        .load(tx.conn)?;
    let products = |wanted: bool| {
        rows.iter()
            .filter(|(_, granted)| *granted == wanted)
            .map(|(product, _)| *product)
            .collect()
    };
    let access = |level, mode, granted| match Terms::new(level, mode) {
        Some(Terms::Limited) => Ok(Access::Limited {
            products: products(granted),
        }),
        Some(Terms::Full { payment_mode }) => Ok(Access::Full { payment_mode }),
        None => Err(Error::internal("an invitation's access cannot be read")),
    };
    let requested = access(invitation.requested_level, invitation.requested_mode, false)?;
    let granted = invitation
        .granted_level
        .map(|level| access(level, invitation.granted_mode, true))
        .transpose()?;
    Ok((requested, granted))
}

pub fn families_of(tx: &mut Tx, id: InvitationId) -> Result<Vec<String>> {
    Ok(invitation_families::table
        .filter(invitation_families::invitation_id.eq(id))
        .order(invitation_families::family)
        .select(invitation_families::family)
        .load(tx.conn)?)
}

pub fn replacements_of(tx: &mut Tx, id: InvitationId) -> Result<BTreeSet<PartnershipId>> {
    let ids: Vec<PartnershipId> = invitation_replacements::table
        .filter(invitation_replacements::invitation_id.eq(id))
        .select(invitation_replacements::partnership_id)
        .load(tx.conn)?;
    Ok(ids.into_iter().collect())
}

/// The pending invitation between these two, whichever side sent it (INV-5); one that has run out
/// by the clock is marked so first.
pub fn pending_between(
    tx: &mut Tx,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<Option<InvitationId>> {
    let between = invitations::table
        .filter(invitations::customer_id.eq(customer))
        .filter(invitations::partner_id.eq(partner))
        .filter(invitations::status.eq(InvitationStatus::Pending));
    diesel::update(between.filter(invitations::expires_at.le(tx.now)))
        .set(invitations::status.eq(InvitationStatus::Expired))
        .execute(tx.conn)?;
    Ok(between.select(invitations::id).first(tx.conn).optional()?)
}

/// The same for an address.
pub fn pending_to_address(
    tx: &mut Tx,
    email: &str,
    partner: OrganizationId,
) -> Result<Option<InvitationId>> {
    let between = invitations::table
        .filter(invitations::customer_email.eq(email))
        .filter(invitations::customer_id.is_null())
        .filter(invitations::partner_id.eq(partner))
        .filter(invitations::status.eq(InvitationStatus::Pending));
    diesel::update(between.filter(invitations::expires_at.le(tx.now)))
        .set(invitations::status.eq(InvitationStatus::Expired))
        .execute(tx.conn)?;
    Ok(between.select(invitations::id).first(tx.conn).optional()?)
}

/// Leaves `pending` for a final state.
pub fn conclude(tx: &mut Tx, invitation: &Invitation, status: InvitationStatus) -> Result<()> {
    diesel::update(invitations::table.find(invitation.id))
        .set((
            invitations::status.eq(status),
            invitations::answered_at.eq(tx.now),
            invitations::version.eq(invitation.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Leaves `pending` for a partnership: what was granted is kept beside what was asked (INV-3).
pub fn accept(
    tx: &mut Tx,
    invitation: &Invitation,
    customer: OrganizationId,
    granted: &Access,
    partnership: PartnershipId,
) -> Result<()> {
    conclude(tx, invitation, InvitationStatus::Accepted)?;
    diesel::update(invitations::table.find(invitation.id))
        .set((
            invitations::customer_id.eq(customer),
            invitations::granted_level.eq(granted.terms().level()),
            invitations::granted_mode.eq(granted.terms().payment_mode()),
            invitations::partnership_id.eq(partnership),
        ))
        .execute(tx.conn)?;
    insert_products(tx, invitation.id, granted, true)
}

/// A new link, the old one dead; answers the invitation as it is now with its token.
pub fn renew(
    tx: &mut Tx,
    invitation: &Invitation,
    lasts: TimeDelta,
) -> Result<(Invitation, String)> {
    let (token, hash) = secret::new_token()?;
    diesel::update(invitations::table.find(invitation.id))
        .set((
            invitations::token_hash.eq(hash),
            invitations::sent_at.eq(tx.now),
            invitations::expires_at.eq(tx.now + lasts),
            invitations::version.eq(invitation.version + 1),
        ))
        .execute(tx.conn)?;
    diesel::insert_into(invitation_mails::table)
        .values((
            invitation_mails::invitation_id.eq(invitation.id),
            invitation_mails::sent_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok((row(tx, invitation.id)?, token))
}

/// How often it was sent again during the last day.
pub fn resent_lately(tx: &mut Tx, id: InvitationId) -> Result<usize> {
    let count: i64 = invitation_mails::table
        .filter(invitation_mails::invitation_id.eq(id))
        .filter(invitation_mails::sent_at.gt(tx.now - TimeDelta::days(1)))
        .count()
        .get_result(tx.conn)?;
    usize::try_from(count).map_err(Error::internal)
}

/// When full access starts, the customer's other pending invitations are superseded, and their
/// other sides are told (INV-10).
pub fn supersede_others(
    tx: &mut Tx,
    by: Option<&Identity>,
    customer: OrganizationId,
    but: Option<InvitationId>,
) -> Result<()> {
    let others: Vec<Invitation> = invitations::table
        .filter(invitations::customer_id.eq(customer))
        .filter(invitations::status.eq(InvitationStatus::Pending))
        .filter(invitations::expires_at.gt(tx.now))
        .select(Invitation::as_select())
        .load(tx.conn)?;
    for other in others.iter().filter(|other| Some(other.id) != but) {
        conclude(tx, other, InvitationStatus::Superseded)?;
        let event = Event::new(EventType::InvitationSuperseded, other.id)
            .between(other.customer_id, Some(other.partner_id))
            .by_rule("INV-10");
        let event = tx.record(by, event)?;
        mails::tell_superseded(tx, event, customer, other.partner_id)?;
    }
    Ok(())
}
