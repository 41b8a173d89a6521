//! Card and account numbers, which are never stored (PAY-7): how they are told from a provider's token.
use super::luhn;

/// Whether a text contains what can be a card's number (ISO/IEC 7812) or an IBAN (ISO 13616).
pub fn is_in(text: &str) -> bool {
    has_card_number(text) || has_iban(text)
}

fn has_card_number(text: &str) -> bool {
    let grouped = text.split(|each: char| !(each.is_ascii_digit() || " -.".contains(each)));
    let plain = text.split(|each: char| !each.is_ascii_digit());
    grouped.chain(plain).any(|run| {
        let digits: Vec<u32> = run.chars().filter_map(|each| each.to_digit(10)).collect();
        (13..=19).contains(&digits.len()) && luhn::checks(&digits)
    })
}

/// How long an IBAN is, by country.
#[rustfmt::skip]
const IBANS: [(&str, usize); 41] = [
    ("AD", 24), ("AL", 28), ("AT", 20), ("BA", 20), ("BE", 16), ("BG", 22), ("CH", 21), ("CY", 28),
    ("CZ", 24), ("DE", 22), ("DK", 18), ("EE", 20), ("ES", 24), ("FI", 18), ("FR", 27), ("GB", 22),
    ("GI", 23), ("GR", 27), ("HR", 21), ("HU", 28), ("IE", 22), ("IS", 26), ("IT", 27), ("LI", 21),
    ("LT", 20), ("LU", 20), ("LV", 21), ("MC", 27), ("ME", 22), ("MK", 19), ("MT", 31), ("NL", 18),
    ("NO", 15), ("PL", 28), ("PT", 25), ("RO", 24), ("RS", 22), ("SE", 24), ("SI", 19), ("SK", 24),
    ("SM", 27),
];

fn has_iban(text: &str) -> bool {
    let plain = text.to_ascii_uppercase();
    let starts = plain.char_indices().filter(|(at, _)| {
        let before = plain
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    });
    starts
        .filter_map(|(at, _)| plain.get(at..))
        .any(begins_with_iban)
}

fn begins_with_iban(text: &str) -> bool {
    let number: String = text.chars().filter(|each| !" -".contains(*each)).collect();
    IBANS.iter().any(|(country, length)| {
        let candidate = number
            .get(..*length)
            .filter(|number| number.starts_with(country));
        candidate.is_some_and(checks)
    })
}

/// The first four characters behind the rest, letters as numbers from 10: one more than a multiple of 97.
fn checks(iban: &str) -> bool {
    let (head, tail) = iban.split_at(4);
    let rest = tail.chars().chain(head.chars()).try_fold(0, |rest, each| {
        let value = each.to_digit(36)?;
        let shifted = rest * if value < 10 { 10 } else { 100 };
        Some((shifted + value) % 97)
    });
    rest == Some(1)
}
