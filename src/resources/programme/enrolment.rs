//! A company enrols, answers what it is asked, and leaves (PRG-1, PRG-2).
use super::acts;
use super::model::{self, Enrolment};
use super::views::{EnrolmentView, view};
use crate::api::{Caller, IfMatch, Post, Reply, Valid};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::organizations;
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::enrolment::{self, Draft, EnrolmentAct, ProgrammeRole};
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::organization::OrganizationKind;
use crate::domain::policy::{self, Action, Standing};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::register::RegisterKind;
use crate::error::Result;
use crate::resources::accounts::step_up;
use crate::resources::organizations::model::name;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, patch, post};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What a company enrols with. Everything is asked for; what is missing is named all at once.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"register": {"kind": "ch_uid", "number": "CHE-123.456.788"}, "website": "https://studio-lumen.example/", "commitments": {"customer_support": true, "invoice_liability": true, "tender_exclusivity": true}, "terms_version": "2026-01"}))]
pub struct NewEnrolment {
    /// Its entry in a public register.
    #[validate(nested)]
    #[schema(nullable = false, required = true)]
    register: Option<RegisterClaim>,
    /// Its website, an https address.
    #[validate(length(max = 300))]
    #[schema(nullable = false, required = true, format = "uri", max_length = 300)]
    website: Option<String>,
    /// The three commitments, each made explicitly.
    #[schema(nullable = false, required = true)]
    commitments: Option<CommitmentsMade>,
    /// The version of the reseller terms that it accepts: the one in force, of `GET /v1/programme`.
    #[validate(length(max = 40))]
    #[schema(nullable = false, required = true, max_length = 40)]
    terms_version: Option<String>,
}

/// A company's entry in a public register.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterClaim {
    /// Which register.
    #[schema(nullable = false, required = true)]
    kind: Option<RegisterKind>,
    /// The number, in any common spelling; its check digit is checked.
    #[validate(length(max = 100))]
    #[schema(
        nullable = false,
        required = true,
        max_length = 100,
        example = "CHE-123.456.788"
    )]
    number: Option<String>,
    /// The register's country, ISO 3166: needed with `other`.
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: Option<String>,
}

/// The three commitments of a partner, each made explicitly.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CommitmentsMade {
    /// The company supports its customers, or the products under management.
    #[schema(required = true)]
    customer_support: bool,
    /// It answers for the invoices of its customers, or of what it manages. Declaratory: it never changes who pays.
    #[schema(required = true)]
    invoice_liability: bool,
    /// It uses only the operator's products for contracts won through tenders.
    #[schema(required = true)]
    tender_exclusivity: bool,
}

/// The answer to an inquiry: in words, or by correcting what was asked about.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answer": "Our register entry was renewed in March.", "website": "https://www.studio-lumen.example/"}))]
pub struct InquiryAnswer {
    /// The answer.
    #[validate(length(min = 1, max = 2000))]
    #[schema(nullable = false, min_length = 1, max_length = 2000)]
    answer: Option<String>,
    /// The corrected entry in a public register.
    #[validate(nested)]
    #[schema(nullable = false)]
    register: Option<RegisterClaim>,
    /// The corrected website.
    #[validate(length(max = 300))]
    #[schema(nullable = false, format = "uri", max_length = 300)]
    website: Option<String>,
}

/// A partner's leave.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeLeave {
    /// The caller's password, where partnerships end.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
}

impl RegisterClaim {
    fn draft(&self) -> (Option<RegisterKind>, Option<&str>, Option<&str>) {
        (self.kind, self.number.as_deref(), self.country.as_deref())
    }
}

/// Enrol in the programme.
///
/// Only a registered company does, by a legal representative; everything that is missing is named at once (PRG-1). While an enrolment is in force, as a partner or as an affiliate, there is no other (PRG-4).
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The company.")), request_body = NewEnrolment,
    responses((status = 201, body = EnrolmentView, description = "Sent to the operator.")),
    extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden", "already_enrolled"]))))]
#[post("/v1/organizations/{org_id}/partner-enrolment")]
pub async fn submit_partner_enrolment(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    org: Path<OrganizationId>,
    new: Post<NewEnrolment>,
) -> Result<Reply<EnrolmentView>> {
    let org = *org;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let found = witness::organization(tx, identity, org)?;
        let standings = found.standings.clone();
        let rule = policy::allow(found, Action::Enrol)?.rule;
        let made = new.commitments.clone().unwrap_or_default();
        let draft = Draft {
            register: new.register.as_ref().map(RegisterClaim::draft),
            website: new.website.as_deref(),
            customer_support: made.customer_support,
            invoice_liability: made.invoice_liability,
            tender_exclusivity: made.tender_exclusivity,
            terms_version: new.terms_version.as_deref(),
        };
        let application = enrolment::read(kind(tx, org)?, &draft, &config.terms_version)?;
        model::must_be_free(tx, org, ProgrammeRole::Partner)?;
        let id = model::insert(tx, org, &application)?;
        let event = Event::new(EventType::EnrolmentSubmitted, id).of(org);
        tx.record(Some(identity), event.by_rule(rule))?;
        let view = newest(tx, org, &standings)?;
        let location = format!("/v1/organizations/{org}/partner-enrolment");
        Ok(Reply::created(location, &view)?.version(view.version))
    })
    .await
}

/// Show the enrolment.
///
/// The organization's newest, in whatever state, with the reasons of every decision, for its legal representatives.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The company.")),
    responses((status = 200, body = EnrolmentView, description = "The enrolment.")),
    extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/partner-enrolment")]
