//! Looking at partnerships, now or as of an instant (PSH-8).
use super::model::{self, Partnership};
use super::views::{self, PartnershipStatus, PartnershipVersionView, PartnershipView};
use crate::api::page::Paging;
use crate::api::query::Query;
use crate::api::scopes::{self, ScopeView};
use crate::api::{Caller, Listing, Page, Reply};
use crate::db::schema::partnerships;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::policy::{self, Action, Standing};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::organizations::model::names;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// Which side the organization is on.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(title = "PartnershipSide")]
pub enum PartnershipSide {
    Customer,
    Partner,
}

/// Which partnerships to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnershipFilters {
    /// Only those in which the organization is the customer, or the partner.
    #[param(inline)]
    r#as: Option<PartnershipSide>,
    /// Only those that stand so.
    status: Option<PartnershipStatus>,
    /// As of this instant.
    as_of: Option<DateTime<Utc>>,
}

/// As of when to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// As of this instant; now unless said.
    as_of: Option<DateTime<Utc>>,
}

/// The six permission scopes of a partnership.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnershipScopes)]
pub struct PartnershipScopesView {
    /// All six.
    scopes: Vec<ScopeView>,
}

/// Every version of a partnership's access.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnershipHistory)]
pub struct PartnershipHistoryView {
    /// The newest first.
    versions: Vec<PartnershipVersionView>,
}

/// Never later than now: nobody has seen the future.
fn instant(as_of: Option<DateTime<Utc>>, now: NaiveDateTime) -> NaiveDateTime {
    as_of.map_or(now, |at| at.naive_utc().min(now))
}

/// List an organization's partnerships.
///
/// Those in which the organization is customer or partner, the newest first. A partner that asks for its customer's sees only its own.
#[utoipa::path(tag = "Partnerships", params(("org_id" = OrganizationId, Path, description = "The organization."), PartnershipFilters, Paging),
    responses((status = 200, body = Page<PartnershipView>, description = "A page of partnerships.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/partnerships")]
pub async fn list_partnerships(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<PartnershipFilters>,
) -> Result<Reply<Page<PartnershipView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let standings = found.standings.clone();
        let allowed = policy::allow(found, Action::ReadPartnership)?;
        let at = instant(listing.filters.as_of, tx.now);
        let query = || {
            let customer = partnerships::customer_id.eq(*org);
            let partner = partnerships::partner_id.eq(*org);
            let open = || {
                partnerships::ended_at
                    .is_null()
                    .or(partnerships::ended_at.gt(at))
            };
            let mut query = partnerships::table
                .into_boxed::<MultiBackend>()
                .filter(partnerships::agreed_at.le(at));
            query = match listing.filters.r#as {
                Some(PartnershipSide::Customer) => query.filter(customer),
                Some(PartnershipSide::Partner) => query.filter(partner),
                None => query.filter(customer.or(partner)),
            };
            query = match listing.filters.status {
                Some(PartnershipStatus::Active) => {
                    query.filter(open()).filter(partnerships::started_at.le(at))
                }
                Some(PartnershipStatus::Ended) => query.filter(partnerships::ended_at.le(at)),
                Some(PartnershipStatus::Scheduled) => {
                    query.filter(open()).filter(partnerships::started_at.gt(at))
                }
                None => query,
            };
            match &allowed.by {
                Standing::Partner { partnership, .. } => {
                    query.filter(partnerships::id.eq(*partnership))
                }
                Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => {
                    query
                }
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Partnership> = query()
            .filter(partnerships::id.lt(listing.before()))
            .order(partnerships::id.desc())
            .limit(listing.fetch())
            .select(Partnership::as_select())
            .load(tx.conn)?;
        let ids: Vec<PartnershipId> = rows.iter().map(|row| row.id).collect();
        let timelines = model::timelines(tx, &ids)?;
        let organizations: BTreeSet<OrganizationId> = rows
            .iter()
            .flat_map(|row| [row.customer_id, row.partner_id])
            .collect();
        let names = names(tx, &organizations)?;
        let views = rows
            .iter()
            .map(|row| {
                let timeline = timelines.get(&row.id).cloned().unwrap_or_default();
                let standings = model::seen_from(*org, row, &timeline, &standings);
                views::view(&names, row, &timeline, &standings, identity.language, at)
            })
            .collect::<Result<Vec<_>>>()?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Show a partnership.
///
/// To both of its sides, also before its start and after its end, and as of any instant since it was agreed on.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership."), AsOf),
    responses((status = 200, body = PartnershipView, description = "The partnership.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}")]
pub async fn get_partnership(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    query: Query<AsOf>,
) -> Result<Reply<PartnershipView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let standings = found.standings.clone();
        let (row, timeline) = policy::allow(found, Action::ReadPartnership)?.what;
        let at = agreed(&row, instant(query.as_of, tx.now))?;
        let view = views::one(tx, &row, &timeline, &standings, identity.language, at)?;
        Ok(Reply::ok(&view)?.version(row.version))
    })
    .await
}

fn agreed(row: &Partnership, at: NaiveDateTime) -> Result<NaiveDateTime> {
    if row.agreed_at <= at {
        Ok(at)
    } else {
        Err(Refusal::not_found().rule("PSH-8").into())
    }
}

/// Every version of a partnership's access.
///
/// Each with the interval during which it held, the newest first (PSH-8).
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")),
    responses((status = 200, body = PartnershipHistoryView, description = "All versions.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/history")]
pub async fn list_partnership_versions(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
) -> Result<Reply<PartnershipHistoryView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let (_, timeline) = policy::allow(found, Action::ReadPartnership)?.what;
        Reply::ok(&PartnershipHistoryView {
            versions: timeline.versions().into_iter().map(Into::into).collect(),
        })
    })
    .await
}

/// The permission scopes of a partnership.
///
/// The six rights, and how much of each its access gives, now or as of an instant.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership."), AsOf),
    responses((status = 200, body = PartnershipScopesView, description = "All six.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/permission-scopes")]
pub async fn get_partnership_permission_scopes(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    query: Query<AsOf>,
) -> Result<Reply<PartnershipScopesView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let (row, timeline) = policy::allow(found, Action::ReadPartnership)?.what;
        let at = agreed(&row, instant(query.as_of, tx.now))?;
        let access = views::access_at(&timeline, views::status(&row, at), at)?;
        Reply::ok(&PartnershipScopesView {
            scopes: scopes::of_terms(access.terms(), identity.language),
        })
    })
    .await
}
