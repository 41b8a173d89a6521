//! A month of the calendar, in UTC: what a statement is made of.
use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta};
use std::fmt;

/// How long after its end a month is still open: a transaction that began in it may be committed
/// then, and none takes so long.
const SETTLING: TimeDelta = TimeDelta::minutes(5);

/// A month, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// Reads `2026-11`.
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.len() == 7
            && text
                .bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_digit());
        let day = format!("{text}-01").parse().ok();
        day.filter(|_| shaped).map(Self)
    }

    /// The month of an instant.
    pub fn of(at: NaiveDateTime) -> Self {
        let day = at.date();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Its first instant.
    pub fn start(self) -> NaiveDateTime {
        self.0.and_time(chrono::NaiveTime::MIN)
    }

    /// The month after it; none where the calendar ends.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add_months(Months::new(1)).map(Self)
    }

    /// The first instant after it.
    pub fn end(self) -> NaiveDateTime {
        self.next().map_or(NaiveDateTime::MAX, Self::start)
    }

    /// Whether nothing can be booked in it any more (BIL-6).
    pub fn is_closed(self, now: NaiveDateTime) -> bool {
        self.end()
            .checked_add_signed(SETTLING)
            .is_some_and(|settled| settled <= now)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("expected a month such as 2026-11"))
    }
}

impl utoipa::PartialSchema for Month {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A month of the calendar, in UTC."))
            .examples(["2026-11"])
            .pattern(Some("^[0-9]{4}-(0[1-9]|1[0-2])$"))
            .build()
            .into()
    }
}

impl utoipa::ToSchema for Month {
    fn name() -> std::borrow::Cow<'static, str> {
        "Month".into()
    }
}
