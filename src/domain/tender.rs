//! The life of a tender: `pending_confirmation → open → awarded | closed | expired`, and `cancelled`
//! from any of them but `expired`; who is asked by it, and what an extract of it shows.
use super::locale::Language;
use super::refusal::{Code, Refusal};
use super::words::words;
use chrono::NaiveDateTime;
use std::collections::BTreeSet;

words! {
    /// How a tender stands.
    TenderStatus {
        PendingConfirmation = "pending_confirmation",
        Open = "open",
        Awarded = "awarded",
        Closed = "closed",
        Expired = "expired",
        Cancelled = "cancelled",
    }
}

words! {
    /// How a tender ended that was closed without an award (TND-9).
    TenderOutcome {
        NoSuitableProposal = "no_suitable_proposal",
        SolvedOtherwise = "solved_otherwise",
        NoLongerNeeded = "no_longer_needed",
        Other = "other",
    }
}

words! {
    /// What became of a proposal.
    ProposalStatus {
        Submitted = "submitted",
        Withdrawn = "withdrawn",
        Selected = "selected",
        NotSelected = "not_selected",
    }
}

/// What the author does to a tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenderAct {
    Confirm,
    Award,
    Close,
    Cancel,
}

impl TenderStatus {
    /// Expiry holds even if no job has run (TND-7).
    pub fn at(self, expires_at: NaiveDateTime, now: NaiveDateTime) -> Self {
        match self {
            Self::PendingConfirmation | Self::Open if expires_at <= now => Self::Expired,
            Self::PendingConfirmation
            | Self::Open
            | Self::Awarded
            | Self::Closed
            | Self::Expired
            | Self::Cancelled => self,
        }
    }

    /// Where an act leads. Confirming, closing and cancelling again change nothing.
    pub fn after(self, act: TenderAct) -> Result<Self, Refusal> {
        use TenderAct::*;
        match (self, act) {
            (Self::PendingConfirmation | Self::Open, Confirm) => Ok(Self::Open),
            (Self::Open, Award) => Ok(Self::Awarded),
            (Self::Open | Self::Closed, Close) => Ok(Self::Closed),
            (
                Self::PendingConfirmation
                | Self::Open
                | Self::Awarded
                | Self::Closed
                | Self::Cancelled,
                Cancel,
            ) => Ok(Self::Cancelled),
            (Self::Expired, Confirm | Award | Close | Cancel) => Err(self.not_open("TND-7")),
            (Self::Awarded | Self::Closed | Self::Cancelled, Confirm)
            | (Self::PendingConfirmation | Self::Awarded | Self::Closed | Self::Cancelled, Award)
            | (Self::PendingConfirmation | Self::Awarded | Self::Cancelled, Close) => {
                Err(self.not_open("TND-5"))
            }
        }
    }

    fn not_open(self, rule: &'static str) -> Refusal {
        Refusal::by(Code::TenderNotOpen, rule).with("status", self)
    }

    /// Proposals, questions and answers need an open tender.
    pub fn must_be_open(self, rule: &'static str) -> Result<(), Refusal> {
        match self {
            Self::Open => Ok(()),
            Self::PendingConfirmation
            | Self::Awarded
            | Self::Closed
            | Self::Expired
            | Self::Cancelled => Err(self.not_open(rule)),
        }
    }
}

impl ProposalStatus {
    /// A proposal that was withdrawn or decided upon is not changed any more (TND-4).
    pub fn must_stand(self) -> Result<(), Refusal> {
        match self {
            Self::Submitted => Ok(()),
            Self::Withdrawn | Self::Selected | Self::NotSelected => {
                Err(Refusal::by(Code::ProposalSettled, "TND-4").with("status", self))
            }
        }
    }
}

/// What a tender is about, as far as partners choose by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    pub families: BTreeSet<String>,
    pub region: String,
    pub languages: BTreeSet<Language>,
}

/// Which tenders a partner wants: an empty set is no restriction (TND-2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    pub wanted: bool,
    pub families: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    pub languages: BTreeSet<Language>,
}

impl Preferences {
    pub fn want(&self, tender: &Topics) -> bool {
        let Self {
            wanted,
            families,
            regions,
            languages,
        } = self;
        *wanted
            && (families.is_empty() || !families.is_disjoint(&tender.families))
            && (languages.is_empty() || !languages.is_disjoint(&tender.languages))
            && (regions.is_empty() || regions.iter().any(|region| lies_in(&tender.region, region)))
    }
}

/// Whether a region is another or a part of it: `CH-VD` lies in `CH`.
fn lies_in(region: &str, whole: &str) -> bool {
    region
        .strip_prefix(whole)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// How many characters of a description an extract shows at most (TND-2).
pub const EXTRACT: usize = 280;

/// The beginning of a description, without contact details.
pub fn extract(description: &str) -> String {
    without_contact(description).chars().take(EXTRACT).collect()
}

/// The same text with what looks like an address or a telephone number dotted out, so that an
/// author's own words don't give away what only opening the tender shows (TND-3).
pub fn without_contact(text: &str) -> String {
    let mut shown: Vec<char> = text.chars().collect();
    for word in runs(&shown, |at| !at.is_whitespace()) {
        let letters: String = shown[word.clone()]
            .iter()
            .collect::<String>()
            .to_lowercase();
        if letters.contains('@') || letters.contains("://") || letters.starts_with("www.") {
            shown[word].fill(DOT);
        }
    }
    for number in runs(&shown, |at| at.is_ascii_digit() || " +()-./".contains(at)) {
        let digits = shown[number.clone()]
            .iter()
            .filter(|at| at.is_ascii_digit());
        if digits.count() >= TELEPHONE {
            for at in &mut shown[number] {
                if at.is_ascii_digit() {
                    *at = DOT;
                }
            }
        }
    }
    shown.into_iter().collect()
}

const DOT: char = '•';
/// A date has eight digits, a telephone number with its prefix more.
const TELEPHONE: usize = 9;

/// Where the characters that fit stand together.
fn runs(text: &[char], fits: impl Fn(char) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut begun = None;
    for (at, letter) in text.iter().copied().chain(['\0']).enumerate() {
        match (begun, fits(letter) && letter != '\0') {
            (None, true) => begun = Some(at),
            (Some(from), false) => {
                found.push(from..at);
                begun = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    found
}

/// How quickly a partner answers tenders: drawn from its proposals, and nothing else (TND-9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenderFacts {
    /// How many it made a proposal to.
    pub answered: usize,
    /// The median time from a tender's opening to the proposal, in whole hours.
    pub median_hours: Option<i64>,
}

impl TenderFacts {
    /// From the hours that each answer took.
    pub fn of(mut hours: Vec<i64>) -> Self {
        hours.sort_unstable();
        Self {
            answered: hours.len(),
            median_hours: hours.get(hours.len().saturating_sub(1) / 2).copied(),
        }
    }
}
