//! Products, as far as the caller reaches: what is outside does not exist (ACC-3).
use super::reach;
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Reply};
use crate::db::schema::products;
use crate::db::witness;
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::id::{OrganizationId, ProductId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action};
use crate::domain::product::{Period, ProductState};
use crate::domain::reach::Reach;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// One installed service.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    /// Its id.
    id: ProductId,
    /// What it is an add-on or upgrade of.
    parent_id: Option<ProductId>,
    /// Its family.
    #[schema(example = "web_hosting")]
    family: String,
    /// Its name.
    #[schema(example = "praxis-weiss.example")]
    name: String,
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

const COLUMNS: (
    products::id,
    products::parent_id,
    products::family,
    products::name,
    products::quantity,
    products::period,
    products::currency,
    products::state,
    products::automatic,
    products::renews_on,
) = (
    products::id,
    products::parent_id,
    products::family,
    products::name,
    products::quantity,
    products::period,
    products::currency,
    products::state,
    products::automatic,
    products::renews_on,
);

fn within(tx: &mut Tx, caller: &Caller, org: OrganizationId) -> Result<Reach> {
    let identity = caller.identify(tx)?;
    let found = witness::organization(tx, &identity, org)?;
    let standings = found.standings.clone();
    policy::allow(found, Action::ReadProducts)?;
    reach::of(tx, &standings, Action::ReadProducts, tx.now)
}

/// List an organization's products.
///
/// Those within the caller's reach, the newest first; what is outside is neither listed nor counted (ACC-3).
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization."), Paging), responses((status = 200, body = Page<ProductView>, description = "A page of products.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/products")]
pub async fn list_products(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<ProductView>>> {
    db.snapshot(move |tx| {
        let within = within(tx, &caller, *org)?;
        let query = || {
            let query = products::table
                .into_boxed::<MultiBackend>()
                .filter(products::organization_id.eq(*org));
            match &within {
                Reach::Only(within) => query.filter(products::id.eq_any(within)),
                Reach::Everything => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<ProductView> = query()
            .filter(products::id.lt(listing.before()))
            .order(products::id.desc())
            .limit(listing.fetch())
            .select(COLUMNS)
            .load(tx.conn)?;
        Reply::page(&listing.page(tx.keys, rows, total, |row: &ProductView| row.id, |row| row)?)
    })
    .await
}

/// Show a product.
///
/// If it is within the caller's reach; else it does not exist (ACC-3).
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization."), ("product_id" = ProductId, Path, description = "The product.")), responses((status = 200, body = ProductView, description = "The product.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/products/{product_id}")]
pub async fn get_product(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, ProductId)>,
) -> Result<Reply<ProductView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let reached = within(tx, &caller, org)?.holds(id);
        let row: Option<ProductView> = products::table
            .filter(products::organization_id.eq(org))
            .filter(products::id.eq(id))
            .select(COLUMNS)
            .first(tx.conn)
            .optional()?;
        let row = row.filter(|_| reached).ok_or_else(Refusal::not_found)?;
        Reply::ok(&row)
    })
    .await
}
