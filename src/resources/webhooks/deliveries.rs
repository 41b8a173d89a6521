//! Deliveries: what was sent where and what came of it; tests, and sending again.
use super::model::{self, NewDelivery};
use super::views::{self, Row, WebhookDeliveryView};
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::webhook_deliveries;
use crate::db::{Db, MultiBackend};
use crate::domain::event::EventType;
use crate::domain::id::{DeliveryId, OrganizationId, WebhookId};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::webhook::DeliveryState;
use crate::error::{Error, Result};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilters {
    /// Only those that stand so.
    state: Option<DeliveryState>,
}

/// What to send again.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redelivery {
    /// Every delivery from the named one up to this one, as they were queued; that one alone if absent.
    through: Option<DeliveryId>,
}

/// How much is sent again.
#[derive(Serialize, ToSchema)]
#[schema(as = RedeliveryAnswer)]
pub struct RedeliveryView {
    /// How many deliveries wait again.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    queued: i64,
}

/// Test a webhook endpoint.
///
/// Sends it an event of type `webhook_endpoint.tested`, and nobody else. What came of it stands in the list of deliveries.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint.")),
    responses((status = 202, body = WebhookDeliveryView, description = "The delivery, on its way.")),
    extensions(("x-problems" = json!(["forbidden", "endpoint_disabled"]))))]
#[post("/v1/organizations/{org_id}/webhook-endpoints/{id}/test")]
pub async fn test_webhook_endpoint(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, WebhookId)>,
    nothing: Post<Nothing>,
) -> Result<Reply<WebhookDeliveryView>> {
    let (org, id) = path.into_inner();
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let endpoint = model::find(tx, identity, org, id)?;
            if endpoint.disabled.is_some() {
                return Err(Refusal::by(Code::EndpointDisabled, "NTF-3").into());
            }
            let event = Event::new(EventType::WebhookEndpointTested, id)
                .of(org)
                .by_rule("ORG-3");
            let event = tx.record(Some(identity), event)?;
            let delivery = NewDelivery::new(tx, id, event, event.to_string(), 0)?;
            diesel::insert_into(webhook_deliveries::table)
                .values(delivery)
                .execute(tx.conn)?;
            let row = webhook_deliveries::table
                .filter(webhook_deliveries::event_id.eq(event))
                .select(Row::as_select())
                .load(tx.conn)?;
            let view = views::deliveries(tx, row)?.pop();
            let view = view.ok_or_else(|| Error::internal("the delivery is not there"))?;
            accepted(&view)
        })
        .await
}

fn accepted<T: Serialize>(view: &T) -> Result<Reply<T>> {
    Ok(Reply::stored(
        StatusCode::ACCEPTED,
        serde_json::to_string(view)?,
    ))
}

/// List deliveries.
///
/// What was sent to the endpoint or waits to be, the newest first, each with its attempts and the beginning of what was answered. Finished ones are kept for 30 days.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint."), DeliveryFilters, Paging), responses((status = 200, body = Page<WebhookDeliveryView>, description = "A page of deliveries.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/webhook-endpoints/{id}/deliveries")]
pub async fn list_webhook_deliveries(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, WebhookId)>,
    listing: Listing<DeliveryFilters>,
) -> Result<Reply<Page<WebhookDeliveryView>>> {
    let (org, id) = path.into_inner();
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        model::find(tx, &identity, org, id)?;
        let query = || {
            let query = webhook_deliveries::table
                .filter(webhook_deliveries::endpoint_id.eq(id))
                .into_boxed::<MultiBackend>();
            match listing.filters.state {
                Some(state) => query.filter(webhook_deliveries::state.eq(state)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Row> = query()
            .filter(webhook_deliveries::id.lt(listing.before()))
            .order(webhook_deliveries::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        let views = views::deliveries(tx, rows)?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Send again.
///
/// One delivery, or with `through` a whole range of them, whether they had arrived or were given up; those that wait are sent at once. The event's id stays the same, so that the receiver can tell.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = WebhookId, Path, description = "The endpoint."), ("delivery_id" = DeliveryId, Path, description = "The delivery, or the first of them.")), request_body = Redelivery,
    responses((status = 202, body = RedeliveryView, description = "How many are on their way again.")),
    extensions(("x-problems" = json!(["forbidden", "endpoint_disabled"]))))]
#[post("/v1/organizations/{org_id}/webhook-endpoints/{id}/deliveries/{delivery_id}/redeliver")]
pub async fn redeliver_webhook(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, WebhookId, DeliveryId)>,
    again: Post<Redelivery>,
) -> Result<Reply<RedeliveryView>> {
    let (org, id, first) = path.into_inner();
    again
        .once(&db, caller, &[], move |tx, identity, again| {
            let endpoint = model::find(tx, identity, org, id)?;
            let last = again.through.unwrap_or(first);
            let known: Vec<DeliveryId> = webhook_deliveries::table
                .filter(webhook_deliveries::endpoint_id.eq(id))
                .filter(webhook_deliveries::id.eq_any([first, last]))
                .select(webhook_deliveries::id)
                .load(tx.conn)?;
            if !known.contains(&first) {
                return Err(Refusal::not_found().into());
            }
            if !known.contains(&last) {
                return Err(Refusal::fault("/through", "unknown", "NTF-3").into());
            }
            if endpoint.disabled.is_some() {
                return Err(Refusal::by(Code::EndpointDisabled, "NTF-3").into());
            }
            let queued = diesel::update(webhook_deliveries::table)
                .filter(webhook_deliveries::endpoint_id.eq(id))
                .filter(webhook_deliveries::id.ge(first))
                .filter(webhook_deliveries::id.le(last))
                .set((
                    webhook_deliveries::state.eq(DeliveryState::Waiting),
                    webhook_deliveries::finished_at.eq(None::<NaiveDateTime>),
                    webhook_deliveries::failed.eq(0),
                    webhook_deliveries::due_at.eq(tx.now),
                ))
                .execute(tx.conn)?;
            let event = Event::new(EventType::WebhookEndpointRedelivered, id)
                .of(org)
                .data(json!({"from": first, "through": last}))
                .by_rule("ORG-3");
            tx.record(Some(identity), event)?;
            accepted(&RedeliveryView {
                queued: i64::try_from(queued).map_err(Error::internal)?,
            })
        })
        .await
}
