//! The operator decides, each time with a reason that the applicant can read (PRG-2).
use super::acts;
use super::enrolment::shown;
use super::model::{self, Enrolment, EnrolmentRow};
use super::standing::standing_so;
use super::views::{EnrolmentView, view};
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::config::Config;
use crate::db::prepared::Among;
use crate::db::schema::{enrolment_states, enrolments};
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::enrolment::{EnrolmentAct, EnrolmentState};
use crate::domain::id::{EnrolmentId, OrganizationId};
use crate::domain::organization::OperatorRole;
use crate::domain::policy::{self, Action, Found, Standing};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::standing::StandingStatus;
use crate::error::Result;
use crate::resources::organizations::model::{name, names};
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use diesel::prelude::*;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// A decision of the operator.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentDecision {
    /// Why, for the applicant to read.
    #[validate(length(min = 1, max = 2000))]
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Please send us the extract of your register."
    )]
    reason: String,
}

/// The operator's yes.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"website_confirmed": true, "reason": "Welcome."}))]
pub struct EnrolmentApproval {
    /// Whether the operator has seen that the website is live: it must.
    website_confirmed: bool,
    /// Why, for the applicant to read.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000, example = "Welcome.")]
    reason: String,
}

/// Which enrolments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EnrolmentFilters {
    /// Only those that stand so; several by repetition.
    #[serde(default)]
    #[param(required = false)]
    status: Vec<EnrolmentState>,
    /// Only this organization's.
    organization_id: Option<OrganizationId>,
    /// Only those of partners that stand so against the thresholds (PRG-3).
    standing: Option<StandingStatus>,
}

/// List enrolments.
///
/// All that were ever sent, the newest first, for the operator's administrators.
#[utoipa::path(tag = "Admin", params(EnrolmentFilters, Paging), responses((status = 200, body = Page<EnrolmentView>, description = "A page of enrolments.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/enrolments")]
pub async fn list_enrolments(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    listing: Listing<EnrolmentFilters>,
) -> Result<Reply<Page<EnrolmentView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let Some(role @ OperatorRole::Admin) = identity.operator else {
            return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
        };
        let filters = &listing.filters;
        let standing_so = match filters.standing {
            Some(wanted) => Some(standing_so(tx, config.thresholds, wanted)?),
            None => None,
        };
        let query = || {
            let mut query = enrolments::table
                .inner_join(
                    enrolment_states::table.on(enrolment_states::enrolment_id
                        .eq(enrolments::id)
                        .and(enrolment_states::valid_to.is_null())),
                )
                .into_boxed::<MultiBackend>();
            if !filters.status.is_empty() {
                query = query.filter(enrolment_states::state.among(&filters.status));
            }
            if let Some(organization) = filters.organization_id {
                query = query.filter(enrolments::organization_id.eq(organization));
            }
            if let Some(ids) = &standing_so {
                query = query
                    .filter(enrolment_states::live_role.is_not_null())
                    .filter(enrolments::id.among(ids));
            }
            query
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<EnrolmentRow> = query()
            .filter(enrolments::id.lt(listing.before()))
            .order(enrolments::id.desc())
            .limit(listing.fetch())
            .select(EnrolmentRow::as_select())
            .load(tx.conn)?;
        let ids: Vec<EnrolmentId> = rows.iter().map(|row| row.id).collect();
        let organizations: BTreeSet<_> = rows.iter().map(|row| row.organization_id).collect();
        let (mut steps, names) = (model::steps(tx, &ids)?, names(tx, &organizations)?);
        let views = rows
            .into_iter()
            .map(|row| {
                let name = names.get(&row.organization_id).cloned();
                let steps = steps.remove(&row.id).unwrap_or_default();
                let standings = [Standing::Operator { role }];
                view(
                    &Enrolment { row, steps },
                    name.unwrap_or_default(),
                    &standings,
                )
            })
            .collect::<Result<Vec<_>>>()?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Show an enrolment.
///
/// With the reasons of every decision.
#[utoipa::path(tag = "Admin", params(("id" = EnrolmentId, Path, description = "The enrolment.")), responses((status = 200, body = EnrolmentView, description = "The enrolment.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/enrolments/{id}")]
pub async fn get_enrolment(
    caller: Caller,
    db: Data<Db>,
    id: Path<EnrolmentId>,
) -> Result<Reply<EnrolmentView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let standings = found.standings.clone();
        // The applicant reads it at its organization.
        let enrolment = policy::allow(found, Action::DecideEnrolment)?.what;
        let name = name(tx, enrolment.row.organization_id)?;
        let view = view(&enrolment, name, &standings)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}

/// Approve an enrolment.
///
/// The company is a partner from now on. Whoever approves confirms to have seen its website live.
#[utoipa::path(tag = "Admin", params(("id" = EnrolmentId, Path, description = "The enrolment.")), request_body = EnrolmentApproval,
    responses((status = 200, body = EnrolmentView, description = "Approved.")),
    extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/enrolments/{id}/approve")]
