//! The rows of partnerships, their terms and selections, each with its interval of validity.
use crate::db::prepared::Among;
use crate::db::schema::{
    assignments, billing_events, customer_access, enrolment_states, invitation_products,
    invitations, partnership_terms, partnerships, payment_mode_proposals, selections,
};
use crate::db::witness::{self, Identity};
use crate::db::{Tx, directly, insert_all};
use crate::domain::access::{Access, Level, PaymentMode, Terms};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{
    AssignmentId, InvitationId, MemberId, OrganizationId, PartnershipId, ProductId, TenderId,
};
use crate::domain::partnership::{Interval, Open, PaymentModeProposalStatus, Timeline};
use crate::domain::policy::{Found, PartnershipState, Standing};
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use crate::resources::organizations::reach;
use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = partnerships)]
pub struct Partnership {
    pub id: PartnershipId,
    pub customer_id: OrganizationId,
    pub partner_id: OrganizationId,
    pub invitation_id: InvitationId,
    pub tender_id: Option<TenderId>,
    pub agreed_at: NaiveDateTime,
    /// Of one that is scheduled: when it is to start.
    pub started_at: NaiveDateTime,
    pub scheduled: bool,
    pub ended_at: Option<NaiveDateTime>,
    pub ended_by: Option<OrganizationId>,
    pub version: i32,
}

impl Partnership {
    /// It has begun, and has not ended.
    pub fn must_be_in_force(&self) -> Result<()> {
        match (self.ended_at, self.scheduled) {
            (Some(_), _) => Err(Refusal::by(Code::AlreadyEnded, "PSH-7").into()),
            (None, true) => Err(Refusal::by(Code::NotStarted, "PSH-12").into()),
            (None, false) => Ok(()),
        }
    }

    /// How it stands where that does not depend on its partner.
    fn out_of_force(&self) -> Option<PartnershipState> {
        match (self.ended_at, self.scheduled) {
            (Some(_), _) => Some(PartnershipState::Ended),
            (None, true) => Some(PartnershipState::Scheduled),
            (None, false) => None,
        }
    }

    /// How it stands; while it is open, as its partner does (PRG-5).
    fn state(&self, partner: Option<EnrolmentState>) -> PartnershipState {
        let open = PartnershipState::of_open(partner);
        self.out_of_force().unwrap_or(open)
    }
}

type TermsRow = (PartnershipId, Level, Option<PaymentMode>, NaiveDateTime);

/// Agrees on a partnership, to begin at an instant; until then it has no terms (PSH-12).
pub fn agree(
    tx: &mut Tx,
    invitation: InvitationId,
    tender: Option<TenderId>,
    (customer, partner): (OrganizationId, OrganizationId),
    starts_at: NaiveDateTime,
) -> Result<Partnership> {
    let id: PartnershipId = tx.new_id()?;
    diesel::insert_into(partnerships::table)
        .values((
            partnerships::id.eq(id),
            partnerships::customer_id.eq(customer),
            partnerships::partner_id.eq(partner),
            partnerships::invitation_id.eq(invitation),
            partnerships::tender_id.eq(tender),
            partnerships::agreed_at.eq(tx.now),
            partnerships::started_at.eq(starts_at),
            partnerships::scheduled.eq(true),
            partnerships::version.eq(1),
        ))
        .execute(tx.conn)?;
    row(tx, id)
}

/// Begins what was agreed on; whoever calls has seen that nothing stands in its way.
pub fn begin(tx: &mut Tx, of: &Partnership, access: &Access, from: NaiveDateTime) -> Result<()> {
    diesel::update(partnerships::table.find(of.id))
        .set((
            partnerships::scheduled.eq(false),
            partnerships::started_at.eq(from),
        ))
        .execute(tx.conn)?;
    let sides = (of.customer_id, of.partner_id);
    open_terms(tx, of.id, sides, access.terms(), from)?;
    select(tx, of.id, of.customer_id, access.products(), from)
}

