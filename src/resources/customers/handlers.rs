//! Listing a partner's customers.
use super::model::{self, Customer};
use crate::api::csv::{Cell, Column, Table};
use crate::api::page::Paging;
use crate::api::{Caller, Listed, Listing, Page};
use crate::db::Db;
use crate::db::witness;
use crate::domain::access::{Level, PaymentMode};
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::policy::{self, Action};
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which customers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerFilters {
    /// Only those whose name contains this, whatever the case.
    #[param(max_length = 100)]
    pub query: Option<String>,
    /// Only those whose access is of this level.
    pub level: Option<Level>,
}

/// A customer under management.
#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerView {
    /// Its id.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Praxis Weiss")]
    name: String,
    /// The country, ISO 3166.
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: String,
    /// The partnership.
    partnership_id: PartnershipId,
    /// How much of the customer the partner reaches.
    level: Level,
    /// Who pays for what the partner orders; null under limited access.
    payment_mode: Option<PaymentMode>,
    /// Since when the partnership.
    started_at: DateTime<Utc>,
    /// How many active products the caller reaches.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    product_count: i64,
}

impl CustomerView {
    fn new(customer: Customer, product_count: i64) -> Self {
        Self {
            id: customer.id,
            name: customer.name,
            country: customer.country,
            partnership_id: customer.partnership,
            level: customer.level,
            payment_mode: customer.payment_mode,
            started_at: customer.started_at.and_utc(),
            product_count,
        }
    }
}

impl Table for CustomerView {
    const NAME: &'static str = "customers";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |customer| Cell::text(customer.id)),
        ("name", |customer| Cell::text(&customer.name)),
        ("country", |customer| Cell::text(&customer.country)),
        ("partnership_id", |customer| {
            Cell::text(customer.partnership_id)
        }),
        ("level", |customer| Cell::text(customer.level)),
        ("payment_mode", |customer| {
            customer.payment_mode.map(Cell::text).into()
        }),
        ("started_at", |customer| Cell::time(&customer.started_at)),
        ("product_count", |customer| {
            Cell::number(customer.product_count)
        }),
    ];
}

/// List a partner's customers.
///
/// Those that the caller reaches, the newest first: legal representatives and administrators reach all under management, collaborators those assigned to them (ORG-4). Search by name. None while the partner is suspended.
#[utoipa::path(tag = "Partnerships", params(("org_id" = OrganizationId, Path, description = "The partner."), CustomerFilters, Paging),
    responses((status = 200, body = Page<CustomerView>, description = "A page of customers.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/customers")]
pub async fn list_customers(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<CustomerFilters>,
) -> Result<Listed<CustomerView>> {
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadCustomers)?;
        let (rows, total) = model::page(tx, &identity, *org, listing)?;
        let counts = model::reached_products_of(tx, &identity, *org, &rows)?;
        let view = |row: Customer| {
            let count = counts.get(&row.partnership).copied().unwrap_or(0);
            CustomerView::new(row, count)
        };
        listing.page(tx.keys, rows, total, |row: &Customer| row.partnership, view)
    });
    read.await
}
