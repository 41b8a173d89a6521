//! Looking at billing events.
use super::model;
use super::views::{BillingEventView, Reader, views};
use crate::api::page::Paging;
use crate::api::query::moment;
use crate::api::{Caller, Listed, Listing, Page, Reply};
use crate::db::schema::billing_events;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::billing::EventKind;
use crate::domain::id::{BillingEventId, OrganizationId, PartnershipId};
use crate::domain::policy::{self, Action, Standing};
use crate::error::{Error, Result};
use crate::resources::billing::batch::EventRow;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which billing events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BillingEventFilters {
    /// Only those that happened at this instant or later; a day stands for its beginning.
    #[serde(default, deserialize_with = "moment")]
    from: Option<DateTime<Utc>>,
    /// Only those that happened before this instant; a day stands for its beginning.
    #[serde(default, deserialize_with = "moment")]
    to: Option<DateTime<Utc>>,
    /// Only those of this kind.
    kind: Option<EventKind>,
    /// Only those that settled under this partnership.
    partnership_id: Option<PartnershipId>,
}

/// List an organization's billing events.
///
/// Those about its products, and those it earned or paid as a partner, the newest first. A partner that asks for its customer's sees those of their partnership. What one side may not see of the other's price is null (BIL-11).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization."), BillingEventFilters, Paging), responses((status = 200, body = Page<BillingEventView>, description = "A page of events.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/billing-events")]
pub async fn list_billing_events(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<BillingEventFilters>,
) -> Result<Listed<BillingEventView>> {
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let by = policy::allow(found, Action::ReadBillingEvents)?.by;
        let filters = &listing.filters;
        let query = || {
            let mine = billing_events::customer_id
                .eq(*org)
                .or(billing_events::partner_id.eq(*org).assume_not_null());
            let mut query = billing_events::table
                .into_boxed::<MultiBackend>()
                .filter(mine);
            if let Standing::Partner { partnership, .. } = &by {
                query = query.filter(billing_events::partnership_id.eq(*partnership));
            }
            if let Some(partnership) = filters.partnership_id {
                query = query.filter(billing_events::partnership_id.eq(partnership));
            }
            if let Some(from) = filters.from {
                query = query.filter(billing_events::occurred_at.ge(from.naive_utc()));
            }
            if let Some(to) = filters.to {
                query = query.filter(billing_events::occurred_at.lt(to.naive_utc()));
            }
            match filters.kind {
                Some(kind) => query.filter(billing_events::kind.eq(kind)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<EventRow> = query()
            .filter(billing_events::id.lt(listing.before()))
            .order(billing_events::id.desc())
            .limit(listing.fetch())
            .select(EventRow::as_select())
            .load(tx.conn)?;
        let reader = |row: &EventRow| match by {
            Standing::Operator { .. } => Reader::Operator,
            Standing::Support { .. } => Reader::Customer,
            Standing::Partner { .. } => Reader::Partner,
            Standing::Member { .. } if row.customer_id == *org => Reader::Customer,
            Standing::Member { .. } => Reader::Partner,
        };
        let shown = views(tx, rows, reader)?;
        listing.page(tx.keys, shown, total, |event| event.id, |event| event)
    });
    read.await
}

/// Show a billing event.
///
/// To the customer whose product it is about, and to the partner it settled under, also after the partnership has ended. What one side may not see of the other's price is null (BIL-11).
#[utoipa::path(tag = "Money", params(("id" = BillingEventId, Path, description = "The event.")), responses((status = 200, body = BillingEventView, description = "The event.")))]
#[get("/v1/billing-events/{id}")]
pub async fn get_billing_event(
    caller: Caller,
    db: Data<Db>,
    id: Path<BillingEventId>,
) -> Result<Reply<BillingEventView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (row, reader) = model::find(tx, &identity, *id)?;
        let shown = views(tx, vec![row], |_| reader)?.pop();
        Reply::ok(&shown.ok_or_else(|| Error::internal("an event was not shown"))?)
    })
    .await
}
