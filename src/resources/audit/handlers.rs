//! Reading the audit log, each organization its own, and proving it.
use super::chain::Head;
use super::heads;
use super::proof;
use super::views::{AuditEntryView, AuditProofView, Row};
use crate::api::csv::Listed;
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Reply, Valid};
use crate::config::Config;
use crate::db::schema::audit_log;
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::organization::OperatorRole;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Which lines to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilters {
    /// Only from this instant on.
    from: Option<DateTime<Utc>>,
    /// Only before this instant.
    to: Option<DateTime<Utc>>,
    /// Only what this user did.
    actor: Option<UserId>,
    /// Only this action.
    #[param(example = "partnership.access_changed")]
    action: Option<String>,
}

/// Which lines of all to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WholeAuditFilters {
    /// Only those that concern this organization.
    organization_id: Option<OrganizationId>,
    /// Only from this instant on.
    from: Option<DateTime<Utc>>,
    /// Only before this instant.
    to: Option<DateTime<Utc>>,
    /// Only what this user did.
    actor: Option<UserId>,
    /// Only this action.
    #[param(example = "user.signed_in")]
    action: Option<String>,
}

/// What the log is proved against.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditCheck {
    /// The head that an earlier proof answered with.
    #[validate(length(max = 300))]
    #[schema(example = "mandat-audit-1:1042:kq3v9e6mbyg4q5r7s8t9vA:c2lnbmF0dXJl")]
    head: Option<String>,
}

/// Read an organization's audit log.
///
/// Every change that concerns it and everything that somebody looked at on its behalf, the newest first. For its legal representatives and administrators. A partner finds here what it did for its customers, without their people's addresses.
#[utoipa::path(tag = "Audit", params(("org_id" = OrganizationId, Path, description = "The organization."), AuditFilters, Paging), responses((status = 200, body = Page<AuditEntryView>, description = "A page of lines.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/audit-log")]
pub async fn list_audit_log(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<AuditFilters>,
) -> Result<Listed<AuditEntryView>> {
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadAuditLog)?;
        page(tx, listing, &listing.filters, Some(*org), Some(*org))
    });
    read.await
}

/// Read the whole audit log.
///
/// Of all organizations and of none, the newest first. For the operator's administrators.
#[utoipa::path(tag = "Admin", params(WholeAuditFilters, Paging), responses((status = 200, body = Page<AuditEntryView>, description = "A page of lines.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/admin/audit-log")]
pub async fn list_whole_audit_log(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<WholeAuditFilters>,
) -> Result<Listed<AuditEntryView>> {
    let read = listing.answer(&db, move |tx, listing| {
        administrator(&caller.identify(tx)?)?;
        let wanted = &listing.filters;
        let filters = AuditFilters {
            from: wanted.from,
            to: wanted.to,
            actor: wanted.actor,
            action: wanted.action.clone(),
        };
        page(tx, listing, &filters, wanted.organization_id, None)
    });
    read.await
}

/// Prove the audit log.
///
/// Follows the whole chain: a line that was altered, removed, inserted, moved or cut off is found with its place. Give the head of an earlier proof to find what was cut off together with every trace of it. For the operator's administrators.
#[utoipa::path(tag = "Admin", request_body = AuditCheck, responses((status = 200, body = AuditProofView, description = "What was proved.")), extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[post("/v1/admin/audit-log/verify")]
pub async fn verify_audit_log(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    check: Valid<AuditCheck>,
) -> Result<Reply<AuditProofView>> {
    let known: Option<Head> = match check.head.as_deref().map(str::parse).transpose() {
        Ok(head) => head,
        Err(_) => return Err(Refusal::invalid(vec![Fault::new("/head", "invalid")]).into()),
    };
    db.snapshot(move |tx| {
        administrator(&caller.identify(tx)?)?;
        let kept = heads::last_kept(&config.audit_heads)?;
        let proof = proof::verify(tx, known.iter().cloned().chain(kept).collect())?;
        Reply::ok(&AuditProofView::new(tx.keys, proof)?)
    })
    .await
}

fn administrator(identity: &Identity) -> Result<()> {
    match identity.operator {
        Some(OperatorRole::Admin) => Ok(()),
        _ => Err(Refusal::by(Code::Forbidden, "ACC-1").into()),
    }
}

fn page<F>(
    tx: &mut Tx,
    listing: &Listing<F>,
    filters: &AuditFilters,
    of: Option<OrganizationId>,
    reader: Option<OrganizationId>,
) -> Result<Page<AuditEntryView>> {
    let query = || {
        let mut query = audit_log::table.into_boxed::<MultiBackend>();
        if let Some(org) = of {
            let concerned = audit_log::organization_id.eq(org);
            query = query.filter(concerned.or(audit_log::partner_id.eq(org)));
        }
        if let Some(from) = filters.from {
            query = query.filter(audit_log::recorded_at.ge(from.naive_utc()));
        }
        if let Some(to) = filters.to {
            query = query.filter(audit_log::recorded_at.lt(to.naive_utc()));
        }
        if let Some(actor) = filters.actor {
            query = query.filter(audit_log::actor_id.eq(actor));
        }
        match &filters.action {
            Some(action) => query.filter(audit_log::action.eq(action)),
            None => query,
        }
    };
    let total = listing.total(|| query().count().get_result(tx.conn))?;
    let rows: Vec<Row> = query()
        .filter(audit_log::id.lt(listing.before()))
        .order(audit_log::id.desc())
        .limit(listing.fetch())
        .select(Row::as_select())
        .load(tx.conn)?;
    listing.page(
        tx.keys,
        rows,
        total,
        |row: &Row| row.id,
        |row| row.view(reader),
    )
}
