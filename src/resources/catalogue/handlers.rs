//! Looking at the catalogue, which is public.
use super::model::{self, PriceBook};
use super::views::{FamiliesView, FamilyPricesView, PricesView, prices};
use crate::api::query::moment;
use crate::api::{Query, Reply};
use crate::db::Db;
use crate::domain::money::Currency;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;

/// Which prices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PriceFilters {
    /// Only those in this currency.
    currency: Option<Currency>,
    /// Those in force at this instant, also a later one; now unless said. A day stands for its beginning.
    #[serde(default, deserialize_with = "moment")]
    on: Option<DateTime<Utc>>,
}

/// List the product families.
#[utoipa::path(tag = "Catalogue", description = "What can be ordered.", security(()), responses((status = 200, body = FamiliesView, description = "All of them.")))]
#[get("/v1/catalogue/families")]
pub async fn list_families(db: Data<Db>) -> Result<Reply<FamiliesView>> {
    db.read(|tx| {
        let items = model::families(tx)?;
        Reply::ok(&FamiliesView { items })
    })
    .await
}

/// Show a product family.
///
/// With its prices of now, in each currency and for each period.
#[utoipa::path(tag = "Catalogue", security(()), params(("code" = String, Path, description = "The family's code.", example = "web_hosting")), responses((status = 200, body = FamilyPricesView, description = "The family.")))]
#[get("/v1/catalogue/families/{code}")]
pub async fn get_family(db: Data<Db>, code: Path<String>) -> Result<Reply<FamilyPricesView>> {
    db.snapshot(move |tx| {
        let family = model::family(tx, &code)?.ok_or_else(Refusal::not_found)?;
        let named = BTreeSet::from([family.code.as_str()]);
        let book = PriceBook::load(tx, &named, tx.now)?;
        Reply::ok(&FamilyPricesView {
            prices: prices(&book, None, tx.now),
            code: family.code,
            name: family.name,
        })
    })
    .await
}

/// List the prices.
///
/// Those in force at an instant: list price, partner advantage and volume tiers of each family, in each currency, for each period.
#[utoipa::path(tag = "Catalogue", security(()), params(PriceFilters), responses((status = 200, body = PricesView, description = "The prices.")))]
#[get("/v1/catalogue/prices")]
pub async fn list_prices(db: Data<Db>, query: Query<PriceFilters>) -> Result<Reply<PricesView>> {
    db.snapshot(move |tx| {
        let at = query.on.map_or(tx.now, |on| on.naive_utc());
        let families = model::families(tx)?;
        let named = families.iter().map(|family| family.code.as_str()).collect();
        let book = PriceBook::load(tx, &named, at)?;
        Reply::ok(&PricesView {
            on: at.and_utc(),
            items: prices(&book, query.currency, at),
        })
    })
    .await
}
