//! What a partnership asks of its customer's products and members.
use super::model::Partnership;
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{memberships, products};
use crate::db::witness::Identity;
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, ProductId, UserId};
use crate::domain::organization::Role;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use crate::resources::members::model::{self as members, Membership};
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
        .filter(products::id.among(&named))
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

/// Members whom the partner added leave with it, and its offers lapse (ACC-5).
pub fn dismiss_added_by(tx: &mut Tx, by: Option<&Identity>, of: &Partnership) -> Result<()> {
    members::withdraw_offers(tx, of.id)?;
    let added: Vec<Membership> = memberships::table
        .filter(memberships::added_by.eq(of.id))
        .filter(memberships::valid_to.is_null())
        .select(Membership::as_select())
        .load(tx.conn)?;
    for member in &added {
        members::leave(tx, member)?;
        let event = Event::new(EventType::MemberRemoved, member.id)
            .between(Some(of.customer_id), Some(of.partner_id))
            .by_rule("ACC-5");
        tx.record(by, event)?;
    }
    Ok(())
}

/// People of the partner who were external users of the customer reach it through the partnership
/// from now on (ORG-5).
pub fn supersede_externals(
    tx: &mut Tx,
    by: Option<&Identity>,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<()> {
    let people: Vec<UserId> = memberships::table
        .filter(memberships::organization_id.eq(partner))
        .filter(memberships::valid_to.is_null())
        .select(memberships::user_id)
        .load(tx.conn)?;
    let external: Vec<Membership> = memberships::table
        .filter(memberships::organization_id.eq(customer))
        .filter(memberships::role.eq(Role::External))
        .filter(memberships::user_id.among(people))
        .filter(memberships::valid_to.is_null())
        .select(Membership::as_select())
        .load(tx.conn)?;
    for member in &external {
        members::leave(tx, member)?;
        let event = Event::new(EventType::MemberRemoved, member.id)
            .between(Some(customer), Some(partner))
            .by_rule("ORG-5");
        tx.record(by, event)?;
    }
    Ok(())
}
