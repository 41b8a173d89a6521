//! What a line costs, and what it earns (PRC-2 to PRC-5).
use super::money::{Money, MoneyFault, Rate};
use rust_decimal::Decimal;

/// What a partner has over the public: a rate off the list price, or a price of its own (PRC-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advantage {
    Rate(Rate),
    PartnerPrice(Money),
}

/// From `minimum` units on, `rate` is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeTier {
    pub minimum: i64,
    pub rate: Rate,
}

/// The prices of one product family, in one currency, for one billing period (PRC-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    /// For one unit.
    pub list: Money,
    pub advantage: Advantage,
    pub tiers: Vec<VolumeTier>,
}

/// How many are bought, and how many count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Units of this line.
    pub quantity: i64,
    /// Units that pick the tier, this line's among them (PRC-4).
    pub units: i64,
}

/// A priced line, step by step (PRC-6). Amounts are for the whole line but for `list_unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    pub list_unit: Money,
    /// list × quantity
    pub list_amount: Money,
    /// round(list × quantity × (1 − volume))
    pub public: Money,
    /// The middle step of PRC-7, for show: round(list × quantity × (1 − partner)), or price × quantity.
    pub partner_before_volume: Money,
    /// round(list × quantity × (1 − partner) × (1 − volume)), or round(price × quantity × (1 − volume))
    pub partner: Money,
    /// public − partner
    pub cashback: Money,
    pub volume_rate: Rate,
    /// `None` where the partner has a price of its own.
    pub partner_rate: Option<Rate>,
}

/// Why a tariff is none, or a line has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PricingFault {
    QuantityNotPositive,
    /// Fewer units count than the line itself brings (PRC-4).
    UnitsBelowQuantity,
    NegativePrice,
    RateAboveCeiling,
    PartnerPriceAboveList,
    /// Minimums start at 1 and rise, and rates never fall with them.
    TiersNotAscending,
    Money(MoneyFault),
}

impl From<MoneyFault> for PricingFault {
    fn from(fault: MoneyFault) -> Self {
        Self::Money(fault)
    }
}

/// Whether a tariff may enter a price list (PRC-2); `ceiling` is the highest partner rate allowed.
pub fn check(tariff: &Tariff, ceiling: Rate) -> Result<(), PricingFault> {
    check_prices(tariff)?;
    match tariff.advantage {
        Advantage::Rate(rate) if rate > ceiling => return Err(PricingFault::RateAboveCeiling),
        Advantage::Rate(_) | Advantage::PartnerPrice(_) => {}
    }
    let start = VolumeTier {
        minimum: 0,
        rate: Rate::ZERO,
    };
    tariff.tiers.iter().try_fold(start, |below, &tier| {
        if below.minimum < tier.minimum && below.rate <= tier.rate {
            Ok(tier)
        } else {
            Err(PricingFault::TiersNotAscending)
        }
    })?;
    Ok(())
}

/// Prices a line: the partner discount first, the volume discount on what remains (PRC-3), each
/// result rounded once from the exact product (PRC-5). So public = partner + cashback, always.
pub fn price(tariff: &Tariff, line: Line) -> Result<Priced, PricingFault> {
    if line.quantity < 1 {
        return Err(PricingFault::QuantityNotPositive);
    }
    if line.units < line.quantity {
        return Err(PricingFault::UnitsBelowQuantity);
    }
    check_prices(tariff)?;
    let volume = tier_rate(&tariff.tiers, line.units);
    let list_amount = amount(tariff.list, line.quantity)?;
    let (before_discount, partner_rate) = match tariff.advantage {
        Advantage::Rate(rate) => (list_amount, Some(rate)),
        Advantage::PartnerPrice(price) => (amount(price, line.quantity)?, None),
    };
    let discount = partner_rate.unwrap_or(Rate::ZERO);
    let public = less(list_amount, volume, Rate::ZERO)?;
    let partner = less(before_discount, discount, volume)?;
    Ok(Priced {
        list_unit: tariff.list,
        list_amount,
        public,
        partner_before_volume: less(before_discount, discount, Rate::ZERO)?,
        partner,
        cashback: public.checked_sub(partner)?,
        volume_rate: volume,
        partner_rate,
    })
}

/// The rate of the highest tier that so many units reach; nothing below the first.
pub fn tier_rate(tiers: &[VolumeTier], units: i64) -> Rate {
    tiers
        .iter()
        .filter(|tier| tier.minimum <= units)
        .max_by_key(|tier| tier.minimum)
        .map_or(Rate::ZERO, |tier| tier.rate)
}

/// What must hold whatever the ceiling, else cashback would be negative or nonsense.
fn check_prices(tariff: &Tariff) -> Result<(), PricingFault> {
    let partner = match tariff.advantage {
        Advantage::Rate(_) => tariff.list,
        Advantage::PartnerPrice(price) => price,
    };
    if partner.minor < 0 || tariff.list.minor < 0 {
        return Err(PricingFault::NegativePrice);
    }
    match tariff.list.checked_sub(partner)?.minor {
        ..0 => Err(PricingFault::PartnerPriceAboveList),
        0.. => Ok(()),
    }
}

/// The most that a line may come to before discounts, in minor units. With two rates of six places
/// the product stays below 10^27, within the 96 bits of a decimal; beyond them it would be rounded
/// before it is rounded.
const MOST: i64 = 1_000_000_000_000_000;

fn amount(unit: Money, quantity: i64) -> Result<Money, MoneyFault> {
    let amount = unit.checked_mul(quantity)?;
    if amount.minor > MOST {
        return Err(MoneyFault::OutOfRange);
    }
    Ok(amount)
}

fn less(amount: Money, first: Rate, then: Rate) -> Result<Money, MoneyFault> {
    let exact = Decimal::from(amount.minor) * first.remainder() * then.remainder();
    Money::rounded(exact, amount.currency)
}