pub async fn get_partner_enrolment(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<EnrolmentView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (_, standings, _) = own(tx, &identity, *org, Action::ReadEnrolment)?;
        shown(tx, *org, &standings)
    })
    .await
}

/// Answer an inquiry.
///
/// In words, or by correcting what was asked about; the enrolment goes back to the operator.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The company.")), request_body = InquiryAnswer,
    responses((status = 200, body = EnrolmentView, description = "Sent back to the operator.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[patch("/v1/organizations/{org_id}/partner-enrolment")]
pub async fn answer_enrolment_inquiry(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    org: Path<OrganizationId>,
    answer: Valid<InquiryAnswer>,
) -> Result<Reply<EnrolmentView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (enrolment, standings, rule) = own(tx, &identity, *org, Action::AnswerInquiry)?;
        if_match.check(enrolment.row.version)?;
        enrolment.state()?.must(EnrolmentAct::Answer)?;
        correct(tx, &enrolment, &answer)?;
        let said = answer.answer.as_deref();
        acts::perform(tx, &identity, &enrolment, EnrolmentAct::Answer, said, rule)?;
        shown(tx, *org, &standings)
    })
    .await
}

/// Leave the programme.
///
/// Withdraws an enrolment that is not decided yet. The partnerships of a partner end with it (PRG-7), which asks for the password again (ORG-7): in the body, or by a fresh re-authentication.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The company.")), request_body = ProgrammeLeave,
    responses((status = 204, description = "Left.")),
    extensions(("x-problems" = json!(["forbidden", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[delete("/v1/organizations/{org_id}/partner-enrolment")]
pub async fn leave_programme(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    leave: Post<ProgrammeLeave>,
) -> Result<Reply<()>> {
    let (asking, org) = (caller.clone(), *org);
    // Who may not leave is told so before any password is looked at.
    let ends_partnerships = db.snapshot(move |tx| {
        let identity = asking.identify(tx)?;
        leaving(tx, &identity, org)?;
        Ok(!acts::open_partnerships(tx, org)?.is_empty())
    });
    let given = match ends_partnerships.await? {
        true => Some(step_up::with_password(&db, &caller, leave.body.password.as_deref()).await?),
        false => None,
    };
    leave
        .once(&db, caller, &[], move |tx, identity, _| {
            let (enrolment, rule) = leaving(tx, identity, org)?;
            match &given {
                Some(given) => given.still_holds(tx, identity)?,
                None if acts::open_partnerships(tx, org)?.is_empty() => {}
                None => return Err(Refusal::by(Code::PasswordRequired, "ORG-7").into()),
            }
            acts::perform(tx, identity, &enrolment, EnrolmentAct::Leave, None, rule)?;
            Ok(Reply::no_content())
        })
        .await
}

/// An enrolment that the caller may leave; one that is over is gone.
fn leaving(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
) -> Result<(Enrolment, &'static str)> {
    let (enrolment, _, rule) = own(tx, identity, org, Action::LeaveProgramme)?;
    match enrolment.state()?.is_in_force() {
        true => Ok((enrolment, rule)),
        false => Err(Refusal::not_found().into()),
    }
}

/// The organization's newest enrolment, if the caller may do this to it.
pub fn own(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
    action: Action,
) -> Result<(Enrolment, Vec<Standing>, &'static str)> {
    let found = witness::organization(tx, identity, org)?;
    let standings = found.standings.clone();
    let rule = policy::allow(found, action)?.rule;
    let enrolment = model::latest(tx, org)?.ok_or_else(Refusal::not_found)?;
    Ok((enrolment, standings, rule))
}

/// The newest enrolment as it is now.
pub fn shown(
    tx: &mut Tx,
    org: OrganizationId,
    standings: &[Standing],
) -> Result<Reply<EnrolmentView>> {
    let view = newest(tx, org, standings)?;
    Ok(Reply::ok(&view)?.version(view.version))
}

fn newest(tx: &mut Tx, org: OrganizationId, standings: &[Standing]) -> Result<EnrolmentView> {
    let enrolment = model::latest(tx, org)?.ok_or_else(Refusal::not_found)?;
    view(&enrolment, name(tx, org)?, standings)
}

fn kind(tx: &mut Tx, org: OrganizationId) -> Result<OrganizationKind> {
    Ok(organizations::table
        .find(org)
        .select(organizations::kind)
        .first(tx.conn)?)
}

/// Judges what is corrected as it was judged at first; what is not, stays.
fn correct(tx: &mut Tx, enrolment: &Enrolment, answer: &InquiryAnswer) -> Result<()> {
    if answer.answer.is_none() && answer.register.is_none() && answer.website.is_none() {
        let fault = Fault::new("", "at_least_one").with("names", "answer, register, website");
        return Err(Refusal::invalid(vec![fault]).into());
    }
    let row = &enrolment.row;
    let known = (
        Some(row.register_kind),
        Some(row.register_number.as_str()),
        Some(row.register_country.as_str()),
    );
    let draft = Draft {
        register: Some(answer.register.as_ref().map_or(known, RegisterClaim::draft)),
        website: Some(answer.website.as_deref().unwrap_or(&row.website)),
        customer_support: true,
        invoice_liability: true,
        tender_exclusivity: true,
        terms_version: Some(&row.terms_version),
    };
    let kind = kind(tx, row.organization_id)?;
    let application = enrolment::read(kind, &draft, &row.terms_version)?;
    model::correct(tx, row.id, &application)
}
