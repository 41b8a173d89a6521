//! Temporary access for the support staff, granted and revoked by the organization (SUP-4).
use super::model::{self, Grant};
use crate::api::page::Paging;
use crate::api::views::OrganizationNameView;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::{support_grants, support_uses, users};
use crate::db::witness;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, ProductId, SupportGrantId, SupportUseId};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::domain::support::SupportGrantState;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::organizations::model::names;
use crate::resources::partnerships::customer;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, post};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// How many hours a grant lasts unless said otherwise.
const UNLESS_SAID: i64 = 24;

/// Access for the support staff.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"hours": 4, "product_ids": ["product_01jd8xk3v9e6mbyg4q5r7s8t9v"], "reason": "Our website is slow."}))]
pub struct NewSupportGrant {
    /// For how many hours, up to seven days; 24 unless said.
    #[validate(range(min = 1, max = 168))]
    #[schema(minimum = 1, maximum = 168, default = 24)]
    hours: Option<i64>,
    /// To which products; to all that the organization has if absent.
    #[validate(length(min = 1, max = 10000))]
    #[schema(min_items = 1, max_items = 10000)]
    product_ids: Option<Vec<ProductId>>,
    /// A word to the support staff.
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Temporary access of the operator's support staff to an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportGrant)]
pub struct SupportGrantView {
    /// Its id.
    id: SupportGrantId,
    /// The organization that grants it.
    organization: OrganizationNameView,
    /// How it stands.
    state: SupportGrantState,
    /// The products it reaches; null for all of them.
    product_ids: Option<Vec<ProductId>>,
    /// A word to the support staff.
    #[schema(example = "Our website is slow.")]
    reason: Option<String>,
    /// Since when.
    created_at: DateTime<Utc>,
    /// When it ends by itself, or ended.
    expires_at: DateTime<Utc>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

/// One use of a support grant.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = SupportUse)]
pub struct SupportUseView {
    /// Its id.
    id: SupportUseId,
    /// Who of the staff.
    #[schema(example = "Iris Favre")]
    staff: String,
    /// What was done.
    #[schema(example = "list_products")]
    operation: String,
    /// What was asked for.
    #[schema(example = "/v1/organizations/org_01jd8xk3v9e6mbyg4q5r7s8t9v/products")]
    path: String,
    /// When.
    used_at: DateTime<Utc>,
}

/// List an organization's support grants.
///
/// All there ever were, the newest first, for its administrators and legal representatives.
#[utoipa::path(tag = "Support", params(("org_id" = OrganizationId, Path, description = "The organization."), Paging),
    responses((status = 200, body = Page<SupportGrantView>, description = "A page of grants.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/support-access")]
pub async fn list_support_grants(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<SupportGrantView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ManageSupportAccess)?;
        let query = || support_grants::table.filter(support_grants::organization_id.eq(*org));
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Grant> = query()
            .filter(support_grants::id.lt(listing.before()))
            .order(support_grants::id.desc())
            .limit(listing.fetch())
            .select(Grant::as_select())
            .load(tx.conn)?;
        let views = views(tx, &rows)?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Grant the support staff temporary access.
///
/// By an administrator or legal representative: to all products or chosen ones, to look and not to change, from one hour to seven days. It ends by itself, can be revoked, and each use is recorded.
#[utoipa::path(tag = "Support", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = NewSupportGrant,
    responses((status = 201, body = SupportGrantView, description = "Granted.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[post("/v1/organizations/{org_id}/support-access")]
pub async fn grant_support_access(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    new: Post<NewSupportGrant>,
) -> Result<Reply<SupportGrantView>> {
    let org = *org;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let found = witness::organization(tx, identity, org)?;
        let rule = policy::allow(found, Action::ManageSupportAccess)?.rule;
        let products: Option<BTreeSet<ProductId>> = new
            .product_ids
            .as_ref()
            .map(|ids| ids.iter().copied().collect());
        customer::must_own(tx, org, products.as_ref(), "/product_ids")?;
        let lasts = TimeDelta::hours(new.hours.unwrap_or(UNLESS_SAID));
        let by = (identity.user, new.reason.as_deref());
        let grant = model::grant(tx, org, products.as_ref(), by, lasts)?;
        let event = Event::new(EventType::SupportAccessGranted, grant.id)
            .of(org)
            .data(json!({"product_ids": products, "expires_at": grant.valid_to.and_utc()}))
            .by_rule(rule);
        tx.record(Some(identity), event)?;
        let view = views(tx, &[grant])?.pop().ok_or_else(Refusal::not_found)?;
        let path = format!("/v1/organizations/{org}/support-access/{}", view.id);
        Reply::created(path, &view)
    })
    .await
}

/// Revoke a support grant.
///
/// By an administrator or legal representative, before it ends by itself: the staff's next request is refused.
#[utoipa::path(tag = "Support", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = SupportGrantId, Path, description = "The grant.")),
    responses((status = 204, description = "Revoked.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[delete("/v1/organizations/{org_id}/support-access/{id}")]
pub async fn revoke_support_access(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, SupportGrantId)>,
) -> Result<Reply<()>> {
    db.write(move |tx| {
        let (org, id) = *path;
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        let rule = policy::allow(found, Action::ManageSupportAccess)?.rule;
        let grant = model::find(tx, org, id)?
            .filter(|grant| state(grant, tx.now) == SupportGrantState::Active)
            .ok_or_else(Refusal::not_found)?;
        model::revoke(tx, &grant)?;
        let event = Event::new(EventType::SupportAccessRevoked, id)
            .of(org)
            .by_rule(rule);
        tx.record(Some(&identity), event)?;
        Ok(Reply::no_content())
    })
    .await
}

/// List the uses of a support grant.
///
/// Each request that the support staff made by it, the newest first, for the organization's administrators and legal representatives.
#[utoipa::path(tag = "Support", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = SupportGrantId, Path, description = "The grant."), Paging),
    responses((status = 200, body = Page<SupportUseView>, description = "A page of uses.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/support-access/{id}/uses")]
pub async fn list_support_uses(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, SupportGrantId)>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<SupportUseView>>> {
    db.snapshot(move |tx| {
        let (org, id) = *path;
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        policy::allow(found, Action::ManageSupportAccess)?;
        let grant = model::find(tx, org, id)?.ok_or_else(Refusal::not_found)?;
        let query = || support_uses::table.filter(support_uses::grant_id.eq(grant.id));
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<(SupportUseId, String, String, String, NaiveDateTime)> = query()
            .inner_join(users::table.on(users::id.eq(support_uses::staff_id)))
            .filter(support_uses::id.lt(listing.before()))
            .order(support_uses::id.desc())
            .limit(listing.fetch())
            .select((
                support_uses::id,
                users::name,
                support_uses::operation,
                support_uses::path,
                support_uses::used_at,
            ))
            .load(tx.conn)?;
        let view = |(id, staff, operation, path, at): (_, _, _, _, NaiveDateTime)| SupportUseView {
            id,
            staff,
            operation,
            path,
            used_at: at.and_utc(),
        };
        let views: Vec<SupportUseView> = rows.into_iter().map(view).collect();
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// List what the support staff may reach.
///
/// The grants in force, the newest first, for the operator's support staff.
#[utoipa::path(tag = "Support", params(Paging), responses((status = 200, body = Page<SupportGrantView>, description = "A page of grants.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/support/accesses")]
pub async fn list_support_accesses(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<SupportGrantView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        witness::staff(&identity, Action::GiveSupport)?;
        let now = tx.now;
        let query = || support_grants::table.filter(support_grants::valid_to.gt(now));
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Grant> = query()
            .filter(support_grants::id.lt(listing.before()))
            .order(support_grants::id.desc())
            .limit(listing.fetch())
            .select(Grant::as_select())
            .load(tx.conn)?;
        let views = views(tx, &rows)?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

fn state(grant: &Grant, now: NaiveDateTime) -> SupportGrantState {
    SupportGrantState::of(grant.revoked_at.is_some(), grant.valid_to, now)
}

fn views(tx: &mut Tx, grants: &[Grant]) -> Result<Vec<SupportGrantView>> {
    let ids: BTreeSet<OrganizationId> = grants.iter().map(|grant| grant.organization_id).collect();
    let names = names(tx, &ids)?;
    let products = model::products_of(tx, grants)?;
    let view = |grant: &Grant| SupportGrantView {
        id: grant.id,
        organization: OrganizationNameView {
            id: grant.organization_id,
            name: names
                .get(&grant.organization_id)
                .cloned()
                .unwrap_or_default(),
        },
        state: state(grant, tx.now),
        product_ids: (!grant.whole).then(|| products.get(&grant.id).cloned().unwrap_or_default()),
        reason: grant.reason.clone(),
        created_at: grant.valid_from.and_utc(),
        expires_at: grant.valid_to.and_utc(),
        revoked_at: grant.revoked_at.map(|at| at.and_utc()),
    };
    Ok(grants.iter().map(view).collect())
}
