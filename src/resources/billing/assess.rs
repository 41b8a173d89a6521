//! What an order would cost whom and earn whom, from the facts of its instant. Writes nothing.
use crate::db::Tx;
use crate::db::schema::{
    enrolment_states, partnership_terms, products, renewal_ownerships, selections,
};
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{OrganizationId, PartnershipId, ProductId};
use crate::domain::money::Currency;
use crate::domain::pricing::{self, Line, Priced};
use crate::domain::product::{Period, ProductState};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::settlement::{self, Orderer, Payer};
use crate::error::{Error, Result};
use crate::resources::catalogue::model as catalogue;
use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One product to order.
#[derive(Debug, Clone)]
pub struct WantedLine {
    pub family: String,
    pub quantity: i64,
    pub period: Period,
    /// What it is an add-on or upgrade of (BIL-2).
    pub parent: Option<ProductId>,
    pub label: Option<String>,
}

/// Who orders what for whom.
pub struct Wanted<'a> {
    pub customer: OrganizationId,
    pub orderer: Orderer,
    pub currency: Currency,
    pub lines: &'a [WantedLine],
    /// What the orderer reaches: a parent outside does not exist (ACC-3).
    pub reach: &'a Reach,
}

/// A line with all that was decided about it; amounts in minor units, for the whole line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SettledLine {
    pub family: String,
    pub quantity: i64,
    pub period: Period,
    pub parent: Option<ProductId>,
    pub label: Option<String>,
    /// The units that picked the volume tier (PRC-4).
    pub units: i64,
    pub list_minor: i64,
    /// After the partner discount, before the volume discount.
    pub discounted_minor: i64,
    pub public_minor: i64,
    pub partner_minor: i64,
    pub charged_minor: i64,
    pub cashback_minor: i64,
    pub discount_minor: i64,
    pub volume_rate_ppm: i64,
    pub partner_rate_ppm: Option<i64>,
    pub rule: String,
    pub partnership: Option<PartnershipId>,
    pub partner: Option<OrganizationId>,
}

/// An order as it would be charged.
#[derive(Debug, Clone)]
pub struct Assessed {
    pub payer: Payer,
    pub payer_id: OrganizationId,
    /// The full-access partnership and since when its terms hold; what a quote depends on.
    pub under: Option<(PartnershipId, NaiveDateTime)>,
    pub lines: Vec<SettledLine>,
}

impl Assessed {
    pub fn charged(&self) -> Result<i64> {
        let sum = self
            .lines
            .iter()
            .try_fold(0i64, |sum, line| sum.checked_add(line.charged_minor));
        sum.ok_or_else(|| Refusal::fault("/lines", "out_of_range", "PRC-5").into())
    }
}

struct Link {
    partnership: PartnershipId,
    partner: OrganizationId,
    terms: Terms,
    from: NaiveDateTime,
}

/// Decides payer, price and earner of every line. A constant number of queries for any number of lines.
pub fn assess(tx: &mut Tx, wanted: &Wanted, at: NaiveDateTime) -> Result<Assessed> {
    let links = links(tx, wanted.customer, at)?;
    let managed = managed_parents(tx, wanted, at)?;
    let full = links.iter().find(|link| link.terms != Terms::Limited);
    let relation = |line: &WantedLine| match full {
        Some(full) => (Some(full), true),
        None => {
            let by = line.parent.and_then(|parent| managed.get(&parent));
            let link = by.and_then(|by| links.iter().find(|link| link.partnership == *by));
            (link, link.is_some())
        }
    };
    let settled: Vec<_> = wanted
        .lines
        .iter()
        .map(|line| {
            let (link, is_managed) = relation(line);
            let terms = link
                .map(|link| link.terms)
                .or(links.first().map(|link| link.terms));
            let settled = settlement::settle(terms, wanted.orderer, is_managed);
            settled
                .map(|settled| (link, settled))
                .map_err(|refused| Refusal::by(Code::Forbidden, refused.rule))
        })
        .collect::<std::result::Result<_, _>>()?;
    let payer = settled
        .first()
        .map_or(Payer::Customer, |(_, settled)| settled.payer);
    let payer_id = match (payer, full) {
        (Payer::Partner, Some(full)) => full.partner,
        (Payer::Partner, None) | (Payer::Customer, _) => wanted.customer,
    };
    let priced = price(tx, wanted, payer_id, at)?;
    let lines = wanted.lines.iter().zip(&settled).zip(priced).map(
        |((line, (link, settled)), (units, priced))| {
            let amounts = settlement::amounts(settled, &priced);
            SettledLine {
                family: line.family.clone(),
                quantity: line.quantity,
                period: line.period,
                parent: line.parent,
                label: line.label.clone(),
                units,
                list_minor: priced.list_amount.minor,
                discounted_minor: priced.partner_before_volume.minor,
                public_minor: priced.public.minor,
                partner_minor: priced.partner.minor,
                charged_minor: amounts.charged.minor,
                cashback_minor: amounts.cashback.minor,
                discount_minor: amounts.discount.minor,
                volume_rate_ppm: priced.volume_rate.ppm(),
                partner_rate_ppm: priced.partner_rate.map(|rate| rate.ppm()),
                rule: settled.rule.to_owned(),
                partnership: link.map(|link| link.partnership),
                partner: link.map(|link| link.partner),
            }
        },
    );
    Ok(Assessed {
        payer,
        payer_id,
        under: full.map(|full| (full.partnership, full.from)),
        lines: lines.collect(),
    })
}