pub async fn approve_enrolment(
    caller: Caller,
    db: Data<Db>,
    id: Path<EnrolmentId>,
    approval: Post<EnrolmentApproval>,
) -> Result<Reply<EnrolmentView>> {
    let id = *id;
    approval
        .once(&db, caller, &[], move |tx, identity, approval| {
            let found = model::find(tx, identity, id)?;
            if !approval.website_confirmed {
                policy::allow(found, Action::DecideEnrolment)?;
                let (at, fault) = ("/website_confirmed", "website_not_confirmed");
                return Err(Refusal::fault(at, fault, "PRG-1").into());
            }
            decided(tx, identity, found, EnrolmentAct::Approve, &approval.reason)
        })
        .await
}

/// Reject an enrolment.
///
/// The company may enrol anew.
#[utoipa::path(tag = "Admin", params(("id" = EnrolmentId, Path, description = "The enrolment.")), request_body = EnrolmentDecision,
    responses((status = 200, body = EnrolmentView, description = "Rejected.")),
    extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/enrolments/{id}/reject")]
pub async fn reject_enrolment(
    caller: Caller,
    db: Data<Db>,
    id: Path<EnrolmentId>,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    decide(caller, db, *id, EnrolmentAct::Reject, decision).await
}

/// Ask the applicant.
///
/// The enrolment goes back to the applicant with a question, and returns with its answer.
#[utoipa::path(tag = "Admin", params(("id" = EnrolmentId, Path, description = "The enrolment.")), request_body = EnrolmentDecision,
    responses((status = 200, body = EnrolmentView, description = "Sent back.")),
    extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/enrolments/{id}/inquire")]
pub async fn inquire_enrolment(
    caller: Caller,
    db: Data<Db>,
    id: Path<EnrolmentId>,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    decide(caller, db, *id, EnrolmentAct::Inquire, decision).await
}

/// Suspend a partner.
///
/// Its access to customers is off, and events settle as without a partnership; its partnerships stay, and revive with it (PRG-5).
#[utoipa::path(tag = "Admin", params(("org_id" = OrganizationId, Path, description = "The partner.")), request_body = EnrolmentDecision,
    responses((status = 200, body = EnrolmentView, description = "Suspended.")),
    extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/partners/{org_id}/suspend")]
pub async fn suspend_partner(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    of_partner(caller, db, *org, EnrolmentAct::Suspend, decision).await
}

/// Reinstate a suspended partner.
///
/// Its partnerships are as they were.
#[utoipa::path(tag = "Admin", params(("org_id" = OrganizationId, Path, description = "The partner.")), request_body = EnrolmentDecision,
    responses((status = 200, body = EnrolmentView, description = "A partner again.")),
    extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/partners/{org_id}/reinstate")]
pub async fn reinstate_partner(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    of_partner(caller, db, *org, EnrolmentAct::Reinstate, decision).await
}

/// End a partner's status.
///
/// Its partnerships end as if it had ended them itself (PRG-7). Ending what has ended answers the same, unchanged.
#[utoipa::path(tag = "Admin", params(("org_id" = OrganizationId, Path, description = "The partner.")), request_body = EnrolmentDecision,
    responses((status = 200, body = EnrolmentView, description = "Ended.")),
    extensions(("x-problems" = json!(["forbidden", "not_in_this_state"]))))]
#[post("/v1/admin/partners/{org_id}/end")]
pub async fn end_partner_status(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    of_partner(caller, db, *org, EnrolmentAct::End, decision).await
}

async fn decide(
    caller: Caller,
    db: Data<Db>,
    id: EnrolmentId,
    act: EnrolmentAct,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    let decide = move |tx: &mut Tx, identity: &Identity, decision: &EnrolmentDecision| {
        let found = model::find(tx, identity, id)?;
        decided(tx, identity, found, act, &decision.reason)
    };
    decision.once(&db, caller, &[], decide).await
}

async fn of_partner(
    caller: Caller,
    db: Data<Db>,
    org: OrganizationId,
    act: EnrolmentAct,
    decision: Post<EnrolmentDecision>,
) -> Result<Reply<EnrolmentView>> {
    let decide = move |tx: &mut Tx, identity: &Identity, decision: &EnrolmentDecision| {
        let found = witness::organization(tx, identity, org)?;
        // Judged before anything else is looked up: whoever may not decide learns nothing of it.
        policy::allow(found.clone(), Action::DecideEnrolment)?;
        let standings = found.standings;
        let what = model::latest(tx, org)?.ok_or_else(Refusal::not_found)?;
        decided(
            tx,
            identity,
            Found { what, standings },
            act,
            &decision.reason,
        )
    };
    decision.once(&db, caller, &[], decide).await
}

fn decided(
    tx: &mut Tx,
    identity: &Identity,
    found: Found<Enrolment>,
    act: EnrolmentAct,
    reason: &str,
) -> Result<Reply<EnrolmentView>> {
    let standings = found.standings.clone();
    let allowed = policy::allow(found, Action::DecideEnrolment)?;
    let enrolment = allowed.what;
    let again = act == EnrolmentAct::End && enrolment.state()? == EnrolmentState::Ended;
    if !again {
        acts::perform(tx, identity, &enrolment, act, Some(reason), allowed.rule)?;
    }
    shown(tx, enrolment.row.organization_id, &standings)
}
