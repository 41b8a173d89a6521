//! Affiliates: the other way to belong to the programme, never both at once (PRG-4). What they earn
//! is not this system's matter.
use super::model::{self, Affiliation};
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::witness;
use crate::db::{Db, Tx};
use crate::domain::enrolment::ProgrammeRole;
use crate::domain::event::EventType;
use crate::domain::id::{EnrolmentId, OrganizationId};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An organization's enrolment as an affiliate.
#[derive(Serialize, ToSchema)]
#[schema(as = AffiliateEnrolment)]
pub struct AffiliateEnrolmentView {
    /// Its id.
    id: EnrolmentId,
    /// Who is enrolled.
    organization_id: OrganizationId,
    /// Since when.
    enrolled_at: DateTime<Utc>,
    /// When it ended; null while it is in force.
    ended_at: Option<DateTime<Utc>>,
}

impl From<Affiliation> for AffiliateEnrolmentView {
    fn from(row: Affiliation) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            enrolled_at: row.valid_from.and_utc(),
            ended_at: row.valid_to.map(|at| at.and_utc()),
        }
    }
}

/// Enrol as an affiliate.
///
/// Refused while an enrolment as a partner is in force, whether decided or not (PRG-4).
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The organization.")),
    responses((status = 201, body = AffiliateEnrolmentView, description = "Enrolled.")),
    extensions(("x-problems" = json!(["forbidden", "already_enrolled"]))))]
#[post("/v1/organizations/{org_id}/affiliate-enrolment")]
pub async fn enrol_affiliate(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    new: Post<Nothing>,
) -> Result<Reply<AffiliateEnrolmentView>> {
    let org = *org;
    new.once(&db, caller, &[], move |tx, identity, _| {
        let found = witness::organization(tx, identity, org)?;
        let rule = policy::allow(found, Action::Enrol)?.rule;
        model::must_be_free(tx, org, ProgrammeRole::Affiliate)?;
        let id = model::insert_affiliation(tx, org)?;
        let event = Event::new(EventType::AffiliateEnrolled, id).of(org);
        tx.record(Some(identity), event.by_rule(rule))?;
        let location = format!("/v1/organizations/{org}/affiliate-enrolment");
        Reply::created(location, &newest(tx, org)?.into())
    })
    .await
}

/// Show the enrolment as an affiliate.
///
/// The organization's newest, also after its end.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The organization.")),
    responses((status = 200, body = AffiliateEnrolmentView, description = "The enrolment.")),
    extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/affiliate-enrolment")]
pub async fn get_affiliate_enrolment(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<AffiliateEnrolmentView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadEnrolment)?;
        Reply::ok(&newest(tx, *org)?.into())
    })
    .await
}

/// End the enrolment as an affiliate.
///
/// The organization may then enrol as a partner.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The organization.")),
    responses((status = 204, description = "Ended.")),
    extensions(("x-problems" = json!(["forbidden"]))))]
#[delete("/v1/organizations/{org_id}/affiliate-enrolment")]
pub async fn end_affiliate_enrolment(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<()>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let rule = policy::allow(found, Action::LeaveProgramme)?.rule;
        let row = newest(tx, *org)?;
        if row.valid_to.is_some() {
            return Err(Refusal::not_found().into());
        }
        model::end_affiliation(tx, &row)?;
        let event = Event::new(EventType::AffiliateEnded, row.id).of(*org);
        tx.record(Some(&identity), event.by_rule(rule))?;
        Ok(Reply::no_content())
    })
    .await
}

fn newest(tx: &mut Tx, org: OrganizationId) -> Result<Affiliation> {
    Ok(model::affiliation(tx, org)?.ok_or_else(Refusal::not_found)?)
}
