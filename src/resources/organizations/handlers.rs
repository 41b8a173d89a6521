//! Organizations: those that the caller reaches, a new one, and its own data.
use super::model::{self, NewOrganizationRow, Organization};
use crate::api::field;
use crate::api::page::Paging;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{organizations, standings};
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::country;
use crate::domain::enrolment::EnrolmentState;
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::organization::OrganizationKind;
use crate::domain::policy::{self, Action};
use crate::error::Result;
use crate::resources::accounts::model::normal;
use crate::resources::directory::model as directory;
use actix_web::web::{Data, Path};
use actix_web::{get, patch, post};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

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
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationView {
    /// Its id.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Praxis Weiss")]
    name: String,
    /// A company or a private person.
    kind: OrganizationKind,
    /// Where it is written to.
    #[schema(format = "email", example = "empfang@praxis-weiss.example")]
    email: String,
    /// The country, ISO 3166.
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: String,
    /// The VAT number, capitals and digits alone.
    #[schema(example = "CHE123456789MWST")]
    vat_number: Option<String>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
}

/// An organization to make.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Praxis Weiss", "kind": "company", "email": "empfang@praxis-weiss.example", "country": "CH", "vat_number": "CHE-123.456.789 MWST"}))]
pub struct NewOrganization {
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
}

/// What to change of an organization; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Praxis Weiss & Huber", "vat_number": null}))]
pub struct OrganizationChange {
    /// Its name.
    #[validate(length(max = 160), custom(function = "field::not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 160,
        nullable = false,
        example = "Praxis Weiss"
    )]
    name: Option<String>,
    /// Where it is written to.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(
        format = "email",
        nullable = false,
        example = "empfang@praxis-weiss.example"
    )]
    email: Option<String>,
    /// The country, ISO 3166.
    #[validate(custom(function = "field::country"))]
    #[schema(pattern = "^[A-Z]{2}$", nullable = false, example = "CH")]
    country: Option<String>,
    /// The VAT number; null for none.
    #[serde(default, deserialize_with = "field::clearable")]
    #[validate(length(max = 40), custom(function = "field::vat_number"))]
    #[schema(value_type = Option<String>, max_length = 40, example = "CHE-123.456.789 MWST")]
    vat_number: Option<Option<String>>,
}

impl From<Organization> for OrganizationView {
    fn from(row: Organization) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            email: row.email,
            country: row.country,
            vat_number: row.vat_number,
            version: row.version,
            created_at: row.created_at.and_utc(),
        }
    }
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
        let reached = witness::places(user, tx.now)
            .into_boxed::<MultiBackend>()
            .filter(
                standings::enrolment_state
                    .is_null()
                    .or(standings::enrolment_state.eq(EnrolmentState::Approved)),
            );
        let reached = match listing.filters.via {
            Some(Via::Membership) => reached.filter(standings::partnership_id.is_null()),
            Some(Via::Partnership) => reached.filter(standings::partnership_id.is_not_null()),
            None => reached,
        };
        let ids: Vec<OrganizationId> = reached.select(standings::organization_id).load(tx.conn)?;
        let query = || {
            organizations::table
                .into_boxed::<MultiBackend>()
                .filter(organizations::id.among(&ids))
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Organization> = query()
            .filter(organizations::id.lt(listing.before()))
            .order(organizations::id.desc())
            .limit(listing.fetch())
            .select(Organization::as_select())
            .load(tx.conn)?;
        Reply::page(&listing.page(
            tx.keys,
            rows,
            total,
            |row: &Organization| row.id,
            OrganizationView::from,
        )?)
    })
    .await
}

/// Make an organization.
///
/// A company or a private person. Whoever makes it is its first legal representative.
#[utoipa::path(tag = "Organizations", request_body = NewOrganization, responses((status = 201, body = OrganizationView, description = "The organization.")), extensions(("x-etag" = json!(true))))]
#[post("/v1/organizations")]
pub async fn create_organization(
    caller: Caller,
    db: Data<Db>,
    new: Post<NewOrganization>,
) -> Result<Reply<OrganizationView>> {
    new.once(&db, caller, &[], |tx, identity, new| {
        let vat_number = new.vat_number.as_deref().and_then(country::vat_number);
        let row = NewOrganizationRow {
            name: new.name.trim(),
            kind: new.kind,
            email: &normal(&new.email),
            country: &new.country,
            vat_number: vat_number.as_deref(),
        };
        created(model::establish(tx, identity, &row, identity.user)?)
    })
    .await
}

pub fn created(row: Organization) -> Result<Reply<OrganizationView>> {
    let (place, version) = (format!("/v1/organizations/{}", row.id), row.version);
    Ok(Reply::created(place, &OrganizationView::from(row))?.version(version))
}

/// Show an organization.
///
/// To its members, to its partners while they may reach it, and to the operator's staff.
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization.")), responses((status = 200, body = OrganizationView, description = "The organization.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}")]
pub async fn get_organization(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<OrganizationView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let id = policy::allow(found, Action::ReadOrganization)?.what;
        let row = model::organization(tx, id)?;
        let version = row.version;
        Ok(Reply::ok(&OrganizationView::from(row))?.version(version))
    })
    .await
}

/// Change an organization.
///
/// Name, address, country and VAT number, by its legal representatives; what is absent stays.
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = OrganizationChange,
    responses((status = 200, body = OrganizationView, description = "The organization as it is now.")), extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden"]))))]
#[patch("/v1/organizations/{org_id}")]
pub async fn update_organization(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    org: Path<OrganizationId>,
    change: Valid<OrganizationChange>,
) -> Result<Reply<OrganizationView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let allowed = policy::allow(found, Action::EditOrganization)?;
        let before = model::organization(tx, allowed.what)?;
        if_match.required(before.version)?;
        let after = changed(before, &change);
        model::save_organization(tx, &after)?;
        if change.name.is_some() {
            directory::renamed(tx, after.id)?;
        }
        let event = Event::new(EventType::OrganizationChanged, after.id);
        let event = event.through(after.id, &allowed.by, allowed.rule);
        tx.record(Some(&identity), event)?;
        let version = after.version;
        Ok(Reply::ok(&OrganizationView::from(after))?.version(version))
    })
    .await
}

fn changed(before: Organization, change: &OrganizationChange) -> Organization {
    let vat_number = match &change.vat_number {
        None => before.vat_number,
        Some(given) => given.as_deref().and_then(country::vat_number),
    };
    Organization {
        name: change
            .name
            .as_deref()
            .map_or(before.name, |name| name.trim().to_owned()),
        email: change.email.as_deref().map_or(before.email, normal),
        country: change.country.clone().unwrap_or(before.country),
        vat_number,
        version: before.version + 1,
        ..before
    }
}
