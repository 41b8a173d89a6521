//! Dated price lists: read from JSON or CSV, judged whole with every fault at once, and added (PRC-2, PRC-8).
use super::model::{self, PriceRow, TierRow};
use crate::api::views::{MoneyView, exactly_one};
use crate::db::Tx;
use crate::domain::id::PriceListId;
use crate::domain::money::{Currency, Money, Rate};
use crate::domain::pricing::{self, Advantage, PricingFault, Tariff, VolumeTier};
use crate::domain::product::Period;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// A volume tier of a new price.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVolumeTier {
    /// The fewest units.
    #[validate(range(min = 1, max = 1_000_000_000))]
    #[schema(minimum = 1, maximum = 1000000000, example = 35)]
    minimum: i64,
    /// The discount.
    #[schema(pattern = r"^(0|1)(\.[0-9]{1,6})?$", example = "0.25")]
    rate: String,
}

/// What one family is to cost: with a partner discount, or with a price of the partner's own.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family": "web_hosting", "period": "monthly", "list_price": {"amount": "9.92", "currency": "CHF"}, "partner_rate": "0.20", "volume_tiers": [{"minimum": 35, "rate": "0.25"}]}))]
pub struct NewPrice {
    /// The product family.
    #[validate(length(min = 1, max = 60))]
    #[schema(example = "web_hosting")]
    family: String,
    /// How long one payment lasts.
    period: Period,
    /// The list price of one unit.
    list_price: MoneyView,
    /// The partner discount.
    #[schema(pattern = r"^(0|1)(\.[0-9]{1,6})?$", example = "0.20")]
    partner_rate: Option<String>,
    /// The partner's own price, at most the list price.
    partner_price: Option<MoneyView>,
    /// The volume discounts, rising.
    #[validate(nested, length(max = 50))]
    #[schema(max_items = 50)]
    volume_tiers: Option<Vec<NewVolumeTier>>,
}

/// A price list: exactly one of `prices` and `csv` says what is in it.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"effective_from": "2027-01-01T00:00:00Z", "prices": [{"family": "web_hosting", "period": "monthly", "list_price": {"amount": "9.92", "currency": "CHF"}, "partner_rate": "0.20", "volume_tiers": [{"minimum": 35, "rate": "0.25"}]}]}))]
pub struct NewPriceList {
    /// From when on it is in force; at once unless said.
    effective_from: Option<DateTime<Utc>>,
    /// The prices.
    #[validate(nested, length(min = 1, max = 5000))]
    #[schema(min_items = 1, max_items = 5000)]
    prices: Option<Vec<NewPrice>>,
    /// The prices as the text of a CSV file.
    #[validate(length(min = 1, max = 1_000_000))]
    #[schema(
        example = "family,period,currency,list_price,partner_rate,partner_price,volume_tiers\nweb_hosting,monthly,CHF,9.92,0.20,,35:0.25\n"
    )]
    csv: Option<String>,
}

/// A price list that was added.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceList)]
pub struct PriceListView {
    /// Its id.
    pub id: PriceListId,
    /// From when on it is in force.
    effective_from: DateTime<Utc>,
    /// How many prices it has.
    #[schema(minimum = 1, maximum = 5000)]
    prices: usize,
}

impl PriceListView {
    pub fn day(&self) -> NaiveDate {
        self.effective_from.date_naive()
    }
}

/// A row of a CSV file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    family: String,
    period: Period,
    currency: Currency,
    list_price: String,
    partner_rate: Option<String>,
    partner_price: Option<String>,
    volume_tiers: Option<String>,
}

/// Adds the list, if nothing is wrong with it.
pub fn add(tx: &mut Tx, new: &NewPriceList, ceiling: Rate) -> Result<PriceListView> {
    let wanted = new.effective_from;
    let from = wanted.map_or(tx.now, |from| from.naive_utc().trunc_subsecs(6));
    let mut faults = exactly_one(&[("prices", new.prices.is_some()), ("csv", new.csv.is_some())]);
    if from < tx.now {
        faults.push(Fault::new("/effective_from", "in_the_past"));
    } else if model::is_dated(tx, from)? {
        faults.push(Fault::new("/effective_from", "taken"));
    }
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).rule("PRC-8").into());
    }
    let (prices, at) = match (&new.prices, &new.csv) {
        (Some(prices), _) => (prices.clone(), "/prices"),
        (None, csv) => (records(csv.as_deref().unwrap_or_default())?, "/csv"),
    };
    let families = model::families(tx)?;
    let known: BTreeSet<&str> = families.iter().map(|family| family.code.as_str()).collect();
    let (mut tariffs, mut faults, mut met) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, price) in prices.iter().enumerate() {
        let here = format!("{at}/{index}");
        if !known.contains(price.family.as_str()) {
            faults.push(Fault::new(format!("{here}/family"), "unknown_family"));
        }
        let key = (&price.family, price.list_price.currency, price.period);
        if !met.insert(key) {
            faults.push(Fault::new(&here, "twice"));
        }
        match tariff(price, &here, ceiling) {
            Ok(tariff) => tariffs.push((price, tariff)),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).rule("PRC-2").into());
    }
    let id = model::insert_price_list(tx, from, |list| rows(list, &tariffs))?;
    Ok(PriceListView {
        id,
        effective_from: from.and_utc(),
        prices: tariffs.len(),
    })
}

