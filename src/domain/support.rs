//! Support: the codes by which people are known to the staff (SUP-1), plans, and temporary access.
use super::luhn;
use super::words::words;
use chrono::NaiveDateTime;

words! {
    /// What support an organization has.
    SupportPlan { Standard = "standard", Premium = "premium" }
}

words! {
    /// How the support staff can be reached.
    SupportChannel { Email = "email", Phone = "phone" }
}

words! {
    /// How a grant of access to the support staff stands.
    SupportGrantState { Active = "active", Expired = "expired", Revoked = "revoked" }
}

words! {
    /// What came of a code that the support staff submitted.
    IdentificationOutcome {
        Identified = "identified",
        Unknown = "unknown",
        Throttled = "throttled",
    }
}

impl SupportGrantState {
    /// It ends by itself, or is revoked before (SUP-4).
    pub fn of(revoked: bool, valid_to: NaiveDateTime, now: NaiveDateTime) -> Self {
        match (revoked, valid_to > now) {
            (true, _) => Self::Revoked,
            (false, true) => Self::Active,
            (false, false) => Self::Expired,
        }
    }
}

/// Digits of a code, the last of which checks the others.
const DIGITS: usize = 12;

/// Twelve digits made of chance: eleven, and one that checks them (Luhn).
pub fn new_code(chance: [u8; 16]) -> String {
    let number = u128::from_be_bytes(chance) % 10u128.pow(DIGITS as u32 - 1);
    let digits = format!("{number:0width$}", width = DIGITS - 1);
    let check = (0..10)
        .map(|check| format!("{digits}{check}"))
        .find(|code| checks(code));
    check.unwrap_or(digits)
}

/// What somebody read out or typed, without blanks and dashes; none if it can be no code.
pub fn read_code(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .collect();
    let fits = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    (fits && checks(&digits)).then_some(digits)
}

fn checks(code: &str) -> bool {
    let digits: Vec<u32> = code
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    luhn::checks(&digits)
}
