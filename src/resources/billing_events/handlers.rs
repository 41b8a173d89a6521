//! Looking at billing events.
use super::views::{BillingEventView, Reader, Row};
use crate::api::page::Paging;
use crate::api::{Caller, Listed, Listing, Page};
use crate::db::schema::billing_events;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::billing::EventKind;
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::policy::{self, Action, Standing};
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which billing events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BillingEventFilters {
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
            if let Some(partnership) = listing.filters.partnership_id {
                query = query.filter(billing_events::partnership_id.eq(partnership));
            }
            match listing.filters.kind {
                Some(kind) => query.filter(billing_events::kind.eq(kind)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Row> = query()
            .filter(billing_events::id.lt(listing.before()))
            .order(billing_events::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        let reader = |row: &Row| match by {
            Standing::Operator { .. } => Reader::Operator,
            Standing::Partner { .. } => Reader::Partner,
            Standing::Member { .. } if row.is_about(*org) => Reader::Customer,
            Standing::Member { .. } => Reader::Partner,
        };
        let view = |row: Row| {
            let reader = reader(&row);
            row.view(reader)
        };
        listing.page(tx.keys, rows, total, |row: &Row| row.id, view)
    });
    read.await
}