/// The rows of a CSV file as they would come in JSON.
fn records(csv: &str) -> Result<Vec<NewPrice>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(csv.as_bytes());
    let (mut prices, mut faults) = (Vec::new(), Vec::new());
    for (index, record) in reader.deserialize::<Record>().enumerate() {
        let here = format!("/csv/{index}");
        let unreadable = |reason: &str| Fault::new(&here, "unreadable").with("reason", reason);
        match record {
            Ok(record) => match tiers(record.volume_tiers.as_deref().unwrap_or_default()) {
                Some(tiers) => prices.push(record.price(tiers)),
                None => faults.push(unreadable("volume_tiers are written as 35:0.25 100:0.30")),
            },
            Err(error) => faults.push(unreadable(&error.to_string())),
        }
    }
    if prices.is_empty() && faults.is_empty() {
        faults.push(Fault::new("/csv", "required"));
    }
    match faults.is_empty() {
        true => Ok(prices),
        false => Err(Refusal::invalid(faults).rule("PRC-2").into()),
    }
}

fn tiers(text: &str) -> Option<Vec<NewVolumeTier>> {
    let tier = |pair: &str| {
        let (minimum, rate) = pair.split_once(':')?;
        Some(NewVolumeTier {
            minimum: minimum.parse().ok()?,
            rate: rate.to_owned(),
        })
    };
    text.split_whitespace().map(tier).collect()
}

impl Record {
    fn price(self, tiers: Vec<NewVolumeTier>) -> NewPrice {
        let currency = self.currency;
        let money = |amount| MoneyView { amount, currency };
        NewPrice {
            family: self.family,
            period: self.period,
            list_price: money(self.list_price),
            partner_rate: self.partner_rate.filter(|rate| !rate.is_empty()),
            partner_price: self
                .partner_price
                .filter(|price| !price.is_empty())
                .map(money),
            volume_tiers: Some(tiers),
        }
    }
}

/// The tariff that a price says, or all that is wrong with it.
fn tariff(price: &NewPrice, here: &str, ceiling: Rate) -> Result<Tariff, Vec<Fault>> {
    let mut faults: Vec<Fault> = exactly_one(&[
        ("partner_rate", price.partner_rate.is_some()),
        ("partner_price", price.partner_price.is_some()),
    ])
    .into_iter()
    .map(|fault| Fault {
        pointer: format!("{here}{}", fault.pointer),
        ..fault
    })
    .collect();
    let mut money = |view: &MoneyView, field: &str| match view.read(&format!("{here}/{field}")) {
        Ok(money) => Some(money),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let list = money(&price.list_price, "list_price").filter(|list| list.minor > 0);
    let own = price
        .partner_price
        .as_ref()
        .map(|own| money(own, "partner_price"));
    let mut rate = |text: &str, field: String| {
        let read = Rate::parse(text);
        if read.is_none() {
            faults.push(Fault::new(format!("{here}/{field}"), "rate"));
        }
        read
    };
    let off = price
        .partner_rate
        .as_ref()
        .map(|text| rate(text, "partner_rate".into()));
    let tiers: Vec<Option<VolumeTier>> = price
        .volume_tiers
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, tier)| {
            Some(VolumeTier {
                minimum: tier.minimum,
                rate: rate(&tier.rate, format!("volume_tiers/{index}/rate"))?,
            })
        })
        .collect();
    let tiers: Option<Vec<VolumeTier>> = tiers.into_iter().collect();
    if list.is_none() && faults.is_empty() {
        faults.push(Fault::new(format!("{here}/list_price"), "amount"));
    }
    let advantage = match (off.flatten(), own.flatten()) {
        (Some(off), _) => Some(Advantage::Rate(off)),
        (None, own) => own.map(Advantage::PartnerPrice),
    };
    let (Some(list), Some(advantage), Some(tiers), true) =
        (list, advantage, tiers, faults.is_empty())
    else {
        return Err(faults);
    };
    let tariff = Tariff {
        list,
        advantage,
        tiers,
    };
    pricing::check(&tariff, ceiling).map_err(|wrong| vec![fault(wrong, here, ceiling)])?;
    Ok(tariff)
}

fn fault(wrong: PricingFault, here: &str, ceiling: Rate) -> Fault {
    let (field, code) = match wrong {
        PricingFault::RateAboveCeiling => ("partner_rate", "above_ceiling"),
        PricingFault::PartnerPriceAboveList => ("partner_price", "above_list_price"),
        PricingFault::TiersNotAscending => ("volume_tiers", "not_ascending"),
        PricingFault::Money(_) => ("partner_price", "currency_mismatch"),
        PricingFault::NegativePrice => ("list_price", "amount"),
        PricingFault::QuantityNotPositive | PricingFault::UnitsBelowQuantity => {
            ("list_price", "invalid")
        }
    };
    Fault::new(format!("{here}/{field}"), code).with("max", ceiling)
}

fn rows(list: PriceListId, tariffs: &[(&NewPrice, Tariff)]) -> (Vec<PriceRow>, Vec<TierRow>) {
    let (mut prices, mut tiers) = (Vec::new(), Vec::new());
    for (price, tariff) in tariffs {
        let currency = tariff.list.currency;
        let (partner_rate_ppm, partner_minor) = match tariff.advantage {
            Advantage::Rate(rate) => (Some(rate.ppm()), None),
            Advantage::PartnerPrice(Money { minor, .. }) => (None, Some(minor)),
        };
        prices.push(PriceRow {
            price_list_id: list,
            family: price.family.clone(),
            currency,
            period: price.period,
            list_minor: tariff.list.minor,
            partner_rate_ppm,
            partner_minor,
        });
        tiers.extend(tariff.tiers.iter().map(|tier| TierRow {
            price_list_id: list,
            family: price.family.clone(),
            currency,
            period: price.period,
            minimum: tier.minimum,
            rate_ppm: tier.rate.ppm(),
        }));
    }
    (prices, tiers)
}
