//! Which products a caller reaches, from the rows that say so: the selection of a limited partnership,
//! and what a membership, a team or an assignment was given.
use crate::db::prepared::Among;
use crate::db::schema::{
    assignments, products, reached_products, selections, support_grant_products, team_members,
};
use crate::db::{Tx, insert_all};
use crate::domain::access::Terms;
use crate::domain::id::{
    Id, Kind, MemberId, OrganizationId, PartnershipId, ProductId, SupportGrantId,
};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action, Ruling, Standing};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What these standings reach for an action at an instant; a standing that the policy refuses adds
/// nothing (ORG-4, ACC-3).
pub fn of(tx: &mut Tx, standings: &[Standing], action: Action, at: NaiveDateTime) -> Result<Reach> {
    let mut reach = Reach::Only(BTreeSet::new());
    for standing in standings {
        if let Ruling::Granted(_) = policy::judge(standing, action) {
            reach = reach.join(one(tx, standing, at)?);
        }
    }
    Ok(reach)
}

fn one(tx: &mut Tx, standing: &Standing, at: NaiveDateTime) -> Result<Reach> {
    match standing {
        Standing::Member {
            role: Role::LegalRepresentative | Role::Administrator,
            ..
        }
        | Standing::Operator { .. }
        | Standing::Support { whole: true, .. } => Ok(Reach::Everything),
        Standing::Support {
            grant,
            whole: false,
        } => granted(tx, *grant),
        Standing::Member {
            member,
            role: Role::Collaborator | Role::External,
            ..
        } => of_member(tx, *member, at),
        Standing::Partner {
            partnership,
            member,
            terms,
            narrowed,
            ..
        } => {
            let selected = match terms {
                Terms::Full { .. } => Reach::Everything,
                Terms::Limited => selected(tx, *partnership, at)?,
            };
            let assigned = match narrowed {
                false => Reach::Everything,
                true => assigned(tx, *partnership, *member, at)?,
            };
            Ok(selected.meet(assigned))
        }
    }
}

/// The union of what was set on the membership and on its teams.
fn of_member(tx: &mut Tx, member: MemberId, at: NaiveDateTime) -> Result<Reach> {
    let teams = team_members::table
        .filter(team_members::member_id.eq(member))
        .filter(team_members::valid_from.le(at))
        .filter(
            team_members::valid_to
                .is_null()
                .or(team_members::valid_to.gt(at)),
        )
        .select(team_members::team_id);
    let holders = reached_products::holder_id
        .eq(member)
        .or(reached_products::holder_id.eq_any(teams));
    let products: Vec<ProductId> = reached_products::table
        .filter(holders)
        .filter(reached_products::valid_from.le(at))
        .filter(
            reached_products::valid_to
                .is_null()
                .or(reached_products::valid_to.gt(at)),
        )
        .select(reached_products::product_id)
        .load(tx.conn)?;
    Ok(Reach::Only(products.into_iter().collect()))
}

/// What the support staff was granted; it never changes while the grant is in force.
fn granted(tx: &mut Tx, grant: SupportGrantId) -> Result<Reach> {
    let products: Vec<ProductId> = support_grant_products::table
        .filter(support_grant_products::grant_id.eq(grant))
        .select(support_grant_products::product_id)
        .load(tx.conn)?;
    Ok(Reach::Only(products.into_iter().collect()))
}

fn selected(tx: &mut Tx, partnership: PartnershipId, at: NaiveDateTime) -> Result<Reach> {
    let products: Vec<ProductId> = selections::table
        .filter(selections::partnership_id.eq(partnership))
        .filter(selections::valid_from.le(at))
        .filter(
            selections::valid_to
                .is_null()
                .or(selections::valid_to.gt(at)),
        )
        .select(selections::product_id)
        .load(tx.conn)?;
    Ok(Reach::Only(products.into_iter().collect()))
}

fn assigned(
    tx: &mut Tx,
    partnership: PartnershipId,
    member: MemberId,
    at: NaiveDateTime,
) -> Result<Reach> {
    let products: Vec<ProductId> = assignments::table
        .inner_join(reached_products::table.on(reached_products::holder_id.eq(assignments::id)))
        .filter(assignments::partnership_id.eq(partnership))
        .filter(assignments::member_id.eq(member))
        .filter(assignments::valid_from.le(at))
        .filter(
            assignments::valid_to
                .is_null()
                .or(assignments::valid_to.gt(at)),
        )
        .filter(reached_products::valid_from.le(at))
        .filter(
            reached_products::valid_to
                .is_null()
                .or(reached_products::valid_to.gt(at)),
        )
        .select(reached_products::product_id)
        .load(tx.conn)?;
    Ok(Reach::Only(products.into_iter().collect()))
}

