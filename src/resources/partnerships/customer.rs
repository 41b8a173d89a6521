//! What a partnership asks of its customer's products and members.
use crate::db::Tx;
use crate::db::schema::{memberships, products};
use crate::domain::id::{OrganizationId, PartnershipId, ProductId, UserId};
use crate::domain::organization::Role;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// Refuses a selection that names anything but the customer's own products (INV-4).
pub fn must_own(
    tx: &mut Tx,
    customer: OrganizationId,
    named: Option<&BTreeSet<ProductId>>,
    at: &str,
) -> Result<()> {
    let named = named.cloned().unwrap_or_default();
    let owned: BTreeSet<ProductId> = products::table
        .filter(products::organization_id.eq(customer))
        .filter(products::id.eq_any(&named))
        .select(products::id)
        .load(tx.conn)?
        .into_iter()
        .collect();
    let faults: Vec<Fault> = named
        .iter()
        .enumerate()
        .filter(|(_, product)| !owned.contains(product))
        .map(|(index, _)| Fault::new(format!("{at}/{index}"), "not_yours"))
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(faults).rule("INV-4").into()),
    }
}

/// Members whom the partner added leave with it (ACC-5).
pub fn dismiss_added_by(tx: &mut Tx, partnership: PartnershipId) -> Result<()> {
    let open: Vec<(_, NaiveDateTime)> = memberships::table
        .filter(memberships::added_by.eq(partnership))
        .filter(memberships::valid_to.is_null())
        .select((memberships::id, memberships::valid_from))
        .load(tx.conn)?;
    close(tx, open)
}

/// People of the partner who were external users of the customer reach it through the partnership
/// from now on (ORG-5).
pub fn supersede_externals(
    tx: &mut Tx,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<()> {
    let people: Vec<UserId> = memberships::table
        .filter(memberships::organization_id.eq(partner))
        .filter(memberships::valid_to.is_null())
        .select(memberships::user_id)
        .load(tx.conn)?;
    let open: Vec<(_, NaiveDateTime)> = memberships::table
        .filter(memberships::organization_id.eq(customer))
        .filter(memberships::role.eq(Role::External))
        .filter(memberships::user_id.eq_any(people))
        .filter(memberships::valid_to.is_null())
        .select((memberships::id, memberships::valid_from))
        .load(tx.conn)?;
    close(tx, open)
}

fn close(tx: &mut Tx, open: Vec<(crate::domain::id::MemberId, NaiveDateTime)>) -> Result<()> {
    for (member, from) in open {
        diesel::update(memberships::table.find((member, from)))
            .set(memberships::valid_to.eq(tx.now.max(from + TimeDelta::microseconds(1))))
            .execute(tx.conn)?;
    }
    Ok(())
}
