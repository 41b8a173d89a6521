//! The rows of memberships, each version with its interval, and of those that are only offered yet.
use crate::db::Tx;
use crate::db::schema::{member_invitations, memberships, team_members, users};
use crate::db::witness::{self, Identity};
use crate::domain::id::{MemberId, OrganizationId, PartnershipId, TeamId, UserId};
use crate::domain::invitation::InvitationStatus;
use crate::domain::membership::Place;
use crate::domain::organization::Role;
use crate::domain::partnership::right_after;
use crate::domain::policy::{self, Action};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::reach;
use crate::resources::partnerships::model as partnerships;
use crate::secret;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// An open version of a membership.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    pub id: MemberId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub role: Role,
    pub may_order: bool,
    /// The partnership through which a partner added it, and with which it leaves (ACC-5).
    pub added_by: Option<PartnershipId>,
    pub version: i32,
    pub valid_from: NaiveDateTime,
}

/// A membership that was offered to an address.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = member_invitations)]
pub struct Offer {
    /// The member's id from the beginning.
    pub id: MemberId,
    pub organization_id: OrganizationId,
    pub email: String,
    pub role: Role,
    pub may_order: bool,
    pub added_by: Option<PartnershipId>,
    pub status: InvitationStatus,
    pub version: i32,
    pub created_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
}

impl Membership {
    pub fn place(&self) -> Place {
        Place {
            role: self.role,
            may_order: self.may_order,
        }
    }
}

impl Offer {
    pub fn place(&self) -> Place {
        Place {
            role: self.role,
            may_order: self.may_order,
        }
    }

    /// Expiry holds even if no job has run.
    pub fn status_at(&self, now: NaiveDateTime) -> InvitationStatus {
        self.status.at(self.expires_at, now)
    }
}

/// What the caller, who may look at this organization's people, reaches of its products (ACC-3).
pub fn reader(tx: &mut Tx, identity: &Identity, org: OrganizationId) -> Result<Reach> {
    let found = witness::organization(tx, identity, org)?;
    let standings = found.standings.clone();
    policy::allow(found, Action::ReadMembers)?;
    reach::of(tx, &standings, Action::ReadProducts, tx.now)
}

/// A member of this organization as it is now.
pub fn find(tx: &mut Tx, org: OrganizationId, id: MemberId) -> Result<Option<Membership>> {
    Ok(memberships::table
        .filter(memberships::id.eq(id))
        .filter(memberships::organization_id.eq(org))
        .filter(memberships::valid_to.is_null())
        .select(Membership::as_select())
        .first(tx.conn)
        .optional()?)
}

/// The membership of whoever has this address.
pub fn by_address(tx: &mut Tx, org: OrganizationId, email: &str) -> Result<Option<MemberId>> {
    Ok(memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::organization_id.eq(org))
        .filter(memberships::valid_to.is_null())
        .filter(users::email.eq(email))
        .select(memberships::id)
        .first(tx.conn)
        .optional()?)
}

/// An offer of this organization that can still be taken.
pub fn offer(tx: &mut Tx, org: OrganizationId, id: MemberId) -> Result<Option<Offer>> {
    Ok(member_invitations::table
        .filter(member_invitations::id.eq(id))
        .filter(member_invitations::organization_id.eq(org))
        .filter(member_invitations::status.eq(InvitationStatus::Pending))
        .filter(member_invitations::expires_at.gt(tx.now))
        .select(Offer::as_select())
        .first(tx.conn)
        .optional()?)
}

/// The open offer to an address; one that has run out by the clock is marked so first.
pub fn offered(tx: &mut Tx, org: OrganizationId, email: &str) -> Result<Option<MemberId>> {
    let pending = member_invitations::table
        .filter(member_invitations::organization_id.eq(org))
        .filter(member_invitations::email.eq(email))
        .filter(member_invitations::status.eq(InvitationStatus::Pending));
    diesel::update(pending.filter(member_invitations::expires_at.le(tx.now)))
        .set(member_invitations::status.eq(InvitationStatus::Expired))
        .execute(tx.conn)?;
    Ok(pending
        .select(member_invitations::id)
        .first(tx.conn)
        .optional()?)
}

