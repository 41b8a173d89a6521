//! Products: installed services of one family, owned by one organization.
use super::words::words;
use chrono::{Months, NaiveDate, NaiveDateTime, NaiveTime};

words! {
    /// How long one payment lasts.
    Period { Monthly = "monthly", Yearly = "yearly" }
}

words! {
    /// `active → expired | cancelled` (BIL-13).
    ProductState { Active = "active", Expired = "expired", Cancelled = "cancelled" }
}

/// The family whose products hold backup units (BAK-1).
pub const BACKUP: &str = "backup";

impl Period {
    /// The day after the last of a period that starts on `start`; none where the calendar ends.
    pub fn end(self, start: NaiveDate) -> Option<NaiveDate> {
        start.checked_add_months(Months::new(match self {
            Self::Monthly => 1,
            Self::Yearly => 12,
        }))
    }
}

/// When a product expires by the clock alone (BIL-13): not while it renews by itself.
pub fn expires_at(
    state: ProductState,
    renews: bool,
    renews_on: NaiveDate,
) -> Option<NaiveDateTime> {
    let active = state == ProductState::Active;
    (active && !renews).then(|| ends_at(renews_on))
}

/// The instant at which a paid period is over.
pub fn ends_at(renews_on: NaiveDate) -> NaiveDateTime {
    renews_on.and_time(NaiveTime::MIN)
}