/// What each of these memberships, teams or assignments was given itself.
pub fn given<K: Kind>(tx: &mut Tx, holders: &[Id<K>]) -> Result<BTreeMap<Id<K>, Vec<ProductId>>> {
    let rows: Vec<(Id<K>, ProductId)> = reached_products::table
        .filter(reached_products::holder_id.among(holders))
        .filter(reached_products::valid_to.is_null())
        .order(reached_products::product_id)
        .select((reached_products::holder_id, reached_products::product_id))
        .load(tx.conn)?;
    let mut found: BTreeMap<Id<K>, Vec<ProductId>> = BTreeMap::new();
    for (holder, product) in rows {
        found.entry(holder).or_default().push(product);
    }
    Ok(found)
}

pub fn of_holder<K: Kind>(tx: &mut Tx, holder: Id<K>) -> Result<BTreeSet<ProductId>> {
    let mut given = given(tx, &[holder])?;
    Ok(given.remove(&holder).into_iter().flatten().collect())
}

/// What a holder has once it is given these by somebody of this reach: what lies outside of it stays
/// as it is (ACC-3).
pub fn regiven<K: Kind>(
    tx: &mut Tx,
    org: OrganizationId,
    holder: Id<K>,
    named: &[ProductId],
    reach: &Reach,
) -> Result<BTreeSet<ProductId>> {
    must_hold(tx, org, named, reach)?;
    let before = of_holder(tx, holder)?;
    let beyond = before.into_iter().filter(|product| !reach.holds(*product));
    Ok(beyond.chain(named.iter().copied()).collect())
}

#[derive(Insertable)]
#[diesel(table_name = reached_products, treat_none_as_default_value = false)]
struct Row<K: Kind> {
    holder_id: Id<K>,
    product_id: ProductId,
    valid_from: NaiveDateTime,
}

/// Gives a membership, a team or an assignment exactly these: closes what goes and opens what comes,
/// at the later of now and the last start + 1 µs.
pub fn set<K: Kind>(tx: &mut Tx, holder: Id<K>, wanted: &BTreeSet<ProductId>) -> Result<()> {
    let of_holder = reached_products::table.filter(reached_products::holder_id.eq(holder));
    let last: Option<NaiveDateTime> = of_holder
        .select(max(reached_products::valid_from))
        .first(tx.conn)?;
    let from = tx.after(last);
    let open: BTreeSet<ProductId> = of_holder
        .filter(reached_products::valid_to.is_null())
        .select(reached_products::product_id)
        .load(tx.conn)?
        .into_iter()
        .collect();
    diesel::update(of_holder)
        .filter(reached_products::valid_to.is_null())
        .filter(reached_products::product_id.ne_all(wanted))
        .set(reached_products::valid_to.eq(from))
        .execute(tx.conn)?;
    let rows: Vec<Row<K>> = wanted
        .difference(&open)
        .map(|product| Row {
            holder_id: holder,
            product_id: *product,
            valid_from: from,
        })
        .collect();
    insert_all!(tx, reached_products::table, &rows);
    Ok(())
}

/// Refuses products that are not the organization's, or not within reach: they are as unknown as any.
pub fn must_hold(
    tx: &mut Tx,
    org: OrganizationId,
    named: &[ProductId],
    reach: &Reach,
) -> Result<()> {
    let named = named.iter().enumerate();
    let named: Vec<(String, ProductId)> = named
        .map(|(index, product)| (format!("/product_ids/{index}"), *product))
        .collect();
    let faults = beyond(tx, org, &named, reach)?;
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(faults).rule("ORG-4").into()),
    }
}

/// The faults of products that are not the organization's, or not within reach, by their pointers.
pub fn beyond(
    tx: &mut Tx,
    org: OrganizationId,
    named: &[(String, ProductId)],
    reach: &Reach,
) -> Result<Vec<Fault>> {
    let ids: BTreeSet<ProductId> = named.iter().map(|(_, product)| *product).collect();
    let owned: BTreeSet<ProductId> = products::table
        .filter(products::organization_id.eq(org))
        .filter(products::id.among(ids))
        .select(products::id)
        .load(tx.conn)?
        .into_iter()
        .collect();
    let holds = |product| owned.contains(product) && reach.holds(*product);
    Ok(named
        .iter()
        .filter(|(_, product)| !holds(product))
        .map(|(pointer, _)| Fault::new(pointer, "not_yours"))
        .collect())
}
