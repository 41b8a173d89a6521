//! What a field of an input must be, for the derives that read it.
use crate::domain::{account_number, country};
use serde::{Deserialize, Deserializer};
use validator::ValidationError;

/// An e-mail address, as far as its form goes.
pub fn address(email: &str) -> Result<(), ValidationError> {
    must(email_address::EmailAddress::is_valid(email), "email")
}

/// A name that is more than blanks.
pub fn not_blank(name: &str) -> Result<(), ValidationError> {
    must(!name.trim().is_empty(), "blank")
}

/// An ISO 3166-1 alpha-2 code.
pub fn country(code: &str) -> Result<(), ValidationError> {
    must(country::is_country(code), "country")
}

/// A VAT number, as far as its form goes.
pub fn vat_number(text: &str) -> Result<(), ValidationError> {
    must(country::vat_number(text).is_some(), "vat_number")
}

/// A text without a card or account number: those are never stored (PAY-7).
pub fn no_account(text: &str) -> Result<(), ValidationError> {
    must(!account_number::is_in(text), "account_number")
}

/// A field of a merge patch that can be cleared: what is absent stays, null clears (RFC 7396).
pub fn clearable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

fn must(holds: bool, fault: &'static str) -> Result<(), ValidationError> {
    match holds {
        true => Ok(()),
        false => Err(ValidationError::new(fault)),
    }
}
