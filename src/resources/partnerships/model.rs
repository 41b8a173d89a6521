//! The rows of partnerships, their terms and selections, each with its interval of validity.
use crate::db::schema::{
    assignments, customer_access, organizations, partnership_terms, partnerships, selections,
};
use crate::db::witness::{self, Identity};
use crate::db::{Tx, insert_all};
use crate::domain::access::{Access, Level, PaymentMode, Terms};
use crate::domain::id::{
    AssignmentId, InvitationId, MemberId, OrganizationId, PartnershipId, ProductId, TenderId,
};
use crate::domain::partnership::{Interval, Open, Timeline};
use crate::domain::policy::{Found, PartnershipState, Standing};
use crate::domain::refusal::Refusal;
use crate::error::{Error, Result};
use crate::resources::organizations::reach;
use chrono::{NaiveDateTime, TimeDelta};
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
    pub started_at: NaiveDateTime,
    pub ended_at: Option<NaiveDateTime>,
    pub ended_by: Option<OrganizationId>,
    pub version: i32,
}

type TermsRow = (PartnershipId, Level, Option<PaymentMode>, NaiveDateTime);

/// Starts a partnership; whoever calls has seen that nothing stands in its way.
pub fn start(
    tx: &mut Tx,
    invitation: InvitationId,
    tender: Option<TenderId>,
    (customer, partner): (OrganizationId, OrganizationId),
    access: &Access,
) -> Result<PartnershipId> {
    let id = tx.new_id()?;
    diesel::insert_into(partnerships::table)
        .values((
            partnerships::id.eq(id),
            partnerships::customer_id.eq(customer),
            partnerships::partner_id.eq(partner),
            partnerships::invitation_id.eq(invitation),
            partnerships::tender_id.eq(tender),
            partnerships::started_at.eq(tx.now),
            partnerships::version.eq(1),
        ))
        .execute(tx.conn)?;
    open_terms(tx, id, (customer, partner), access.terms(), tx.now)?;
    select(tx, id, customer, access.products(), tx.now)?;
    Ok(id)
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
#[diesel(table_name = selections)]
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

/// Changes what the partner may reach: closes what changes and opens what replaces it, at the
/// later of now and the last start + 1 µs (an interval is never empty).
pub fn change_access(tx: &mut Tx, of: &Partnership, access: &Access) -> Result<()> {
    let (_, level, mode, terms_from) = open_terms_of(tx, of.id)?;
    let selected = selected(tx, of.id)?;
    let last = selected
        .iter()
        .map(|(_, from)| *from)
        .chain([terms_from])
        .max();
    let from = last.map_or(tx.now, |last| tx.now.max(last + TimeDelta::microseconds(1)));
    let wanted = access.products().cloned().unwrap_or_default();
    for (product, _) in selected
        .iter()
        .filter(|(product, _)| !wanted.contains(product))
    {
        diesel::update(selections::table)
            .filter(selections::partnership_id.eq(of.id))
            .filter(selections::product_id.eq(product))
            .filter(selections::valid_to.is_null())
            .set(selections::valid_to.eq(from))
            .execute(tx.conn)?;
    }
    if Terms::new(level, mode) != Some(access.terms()) {
        close_terms(tx, of.id, from)?;
        open_terms(
            tx,
            of.id,
            (of.customer_id, of.partner_id),
            access.terms(),
            from,
        )?;
    }
    let known: BTreeSet<ProductId> = selected.into_iter().map(|(product, _)| product).collect();
    let added = wanted.difference(&known).copied().collect();
    select(tx, of.id, of.customer_id, Some(&added), from)?;
    diesel::update(partnerships::table.find(of.id))
        .set(partnerships::version.eq(of.version + 1))
        .execute(tx.conn)?;
    Ok(())
}

fn open_terms_of(tx: &mut Tx, partnership: PartnershipId) -> Result<TermsRow> {
    Ok(partnership_terms::table
        .filter(partnership_terms::partnership_id.eq(partnership))
        .filter(partnership_terms::valid_to.is_null())
        .select((
            partnership_terms::partnership_id,
            partnership_terms::level,
            partnership_terms::payment_mode,
            partnership_terms::valid_from,
        ))
        .first(tx.conn)?)
}

fn selected(tx: &mut Tx, partnership: PartnershipId) -> Result<Vec<(ProductId, NaiveDateTime)>> {
    Ok(selections::table
        .filter(selections::partnership_id.eq(partnership))
        .filter(selections::valid_to.is_null())
        .select((selections::product_id, selections::valid_from))
        .load(tx.conn)?)
}

fn close_terms(tx: &mut Tx, partnership: PartnershipId, at: NaiveDateTime) -> Result<()> {
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
        .set(assignments::valid_to.eq(tx.now.max(from + TimeDelta::microseconds(1))))
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

/// Ends a partnership with this instant; history stays (PSH-7).
pub fn end(tx: &mut Tx, of: &Partnership, by: OrganizationId, reason: Option<&str>) -> Result<()> {
    let (_, _, _, terms_from) = open_terms_of(tx, of.id)?;
    let latest: Option<NaiveDateTime> =
        selected(tx, of.id)?.into_iter().map(|(_, from)| from).max();
    let last = latest.map_or(terms_from, |from| from.max(terms_from));
    let at = tx.now.max(last + TimeDelta::microseconds(1));
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
    Ok(())
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

/// Every state that these partnerships ever had. Two queries.
pub fn timelines(tx: &mut Tx, ids: &[PartnershipId]) -> Result<BTreeMap<PartnershipId, Timeline>> {
    let terms: Vec<VersionRow> = partnership_terms::table
        .filter(partnership_terms::partnership_id.eq_any(ids))
        .order(partnership_terms::valid_from)
        .select((
            partnership_terms::partnership_id,
            partnership_terms::level,
            partnership_terms::payment_mode,
            partnership_terms::valid_from,
            partnership_terms::valid_to,
        ))
        .load(tx.conn)?;
    let chosen: Vec<SelectedRow> = selections::table
        .filter(selections::partnership_id.eq_any(ids))
        .select((
            selections::partnership_id,
            selections::product_id,
            selections::valid_from,
            selections::valid_to,
        ))
        .load(tx.conn)?;
    let mut found: BTreeMap<PartnershipId, Timeline> = BTreeMap::new();
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

/// A partnership with the caller's standings from either side; nobody else's exists.
pub fn find(
    tx: &mut Tx,
    identity: &Identity,
    id: PartnershipId,
) -> Result<Found<(Partnership, Timeline)>> {
    let row: Partnership = partnerships::table
        .find(id)
        .select(Partnership::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(Refusal::not_found)?;
    let timeline = timelines(tx, &[id])?.remove(&id).unwrap_or_default();
    let terms = timeline
        .last()
        .ok_or_else(|| Error::internal("a partnership has no terms"))?
        .access
        .terms();
    let sides = (id, row.customer_id, row.partner_id);
    let standings =
        witness::of_partnership(tx, identity.user, sides, terms, row.ended_at.is_some())?;
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
            state: if row.ended_at.is_some() {
                PartnershipState::Ended
            } else {
                PartnershipState::Active
            },
        },
        _ => standing.clone(),
    };
    standings.iter().map(partner_side).collect()
}

/// The names of organizations.
pub fn names(
    tx: &mut Tx,
    ids: &BTreeSet<OrganizationId>,
) -> Result<BTreeMap<OrganizationId, String>> {
    Ok(organizations::table
        .filter(organizations::id.eq_any(ids))
        .select((organizations::id, organizations::name))
        .load::<(OrganizationId, String)>(tx.conn)?
        .into_iter()
        .collect())
}

/// A partnership's row; the caller has been found to stand towards it already.
pub fn row(tx: &mut Tx, id: PartnershipId) -> Result<Partnership> {
    Ok(partnerships::table
        .find(id)
        .select(Partnership::as_select())
        .first(tx.conn)?)
}