/// The offer behind a link's token, alive or not.
pub fn offer_by_token(tx: &mut Tx, token: &str) -> Result<Offer> {
    member_invitations::table
        .filter(member_invitations::token_hash.eq(secret::token_hash(token)))
        .select(Offer::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

/// A membership to offer.
pub struct NewOffer<'a> {
    pub organization: OrganizationId,
    pub email: &'a str,
    pub place: Place,
    pub added_by: Option<PartnershipId>,
    pub by: UserId,
    pub lasts: TimeDelta,
}

/// Writes an offer; answers its id, its end, and the token of its link.
pub fn insert_offer(tx: &mut Tx, new: &NewOffer) -> Result<(Offer, String)> {
    let id: MemberId = tx.new_id()?;
    let (token, hash) = secret::new_token()?;
    diesel::insert_into(member_invitations::table)
        .values((
            member_invitations::id.eq(id),
            member_invitations::organization_id.eq(new.organization),
            member_invitations::email.eq(new.email),
            member_invitations::role.eq(new.place.role),
            member_invitations::may_order.eq(new.place.may_order),
            member_invitations::added_by.eq(new.added_by),
            member_invitations::status.eq(InvitationStatus::Pending),
            member_invitations::token_hash.eq(hash),
            member_invitations::created_by.eq(new.by),
            member_invitations::created_at.eq(tx.now),
            member_invitations::expires_at.eq(tx.now + new.lasts),
        ))
        .execute(tx.conn)?;
    let offer = member_invitations::table
        .find(id)
        .select(Offer::as_select())
        .first(tx.conn)?;
    Ok((offer, token))
}

/// Changes what is offered; nobody has it yet, so nothing of it is history.
pub fn change_offer(
    tx: &mut Tx,
    of: &Offer,
    place: Place,
    added_by: Option<PartnershipId>,
) -> Result<()> {
    diesel::update(member_invitations::table.find(of.id))
        .set((
            member_invitations::role.eq(place.role),
            member_invitations::may_order.eq(place.may_order),
            member_invitations::added_by.eq(added_by),
            member_invitations::version.eq(of.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Ends an offer, taken or not.
pub fn conclude_offer(tx: &mut Tx, of: &Offer, status: InvitationStatus) -> Result<()> {
    diesel::update(member_invitations::table.find(of.id))
        .set((
            member_invitations::status.eq(status),
            member_invitations::version.eq(of.version + 1),
        ))
        .execute(tx.conn)?;
    if status != InvitationStatus::Accepted {
        reach::set(tx, of.id, &BTreeSet::new())?;
    }
    Ok(())
}

/// The offer becomes a membership, with the same id.
pub fn take_offer(tx: &mut Tx, of: &Offer, user: UserId) -> Result<()> {
    conclude_offer(tx, of, InvitationStatus::Accepted)?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::id.eq(of.id),
            memberships::organization_id.eq(of.organization_id),
            memberships::user_id.eq(user),
            memberships::role.eq(of.role),
            memberships::may_order.eq(of.may_order),
            memberships::added_by.eq(of.added_by),
            memberships::version.eq(of.version + 1),
            memberships::valid_from.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Offers that a partner made end with the partnership (ACC-5).
pub fn withdraw_offers(tx: &mut Tx, partnership: PartnershipId) -> Result<()> {
    let open: Vec<Offer> = member_invitations::table
        .filter(member_invitations::added_by.eq(partnership))
        .filter(member_invitations::status.eq(InvitationStatus::Pending))
        .select(Offer::as_select())
        .load(tx.conn)?;
    for one in &open {
        conclude_offer(tx, one, InvitationStatus::Cancelled)?;
    }
    Ok(())
}

/// Closes this version of a membership and opens the next.
pub fn change(
    tx: &mut Tx,
    of: &Membership,
    place: Place,
    added_by: Option<PartnershipId>,
) -> Result<()> {
    let from = close(tx, of)?;
    if place.role != Role::Collaborator {
        partnerships::unassign_member(tx, of.id)?;
    }
    diesel::insert_into(memberships::table)
        .values((
            memberships::id.eq(of.id),
            memberships::organization_id.eq(of.organization_id),
            memberships::user_id.eq(of.user_id),
            memberships::role.eq(place.role),
            memberships::may_order.eq(place.may_order),
            memberships::added_by.eq(added_by),
            memberships::version.eq(of.version + 1),
            memberships::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Ends a membership with all that hung on it.
pub fn leave(tx: &mut Tx, of: &Membership) -> Result<()> {
    let at = close(tx, of)?;
    let places: Vec<(TeamId, NaiveDateTime)> = team_members::table
        .filter(team_members::member_id.eq(of.id))
        .filter(team_members::valid_to.is_null())
        .select((team_members::team_id, team_members::valid_from))
        .load(tx.conn)?;
    for (team, from) in places {
        diesel::update(team_members::table.find((team, of.id, from)))
            .set(team_members::valid_to.eq(at.max(right_after(from))))
            .execute(tx.conn)?;
    }
    partnerships::unassign_member(tx, of.id)?;
    reach::set(tx, of.id, &BTreeSet::new())
}

/// Answers the instant at which the version ends: the later of now and its start + 1 µs.
fn close(tx: &mut Tx, of: &Membership) -> Result<NaiveDateTime> {
    let at = tx.after(of.valid_from);
    diesel::update(memberships::table.find((of.id, of.valid_from)))
        .set(memberships::valid_to.eq(at))
        .execute(tx.conn)?;
    Ok(at)
}

/// Refuses to take the last legal representative from an organization (ORG-1).
pub fn must_not_be_last(tx: &mut Tx, of: &Membership) -> Result<()> {
    let others: i64 = memberships::table
        .filter(memberships::organization_id.eq(of.organization_id))
        .filter(memberships::role.eq(Role::LegalRepresentative))
        .filter(memberships::valid_to.is_null())
        .filter(memberships::id.ne(of.id))
        .count()
        .get_result(tx.conn)?;
    match of.role == Role::LegalRepresentative && others == 0 {
        true => Err(Refusal::by(Code::LastLegalRepresentative, "ORG-1").into()),
        false => Ok(()),
    }
}

/// Whether this person is one of the organization's own people.
pub fn belongs(tx: &mut Tx, user: UserId, org: OrganizationId) -> Result<bool> {
    let found: Option<MemberId> = memberships::table
        .filter(memberships::user_id.eq(user))
        .filter(memberships::organization_id.eq(org))
        .filter(memberships::valid_to.is_null())
        .select(memberships::id)
        .first(tx.conn)
        .optional()?;
    Ok(found.is_some())
}
