//! What the programme asks for and gives, for whoever thinks of enrolling.
use crate::api::views::MoneyView;
use crate::api::{Reply, locale};
use crate::config::Config;
use crate::domain::benefit::Benefit;
use crate::domain::enrolment::Commitment;
use crate::domain::locale::Language;
use crate::error::Result;
use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

/// What the programme asks for and gives.
#[derive(Serialize, ToSchema)]
#[schema(as = Programme)]
pub struct ProgrammeView {
    /// The version of the reseller terms in force.
    #[schema(example = "2026-01")]
    terms_version: String,
    /// What a partner commits itself to.
    commitments: Vec<CommitmentView>,
    /// What must be managed within the programme over twelve months, in one of these currencies (PRG-3).
    thresholds: Vec<MoneyView>,
    /// What partners have from it.
    benefits: Vec<BenefitView>,
    /// The limits of what a partner can earn.
    ceilings: CeilingsView,
}

/// A commitment in words.
#[derive(Serialize, ToSchema)]
#[schema(as = CommitmentText)]
pub struct CommitmentView {
    /// The commitment.
    commitment: Commitment,
    /// What it says, in the reader's language.
    #[schema(example = "supports its customers, or the products under management")]
    text: String,
}

/// A benefit in words.
#[derive(Serialize, ToSchema)]
#[schema(as = BenefitText)]
pub struct BenefitView {
    /// The benefit.
    benefit: Benefit,
    /// What it is, in the reader's language.
    #[schema(example = "A page in the public directory")]
    text: String,
}

/// The limits of what a partner can earn.
#[derive(Serialize, ToSchema)]
#[schema(as = ProgrammeCeilings)]
pub struct CeilingsView {
    /// The highest partner advantage on a product family (PRC-2).
    #[schema(pattern = r"^(0|1)\.[0-9]{2,6}$", example = "0.35")]
    partner_rate: String,
}

/// The programme.
///
/// Its terms, commitments, thresholds, benefits and ceilings. The texts follow `Accept-Language`.
#[utoipa::path(tag = "Programme", security(()), responses((status = 200, body = ProgrammeView, description = "The programme.")))]
#[get("/v1/programme")]
pub async fn get_programme(
    request: HttpRequest,
    config: Data<Config>,
) -> Result<Reply<ProgrammeView>> {
    let language = locale::accepted(&request);
    Reply::ok(&ProgrammeView {
        terms_version: config.terms_version.clone(),
        commitments: Commitment::ALL
            .iter()
            .map(|commitment| CommitmentView {
                commitment: *commitment,
                text: told(language, "commitment", commitment.as_str()),
            })
            .collect(),
        thresholds: config.thresholds.iter().copied().map(Into::into).collect(),
        benefits: Benefit::ALL
            .iter()
            .map(|benefit| BenefitView {
                benefit: *benefit,
                text: told(language, "benefit", benefit.as_str()),
            })
            .collect(),
        ceilings: CeilingsView {
            partner_rate: config.partner_rate_ceiling.to_string(),
        },
    })
}

/// The sentence of a word.
pub fn told(language: Language, of: &str, word: &str) -> String {
    locale::text(language, &format!("{of}-{}", word.replace('_', "-")), &[])
}