/// Ends what never began.
pub fn call_off(
    tx: &mut Tx,
    of: &Partnership,
    by: Option<OrganizationId>,
    reason: Option<&str>,
) -> Result<()> {
    diesel::update(partnerships::table.find(of.id))
        .set((
            partnerships::ended_at.eq(tx.now),
            partnerships::ended_by.eq(by),
            partnerships::end_reason.eq(reason),
            partnerships::version.eq(of.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Proposals about terms that no longer are fall (PSH-6).
fn supersede_proposals(tx: &mut Tx, partnership: PartnershipId) -> Result<()> {
    diesel::update(payment_mode_proposals::table)
        .filter(payment_mode_proposals::partnership_id.eq(partnership))
        .filter(payment_mode_proposals::status.eq(PaymentModeProposalStatus::Pending))
        .set((
            payment_mode_proposals::status.eq(PaymentModeProposalStatus::Superseded),
            payment_mode_proposals::answered_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Opens a version of the terms. The customer's level is set first: the database refuses it while
/// terms of the other level are open (PSH-4).
fn open_terms(
    tx: &mut Tx,
    partnership: PartnershipId,
    (customer, partner): (OrganizationId, OrganizationId),
    terms: Terms,
    from: NaiveDateTime,
) -> Result<()> {
    let level = customer_access::level.eq(terms.level());
    let set = diesel::update(customer_access::table.find(customer))
        .set(level)
        .execute(tx.conn)?;
    if set == 0 {
        diesel::insert_into(customer_access::table)
            .values((customer_access::customer_id.eq(customer), level))
            .execute(tx.conn)?;
    }
    diesel::insert_into(partnership_terms::table)
        .values((
            partnership_terms::partnership_id.eq(partnership),
            partnership_terms::customer_id.eq(customer),
            partnership_terms::partner_id.eq(partner),
            partnership_terms::level.eq(terms.level()),
            partnership_terms::payment_mode.eq(terms.payment_mode()),
            partnership_terms::live_level.eq(terms.level()),
            partnership_terms::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = selections, treat_none_as_default_value = false)]
struct SelectionRow {
    partnership_id: PartnershipId,
    product_id: ProductId,
    customer_id: OrganizationId,
    valid_from: NaiveDateTime,
}

fn select(
    tx: &mut Tx,
    partnership: PartnershipId,
    customer: OrganizationId,
    products: Option<&BTreeSet<ProductId>>,
    from: NaiveDateTime,
) -> Result<()> {
    let rows: Vec<SelectionRow> = products
        .into_iter()
        .flatten()
        .map(|product| SelectionRow {
            partnership_id: partnership,
            product_id: *product,
            customer_id: customer,
            valid_from: from,
        })
        .collect();
    insert_all!(tx, selections::table, &rows);
    Ok(())
}

/// The instant at which a change of terms holds: now, but later than the last change (an interval is
/// never empty), and later than all that was settled by the old terms. That is read here, so that an
/// order which settles by them at this moment collides with the change and one of the two runs again.
pub fn instant(
    tx: &mut Tx,
    customer: OrganizationId,
    last: Option<NaiveDateTime>,
) -> Result<NaiveDateTime> {
    let settled: Option<NaiveDateTime> = billing_events::table
        .filter(billing_events::customer_id.eq(customer))
        .select(max(billing_events::occurred_at))
        .first(tx.conn)?;
    Ok(tx.after(last.into_iter().chain(settled).max()))
}

/// Changes what the partner may reach: closes what changes and opens what replaces it.
pub fn change_access(tx: &mut Tx, of: &Partnership, access: &Access) -> Result<()> {
    let timeline = timelines(tx, &[of.id])?.remove(&of.id).unwrap_or_default();
    let before = timeline.last().map(|last| last.access);
    let from = instant(tx, of.customer_id, timeline.latest())?;
    let selected = before.as_ref().and_then(Access::products);
    let selected = selected.cloned().unwrap_or_default();
    let wanted = access.products().cloned().unwrap_or_default();
    for product in selected.difference(&wanted) {
        diesel::update(selections::table)
            .filter(selections::partnership_id.eq(of.id))
            .filter(selections::product_id.eq(product))
            .filter(selections::valid_to.is_null())
            .set(selections::valid_to.eq(from))
            .execute(tx.conn)?;
    }
    if before.as_ref().map(Access::terms) != Some(access.terms()) {
        close_terms(tx, of.id, from)?;
        open_terms(
            tx,
            of.id,
            (of.customer_id, of.partner_id),
            access.terms(),
            from,
        )?;
    }
    let added = wanted.difference(&selected).copied().collect();
    select(tx, of.id, of.customer_id, Some(&added), from)?;
    diesel::update(partnerships::table.find(of.id))
        .set(partnerships::version.eq(of.version + 1))
        .execute(tx.conn)?;
    Ok(())
}

fn close_terms(tx: &mut Tx, partnership: PartnershipId, at: NaiveDateTime) -> Result<()> {
    supersede_proposals(tx, partnership)?;
    diesel::update(partnership_terms::table)
        .filter(partnership_terms::partnership_id.eq(partnership))
        .filter(partnership_terms::valid_to.is_null())
        .set((
            partnership_terms::valid_to.eq(at),
            partnership_terms::live_level.eq(None::<Level>),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Lets a collaborator of the partner reach this customer: all of what the partner reaches, or only
/// the products it is given then (ORG-4).
pub fn assign(
    tx: &mut Tx,
    partnership: PartnershipId,
    member: MemberId,
    narrowed: bool,
    from: NaiveDateTime,
) -> Result<AssignmentId> {
    let id: AssignmentId = tx.new_id()?;
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(id),
            assignments::partnership_id.eq(partnership),
            assignments::member_id.eq(member),
            assignments::narrowed.eq(narrowed),
            assignments::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

pub fn unassign(tx: &mut Tx, id: AssignmentId, from: NaiveDateTime) -> Result<()> {
    diesel::update(assignments::table.find(id))
        .set(assignments::valid_to.eq(tx.after(from)))
        .execute(tx.conn)?;
    reach::set(tx, id, &BTreeSet::new())
}

/// Ends all assignments of a member that is no collaborator any more.
pub fn unassign_member(tx: &mut Tx, member: MemberId) -> Result<()> {
    let open: Vec<(AssignmentId, NaiveDateTime)> = assignments::table
        .filter(assignments::member_id.eq(member))
        .filter(assignments::valid_to.is_null())
        .select((assignments::id, assignments::valid_from))
        .load(tx.conn)?;
    for (id, from) in open {
        unassign(tx, id, from)?;
    }
    Ok(())
}

/// Ends a partnership with this instant, which it answers; history stays (PSH-7).
pub fn end(
    tx: &mut Tx,
    of: &Partnership,
    by: OrganizationId,
    reason: Option<&str>,
) -> Result<NaiveDateTime> {
    let timeline = timelines(tx, &[of.id])?.remove(&of.id).unwrap_or_default();
    let at = instant(tx, of.customer_id, timeline.latest())?;
    close_terms(tx, of.id, at)?;
    diesel::update(selections::table)
        .filter(selections::partnership_id.eq(of.id))
        .filter(selections::valid_to.is_null())
        .set(selections::valid_to.eq(at))
        .execute(tx.conn)?;
    diesel::update(partnerships::table.find(of.id))
        .set((
            partnerships::ended_at.eq(at),
            partnerships::ended_by.eq(by),
            partnerships::end_reason.eq(reason),
            partnerships::version.eq(of.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(at)
}

/// The open partnerships of a customer with what each reaches.
pub fn open_of_customer(tx: &mut Tx, customer: OrganizationId) -> Result<Vec<Open>> {
    let terms: Vec<TermsRow> = partnership_terms::table
        .filter(partnership_terms::customer_id.eq(customer))
        .filter(partnership_terms::valid_to.is_null())
        .select((
            partnership_terms::partnership_id,
            partnership_terms::level,
            partnership_terms::payment_mode,
            partnership_terms::valid_from,
        ))
        .load(tx.conn)?;
    let ids: Vec<PartnershipId> = terms.iter().map(|(id, ..)| *id).collect();
    let timelines = timelines(tx, &ids)?;
    let open = |(id, timeline): (PartnershipId, Timeline)| {
        timeline.last().map(|last| Open {
            id,
            access: last.access,
        })
    };
    Ok(timelines.into_iter().filter_map(open).collect())
}

type VersionRow = (
    PartnershipId,
    Level,
    Option<PaymentMode>,
    NaiveDateTime,
    Option<NaiveDateTime>,
);

type SelectedRow = (
    PartnershipId,
    ProductId,
    NaiveDateTime,
    Option<NaiveDateTime>,
);

/// Every state that these partnerships ever had, and what was agreed of those that have not begun.
/// A query, one more where some are limited, and two where some have not begun.
pub fn timelines(tx: &mut Tx, ids: &[PartnershipId]) -> Result<BTreeMap<PartnershipId, Timeline>> {
    let terms: Vec<VersionRow> = directly!(tx, |conn| partnership_terms::table
        .filter(partnership_terms::partnership_id.among(ids))
        .order(partnership_terms::valid_from)
        .select((
            partnership_terms::partnership_id,
            partnership_terms::level,
            partnership_terms::payment_mode,
            partnership_terms::valid_from,
            partnership_terms::valid_to,
        ))
        .load(conn))?;
    let limited: BTreeSet<PartnershipId> = terms
        .iter()
        .filter(|(_, level, ..)| *level == Level::Limited)
        .map(|(id, ..)| *id)
        .collect();
    let chosen: Vec<SelectedRow> = match limited.is_empty() {
        true => Vec::new(),
        false => selections::table
            .filter(selections::partnership_id.among(limited))
            .select((
                selections::partnership_id,
                selections::product_id,
                selections::valid_from,
                selections::valid_to,
            ))
            .load(tx.conn)?,
    };
    let begun: BTreeSet<PartnershipId> = terms.iter().map(|(id, ..)| *id).collect();
    let waiting: Vec<PartnershipId> = ids
        .iter()
        .copied()
        .filter(|id| !begun.contains(id))
        .collect();
    let mut found = match waiting.is_empty() {
        true => BTreeMap::new(),
        false => agreed(tx, &waiting)?,
    };
    for (id, level, mode, from, to) in terms {
        let terms = Terms::new(level, mode)
            .ok_or_else(|| Error::internal("a partnership's terms cannot be read"))?;
        found
            .entry(id)
            .or_default()
            .terms
            .push((terms, Interval { from, to }));
    }
    for (id, product, from, to) in chosen {
        found
            .entry(id)
            .or_default()
            .selections
            .push((product, Interval { from, to }));
    }
    Ok(found)
}

/// What the invitations granted to partnerships that have not begun.
fn agreed(tx: &mut Tx, ids: &[PartnershipId]) -> Result<BTreeMap<PartnershipId, Timeline>> {
    type Row = (
        PartnershipId,
        InvitationId,
        NaiveDateTime,
        Option<Level>,
        Option<PaymentMode>,
    );
    let rows: Vec<Row> = partnerships::table
        .inner_join(invitations::table.on(invitations::id.eq(partnerships::invitation_id)))
        .filter(partnerships::id.among(ids))
        .select((
            partnerships::id,
            invitations::id,
            partnerships::started_at,
            invitations::granted_level,
            invitations::granted_mode,
        ))
        .load(tx.conn)?;
    let named: Vec<(InvitationId, ProductId)> = invitation_products::table
        .filter(invitation_products::invitation_id.among(rows.iter().map(|row| row.1)))
        .filter(invitation_products::granted.eq(true))
        .select((
            invitation_products::invitation_id,
            invitation_products::product_id,
        ))
        .load(tx.conn)?;
    let timeline = |(id, invitation, from, level, mode): Row| {
        let terms = level
            .and_then(|level| Terms::new(level, mode))
            .ok_or_else(|| Error::internal("what was agreed on cannot be read"))?;
        let interval = Interval { from, to: None };
        let of_it = named.iter().filter(|(of, _)| *of == invitation);
        Ok((
            id,
            Timeline {
                terms: vec![(terms, interval)],
                selections: of_it.map(|(_, product)| (*product, interval)).collect(),
            },
        ))
    };
    rows.into_iter().map(timeline).collect()
}

/// A partnership with the caller's standings from either side; nobody else's exists.
pub fn find(
    tx: &mut Tx,
    identity: &Identity,
    id: PartnershipId,
) -> Result<Found<(Partnership, Timeline)>> {
    let of_partner = enrolment_states::table.on(enrolment_states::organization_id
        .eq(partnerships::partner_id)
        .and(enrolment_states::valid_to.is_null()));
    let found: Option<(Partnership, Option<EnrolmentState>)> =
        directly!(tx, |conn| partnerships::table
            .left_join(of_partner)
            .filter(partnerships::id.eq(id))
            .order(enrolment_states::valid_from.desc())
            .select((Partnership::as_select(), enrolment_states::state.nullable()))
            .first(conn))
        .optional()?;
    let (customer, partner) = match &found {
        Some((row, _)) => (row.customer_id, row.partner_id),
        None => (witness::NOBODY, witness::NOBODY),
    };
    let sides = witness::sides(tx, identity.user, (id, customer, partner))?;
    let ((row, of_partner), sides) = found.zip(sides).ok_or_else(Refusal::not_found)?;
    let timeline = timelines(tx, &[id])?.remove(&id).unwrap_or_default();
    let terms = timeline
        .last()
        .ok_or_else(|| Error::internal("a partnership has no terms"))?
        .access
        .terms();
    let standings = sides.standings(terms, row.state(of_partner));
    Ok(Found {
        what: (row, timeline),
        standings,
    })
}

/// The standings that an organization's own members have towards one of its partnerships, by the
/// side the organization is on.
pub fn seen_from(
    organization: OrganizationId,
    row: &Partnership,
    timeline: &Timeline,
    standings: &[Standing],
) -> Vec<Standing> {
    let terms = timeline.last().map(|last| last.access.terms());
    let partner_side = |standing: &Standing| match (standing, terms) {
        (
            Standing::Member {
                member,
                role,
                may_order,
            },
            Some(terms),
        ) if row.partner_id == organization => Standing::Partner {
            partnership: row.id,
            partner: organization,
            member: *member,
            role: *role,
            may_order: *may_order,
            narrowed: false,
            terms,
            state: row.out_of_force().unwrap_or(PartnershipState::Active),
        },
        _ => standing.clone(),
    };
    standings.iter().map(partner_side).collect()
}

/// A partnership's row; the caller has been found to stand towards it already.
pub fn row(tx: &mut Tx, id: PartnershipId) -> Result<Partnership> {
    Ok(partnerships::table
        .find(id)
        .select(Partnership::as_select())
        .first(tx.conn)?)
}
