//! The organizations that the caller reaches.
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Reply};
use crate::db::schema::{organizations, standings};
use crate::db::{Db, MultiBackend};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::OrganizationId;
use crate::domain::organization::OrganizationKind;
use crate::error::Result;
use actix_web::get;
use actix_web::web::Data;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the caller reaches an organization by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(title = "Via")]
pub enum Via {
    Membership,
    Partnership,
}

/// Which organizations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganizationFilters {
    /// Only those reached so.
    #[param(inline)]
    via: Option<Via>,
}

/// An organization.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationView {
    /// Its id.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Praxis Weiss")]
    name: String,
    /// A company or a private person.
    kind: OrganizationKind,
    /// The country, ISO 3166.
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: String,
}

/// List organizations.
///
/// Those that the caller reaches as a member, or through an active partnership of an organization it is a member of.
#[utoipa::path(tag = "Organizations", params(OrganizationFilters, Paging), responses((status = 200, body = Page<OrganizationView>, description = "A page of organizations.")))]
#[get("/v1/organizations")]
pub async fn list_organizations(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<OrganizationFilters>,
) -> Result<Reply<Page<OrganizationView>>> {
    db.read(move |tx| {
        let user = caller.identify(tx)?.user;
        let reached = standings::table
            .filter(standings::user_id.eq(user))
            .filter(standings::member_to.is_null())
            .filter(standings::terms_to.is_null())
            .filter(standings::enrolment_to.is_null())
            .filter(standings::assigned_to.is_null())
            .filter(
                standings::enrolment_state
                    .is_null()
                    .or(standings::enrolment_state.eq(EnrolmentState::Approved)),
            )
            .into_boxed::<MultiBackend>();
        let reached = match listing.filters.via {
            Some(Via::Membership) => reached.filter(standings::partnership_id.is_null()),
            Some(Via::Partnership) => reached.filter(standings::partnership_id.is_not_null()),
            None => reached,
        };
        let ids: Vec<OrganizationId> = reached.select(standings::organization_id).load(tx.conn)?;
        let query = || {
            organizations::table
                .into_boxed::<MultiBackend>()
                .filter(organizations::id.eq_any(&ids))
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<OrganizationView> = query()
            .filter(organizations::id.lt(listing.before()))
            .order(organizations::id.desc())
            .limit(listing.fetch())
            .select((
                organizations::id,
                organizations::name,
                organizations::kind,
                organizations::country,
            ))
            .load(tx.conn)?;
        Reply::page(&listing.page(
            tx.keys,
            rows,
            total,
            |row: &OrganizationView| row.id,
            |row| row,
        )?)
    })
    .await
}
