//! Amounts and rates: exact, with a currency, never a float (PRC-1).
use super::words::words;
use rust_decimal::{Decimal, RoundingStrategy};
use std::{fmt, ops::Neg};

words! {
    /// A currency with a price list of its own, by its ISO 4217 code; nothing converts one into
    /// another (PRC-1).
    Currency { Chf = "CHF", Eur = "EUR" }
}

impl Currency {
    /// Decimal places of the minor unit.
    pub const fn places(self) -> u32 {
        match self {
            Self::Chf | Self::Eur => 2,
        }
    }
}

/// Why an amount or a rate is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyFault {
    /// Not `-?digits[.digits]`.
    Malformed,
    /// More decimal places than the unit has.
    TooPrecise,
    /// More than the type holds.
    OutOfRange,
    /// Two amounts of different currencies don't add up.
    CurrencyMismatch,
}

/// An amount in minor units (Rappen, cents), excluding VAT. The range is ±`i64::MAX`, so that every
/// amount has its opposite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a canonical amount; fewer places than the currency has are fine, more are not.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyFault> {
        let (negative, digits) = match amount.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, amount),
        };
        let minor = scaled(digits, currency.places())?;
        let minor = if negative { -minor } else { minor };
        Ok(Self { minor, currency })
    }

    /// The amount as JSON carries it: `347.20`, `-1.00`.
    pub fn amount(self) -> String {
        let unit = 10_u64.pow(self.currency.places());
        let width = self.currency.places() as usize;
        let minor = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        format!("{sign}{}.{:0width$}", minor / unit, minor % unit)
    }

    pub fn checked_add(self, other: Self) -> Result<Self, MoneyFault> {
        if self.currency != other.currency {
            return Err(MoneyFault::CurrencyMismatch);
        }
        Self::within(self.minor.checked_add(other.minor), self.currency)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyFault> {
        self.checked_add(-other)
    }

    pub fn checked_mul(self, quantity: i64) -> Result<Self, MoneyFault> {
        Self::within(self.minor.checked_mul(quantity), self.currency)
    }

    /// The one rounding of the crate: half away from zero, to the minor unit (PRC-5). `minor` is in
    /// minor units, with what is left of them behind the point.
    pub fn rounded(minor: Decimal, currency: Currency) -> Result<Self, MoneyFault> {
        let whole = minor.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        Self::within(i64::try_from(whole).ok(), currency)
    }

    fn within(minor: Option<i64>, currency: Currency) -> Result<Self, MoneyFault> {
        match minor {
            None | Some(i64::MIN) => Err(MoneyFault::OutOfRange),
            Some(minor) => Ok(Self { minor, currency }),
        }
    }
}

impl Neg for Money {
    type Output = Self;

    /// `i64::MIN` is outside the range of an amount; saturating keeps even that from a panic.
    fn neg(self) -> Self {
        Self {
            minor: self.minor.saturating_neg(),
            currency: self.currency,
        }
    }
}

/// A share between nothing and all, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    ppm: i64,
}

impl Rate {
    pub const ZERO: Self = Self { ppm: 0 };
    const PLACES: u32 = 6;
    const WHOLE: i64 = 1_000_000;

    /// `None` outside 0..=1,000,000.
    pub const fn from_ppm(ppm: i64) -> Option<Self> {
        if 0 <= ppm && ppm <= Self::WHOLE {
            Some(Self { ppm })
        } else {
            None
        }
    }

    /// Reads `0.20`; `None` for anything but a plain decimal from 0 to 1 of at most six places.
    pub fn parse(rate: &str) -> Option<Self> {
        scaled(rate, Self::PLACES).ok().and_then(Self::from_ppm)
    }

    /// The rate in millionths.
    pub const fn ppm(self) -> i64 {
        self.ppm
    }

    pub fn as_decimal(self) -> Decimal {
        Decimal::new(self.ppm, Self::PLACES)
    }

    /// In hundredths, as people read it: `8.1`.
    pub fn percent(self) -> String {
        let hundredths = Decimal::new(self.ppm, Self::PLACES - 2);
        hundredths.normalize().to_string()
    }

    /// What a discount of this rate leaves: 1 − rate.
    pub fn remainder(self) -> Decimal {
        Decimal::new(Self::WHOLE - self.ppm, Self::PLACES)
    }
}

/// As JSON carries it, with two places at least: `0.00`, `0.20`, `0.175`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let two_places = format!("{:.2}", self.as_decimal());
        let all_places = self.as_decimal().normalize().to_string();
        f.write_str(if all_places.len() > two_places.len() {
            &all_places
        } else {
            &two_places
        })
    }
}

/// `digits[.digits]` as a whole number of units of 10^-places; no sign, no rounding.
fn scaled(text: &str, places: u32) -> Result<i64, MoneyFault> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(MoneyFault::Malformed),
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(MoneyFault::Malformed);
    }
    let places = places as usize;
    if fraction.len() > places {
        return Err(MoneyFault::TooPrecise);
    }
    format!("{whole}{fraction:0<places$}")
        .parse()
        .map_err(|_| MoneyFault::OutOfRange)
}
