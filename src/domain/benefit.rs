//! What partners have from the programme, and why one of them lacks it (PRG-6).
use super::enrolment::EnrolmentState;
use super::words::words;

words! {
    /// A benefit of the programme (PRG-6).
    Benefit {
        DomainTariffs = "domain_tariffs",
        ThemeAndPluginPacks = "theme_and_plugin_packs",
        TechnicalTeams = "technical_teams",
        CashbackAndDiscounts = "cashback_and_discounts",
        Directory = "directory",
        Tenders = "tenders",
        Rebilling = "rebilling",
    }
}

words! {
    /// Why an organization lacks a benefit.
    BenefitLack {
        NotEnrolled = "not_enrolled",
        NotDecided = "not_decided",
        Rejected = "rejected",
        Suspended = "suspended",
        Ended = "ended",
        /// The partner has not chosen to be listed.
        NotListed = "not_listed",
        /// There is no customer in full access for whom the partner pays.
        NothingToRebill = "nothing_to_rebill",
    }
}

/// What the benefits depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub state: Option<EnrolmentState>,
    pub listed: bool,
    pub pays_for_a_customer: bool,
}

/// Why the organization lacks it; none if it has it.
pub fn lack(benefit: Benefit, facts: Facts) -> Option<BenefitLack> {
    match facts.state {
        None => Some(BenefitLack::NotEnrolled),
        Some(EnrolmentState::Submitted | EnrolmentState::Inquiring) => {
            Some(BenefitLack::NotDecided)
        }
        Some(EnrolmentState::Rejected) => Some(BenefitLack::Rejected),
        Some(EnrolmentState::Suspended) => Some(BenefitLack::Suspended),
        Some(EnrolmentState::Ended) => Some(BenefitLack::Ended),
        Some(EnrolmentState::Approved) => match benefit {
            Benefit::DomainTariffs
            | Benefit::ThemeAndPluginPacks
            | Benefit::TechnicalTeams
            | Benefit::CashbackAndDiscounts
            | Benefit::Tenders => None,
            Benefit::Directory => (!facts.listed).then_some(BenefitLack::NotListed),
            Benefit::Rebilling => {
                (!facts.pays_for_a_customer).then_some(BenefitLack::NothingToRebill)
            }
        },
    }
}
