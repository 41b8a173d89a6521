//! Enrolment in the programme: what it asks for (PRG-1), and the states it goes through (PRG-2).
use super::organization::OrganizationKind;
use super::policy::Action;
use super::refusal::{Code, Fault, Refusal};
use super::register::{self, RegisterEntry, RegisterKind};
use super::words::words;
use url::{Host, Url};

words! {
    /// How an enrolment in the programme stands (PRG-2).
    EnrolmentState {
        Submitted = "submitted",
        /// Sent back with questions.
        Inquiring = "inquiring",
        Approved = "approved",
        Rejected = "rejected",
        Suspended = "suspended",
        Ended = "ended",
    }
}

words! {
    /// What can be done to an enrolment.
    EnrolmentAct {
        Inquire = "inquire",
        Answer = "answer",
        Approve = "approve",
        Reject = "reject",
        Suspend = "suspend",
        Reinstate = "reinstate",
        End = "end",
        /// The applicant withdraws, or the partner leaves.
        Leave = "leave",
    }
}

words! {
    /// What an organization is in the programme; never both at once (PRG-4).
    ProgrammeRole { Partner = "partner", Affiliate = "affiliate" }
}

words! {
    /// What a partner commits itself to (PRG-1).
    Commitment {
        /// It supports its customers, or the products under management.
        CustomerSupport = "customer_support",
        /// It answers for the invoices of its customers, or of what it manages.
        InvoiceLiability = "invoice_liability",
        /// It uses only the operator's products for contracts won through tenders.
        TenderExclusivity = "tender_exclusivity",
    }
}

impl EnrolmentState {
    /// The state that an act leads to; none where it cannot be done.
    pub const fn after(self, act: EnrolmentAct) -> Option<Self> {
        use {EnrolmentAct::*, EnrolmentState::*};
        match (self, act) {
            (Submitted, Inquire) => Some(Inquiring),
            (Inquiring, Answer) => Some(Submitted),
            (Submitted | Inquiring, Approve) => Some(Approved),
            (Submitted | Inquiring, Reject) => Some(Rejected),
            (Approved, Suspend) => Some(Suspended),
            (Suspended, Reinstate) => Some(Approved),
            (Approved | Suspended, End | Leave) | (Submitted | Inquiring, Leave) => Some(Ended),
            (Submitted, Answer | Suspend | Reinstate | End)
            | (Inquiring, Inquire | Suspend | Reinstate | End)
            | (Approved, Inquire | Answer | Approve | Reject | Reinstate)
            | (Suspended, Inquire | Answer | Approve | Reject | Suspend)
            | (
                Rejected | Ended,
                Inquire | Answer | Approve | Reject | Suspend | Reinstate | End | Leave,
            ) => None,
        }
    }

    /// As [`after`](Self::after), refusing what cannot be done.
    pub fn must(self, act: EnrolmentAct) -> Result<Self, Refusal> {
        self.after(act)
            .ok_or_else(|| Refusal::by(Code::NotInThisState, "PRG-2").with("state", self))
    }

    /// Whether it keeps the organization from enrolling anew, and as an affiliate (PRG-4).
    pub const fn is_in_force(self) -> bool {
        match self {
            Self::Submitted | Self::Inquiring | Self::Approved | Self::Suspended => true,
            Self::Rejected | Self::Ended => false,
        }
    }

    /// Whether the organization is a partner, though perhaps a suspended one.
    pub const fn is_partner(self) -> bool {
        match self {
            Self::Approved | Self::Suspended => true,
            Self::Submitted | Self::Inquiring | Self::Rejected | Self::Ended => false,
        }
    }
}

impl EnrolmentAct {
    /// What the policy must allow for it: some are the applicant's, the others the operator's.
    pub const fn needs(self) -> Action {
        match self {
            Self::Answer => Action::AnswerInquiry,
            Self::Leave => Action::LeaveProgramme,
            Self::Inquire
            | Self::Approve
            | Self::Reject
            | Self::Suspend
            | Self::Reinstate
            | Self::End => Action::DecideEnrolment,
        }
    }
}

/// What an applicant says of itself; anything may be missing yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Draft<'a> {
    pub register: Option<(Option<RegisterKind>, Option<&'a str>, Option<&'a str>)>,
    pub website: Option<&'a str>,
    pub customer_support: bool,
    pub invoice_liability: bool,
    pub tender_exclusivity: bool,
    pub terms_version: Option<&'a str>,
}

/// A complete application: all three commitments made, the terms in force accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub register: RegisterEntry,
    pub website: String,
    pub terms_version: String,
}

/// Reads an application; names everything that is missing at once (PRG-1).
pub fn read(
    kind: OrganizationKind,
    draft: &Draft,
    terms_in_force: &str,
) -> Result<Application, Refusal> {
    let mut faults = Vec::new();
    match kind {
        OrganizationKind::Company => {}
        OrganizationKind::Person => faults.push(Fault::new("", "company_required")),
    }
    let register = kept(read_register(draft), &mut faults);
    let website = kept(read_website(draft.website), &mut faults);
    for (commitment, made) in [
        (Commitment::CustomerSupport, draft.customer_support),
        (Commitment::InvoiceLiability, draft.invoice_liability),
        (Commitment::TenderExclusivity, draft.tender_exclusivity),
    ] {
        if !made {
            faults.push(Fault::new(
                format!("/commitments/{commitment}"),
                "commitment_required",
            ));
        }
    }
    let at = "/terms_version";
    match draft.terms_version {
        None => faults.push(Fault::new(at, "required")),
        Some(accepted) if accepted != terms_in_force => {
            faults.push(Fault::new(at, "terms_outdated").with("version", terms_in_force));
        }
        Some(_) => {}
    }
    match (register, website, faults.is_empty()) {
        (Some(register), Some(website), true) => Ok(Application {
            register,
            website,
            terms_version: terms_in_force.to_owned(),
        }),
        _ => Err(Refusal::invalid(faults).rule("PRG-1")),
    }
}

fn kept<T>(read: Result<T, Vec<Fault>>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|found| faults.extend(found)).ok()
}

fn read_register(draft: &Draft) -> Result<RegisterEntry, Vec<Fault>> {
    let Some((kind, number, country)) = draft.register else {
        return Err(vec![Fault::new("/register", "required")]);
    };
    match (kind, number) {
        (Some(kind), Some(number)) => register::read(kind, number, country, "/register"),
        (kind, number) => {
            let missing = [("kind", kind.is_none()), ("number", number.is_none())];
            Err(missing
                .iter()
                .filter(|(_, is_missing)| *is_missing)
                .map(|(name, _)| Fault::new(format!("/register/{name}"), "required"))
                .collect())
        }
    }
}

fn read_website(given: Option<&str>) -> Result<String, Vec<Fault>> {
    match given {
        None => Err(vec![Fault::new("/website", "required")]),
        Some(given) => website(given).ok_or_else(|| vec![Fault::new("/website", "url")]),
    }
}

/// An https address of a named host, in its normal spelling.
pub fn website(given: &str) -> Option<String> {
    let url = Url::parse(given.trim()).ok()?;
    let named = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
    let anonymous = url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && named && anonymous && url.as_str().len() <= 300).then(|| url.into())
}
