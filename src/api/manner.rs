//! Dates and amounts in the manner of the reader's language.
use super::locale;
use crate::domain::locale::Language;
use chrono::{Datelike, NaiveDate};

/// A date with its month in words: “25 November 2026”. Some languages say the first day otherwise.
pub fn date(language: Language, date: NaiveDate) -> String {
    let month = locale::text(language, &format!("month-{}", date.month()), &[]);
    let arguments = [
        ("day", date.day().to_string()),
        ("month", month),
        ("year", date.year().to_string()),
    ];
    let key = match date.day() {
        1 => "date.first",
        _ => "date",
    };
    locale::text(language, key, &arguments)
}

/// An amount as JSON writes it (`1234.50`), with groups of three: “CHF 1,234.50”.
pub fn money(language: Language, amount: &str, currency: &str) -> String {
    let (sign, digits) = match amount.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", amount),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let group = locale::text(language, "number.group", &[]);
    let mut number = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            number.push_str(&group);
        }
        number.push(digit);
    }
    if !places.is_empty() {
        number.push_str(&locale::text(language, "number.point", &[]));
        number.push_str(places);
    }
    let arguments = [("number", number), ("currency", currency.to_owned())];
    locale::text(language, "money", &arguments)
}
