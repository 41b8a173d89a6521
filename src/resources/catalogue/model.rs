//! Families, price lists and volume tiers.
use super::views::FamilyView;
use crate::db::prepared::Among;
use crate::db::schema::{families, price_lists, prices, volume_tiers};
use crate::db::{Tx, directly, insert_all};
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
        .filter(families::code.among(named))
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

/// Every family, by its code.
pub fn families(tx: &mut Tx) -> Result<Vec<FamilyView>> {
    Ok(families::table
        .order(families::code)
        .select((families::code, families::name))
        .load(tx.conn)?)
}

pub fn family(tx: &mut Tx, code: &str) -> Result<Option<FamilyView>> {
    Ok(families::table
        .find(code)
        .select((families::code, families::name))
        .first(tx.conn)
        .optional()?)
}

/// Adds it, or renames it.
pub fn save_family(tx: &mut Tx, code: &str, name: &str) -> Result<()> {
    let renamed = diesel::update(families::table.find(code))
        .set(families::name.eq(name))
        .execute(tx.conn)?;
    match renamed {
        0 => insert_family(tx, code, name),
        _ => Ok(()),
    }
}

/// Whether a list begins at this very instant.
pub fn is_dated(tx: &mut Tx, from: NaiveDateTime) -> Result<bool> {
    let same = price_lists::table.filter(price_lists::effective_from.eq(from));
    Ok(diesel::select(diesel::dsl::exists(same)).get_result(tx.conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = prices, treat_none_as_default_value = false)]
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
#[diesel(table_name = volume_tiers, treat_none_as_default_value = false)]
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
type Key = (String, Currency, Period);

/// A tariff in force, with what it is for.
pub struct Quotable<'b> {
    pub family: &'b str,
    pub currency: Currency,
    pub period: Period,
    pub from: NaiveDateTime,
    pub tariff: &'b Tariff,
}

/// The prices of some families, as they were and will be up to an instant.
#[derive(Default)]
pub struct PriceBook(BTreeMap<Key, Vec<(NaiveDateTime, Tariff)>>);

impl PriceBook {
    /// Two queries.
    pub fn load(tx: &mut Tx, families: &BTreeSet<&str>, until: NaiveDateTime) -> Result<Self> {
        let rows: Vec<(NaiveDateTime, PriceRow)> = directly!(tx, |conn| prices::table
            .inner_join(price_lists::table.on(price_lists::id.eq(prices::price_list_id)))
            .filter(prices::family.among(families))
            .filter(price_lists::effective_from.le(until))
            .order(price_lists::effective_from)
            .select((price_lists::effective_from, PriceRow::as_select()))
            .load(conn))?;
        let tiers: Vec<TierRow> = directly!(tx, |conn| volume_tiers::table
            .filter(volume_tiers::family.among(families))
            .order(volume_tiers::minimum)
            .select(TierRow::as_select())
            .load(conn))?;
        let mut of_list: BTreeMap<(PriceListId, Key), Vec<VolumeTier>> = BTreeMap::new();
        for row in tiers {
            let rate = Rate::from_ppm(row.rate_ppm).ok_or_else(unreadable)?;
            let key = (row.price_list_id, (row.family, row.currency, row.period));
            of_list.entry(key).or_default().push(VolumeTier {
                minimum: row.minimum,
                rate,
            });
        }
        let mut book = Self::default();
        for (from, row) in rows {
            let (list, advantage) = (row.list(), row.advantage()?);
            let key = (row.family, row.currency, row.period);
            let tiers = of_list.remove(&(row.price_list_id, key.clone()));
            let tariff = Tariff {
                list,
                advantage,
                tiers: tiers.unwrap_or_default(),
            };
            book.0.entry(key).or_default().push((from, tariff));
        }
        Ok(book)
    }

    /// The tariff in force at an instant: the newest list's that has the family.
    pub fn at(
        &self,
        family: &str,
        currency: Currency,
        period: Period,
        at: NaiveDateTime,
    ) -> Option<&Tariff> {
        let lists = self.0.get(&(family.to_owned(), currency, period))?;
        let in_force = lists.iter().rev().find(|(from, _)| *from <= at);
        in_force.map(|(_, tariff)| tariff)
    }

    /// All that are in force at an instant, by family, currency and period.
    pub fn in_force(&self, at: NaiveDateTime) -> impl Iterator<Item = Quotable<'_>> {
        self.0.iter().filter_map(move |(key, lists)| {
            let (from, tariff) = lists.iter().rev().find(|(from, _)| *from <= at)?;
            Some(Quotable {
                family: &key.0,
                currency: key.1,
                period: key.2,
                from: *from,
                tariff,
            })
        })
    }
}

impl PriceRow {
    fn list(&self) -> Money {
        Money {
            minor: self.list_minor,
            currency: self.currency,
        }
    }

    fn advantage(&self) -> Result<Advantage> {
        match (self.partner_rate_ppm, self.partner_minor) {
            (Some(ppm), None) => Ok(Advantage::Rate(Rate::from_ppm(ppm).ok_or_else(unreadable)?)),
            (None, Some(minor)) => Ok(Advantage::PartnerPrice(Money {
                minor,
                currency: self.currency,
            })),
            (Some(_), Some(_)) | (None, None) => Err(unreadable()),
        }
    }
}

fn unreadable() -> Error {
    Error::internal("a price cannot be read")
}
