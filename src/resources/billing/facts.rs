//! The facts that settlement reads, each as of any instant: partnerships in force, products, by whom
//! they are managed, whose their renewals are. A constant number of queries for any number of acts.
use super::intent::Wanted;
use crate::db::prepared::Among;
use crate::db::schema::{
    enrolment_states, partnership_terms, products, renewal_ownerships, selections,
};
use crate::db::{Tx, directly};
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{OrganizationId, PartnershipId, PaymentMethodId, ProductId};
use crate::domain::money::Currency;
use crate::domain::partnership::{Interval, right_after};
use crate::domain::product::{Period, ProductState, expires_at};
use crate::error::{Error, Result};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A partnership's terms, during one interval.
#[derive(Debug, Clone)]
pub struct Link {
    pub partnership: PartnershipId,
    pub partner: OrganizationId,
    pub terms: Terms,
    /// Since when these terms hold.
    pub from: NaiveDateTime,
    holds: [Interval; 2],
}

/// A product's row, whole.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
pub struct Installed {
    pub id: ProductId,
    pub organization_id: OrganizationId,
    pub parent_id: Option<ProductId>,
    pub family: String,
    pub name: String,
    pub quantity: i64,
    pub period: Period,
    pub currency: Currency,
    pub state: ProductState,
    pub automatic: bool,
    pub payment_method_id: Option<PaymentMethodId>,
    pub renews_on: NaiveDate,
    pub failed_renewals: i32,
    pub retry_at: Option<NaiveDateTime>,
    pub version: i32,
    pub installed_at: NaiveDateTime,
}

/// Whose a product's renewals were, during one interval.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = renewal_ownerships, treat_none_as_default_value = false)]
pub struct Ownership {
    pub product_id: ProductId,
    pub owner_id: OrganizationId,
    pub family: String,
    pub quantity: i64,
    pub valid_from: NaiveDateTime,
    pub valid_to: Option<NaiveDateTime>,
    /// When what made it theirs was paid or done.
    pub claimed_at: NaiveDateTime,
}

impl Installed {
    /// When it expires by the clock alone, as it stands (BIL-13).
    pub fn expires_at(&self) -> Option<NaiveDateTime> {
        let renews = self.automatic && self.retry_at.is_none();
        expires_at(self.state, renews, self.renews_on)
    }
}

impl Link {
    /// When these terms ceased to hold, or the partner to be approved.
    pub fn until(&self) -> Option<NaiveDateTime> {
        self.holds.iter().filter_map(|interval| interval.to).min()
    }
}

#[derive(Default)]
pub struct Facts {
    links: BTreeMap<OrganizationId, Vec<Link>>,
    products: BTreeMap<ProductId, Installed>,
    selections: BTreeMap<ProductId, Vec<(PartnershipId, Interval)>>,
    owners: BTreeMap<ProductId, Vec<Ownership>>,
}

impl Facts {
    pub fn load(tx: &mut Tx, wanted: &[&Wanted]) -> Result<Self> {
        let (Some(first), Some(last)) = (
            wanted.iter().map(|one| one.at).min(),
            wanted.iter().map(|one| one.at).max(),
        ) else {
            return Ok(Self::default());
        };
        let customers: BTreeSet<OrganizationId> = wanted.iter().map(|one| one.customer).collect();
        let named: BTreeSet<ProductId> = wanted
            .iter()
            .flat_map(|one| &one.lines)
            .flat_map(|line| [line.product, line.parent])
            .flatten()
            .collect();
        let products = with_parents(tx, named, &customers)?;
        let known: Vec<ProductId> = products.keys().copied().collect();
        Ok(Self {
            links: links(tx, &customers, first, last)?,
            selections: selected(tx, &known, first, last)?,
            owners: ownerships(tx, &known)?,
            products,
        })
    }

    /// The partnerships in force; a suspended partner's customer settles as without one (PRG-5).
    pub fn links(&self, customer: OrganizationId, at: NaiveDateTime) -> Vec<&Link> {
        let links = self.links.get(&customer).into_iter().flatten();
        links
            .filter(|link| link.holds.iter().all(|interval| interval.holds(at)))
            .collect()
    }

    /// Every partner that could be the payer of something.
    pub fn full_partners(&self) -> BTreeSet<OrganizationId> {
        let links = self.links.values().flatten();
        links
            .filter(|link| link.terms.level() == Level::Full)
            .map(|link| link.partner)
            .collect()
    }

    pub fn product(&self, id: ProductId) -> Option<&Installed> {
        self.products.get(&id)
    }

    /// What this transaction is about to change.
    pub fn product_mut(&mut self, id: ProductId) -> Option<&mut Installed> {
        self.products.get_mut(&id)
    }

    /// By which limited partnership a product is managed: its own, or that of what it is an add-on
    /// or upgrade of (BIL-2).
    pub fn manager(&self, product: ProductId, at: NaiveDateTime) -> Option<PartnershipId> {
        let mut next = Some(product);
        while let Some(id) = next {
            let chosen = self.selections.get(&id).into_iter().flatten();
            if let Some((by, _)) = chosen.into_iter().find(|(_, interval)| interval.holds(at)) {
                return Some(*by);
            }
            next = self.products.get(&id).and_then(|known| known.parent_id);
        }
        None
    }

    /// Whose act its automatic renewal is at an instant (PAY-6).
    pub fn owner(&self, product: ProductId, at: NaiveDateTime) -> Option<OrganizationId> {
        let versions = self.owners.get(&product).into_iter().flatten();
        let mut holding = versions.filter(|one| one.interval().holds(at));
        holding.next().map(|one| one.owner_id)
    }

