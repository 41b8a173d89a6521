//! What follows from the end of a partnership, gathered from the facts of an instant (PSH-7).
use super::model::{self, Partnership};
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{
    assignments, backup_units, exit_reports, memberships, products, renewal_ownerships, users,
};
use crate::domain::access::Access;
use crate::domain::id::{BackupUnitId, MemberId, ProductId, UserId};
use crate::domain::organization::Role;
use crate::domain::product::ProductState;
use crate::error::Result;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What an end takes away. Kept as it is, so it holds ids of people and not their names.
#[derive(Serialize, Deserialize)]
pub struct Consequences {
    pub products: Vec<Unmanaged>,
    pub people: Vec<Person>,
    pub added: Vec<Person>,
    pub renewals: Vec<Returning>,
    pub backup_units: Vec<Unit>,
}

#[derive(Serialize, Deserialize, Queryable)]
pub struct Unmanaged {
    pub id: ProductId,
    pub name: String,
    pub family: String,
}

#[derive(Serialize, Deserialize, Queryable)]
pub struct Person {
    pub member: MemberId,
    pub user: UserId,
    pub role: Role,
}

#[derive(Serialize, Deserialize, Queryable)]
pub struct Returning {
    pub product: ProductId,
    pub name: String,
    pub renews_on: NaiveDate,
}

#[derive(Serialize, Deserialize, Queryable)]
pub struct Unit {
    pub id: BackupUnitId,
    pub product: ProductId,
    pub name: String,
}

/// What the end would take away now; nothing of what has not begun.
pub fn of(tx: &mut Tx, row: &Partnership) -> Result<Consequences> {
    if row.scheduled {
        return Ok(Consequences {
            products: Vec::new(),
            people: Vec::new(),
            added: Vec::new(),
            renewals: Vec::new(),
            backup_units: Vec::new(),
        });
    }
    Ok(Consequences {
        products: managed(tx, row)?,
        people: reaching(tx, row)?,
        added: added(tx, row)?,
        renewals: returning(tx, row)?,
        backup_units: staying(tx, row)?,
    })
}

/// Keeps what an end took away (PSH-7).
pub fn keep(
    tx: &mut Tx,
    of: &Partnership,
    taken: &Consequences,
    ended_at: NaiveDateTime,
) -> Result<()> {
    diesel::insert_into(exit_reports::table)
        .values((
            exit_reports::partnership_id.eq(of.id),
            exit_reports::report.eq(serde_json::to_string(taken)?),
            exit_reports::created_at.eq(ended_at),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// The names of people, as far as they have any.
pub fn names(tx: &mut Tx, ids: &BTreeSet<UserId>) -> Result<BTreeMap<UserId, String>> {
    Ok(users::table
        .filter(users::id.among(ids))
        .select((users::id, users::name))
        .load::<(UserId, String)>(tx.conn)?
        .into_iter()
        .filter(|(_, name)| !name.is_empty())
        .collect())
}

fn managed(tx: &mut Tx, row: &Partnership) -> Result<Vec<Unmanaged>> {
    let timeline = model::timelines(tx, &[row.id])?.remove(&row.id);
    let access = timeline
        .and_then(|timeline| timeline.last())
        .map(|last| last.access);
    let all = products::table
        .filter(products::organization_id.eq(row.customer_id))
        .filter(products::state.eq(ProductState::Active))
        .order(products::id)
        .select((products::id, products::name, products::family));
    Ok(match access {
        Some(Access::Full { .. }) => all.load(tx.conn)?,
        Some(Access::Limited { products: chosen }) => {
            all.filter(products::id.among(chosen)).load(tx.conn)?
        }
        None => Vec::new(),
    })
}

/// The partner's people who reach this customer (ORG-4).
fn reaching(tx: &mut Tx, row: &Partnership) -> Result<Vec<Person>> {
    let assigned = assignments::table
        .filter(assignments::partnership_id.eq(row.id))
        .filter(assignments::valid_to.is_null())
        .select(assignments::member_id);
    let reaches = memberships::role
        .among([Role::LegalRepresentative, Role::Administrator])
        .or(memberships::role
            .eq(Role::Collaborator)
            .and(memberships::id.eq_any(assigned)));
    Ok(memberships::table
        .filter(memberships::organization_id.eq(row.partner_id))
        .filter(memberships::valid_to.is_null())
        .filter(reaches)
        .order(memberships::id)
        .select((memberships::id, memberships::user_id, memberships::role))
        .load(tx.conn)?)
}

/// The members whom the partner added to its customer (ACC-5).
fn added(tx: &mut Tx, row: &Partnership) -> Result<Vec<Person>> {
    Ok(memberships::table
        .filter(memberships::added_by.eq(row.id))
        .filter(memberships::valid_to.is_null())
        .order(memberships::id)
        .select((memberships::id, memberships::user_id, memberships::role))
        .load(tx.conn)?)
}

/// What the partner renews by itself for this customer falls back to it (PAY-6).
fn returning(tx: &mut Tx, row: &Partnership) -> Result<Vec<Returning>> {
    Ok(renewal_ownerships::table
        .inner_join(products::table.on(products::id.eq(renewal_ownerships::product_id)))
        .filter(renewal_ownerships::owner_id.eq(row.partner_id))
        .filter(renewal_ownerships::valid_to.is_null())
        .filter(products::organization_id.eq(row.customer_id))
        .filter(products::state.eq(ProductState::Active))
        .filter(products::automatic.eq(true))
        .order((products::renews_on, products::id))
        .select((products::id, products::name, products::renews_on))
        .load(tx.conn)?)
}

/// The customer's units in the partner's backup products: they cannot be moved (BAK-2).
fn staying(tx: &mut Tx, row: &Partnership) -> Result<Vec<Unit>> {
    Ok(backup_units::table
        .inner_join(products::table.on(products::id.eq(backup_units::product_id)))
        .filter(backup_units::customer_id.eq(row.customer_id))
        .filter(backup_units::removed_at.is_null())
        .filter(products::organization_id.eq(row.partner_id))
        .order(backup_units::id)
        .select((backup_units::id, products::id, backup_units::name))
        .load(tx.conn)?)
}
