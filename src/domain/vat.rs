//! VAT: by the country of whoever pays and the date of the invoice, rounded once for each rate and
//! invoice (BIL-9). An invoice has one rate, since all that is sold is taxed alike.
use super::money::{Money, MoneyFault, Rate};
use super::words::words;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::fmt;

words! {
    /// Why an invoice has the VAT that it has.
    VatTreatment {
        /// The rate of the payer's country.
        Taxed = "taxed",
        /// The business that pays owes the VAT itself, in its own country.
        ReverseCharge = "reverse_charge",
        /// No VAT is charged for the payer's country.
        NotTaxed = "not_taxed",
    }
}

/// A country by its ISO 3166 code of two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    pub const SWITZERLAND: Self = Self(*b"CH");

    pub const fn parse(code: &str) -> Option<Self> {
        match code.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([a, b])),
            _ => None,
        }
    }

    fn is_in_the_union(self) -> bool {
        UNION.contains(&self)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|letter| write!(f, "{}", *letter as char))
    }
}

/// From a day on, what a country takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    pub country: Country,
    pub from: NaiveDate,
    pub rate: Rate,
}

/// The rates in force, and where the operator is established.
#[derive(Debug, Clone)]
pub struct Rates {
    seller: Country,
    /// Asked before those that are built in.
    configured: Vec<Dated>,
}

/// The VAT of one invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vat {
    pub treatment: VatTreatment,
    pub rate: Rate,
    pub amount: Money,
}

impl Rates {
    pub fn new(seller: Country, configured: Vec<Dated>) -> Self {
        Self { seller, configured }
    }

    /// The VAT on a net amount, for a payer of this country, with a VAT number if it has one.
    pub fn on(
        &self,
        net: Money,
        payer: Country,
        vat_number: Option<&str>,
        day: NaiveDate,
    ) -> Result<Vat, MoneyFault> {
        let business_abroad = payer != self.seller && vat_number.is_some();
        let (treatment, rate) = match self.rate(payer, day) {
            _ if business_abroad && payer.is_in_the_union() => {
                (VatTreatment::ReverseCharge, Rate::ZERO)
            }
            Some(rate) => (VatTreatment::Taxed, rate),
            None => (VatTreatment::NotTaxed, Rate::ZERO),
        };
        let exact = Decimal::from(net.minor)
            .checked_mul(rate.as_decimal())
            .ok_or(MoneyFault::OutOfRange)?;
        Ok(Vat {
            treatment,
            rate,
            amount: Money::rounded(exact, net.currency)?,
        })
    }

    /// The country's rate on a day: the last that began by then, a configured one rather than one
    /// that is built in.
    fn rate(&self, country: Country, day: NaiveDate) -> Option<Rate> {
        let latest = |rates: &mut dyn Iterator<Item = Dated>| {
            let begun = rates.filter(|one| one.country == country && one.from <= day);
            begun.max_by_key(|one| one.from).map(|one| one.rate)
        };
        latest(&mut self.configured.iter().copied())
            .or_else(|| latest(&mut BUILT_IN.iter().filter_map(|row| row.dated())))
    }
}

/// A row of the table below: country, year, month, day, rate in millionths.
struct Row(Country, i32, u32, u32, i64);

impl Row {
    fn dated(&self) -> Option<Dated> {
        let &Self(country, year, month, day, ppm) = self;
        Some(Dated {
            country,
            from: NaiveDate::from_ymd_opt(year, month, day)?,
            rate: Rate::from_ppm(ppm)?,
        })
    }
}

macro_rules! standard_rates {
    ($($country:ident $($year:literal-$month:literal-$day:literal $ppm:literal),+;)+) => {
        const BUILT_IN: &[Row] = &[$($(Row(country(stringify!($country)), $year, $month, $day, $ppm)),+),+];
    };
}

const fn country(code: &str) -> Country {
    match Country::parse(code) {
        Some(country) => country,
        None => panic!("no country code"),
    }
}

macro_rules! countries {
    ($($country:ident)+) => { &[$(country(stringify!($country))),+] };
}

/// The European Union.
const UNION: &[Country] =
    countries!(AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK);

// The standard rates of Switzerland, Liechtenstein and the Union, from when each began.
#[rustfmt::skip]
standard_rates! {
    CH 2018-1-1 77_000, 2024-1-1 81_000;
    LI 2018-1-1 77_000, 2024-1-1 81_000;
    AT 2016-1-1 200_000;
    BE 2016-1-1 210_000;
    BG 2016-1-1 200_000;
    CY 2016-1-1 190_000;
    CZ 2016-1-1 210_000;
    DE 2007-1-1 190_000, 2020-7-1 160_000, 2021-1-1 190_000;
    DK 2016-1-1 250_000;
    EE 2016-1-1 200_000, 2024-1-1 220_000, 2025-7-1 240_000;
    ES 2016-1-1 210_000;
    FI 2016-1-1 240_000, 2024-9-1 255_000;
    FR 2014-1-1 200_000;
    GR 2016-6-1 240_000;
    HR 2016-1-1 250_000;
    HU 2016-1-1 270_000;
    IE 2016-1-1 230_000, 2020-9-1 210_000, 2021-3-1 230_000;
    IT 2016-1-1 220_000;
    LT 2016-1-1 210_000;
    LU 2016-1-1 170_000, 2023-1-1 160_000, 2024-1-1 170_000;
    LV 2016-1-1 210_000;
    MT 2016-1-1 180_000;
    NL 2016-1-1 210_000;
    PL 2016-1-1 230_000;
    PT 2016-1-1 230_000;
    RO 2017-1-1 190_000, 2025-8-1 210_000;
    SE 2016-1-1 250_000;
    SI 2016-1-1 220_000;
    SK 2016-1-1 200_000, 2025-1-1 230_000;
}
