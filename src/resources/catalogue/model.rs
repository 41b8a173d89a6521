//! Families, price lists and volume tiers.
use crate::db::schema::{families, price_lists, prices, volume_tiers};
use crate::db::{Tx, insert_all};
use crate::domain::id::PriceListId;
use crate::domain::money::Currency;
use crate::domain::product::Period;
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::prelude::*;

pub fn insert_family(tx: &mut Tx, code: &str, name: &str) -> Result<()> {
    diesel::insert_into(families::table)
        .values((families::code.eq(code), families::name.eq(name)))
        .execute(tx.conn)?;
    Ok(())
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
