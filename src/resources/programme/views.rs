//! How an enrolment is shown, to its applicant and to the operator's staff alike.
use super::model::{Enrolment, EnrolmentRow, Step};
use crate::api::views::OrganizationNameView;
use crate::domain::enrolment::{Commitment, EnrolmentAct, EnrolmentState};
use crate::domain::id::EnrolmentId;
use crate::domain::policy::{self, Standing};
use crate::domain::register::RegisterKind;
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An enrolment in the partner programme.
#[derive(Serialize, ToSchema)]
#[schema(as = Enrolment)]
pub struct EnrolmentView {
    /// Its id.
    pub id: EnrolmentId,
    /// Who enrols.
    organization: OrganizationNameView,
    /// How it stands.
    status: EnrolmentState,
    /// What was said with the last decision or answer.
    #[schema(example = "Please send us the extract of your register.")]
    reason: Option<String>,
    /// The company's entry in a public register.
    register: RegisterEntryView,
    /// The company's website.
    #[schema(format = "uri", example = "https://studio-lumen.example/")]
    website: String,
    /// When the operator saw that it is live.
    website_confirmed_at: Option<DateTime<Utc>>,
    /// What the company has committed itself to.
    commitments: Vec<Commitment>,
    /// The version of the reseller terms that it has accepted.
    #[schema(example = "2026-01")]
    terms_version: String,
    /// When it was sent.
    submitted_at: DateTime<Utc>,
    /// Since when the organization is a partner.
    approved_at: Option<DateTime<Utc>>,
    /// Every state it has been in, the newest first.
    history: Vec<EnrolmentStepView>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub version: i32,
    /// What this caller may do to it now.
    available_actions: Vec<EnrolmentAct>,
}

/// A company's entry in a public register.
#[derive(Serialize, ToSchema)]
#[schema(as = RegisterEntry)]
pub struct RegisterEntryView {
    /// Which register.
    kind: RegisterKind,
    /// The number, in the register's own spelling.
    #[schema(example = "CHE-123.456.788")]
    number: String,
    /// The register's country, ISO 3166.
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: String,
}

/// A state that an enrolment has been in.
#[derive(Serialize, ToSchema)]
#[schema(as = EnrolmentStep)]
pub struct EnrolmentStepView {
    /// The state.
    status: EnrolmentState,
    /// What was said with it.
    #[schema(example = "Please send us the extract of your register.")]
    reason: Option<String>,
    /// Since when.
    since: DateTime<Utc>,
}

impl From<&EnrolmentRow> for RegisterEntryView {
    fn from(row: &EnrolmentRow) -> Self {
        Self {
            kind: row.register_kind,
            number: row.register_number.clone(),
            country: row.register_country.clone(),
        }
    }
}

impl From<&Step> for EnrolmentStepView {
    fn from(step: &Step) -> Self {
        Self {
            status: step.state,
            reason: step.reason.clone(),
            since: step.valid_from.and_utc(),
        }
    }
}

pub fn view(enrolment: &Enrolment, name: String, standings: &[Standing]) -> Result<EnrolmentView> {
    let (row, last) = (&enrolment.row, enrolment.last()?);
    let may = |act: &&EnrolmentAct| {
        last.state.after(**act).is_some() && policy::permits(standings, act.needs())
    };
    Ok(EnrolmentView {
        id: row.id,
        organization: OrganizationNameView {
            id: row.organization_id,
            name,
        },
        status: last.state,
        reason: last.reason.clone(),
        register: row.into(),
        website: row.website.clone(),
        website_confirmed_at: row.website_confirmed_at.map(|at| at.and_utc()),
        commitments: Commitment::ALL.to_vec(),
        terms_version: row.terms_version.clone(),
        submitted_at: row.created_at.and_utc(),
        approved_at: enrolment.approved_at().map(|at| at.and_utc()),
        history: enrolment.steps.iter().rev().map(Into::into).collect(),
        version: row.version,
        available_actions: EnrolmentAct::ALL.iter().filter(may).copied().collect(),
    })
}
