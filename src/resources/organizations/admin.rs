//! All organizations, and new ones for others, by the operator's administrators.
use super::handlers::{OrganizationView, created};
use super::model::{self, NewOrganizationRow, Organization};
use super::named::{containing, lower};
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply, field};
use crate::db::schema::organizations;
use crate::db::{Db, MultiBackend};
use crate::domain::country;
use crate::domain::id::UserId;
use crate::domain::organization::OrganizationKind;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::accounts::model::{self as accounts, normal};
use actix_web::web::Data;
use actix_web::{get, post};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Which organizations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AllOrganizationFilters {
    /// Only companies, or only private persons.
    kind: Option<OrganizationKind>,
    /// Only those of this country, ISO 3166.
    country: Option<String>,
    /// Only those whose name contains this.
    query: Option<String>,
}

/// An organization to make for someone.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganizationForUser {
    /// Its name.
    #[validate(length(max = 160), custom(function = "field::not_blank"))]
    #[schema(min_length = 1, max_length = 160, example = "Praxis Weiss")]
    name: String,
    /// A company or a private person; only a company can become a partner (PRG-1).
    kind: OrganizationKind,
    /// Where it is written to.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(format = "email", example = "empfang@praxis-weiss.example")]
    email: String,
    /// The country, ISO 3166.
    #[validate(custom(function = "field::country"))]
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: String,
    /// The VAT number, if it has one.
    #[validate(length(max = 40), custom(function = "field::vat_number"))]
    #[schema(max_length = 40, example = "CHE-123.456.789 MWST")]
    vat_number: Option<String>,
    /// Its first legal representative (ORG-1).
    legal_representative_id: UserId,
}

/// List all organizations.
///
/// Whoever reaches them, the newest first. For the operator's administrators.
#[utoipa::path(tag = "Admin", params(AllOrganizationFilters, Paging), responses((status = 200, body = Page<OrganizationView>, description = "A page of organizations.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/organizations")]
pub async fn list_all_organizations(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<AllOrganizationFilters>,
) -> Result<Reply<Page<OrganizationView>>> {
    db.read(move |tx| {
        policy::allow_staff(caller.identify(tx)?.operator, Action::ManageOrganizations)?;
        let query = || {
            let mut query = organizations::table.into_boxed::<MultiBackend>();
            if let Some(kind) = listing.filters.kind {
                query = query.filter(organizations::kind.eq(kind));
            }
            if let Some(country) = &listing.filters.country {
                query = query.filter(organizations::country.eq(country));
            }
            if let Some(part) = &listing.filters.query {
                let like = lower(organizations::name).like(containing(part));
                query = query.filter(like.escape('!'));
            }
            query
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Organization> = query()
            .filter(organizations::id.lt(listing.before()))
            .order(organizations::id.desc())
            .limit(listing.fetch())
            .select(Organization::as_select())
            .load(tx.conn)?;
        let id = |row: &Organization| row.id;
        Reply::page(&listing.page(tx.keys, rows, total, id, OrganizationView::from)?)
    })
    .await
}

/// Make an organization for someone.
///
/// With its first legal representative, who must have an account. For the operator's administrators.
#[utoipa::path(tag = "Admin", request_body = NewOrganizationForUser,
    responses((status = 201, body = OrganizationView, description = "The organization.")),
    extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[post("/v1/admin/organizations")]
pub async fn create_organization_for_user(
    caller: Caller,
    db: Data<Db>,
    new: Post<NewOrganizationForUser>,
) -> Result<Reply<OrganizationView>> {
    new.once(&db, caller, &[], |tx, identity, new| {
        policy::allow_staff(identity.operator, Action::ManageOrganizations)?;
        let leader = accounts::active_user(tx, new.legal_representative_id)?;
        let unknown = || Refusal::fault("/legal_representative_id", "unknown", "ORG-1");
        let leader = leader.ok_or_else(unknown)?;
        let vat_number = new.vat_number.as_deref().and_then(country::vat_number);
        let row = NewOrganizationRow {
            name: new.name.trim(),
            kind: new.kind,
            email: &normal(&new.email),
            country: &new.country,
            vat_number: vat_number.as_deref(),
        };
        created(model::establish(tx, identity, &row, leader)?)
    })
    .await
}
