//! Support codes, and how long a grant is in force.
use chrono::{DateTime, TimeDelta};
use mandat::domain::support::{SupportGrantState, new_code, read_code};
use proptest::prelude::*;

proptest! {
    #[test]
    fn sup_1_a_code_is_twelve_digits_and_one_wrong_digit_is_noticed(chance in any::<[u8; 16]>(), at in 0usize..12, by in 1u8..10) {
        let code = new_code(chance);
        prop_assert_eq!(code.len(), 12);
        let spelt = format!("{} {}-{}", &code[..4], &code[4..8], &code[8..]);
        prop_assert_eq!(read_code(&spelt), Some(code.clone()));
        let mut digits = code.into_bytes();
        digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
        prop_assert_eq!(read_code(&String::from_utf8(digits).unwrap()), None);
    }
}

#[test]
fn sup_1_what_is_no_code_is_read_as_none() {
    for text in [
        "",
        "1",
        "12345678901",
        "1234567890123",
        "12345678901a",
        "١٢٣٤٥٦٧٨٩٠١٢",
    ] {
        assert_eq!(read_code(text), None, "{text}");
    }
}

#[test]
fn sup_4_a_grant_ends_by_itself() {
    let now = DateTime::from_timestamp(1_800_000_000, 0)
        .unwrap()
        .naive_utc();
    let state =
        |revoked, seconds| SupportGrantState::of(revoked, now + TimeDelta::seconds(seconds), now);
    assert_eq!(state(false, 1), SupportGrantState::Active);
    assert_eq!(state(false, 0), SupportGrantState::Expired);
    assert_eq!(state(true, 0), SupportGrantState::Revoked);
}
