//! Endpoints: made, changed, removed, and given new secrets, by the organization's administrators.
use super::model::{self, Endpoint, written};
use super::send::fault_of;
use super::sign::Secret;
use super::views::WebhookEndpointView;
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::webhook_endpoints;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, WebhookId};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::webhook::DisabledReason;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, patch, post};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;
use validator::Validate;

/// How many endpoints an organization has at most.
const MOST: i64 = 20;
/// How long the secret before is still signed with.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Where to send events.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    /// Where messages are posted: an https URL on the public internet.
    #[validate(length(max = 2000))]
    #[schema(format = "uri", example = "https://hooks.example.com/mandat")]
    url: String,
    /// What it is for.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(example = "Accounting")]
    description: String,
    /// The types of events to send; all if none is named.
    #[serde(default)]
    #[validate(length(max = 100))]
    #[schema(value_type = Vec<String>, max_items = 100, example = json!(["partnership.started"]))]
    event_types: Vec<EventType>,
}

/// What to change of an endpoint; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointChange {
    /// Where messages are posted: an https URL on the public internet.
    #[validate(length(max = 2000))]
    #[schema(
        format = "uri",
        example = "https://hooks.example.com/mandat",
        nullable = false
    )]
    url: Option<String>,
    /// What it is for.
    #[validate(length(max = 200))]
    #[schema(example = "Accounting", nullable = false)]
    description: Option<String>,
    /// The types of events to send; all if none is named.
    #[validate(length(max = 100))]
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 100, example = json!(["partnership.started"]))]
    event_types: Option<Vec<EventType>>,
    /// Whether it is to get anything; what waited meanwhile is sent then.
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

fn check(url: &str, private: bool) -> Result<()> {
    let fault = match Url::parse(url) {
        Ok(url) => fault_of(&url, private),
        Err(_) => Some("invalid"),
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(Refusal::fault("/url", fault, "NTF-3").into()),
    }
}

fn recorded(tx: &mut Tx, by: &Identity, kind: EventType, endpoint: &Endpoint) -> Result<()> {
    let event = Event::new(kind, endpoint.id)
        .of(endpoint.organization_id)
        .by_rule("ORG-3");
    tx.record(Some(by), event).map(drop)
}

/// List webhook endpoints.
///
/// Where this organization's events are sent, the newest first. For its legal representatives and administrators.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), Paging), responses((status = 200, body = Page<WebhookEndpointView>, description = "A page of endpoints.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/webhook-endpoints")]
pub async fn list_webhook_endpoints(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<WebhookEndpointView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        model::allow(tx, &identity, *org)?;
        let query = || {
            webhook_endpoints::table
                .filter(webhook_endpoints::organization_id.eq(*org))
                .filter(webhook_endpoints::removed_at.is_null())
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Endpoint> = query()
            .filter(webhook_endpoints::id.lt(listing.before()))
            .order(webhook_endpoints::id.desc())
            .limit(listing.fetch())
            .select(Endpoint::as_select())
            .load(tx.conn)?;
        let views = rows.iter().map(|row| WebhookEndpointView::new(tx, row));
        let views = views.collect::<Result<Vec<_>>>()?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Make a webhook endpoint.
///
/// From now on the organization's events are posted there, at least once and in order for each thing they happen to, signed as Standard Webhooks prescribe. The secret is shown once, here.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = NewWebhookEndpoint,
    responses((status = 201, body = WebhookEndpointView, description = "The endpoint, with its secret this once.")),
    extensions(("x-problems" = json!(["forbidden", "too_many_endpoints"])), ("x-etag" = json!(true))))]
#[post("/v1/organizations/{org_id}/webhook-endpoints")]
pub async fn create_webhook_endpoint(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    org: Path<OrganizationId>,
    new: Post<NewWebhookEndpoint>,
) -> Result<Reply<WebhookEndpointView>> {
    new.once(&db, caller, &["secret"], move |tx, identity, new| {
        model::allow(tx, identity, *org)?;
        check(&new.url, config.webhooks_private)?;
        let known: i64 = webhook_endpoints::table
            .filter(webhook_endpoints::organization_id.eq(*org))
            .filter(webhook_endpoints::removed_at.is_null())
            .count()
            .get_result(tx.conn)?;
        if known >= MOST {
            return Err(Refusal::by(Code::TooManyEndpoints, "NTF-3")
                .with("most", MOST)
                .into());
        }
        let (id, secret): (WebhookId, _) = (tx.new_id()?, Secret::new()?);
        diesel::insert_into(webhook_endpoints::table)
            .values((
                webhook_endpoints::id.eq(id),
                webhook_endpoints::organization_id.eq(*org),
                webhook_endpoints::url.eq(&new.url),
                webhook_endpoints::description.eq(&new.description),
                webhook_endpoints::event_types.eq(written(&new.event_types)),
                webhook_endpoints::secret.eq(secret.sealed(tx.keys)?),
                webhook_endpoints::rests_until.eq(tx.now),
                webhook_endpoints::leased_until.eq(tx.now),
                webhook_endpoints::created_at.eq(tx.now),
            ))
            .execute(tx.conn)?;
        let made = model::find(tx, identity, *org, id)?;
        recorded(tx, identity, EventType::WebhookEndpointCreated, &made)?;
        let view = shown(tx, &made, &secret)?;
        let place = format!("/v1/organizations/{}/webhook-endpoints/{id}", *org);
        Ok(Reply::created(place, &view)?.version(made.version))
    })
    .await
}

