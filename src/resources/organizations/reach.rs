//! Which products a caller reaches, from the rows that say so: the selection of a limited partnership,
//! and what a membership, a team or an assignment was given.
use crate::db::Tx;
use crate::db::schema::{assignments, reached_products, selections, team_members};
use crate::domain::access::Terms;
use crate::domain::id::{MemberId, PartnershipId, ProductId};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action, Ruling, Standing};
use crate::domain::reach::Reach;
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use std::collections::BTreeSet;

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
        | Standing::Operator { .. } => Ok(Reach::Everything),
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
