//! Domain events, as each side of them reads them: in the order of their positions (NTF-1).
pub mod views;

use self::views::{EventView, Row};
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Reply};
use crate::db::prepared::Among;
use crate::db::schema::events;
use crate::db::witness;
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

crate::api::room::room!(list_events, get_event);

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventFilters {
    /// Only those of this type; several by repetition.
    #[serde(default, rename = "type")]
    #[param(value_type = Vec<String>, example = json!(["partnership.started"]))]
    types: Vec<EventType>,
    /// Only those after this position, the oldest first. Nothing that commits late is ever missed by it.
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    after: Option<i64>,
}

/// List an organization's events.
///
/// What happened to it and between it and its partners or customers, the newest first, or with `after` the oldest first: to follow along, ask again with the last `position` seen. For its legal representatives and administrators.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), EventFilters, Paging), responses((status = 200, body = Page<EventView>, description = "A page of events.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/events")]
pub async fn list_events(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<EventFilters>,
) -> Result<Reply<Page<EventView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadEvents)?;
        let query = || {
            let query = concerning(*org).filter(events::position.is_not_null());
            match listing.filters.types.as_slice() {
                [] => query,
                types => query.filter(events::kind.among(types.iter().map(|one| one.as_str()))),
            }
        };
        let total = listing.total(|| {
            let after = listing.filters.after.unwrap_or(0);
            let counted = query().filter(events::position.gt(after));
            counted.count().get_result(tx.conn)
        })?;
        let reached = position_of(listing.before());
        let page = match listing.filters.after {
            Some(after) => query()
                .filter(events::position.gt(reached.unwrap_or(after)))
                .order(events::position.asc()),
            None => query()
                .filter(events::position.lt(reached.unwrap_or(i64::MAX)))
                .order(events::position.desc()),
        };
        let rows: Vec<Row> = page
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        Reply::page(&listing.page(tx.keys, rows, total, place, Row::view)?)
    })
    .await
}

/// Read an event.
///
/// One that concerns the organization, as webhooks deliver it.
#[utoipa::path(tag = "Events", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = EventId, Path, description = "The event.")), responses((status = 200, body = EventView, description = "The event.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/events/{id}")]
pub async fn get_event(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, EventId)>,
) -> Result<Reply<EventView>> {
    let (org, id) = path.into_inner();
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        policy::allow(found, Action::ReadEvents)?;
        Reply::ok(&find(tx, org, id)?.view())
    })
    .await
}

/// An event that concerns the organization; others do not exist for it.
fn find(tx: &mut Tx, org: OrganizationId, id: EventId) -> Result<Row> {
    let row = concerning(org)
        .filter(events::id.eq(id))
        .select(Row::as_select())
        .first(tx.conn)
        .optional()?;
    Ok(row.ok_or_else(Refusal::not_found)?)
}

fn concerning(org: OrganizationId) -> events::BoxedQuery<'static, MultiBackend> {
    events::table
        .filter(events::customer_id.eq(org).or(events::partner_id.eq(org)))
        .into_boxed()
}

/// A page of events ends at a position, which the cursor carries as it would an id.
fn place(row: &Row) -> EventId {
    let position = u128::from(row.position.unwrap_or_default().unsigned_abs());
    EventId::from_bytes(position.to_be_bytes())
}

/// The position that the page before ended with; none on the first.
fn position_of(cursor: &[u8]) -> Option<i64> {
    let bytes: [u8; 16] = cursor.try_into().ok()?;
    i64::try_from(u128::from_be_bytes(bytes)).ok()
}
