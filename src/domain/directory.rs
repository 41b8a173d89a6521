//! What the public directory holds of a partner, and how it is searched (DIR-1).
use super::country::is_country;
use super::enrolment::website;
use super::refusal::{Fault, Refusal};
use super::words::words;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

words! {
    /// What a profile lists several of.
    ProfileItem {
        Language = "language",
        Region = "region",
        Speciality = "speciality",
        Family = "family",
    }
}

/// What a partner says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whether it wants to be in the directory.
    pub listed: bool,
    pub description: String,
    pub website: Option<String>,
    /// ISO 639-1.
    pub languages: Vec<String>,
    /// ISO 3166-1 for a whole country, ISO 3166-2 for a part of one.
    pub regions: Vec<String>,
    pub specialities: Vec<String>,
    /// Codes of product families.
    pub families: Vec<String>,
}

impl Profile {
    /// In its normal spelling, or every fault of it, with those that were found of its families.
    pub fn checked(self, mut faults: Vec<Fault>) -> Result<Self, Refusal> {
        let website = match self.website.as_deref().map(website) {
            Some(None) => {
                faults.push(Fault::new("/website", "url"));
                None
            }
            Some(Some(website)) => Some(website),
            None => None,
        };
        let wrong = |list: &[String], at: &str, fits: fn(&str) -> bool, code| {
            let misfits = list.iter().enumerate().filter(|(_, item)| !fits(item));
            misfits
                .map(|(index, _)| Fault::new(format!("{at}/{index}"), code))
                .collect::<Vec<_>>()
        };
        faults.extend(wrong(
            &self.languages,
            "/languages",
            is_language,
            "language",
        ));
        faults.extend(wrong(&self.regions, "/regions", is_region, "region"));
        let said = |item: &str| !item.trim().is_empty();
        faults.extend(wrong(&self.specialities, "/specialities", said, "blank"));
        if !faults.is_empty() {
            return Err(Refusal::invalid(faults).rule("DIR-1"));
        }
        Ok(Self {
            website,
            languages: distinct(&self.languages),
            regions: distinct(&self.regions),
            specialities: distinct(&self.specialities),
            families: distinct(&self.families),
            ..self
        })
    }

    /// The lists, each by what it holds.
    pub fn items(&self) -> [(ProfileItem, &[String]); 4] {
        [
            (ProfileItem::Language, &self.languages),
            (ProfileItem::Region, &self.regions),
            (ProfileItem::Speciality, &self.specialities),
            (ProfileItem::Family, &self.families),
        ]
    }

    /// What a search finds it by, beside its name.
    pub fn text(&self) -> String {
        format!("{} {}", self.description, self.specialities.join(" "))
    }
}

/// The same items once each, in the order given.
fn distinct(items: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let trimmed = items.iter().map(|item| item.trim().to_owned());
    trimmed.filter(|item| seen.insert(item.clone())).collect()
}

fn is_language(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The country that a part of one lies in.
pub fn country_of(region: &str) -> Option<&str> {
    region.split_once('-').map(|(country, _)| country)
}

/// `CH` or `CH-VD`.
pub fn is_region(code: &str) -> bool {
    let (country, part) = match code.split_once('-') {
        Some((country, part)) => (country, Some(part)),
        None => (code, None),
    };
    let sound = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        (1..=3).contains(&part.len()) && part.bytes().all(fits)
    };
    is_country(country) && part.is_none_or(sound)
}

/// The longest word that is told apart from others, in characters.
const LONGEST: usize = 40;

/// The words of a text, without accents and case, as both engines compare them.
pub fn folded_words(text: &str) -> BTreeSet<String> {
    let plain = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    let folded: String =
        plain
            .flat_map(char::to_lowercase)
            .fold(String::new(), |mut folded, letter| {
                match letter {
                    'ß' => folded.push_str("ss"),
                    'æ' => folded.push_str("ae"),
                    'œ' => folded.push_str("oe"),
                    'ø' => folded.push('o'),
                    'ł' => folded.push('l'),
                    'đ' | 'ð' => folded.push('d'),
                    'ı' => folded.push('i'),
                    letter => folded.push(letter),
                }
                folded
            });
    folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LONGEST).collect())
        .collect()
}
