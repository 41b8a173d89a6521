//! What this partner has from the programme, and why not the rest (PRG-6).
use super::model;
use super::reference::told;
use crate::api::{Caller, Reply};
use crate::db::schema::partnership_terms;
use crate::db::witness;
use crate::db::{Db, Tx};
use crate::domain::access::{Level, PaymentMode};
use crate::domain::benefit::{Benefit, BenefitLack, Facts, lack};
use crate::domain::id::OrganizationId;
use crate::domain::policy::{self, Action};
use crate::error::Result;
use crate::resources::directory::model as directory;
use actix_web::get;
use actix_web::web::{Data, Path};
use diesel::dsl::exists;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// The benefits of the programme.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerBenefits)]
pub struct PartnerBenefitsView {
    /// All of them.
    benefits: Vec<PartnerBenefitView>,
}

/// A benefit, and whether this organization has it.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerBenefit)]
pub struct PartnerBenefitView {
    /// The benefit.
    benefit: Benefit,
    /// What it is, in the reader's language.
    #[schema(example = "A page in the public directory")]
    text: String,
    /// Whether the organization has it.
    granted: bool,
    /// Why not.
    reason: Option<BenefitLack>,
    /// Why not, in the reader's language.
    #[schema(example = "You have not chosen to be listed.")]
    explanation: Option<String>,
}

/// List the benefits.
///
/// Those of the programme, each with whether this organization has it, and why not.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The organization.")), responses((status = 200, body = PartnerBenefitsView, description = "All benefits.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/partner-benefits")]
pub async fn list_partner_benefits(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<PartnerBenefitsView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadEnrolment)?;
        let facts = facts(tx, *org)?;
        let view = |benefit: &Benefit| {
            let reason = lack(*benefit, facts);
            PartnerBenefitView {
                benefit: *benefit,
                text: told(identity.language, "benefit", benefit.as_str()),
                granted: reason.is_none(),
                reason,
                explanation: reason
                    .map(|reason| told(identity.language, "benefit-lack", reason.as_str())),
            }
        };
        Reply::ok(&PartnerBenefitsView {
            benefits: Benefit::ALL.iter().map(view).collect(),
        })
    })
    .await
}

fn facts(tx: &mut Tx, org: OrganizationId) -> Result<Facts> {
    let state = model::latest(tx, org)?.map(|enrolment| enrolment.state());
    let paying = partnership_terms::table
        .filter(partnership_terms::partner_id.eq(org))
        .filter(partnership_terms::live_level.eq(Level::Full))
        .filter(partnership_terms::payment_mode.eq(PaymentMode::Partner));
    Ok(Facts {
        state: state.transpose()?,
        listed: directory::find(tx, org)?.is_some_and(|profile| profile.listed),
        pays_for_a_customer: diesel::select(exists(paying)).get_result(tx.conn)?,
    })
}