fn shown(tx: &Tx, endpoint: &Endpoint, secret: &Secret) -> Result<WebhookEndpointView> {
    Ok(WebhookEndpointView::new(tx, endpoint)?.showing(secret))
}

/// Read a webhook endpoint.
///
/// Without its secret.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint.")), responses((status = 200, body = WebhookEndpointView, description = "The endpoint.")), extensions(("x-problems" = json!(["forbidden"])), ("x-etag" = json!(true))))]
#[get("/v1/organizations/{org_id}/webhook-endpoints/{id}")]
pub async fn get_webhook_endpoint(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, WebhookId)>,
) -> Result<Reply<WebhookEndpointView>> {
    let (org, id) = path.into_inner();
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let endpoint = model::find(tx, &identity, org, id)?;
        answer(tx, &endpoint)
    })
    .await
}

fn answer(tx: &Tx, endpoint: &Endpoint) -> Result<Reply<WebhookEndpointView>> {
    Ok(Reply::ok(&WebhookEndpointView::new(tx, endpoint)?)?.version(endpoint.version))
}

/// Change a webhook endpoint.
///
/// What is absent stays. Enabling it again sends what still waits; what happened meanwhile can be read from the list of events.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint.")), request_body = WebhookEndpointChange,
    responses((status = 200, body = WebhookEndpointView, description = "The endpoint as it is now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden"]))))]
#[patch("/v1/organizations/{org_id}/webhook-endpoints/{id}")]
pub async fn update_webhook_endpoint(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    if_match: IfMatch,
    path: Path<(OrganizationId, WebhookId)>,
    change: Valid<WebhookEndpointChange>,
) -> Result<Reply<WebhookEndpointView>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let endpoint = model::find(tx, &identity, org, id)?;
        if_match.check(endpoint.version)?;
        let url = change.url.clone().unwrap_or(endpoint.url.clone());
        check(&url, config.webhooks_private)?;
        let description = change.description.clone();
        let types = change.event_types.clone();
        let disabled = match change.enabled {
            None => endpoint.disabled,
            Some(true) => None,
            Some(false) => endpoint.disabled.or(Some(DisabledReason::Owner)),
        };
        diesel::update(webhook_endpoints::table.find(id))
            .set((
                webhook_endpoints::url.eq(url),
                webhook_endpoints::description
                    .eq(description.unwrap_or(endpoint.description.clone())),
                webhook_endpoints::event_types.eq(written(&types.unwrap_or(endpoint.types()))),
                webhook_endpoints::disabled.eq(disabled),
                webhook_endpoints::version.eq(endpoint.version + 1),
            ))
            .execute(tx.conn)?;
        if disabled.is_none() {
            begin_anew(tx, id)?;
        }
        recorded(tx, &identity, EventType::WebhookEndpointChanged, &endpoint)?;
        let changed = model::find(tx, &identity, org, id)?;
        answer(tx, &changed)
    })
    .await
}

/// Forgets how it failed before it was changed.
fn begin_anew(tx: &mut Tx, id: WebhookId) -> Result<()> {
    diesel::update(webhook_endpoints::table.find(id))
        .set((
            webhook_endpoints::failures.eq(0),
            webhook_endpoints::failing_since.eq(None::<NaiveDateTime>),
            webhook_endpoints::rests_until.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Remove a webhook endpoint.
///
/// Nothing is sent there any more, also not what waits.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint.")), responses((status = 204, description = "Removed.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[delete("/v1/organizations/{org_id}/webhook-endpoints/{id}")]
pub async fn delete_webhook_endpoint(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, WebhookId)>,
) -> Result<Reply<()>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let endpoint = model::find(tx, &identity, org, id)?;
        diesel::update(webhook_endpoints::table.find(id))
            .set(webhook_endpoints::removed_at.eq(tx.now))
            .execute(tx.conn)?;
        recorded(tx, &identity, EventType::WebhookEndpointRemoved, &endpoint)?;
        Ok(Reply::no_content())
    })
    .await
}

/// Give a webhook endpoint a new secret.
///
/// The new one is shown once, here. For 24 hours messages are signed with both, so that the receiver can change over at leisure.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint.")),
    responses((status = 200, body = WebhookEndpointView, description = "The endpoint, with its new secret this once.")),
    extensions(("x-problems" = json!(["forbidden"])), ("x-etag" = json!(true))))]
#[post("/v1/organizations/{org_id}/webhook-endpoints/{id}/rotate-secret")]
pub async fn rotate_webhook_secret(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, WebhookId)>,
    nothing: Post<Nothing>,
) -> Result<Reply<WebhookEndpointView>> {
    let (org, id) = path.into_inner();
    nothing
        .once(&db, caller, &["secret"], move |tx, identity, _| {
            let endpoint = model::find(tx, identity, org, id)?;
            let secret = Secret::new()?;
            let before = endpoint.secret(tx.keys)?.sealed(tx.keys)?;
            diesel::update(webhook_endpoints::table.find(id))
                .set((
                    webhook_endpoints::secret.eq(secret.sealed(tx.keys)?),
                    webhook_endpoints::old_secret.eq(before),
                    webhook_endpoints::old_secret_until.eq(tx.now + OVERLAP),
                    webhook_endpoints::version.eq(endpoint.version + 1),
                ))
                .execute(tx.conn)?;
            recorded(tx, identity, EventType::WebhookSecretRotated, &endpoint)?;
            let rotated = model::find(tx, identity, org, id)?;
            let view = shown(tx, &rotated, &secret)?;
            Ok(Reply::ok(&view)?.version(rotated.version))
        })
        .await
}
