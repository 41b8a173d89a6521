//! A company's entry in a public register: numbers with their check digits, in one spelling (PRG-1).
use super::country::is_country;
use super::luhn;
use super::refusal::Fault;
use super::words::words;

words! {
    /// Which register a company stands in.
    RegisterKind {
        /// The Swiss enterprise register: `CHE-123.456.788`.
        ChUid = "ch_uid",
        /// The French register of establishments: fourteen digits.
        FrSiret = "fr_siret",
        /// Any other country's.
        Other = "other",
    }
}

/// An entry whose number has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterEntry {
    pub kind: RegisterKind,
    /// In the register's own spelling.
    pub number: String,
    /// ISO 3166.
    pub country: String,
}

/// Reads an entry; all faults at once, with pointers below `at`.
pub fn read(
    kind: RegisterKind,
    number: &str,
    country: Option<&str>,
    at: &str,
) -> Result<RegisterEntry, Vec<Fault>> {
    let (number_at, country_at) = (format!("{at}/number"), format!("{at}/country"));
    let (read, home) = match kind {
        RegisterKind::ChUid => (uid(number), Some("CH")),
        RegisterKind::FrSiret => (siret(number), Some("FR")),
        RegisterKind::Other => (text(number), None),
    };
    let country = match (home, country) {
        (None, None) => Err(Fault::new(country_at, "required")),
        (None, Some(given)) if !is_country(given) => Err(Fault::new(country_at, "country")),
        (Some(home), Some(given)) if given != home => {
            Err(Fault::new(country_at, "other_register").with("country", home))
        }
        (Some(home), None | Some(_)) => Ok(home),
        (None, Some(given)) => Ok(given),
    };
    match (read, country) {
        (Ok(number), Ok(country)) => Ok(RegisterEntry {
            kind,
            number,
            country: country.to_owned(),
        }),
        (number, country) => {
            let number = number.err().map(|code| Fault::new(number_at, code));
            Err(number.into_iter().chain(country.err()).collect())
        }
    }
}

/// What a VAT number or an extract of the register puts behind the same digits.
const UID_SUFFIXES: [&str; 5] = ["MWST", "TVA", "IVA", "VAT", "HR"];
const UID_WEIGHTS: [u32; 8] = [5, 4, 3, 2, 7, 6, 5, 4];

/// The last digit makes the weighted sum a multiple of eleven; a number that would need a ten for it
/// does not exist.
fn uid(spelt: &str) -> Result<String, &'static str> {
    let compact = compact(spelt);
    let digits = compact.strip_prefix("CHE").ok_or("malformed_number")?;
    let suffix = UID_SUFFIXES
        .iter()
        .find_map(|suffix| digits.strip_suffix(suffix));
    let digits = suffix.unwrap_or(digits);
    let values = values::<9>(digits)?;
    let sum: u32 = values.iter().zip(UID_WEIGHTS).map(|(v, w)| v * w).sum();
    match (sum + values[8]) % 11 {
        0 => Ok(format!(
            "CHE-{}.{}.{}",
            &digits[..3],
            &digits[3..6],
            &digits[6..]
        )),
        _ => Err("wrong_check_digit"),
    }
}

/// The establishments of La Poste outnumber what its Luhn digits leave: a multiple of five will do.
const LA_POSTE: &str = "356000000";

fn siret(spelt: &str) -> Result<String, &'static str> {
    let digits = compact(spelt);
    let values = values::<14>(&digits)?;
    let plain: u32 = values.iter().sum();
    match luhn::checks(&values) || (digits.starts_with(LA_POSTE) && plain.is_multiple_of(5)) {
        true => Ok(digits),
        false => Err("wrong_check_digit"),
    }
}

fn text(number: &str) -> Result<String, &'static str> {
    let number = number.split_whitespace().collect::<Vec<_>>().join(" ");
    match number.chars().count() {
        0 => Err("blank"),
        1..=100 => Ok(number),
        _ => Err("length"),
    }
}

/// Without what people put between the digits.
fn compact(spelt: &str) -> String {
    let between = |letter: &char| !letter.is_whitespace() && !".-–'’/".contains(*letter);
    spelt
        .chars()
        .filter(between)
        .collect::<String>()
        .to_uppercase()
}

/// Exactly so many digits, not all of them zero.
fn values<const N: usize>(digits: &str) -> Result<[u32; N], &'static str> {
    let values: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(10)).collect();
    values
        .filter(|values| values.iter().any(|value| *value > 0))
        .and_then(|values| values.try_into().ok())
        .ok_or("malformed_number")
}
