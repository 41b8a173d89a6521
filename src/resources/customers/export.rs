//! What a partner takes home of one customer: its products, as far as the caller reaches (EXP-1).
use crate::api::csv::{Cell, Column, Table};
use crate::api::page::Paging;
use crate::api::{Caller, Listed, Listing, Page};
use crate::db::prepared::Among;
use crate::db::schema::products;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::id::{OrganizationId, ProductId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action, Standing};
use crate::domain::product::{Period, ProductState};
use crate::domain::reach::Reach;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::organizations::reach;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// A product of a customer.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = CustomerProduct)]
pub struct CustomerProductView {
    /// Its id.
    id: ProductId,
    /// Its name.
    #[schema(example = "praxis-weiss.example")]
    name: String,
    /// Its family.
    #[schema(example = "web_hosting")]
    family: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    quantity: i64,
    /// How long one payment lasts.
    period: Period,
    /// In which currency it is paid.
    currency: Currency,
    /// How it stands.
    state: ProductState,
    /// Whether it renews by itself.
    automatic: bool,
    /// The day of its next renewal.
    renews_on: NaiveDate,
}

impl Table for CustomerProductView {
    const NAME: &'static str = "customer-products";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |product| Cell::text(product.id)),
        ("name", |product| Cell::text(&product.name)),
        ("family", |product| Cell::text(&product.family)),
        ("quantity", |product| Cell::number(product.quantity)),
        ("period", |product| Cell::text(product.period)),
        ("currency", |product| Cell::text(product.currency)),
        ("state", |product| Cell::text(product.state)),
        ("automatic", |product| Cell::text(product.automatic)),
        ("renews_on", |product| Cell::text(product.renews_on)),
    ];
}

/// Export a customer's data.
///
/// The customer's products within the caller's reach, the newest first; `Accept: text/csv` gives all of them as a table. What is outside a limited partnership's selection is not in it (ACC-3).
#[utoipa::path(tag = "Partnerships", params(("org_id" = OrganizationId, Path, description = "The partner."), ("customer_id" = OrganizationId, Path, description = "The customer."), Paging),
    responses((status = 200, body = Page<CustomerProductView>, description = "A page of products.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/customers/{customer_id}/export")]
pub async fn export_customer(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, OrganizationId)>,
    listing: Listing<NoFilters>,
) -> Result<Listed<CustomerProductView>> {
    let (partner, customer) = path.into_inner();
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, partner)?;
        policy::allow(found, Action::ReadCustomers)?;
        let mut found = witness::organization(tx, &identity, customer)?;
        // Only what comes through this partner: other places of the caller's are not its customers.
        found.standings.retain(|standing| match standing {
            Standing::Partner { partner: of, .. } => *of == partner,
            Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => false,
        });
        let through = policy::allow(found, Action::ReadProducts)?.by;
        let reach = reach::of(tx, &[through], Action::ReadProducts, tx.now)?;
        let query = || {
            let all = products::table
                .into_boxed::<MultiBackend>()
                .filter(products::organization_id.eq(customer));
            match &reach {
                Reach::Everything => all,
                Reach::Only(these) => all.filter(products::id.among(these)),
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<CustomerProductView> = query()
            .filter(products::id.lt(listing.before()))
            .order(products::id.desc())
            .limit(listing.fetch())
            .select((
                products::id,
                products::name,
                products::family,
                products::quantity,
                products::period,
                products::currency,
                products::state,
                products::automatic,
                products::renews_on,
            ))
            .load(tx.conn)?;
        let id = |row: &CustomerProductView| row.id;
        listing.page(tx.keys, rows, total, id, |row| row)
    });
    read.await
}
