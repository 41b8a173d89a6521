//! Whether a partner manages enough within the programme (PRG-3).
use super::money::{Money, MoneyFault};
use super::words::words;
use chrono::{Months, NaiveDateTime};
use rust_decimal::Decimal;

words! {
    /// How a partner stands against the thresholds (PRG-3).
    StandingStatus {
        /// Within twelve months of the approval nothing is asked for yet.
        InGrace = "in_grace",
        Met = "met",
        /// Flagged; only an operator suspends.
        Below = "below",
    }
}

const YEAR: Months = Months::new(12);
/// A first order is no pace: fewer days than these are not extrapolated from.
const FEWEST_DAYS: i64 = 30;
const MOST_DAYS: i64 = 365;

/// The instants that a standing is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The totals count what occurred after this, a year back.
    pub from: NaiveDateTime,
    /// Until then nothing is asked for.
    pub grace_until: NaiveDateTime,
    /// The next anniversary of the approval, to which the forecast looks.
    pub period_end: NaiveDateTime,
    /// What has occurred since then will still count at the end of the period.
    pub period_start: NaiveDateTime,
    /// Days over which the totals have gathered, and days that remain in the period.
    observed: i64,
    remaining: i64,
}

impl Window {
    /// Of a partner that was approved at this instant, seen at another.
    pub fn new(approved_at: NaiveDateTime, at: NaiveDateTime) -> Self {
        let back = |instant: NaiveDateTime| instant.checked_sub_months(YEAR).unwrap_or(instant);
        let anniversary = |year: u32| approved_at.checked_add_months(Months::new(12 * year));
        let mut ends = (1..).map_while(anniversary);
        let period_end = ends.find(|end| *end > at).unwrap_or(at);
        Self {
            from: back(at),
            grace_until: anniversary(1).unwrap_or(at),
            period_end,
            period_start: back(period_end),
            observed: (at - approved_at).num_days().clamp(FEWEST_DAYS, MOST_DAYS),
            remaining: (period_end - at).num_days(),
        }
    }

    /// Reaching the threshold of either currency is enough; currencies are not added together.
    pub fn status(&self, at: NaiveDateTime, totals: &[(Money, Money)]) -> StandingStatus {
        if at < self.grace_until {
            StandingStatus::InGrace
        } else if totals
            .iter()
            .any(|(total, least)| total.minor >= least.minor)
        {
            StandingStatus::Met
        } else {
            StandingStatus::Below
        }
    }

    /// What the trailing twelve months will hold at the end of the period: what occurred since it
    /// began, and for each day that remains as much as an average day of `total`.
    pub fn forecast(&self, total: Money, since_start: Money) -> Result<Money, MoneyFault> {
        let pace = Decimal::from(total.minor) * Decimal::from(self.remaining);
        let to_come = Money::rounded(pace / Decimal::from(self.observed), total.currency)?;
        since_start.checked_add(to_come)
    }
}
