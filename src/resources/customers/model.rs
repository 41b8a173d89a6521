//! Which customers somebody of a partner reaches, and how much of each: a constant number of queries.
use super::handlers::CustomerFilters;
use crate::api::Listing;
use crate::db::prepared::Among;
use crate::db::schema::{
    assignments, organizations, partnership_terms, partnerships, products, reached_products,
    selections, standings,
};
use crate::db::witness::Identity;
use crate::db::{MultiBackend, Tx};
use crate::domain::access::{Level, PaymentMode};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::product::ProductState;
use crate::error::Result;
use crate::resources::organizations::named::{containing, lower};
use chrono::NaiveDateTime;
use diesel::dsl::count;
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Queryable)]
pub struct Customer {
    pub partnership: PartnershipId,
    pub id: OrganizationId,
    pub name: String,
    pub country: String,
    pub level: Level,
    pub payment_mode: Option<PaymentMode>,
    pub started_at: NaiveDateTime,
}

/// A page of the customers that this person reaches through this partner now, and how many there are.
pub fn page(
    tx: &mut Tx,
    who: &Identity,
    partner: OrganizationId,
    listing: &Listing<CustomerFilters>,
) -> Result<(Vec<Customer>, Option<i64>)> {
    let query = || {
        let query = standings::table
            .inner_join(
                partnerships::table.on(standings::partnership_id.eq(partnerships::id.nullable())),
            )
            .inner_join(
                partnership_terms::table.on(partnership_terms::partnership_id.eq(partnerships::id)),
            )
            .inner_join(organizations::table.on(organizations::id.eq(partnerships::customer_id)))
            .filter(standings::user_id.eq(who.user))
            .filter(standings::member_of.eq(partner))
            .filter(standings::member_to.is_null())
            .filter(standings::terms_to.is_null())
            .filter(standings::enrolment_to.is_null())
            .filter(standings::enrolment_state.eq(EnrolmentState::Approved))
            .filter(standings::assigned_to.is_null())
            .filter(partnership_terms::valid_to.is_null())
            .into_boxed::<MultiBackend>();
        let query = match &listing.filters.query {
            Some(named) => query.filter(
                lower(organizations::name)
                    .like(containing(named))
                    .escape('!'),
            ),
            None => query,
        };
        match listing.filters.level {
            Some(level) => query.filter(partnership_terms::level.eq(level)),
            None => query,
        }
    };
    let total = listing.total(|| query().count().get_result(tx.conn))?;
    let rows = query()
        .filter(partnerships::id.lt(listing.before()))
        .order(partnerships::id.desc())
        .limit(listing.fetch())
        .select((
            partnerships::id,
            organizations::id,
            organizations::name,
            organizations::country,
            partnership_terms::level,
            partnership_terms::payment_mode,
            partnerships::started_at,
        ))
        .load(tx.conn)?;
    Ok((rows, total))
}

/// How many active products of each of these customers this person reaches: what the partnership
/// selects, and where the assignment is narrowed, what it names (ORG-4).
pub fn reached_products_of(
    tx: &mut Tx,
    who: &Identity,
    partner: OrganizationId,
    customers: &[Customer],
) -> Result<BTreeMap<PartnershipId, i64>> {
    let these = customers.iter().map(|customer| customer.partnership);
    let counted: Vec<(Option<PartnershipId>, i64)> = standings::table
        .inner_join(products::table.on(products::organization_id.eq(standings::organization_id)))
        .left_join(
            selections::table.on(standings::partnership_id
                .eq(selections::partnership_id.nullable())
                .and(selections::product_id.eq(products::id))
                .and(selections::valid_to.is_null())),
        )
        .left_join(
            assignments::table.on(standings::partnership_id
                .eq(assignments::partnership_id.nullable())
                .and(assignments::member_id.eq(standings::member_id))
                .and(assignments::valid_to.is_null())),
        )
        .left_join(
            reached_products::table.on(reached_products::holder_id
                .eq(assignments::id)
                .and(reached_products::product_id.eq(products::id))
                .and(reached_products::valid_to.is_null())),
        )
        .filter(standings::user_id.eq(who.user))
        .filter(standings::member_of.eq(partner))
        .filter(standings::partnership_id.among(these))
        .filter(standings::member_to.is_null())
        .filter(standings::terms_to.is_null())
        .filter(standings::assigned_to.is_null())
        .filter(products::state.eq(ProductState::Active))
        .filter(
            standings::level
                .eq(Level::Full)
                .or(selections::product_id.nullable().is_not_null()),
        )
        .filter(
            standings::narrowed
                .eq(false)
                .or(reached_products::product_id.nullable().is_not_null()),
        )
        .group_by(standings::partnership_id)
        .select((standings::partnership_id, count(products::id)))
        .load(tx.conn)?;
    Ok(counted
        .into_iter()
        .filter_map(|(partnership, count)| Some((partnership?, count)))
        .collect())
}
