//! Families, price lists and volume tiers.
use crate::db::schema::{families, price_lists, prices, volume_tiers};
use crate::db::{Tx, insert_all};
use crate::domain::id::PriceListId;
use crate::domain::money::{Currency, Money, Rate};
use crate::domain::pricing::{Advantage, Tariff, VolumeTier};
use crate::domain::product::Period;
use crate::domain::refusal::Fault;
use crate::error::{Error, Result};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub fn insert_family(tx: &mut Tx, code: &str, name: &str) -> Result<()> {
    diesel::insert_into(families::table)
        .values((families::code.eq(code), families::name.eq(name)))
        .execute(tx.conn)?;
    Ok(())
}

/// A fault for each of the families that there is none of, below `at`.
pub fn unknown_families(tx: &mut Tx, named: &[String], at: &str) -> Result<Vec<Fault>> {
    let known: BTreeSet<String> = families::table
        .filter(families::code.eq_any(named))
        .select(families::code)
        .load(tx.conn)?
        .into_iter()
        .collect();
    let unknown = named
        .iter()
        .enumerate()
        .filter(|(_, family)| !known.contains(*family));
    Ok(unknown
        .map(|(index, _)| Fault::new(format!("{at}/{index}"), "unknown_family"))
        .collect())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = prices)]
pub struct PriceRow {
    pub price_list_id: PriceListId,
    pub family: String,
    pub currency: Currency,
    pub period: Period,
    pub list_minor: i64,
    pub partner_rate_ppm: Option<i64>,
    pub partner_minor: Option<i64>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = volume_tiers)]
pub struct TierRow {
    pub price_list_id: PriceListId,
    pub family: String,
    pub currency: Currency,
    pub period: Period,
    pub minimum: i64,
    pub rate_ppm: i64,
}

/// Adds a list that is in force from this instant; the past is never rewritten (PRC-8).
pub fn insert_price_list(
    tx: &mut Tx,
    effective_from: NaiveDateTime,
    list: impl Fn(PriceListId) -> (Vec<PriceRow>, Vec<TierRow>),
) -> Result<PriceListId> {
    let id = tx.new_id()?;
    diesel::insert_into(price_lists::table)
        .values((
            price_lists::id.eq(id),
            price_lists::effective_from.eq(effective_from),
            price_lists::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    let (rows, tiers) = list(id);
    insert_all!(tx, prices::table, &rows);
    insert_all!(tx, volume_tiers::table, &tiers);
    Ok(id)
}

/// What one family costs in one currency and period.
pub type Key = (String, Period);

/// The tariffs in force at an instant: of each family and period the newest list that has it. Two queries.
pub fn tariffs(
    tx: &mut Tx,
    families: &[&str],
    currency: Currency,
    at: NaiveDateTime,
) -> Result<BTreeMap<Key, Tariff>> {
    let rows: Vec<PriceRow> = prices::table
        .inner_join(price_lists::table.on(price_lists::id.eq(prices::price_list_id)))
        .filter(prices::family.eq_any(families))
        .filter(prices::currency.eq(currency))
        .filter(price_lists::effective_from.le(at))
        .order(price_lists::effective_from)
        .select(PriceRow::as_select())
        .load(tx.conn)?;
    let tiers: Vec<TierRow> = volume_tiers::table
        .filter(volume_tiers::family.eq_any(families))
        .filter(volume_tiers::currency.eq(currency))
        .order(volume_tiers::minimum)
        .select(TierRow::as_select())
        .load(tx.conn)?;
    let wrong = || Error::internal("a price cannot be read");
    let mut found = BTreeMap::new();
    for row in rows {
        let of_list = |tier: &&TierRow| {
            tier.price_list_id == row.price_list_id
                && tier.family == row.family
                && tier.period == row.period
        };
        let tier = |tier: &TierRow| {
            Some(VolumeTier {
                minimum: tier.minimum,
                rate: Rate::from_ppm(tier.rate_ppm)?,
            })
        };
        let money = |minor| Money { minor, currency };
        let advantage = match (row.partner_rate_ppm, row.partner_minor) {
            (Some(ppm), None) => Advantage::Rate(Rate::from_ppm(ppm).ok_or_else(wrong)?),
            (None, Some(minor)) => Advantage::PartnerPrice(money(minor)),
            (Some(_), Some(_)) | (None, None) => return Err(wrong()),
        };
        let tiers = tiers
            .iter()
            .filter(of_list)
            .map(tier)
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        found.insert(
            (row.family.clone(), row.period),
            Tariff {
                list: money(row.list_minor),
                advantage,
                tiers,
            },
        );
    }
    Ok(found)
}
