//! How families and prices are shown.
use super::model::{PriceBook, Quotable};
use crate::api::views::MoneyView;
use crate::domain::money::Currency;
use crate::domain::pricing::{Advantage, VolumeTier};
use crate::domain::product::Period;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// A product family.
#[derive(Debug, Clone, Serialize, Queryable, ToSchema)]
#[schema(as = Family)]
pub struct FamilyView {
    /// Its code, by which orders name it.
    #[schema(example = "web_hosting")]
    pub code: String,
    /// Its name.
    #[schema(example = "Web hosting")]
    pub name: String,
}

/// Every product family.
#[derive(Serialize, ToSchema)]
#[schema(as = Families)]
pub struct FamiliesView {
    /// By their codes.
    pub items: Vec<FamilyView>,
}

/// From so many units on, so much is taken off.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = VolumeTier)]
pub struct VolumeTierView {
    /// The fewest units.
    #[schema(minimum = 1, maximum = 9007199254740991i64, example = 35)]
    minimum: i64,
    /// The discount.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.25")]
    rate: String,
}

/// What one family costs in one currency, for one billing period.
#[derive(Serialize, ToSchema)]
#[schema(as = Price)]
pub struct PriceView {
    /// The product family.
    #[schema(example = "web_hosting")]
    family: String,
    /// How long one payment lasts.
    period: Period,
    /// The currency; none is converted into another.
    currency: Currency,
    /// The list price of one unit.
    list_price: MoneyView,
    /// The partner discount; null where the partner has a price of its own.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.20")]
    partner_rate: Option<String>,
    /// The partner's own price; null where it has a discount.
    partner_price: Option<MoneyView>,
    /// The volume discounts, by the units that the payer has in all.
    volume_tiers: Vec<VolumeTierView>,
    /// Since when this price is in force.
    effective_from: DateTime<Utc>,
}

/// The prices in force at an instant.
#[derive(Serialize, ToSchema)]
#[schema(as = Prices)]
pub struct PricesView {
    /// At which instant.
    pub on: DateTime<Utc>,
    /// By family, currency and period.
    pub items: Vec<PriceView>,
}

/// A product family with its prices of now.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilyPrices)]
pub struct FamilyPricesView {
    /// Its code, by which orders name it.
    #[schema(example = "web_hosting")]
    pub code: String,
    /// Its name.
    #[schema(example = "Web hosting")]
    pub name: String,
    /// By currency and period.
    pub prices: Vec<PriceView>,
}

impl From<&VolumeTier> for VolumeTierView {
    fn from(tier: &VolumeTier) -> Self {
        Self {
            minimum: tier.minimum,
            rate: tier.rate.to_string(),
        }
    }
}

impl From<Quotable<'_>> for PriceView {
    fn from(priced: Quotable) -> Self {
        let (partner_rate, partner_price) = match priced.tariff.advantage {
            Advantage::Rate(rate) => (Some(rate.to_string()), None),
            Advantage::PartnerPrice(price) => (None, Some(price.into())),
        };
        Self {
            family: priced.family.to_owned(),
            period: priced.period,
            currency: priced.currency,
            list_price: priced.tariff.list.into(),
            partner_rate,
            partner_price,
            volume_tiers: priced.tariff.tiers.iter().map(Into::into).collect(),
            effective_from: priced.from.and_utc(),
        }
    }
}

/// All prices of a book that are in force at an instant.
pub fn prices(book: &PriceBook, currency: Option<Currency>, at: NaiveDateTime) -> Vec<PriceView> {
    book.in_force(at)
        .filter(|priced| currency.is_none_or(|wanted| wanted == priced.currency))
        .map(Into::into)
        .collect()
}