    /// Whose it is, or was last.
    pub fn last_ownership(&self, product: ProductId) -> Option<&Ownership> {
        self.owners.get(&product)?.last()
    }

    pub fn own(&mut self, ownership: Ownership) {
        let versions = self.owners.entry(ownership.product_id).or_default();
        versions.push(ownership);
    }

    pub fn disown(&mut self, product: ProductId, at: NaiveDateTime) {
        let versions = self.owners.get_mut(&product);
        if let Some(last) = versions.and_then(|versions| versions.last_mut()) {
            last.valid_to = Some(at);
        }
    }
}

impl Ownership {
    /// Its end, or the first instant at which it could.
    pub fn earliest_end(&self) -> NaiveDateTime {
        self.valid_to
            .unwrap_or_else(|| right_after(self.valid_from))
    }

    fn interval(&self) -> Interval {
        Interval {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
}

/// The products named, as far as they are these customers', and all that they are add-ons of. Products
/// never become their own parents, and the chains are short.
fn with_parents(
    tx: &mut Tx,
    named: BTreeSet<ProductId>,
    customers: &BTreeSet<OrganizationId>,
) -> Result<BTreeMap<ProductId, Installed>> {
    let mut found: BTreeMap<ProductId, Installed> = BTreeMap::new();
    let mut missing = named;
    while !missing.is_empty() {
        let rows: Vec<Installed> = products::table
            .filter(products::id.among(&missing))
            .filter(products::organization_id.among(customers))
            .select(Installed::as_select())
            .load(tx.conn)?;
        missing = rows.iter().filter_map(|row| row.parent_id).collect();
        found.extend(rows.into_iter().map(|row| (row.id, row)));
        missing.retain(|id| !found.contains_key(id));
    }
    Ok(found)
}

type LinkRow = (
    (OrganizationId, PartnershipId, OrganizationId),
    (Level, Option<PaymentMode>),
    (NaiveDateTime, Option<NaiveDateTime>),
    (NaiveDateTime, Option<NaiveDateTime>),
);

fn links(
    tx: &mut Tx,
    customers: &BTreeSet<OrganizationId>,
    first: NaiveDateTime,
    last: NaiveDateTime,
) -> Result<BTreeMap<OrganizationId, Vec<Link>>> {
    let rows: Vec<LinkRow> = directly!(tx, |conn| partnership_terms::table
        .inner_join(
            enrolment_states::table
                .on(enrolment_states::organization_id.eq(partnership_terms::partner_id)),
        )
        .filter(partnership_terms::customer_id.among(customers))
        .filter(partnership_terms::valid_from.le(last))
        .filter(
            partnership_terms::valid_to
                .is_null()
                .or(partnership_terms::valid_to.gt(first)),
        )
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .filter(enrolment_states::valid_from.le(last))
        .filter(
            enrolment_states::valid_to
                .is_null()
                .or(enrolment_states::valid_to.gt(first)),
        )
        .select((
            (
                partnership_terms::customer_id,
                partnership_terms::partnership_id,
                partnership_terms::partner_id,
            ),
            (partnership_terms::level, partnership_terms::payment_mode),
            (partnership_terms::valid_from, partnership_terms::valid_to),
            (enrolment_states::valid_from, enrolment_states::valid_to),
        ))
        .load(conn))?;
    let mut found: BTreeMap<OrganizationId, Vec<Link>> = BTreeMap::new();
    for ((customer, partnership, partner), (level, mode), terms_held, approved) in rows {
        let terms = Terms::new(level, mode)
            .ok_or_else(|| Error::internal("a partnership's terms cannot be read"))?;
        found.entry(customer).or_default().push(Link {
            partnership,
            partner,
            terms,
            from: terms_held.0,
            holds: [terms_held, approved].map(|(from, to)| Interval { from, to }),
        });
    }
    Ok(found)
}

fn selected(
    tx: &mut Tx,
    known: &[ProductId],
    first: NaiveDateTime,
    last: NaiveDateTime,
) -> Result<BTreeMap<ProductId, Vec<(PartnershipId, Interval)>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    if known.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(
        ProductId,
        PartnershipId,
        NaiveDateTime,
        Option<NaiveDateTime>,
    )> = selections::table
        .filter(selections::product_id.among(known))
        .filter(selections::valid_from.le(last))
        .filter(
            selections::valid_to
                .is_null()
                .or(selections::valid_to.gt(first)),
        )
        .select((
            selections::product_id,
            selections::partnership_id,
            selections::valid_from,
            selections::valid_to,
        ))
        .load(tx.conn)?;
    for (product, by, from, to) in rows {
        let interval = Interval { from, to };
        found.entry(product).or_default().push((by, interval));
    }
    Ok(found)
}

fn ownerships(tx: &mut Tx, known: &[ProductId]) -> Result<BTreeMap<ProductId, Vec<Ownership>>> {
    let mut found: BTreeMap<ProductId, Vec<Ownership>> = BTreeMap::new();
    if known.is_empty() {
        return Ok(found);
    }
    let rows: Vec<Ownership> = renewal_ownerships::table
        .filter(renewal_ownerships::product_id.among(known))
        .order(renewal_ownerships::valid_from)
        .select(Ownership::as_select())
        .load(tx.conn)?;
    for row in rows {
        found.entry(row.product_id).or_default().push(row);
    }
    Ok(found)
}