/// The partnerships in force; a suspended partner's customer settles as without one (PRG-5).
fn links(tx: &mut Tx, customer: OrganizationId, at: NaiveDateTime) -> Result<Vec<Link>> {
    type Row = (
        PartnershipId,
        OrganizationId,
        Level,
        Option<PaymentMode>,
        NaiveDateTime,
    );
    let rows: Vec<Row> = partnership_terms::table
        .inner_join(
            enrolment_states::table
                .on(enrolment_states::organization_id.eq(partnership_terms::partner_id)),
        )
        .filter(partnership_terms::customer_id.eq(customer))
        .filter(partnership_terms::valid_from.le(at))
        .filter(
            partnership_terms::valid_to
                .is_null()
                .or(partnership_terms::valid_to.gt(at)),
        )
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .filter(enrolment_states::valid_from.le(at))
        .filter(
            enrolment_states::valid_to
                .is_null()
                .or(enrolment_states::valid_to.gt(at)),
        )
        .select((
            partnership_terms::partnership_id,
            partnership_terms::partner_id,
            partnership_terms::level,
            partnership_terms::payment_mode,
            partnership_terms::valid_from,
        ))
        .load(tx.conn)?;
    let link = |(partnership, partner, level, mode, from): Row| {
        let terms = Terms::new(level, mode)
            .ok_or_else(|| Error::internal("a partnership's terms cannot be read"))?;
        Ok(Link {
            partnership,
            partner,
            terms,
            from,
        })
    };
    rows.into_iter().map(link).collect()
}

/// By which partnership each parent is managed; a parent that is not the customer's, or not within
/// reach, is a fault.
fn managed_parents(
    tx: &mut Tx,
    wanted: &Wanted,
    at: NaiveDateTime,
) -> Result<BTreeMap<ProductId, PartnershipId>> {
    let parents: Vec<ProductId> = wanted.lines.iter().filter_map(|line| line.parent).collect();
    if parents.is_empty() {
        return Ok(BTreeMap::new());
    }
    let owned: Vec<ProductId> = products::table
        .filter(products::organization_id.eq(wanted.customer))
        .filter(products::state.eq(ProductState::Active))
        .filter(products::id.eq_any(&parents))
        .select(products::id)
        .load(tx.conn)?;
    let unknown = |(index, line): (usize, &WantedLine)| {
        let missing = line
            .parent
            .is_some_and(|parent| !owned.contains(&parent) || !wanted.reach.holds(parent));
        missing.then(|| Fault::new(format!("/lines/{index}/parent_product_id"), "not_yours"))
    };
    let faults: Vec<Fault> = wanted
        .lines
        .iter()
        .enumerate()
        .filter_map(unknown)
        .collect();
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).rule("BIL-2").into());
    }
    let rows: Vec<(ProductId, PartnershipId)> = selections::table
        .filter(selections::product_id.eq_any(&parents))
        .filter(selections::valid_from.le(at))
        .filter(
            selections::valid_to
                .is_null()
                .or(selections::valid_to.gt(at)),
        )
        .select((selections::product_id, selections::partnership_id))
        .load(tx.conn)?;
    Ok(rows.into_iter().collect())
}

/// Each line's price, with the units that picked its tier (PRC-4).
fn price(
    tx: &mut Tx,
    wanted: &Wanted,
    payer: OrganizationId,
    at: NaiveDateTime,
) -> Result<Vec<(i64, Priced)>> {
    let families: Vec<&str> = wanted
        .lines
        .iter()
        .map(|line| line.family.as_str())
        .collect();
    let tariffs = catalogue::tariffs(tx, &families, wanted.currency, at)?;
    let held = units(tx, payer, &families, at)?;
    let ordered = |family: &str| {
        wanted
            .lines
            .iter()
            .filter(|line| line.family == family)
            .map(|line| line.quantity)
            .sum::<i64>()
    };
    let (mut priced, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in wanted.lines.iter().enumerate() {
        let units = held.get(&line.family).copied().unwrap_or(0) + ordered(&line.family);
        match tariffs.get(&(line.family.clone(), line.period)) {
            None => faults.push(Fault::new(format!("/lines/{index}/family"), "no_price")),
            Some(tariff) => match pricing::price(
                tariff,
                Line {
                    quantity: line.quantity,
                    units,
                },
            ) {
                Ok(one) => priced.push((units, one)),
                Err(_) => faults.push(Fault::new(
                    format!("/lines/{index}/quantity"),
                    "out_of_range",
                )),
            },
        }
    }
    match faults.is_empty() {
        true => Ok(priced),
        false => Err(Refusal::invalid(faults).rule("PRC-2").into()),
    }
}

/// The units whose renewal owner is the payer, by family.
fn units(
    tx: &mut Tx,
    payer: OrganizationId,
    families: &[&str],
    at: NaiveDateTime,
) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = renewal_ownerships::table
        .filter(renewal_ownerships::owner_id.eq(payer))
        .filter(renewal_ownerships::family.eq_any(families))
        .filter(renewal_ownerships::valid_from.le(at))
        .filter(
            renewal_ownerships::valid_to
                .is_null()
                .or(renewal_ownerships::valid_to.gt(at)),
        )
        .group_by(renewal_ownerships::family)
        .select((
            renewal_ownerships::family,
            sql::<BigInt>("CAST(SUM(quantity) AS BIGINT)"),
        ))
        .load(tx.conn)?;
    Ok(rows.into_iter().collect())
}
