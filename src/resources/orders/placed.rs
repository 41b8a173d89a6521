//! What an order or a renewal did, for whoever placed it.
use super::views::{OrderView, Row};
use crate::api::locale;
use crate::db::schema::{orders, products as products_table};
use crate::db::{Tx, directly};
use crate::domain::id::{OrderId, OrganizationId, ProductId};
use crate::domain::locale::Language;
use crate::domain::product::{BACKUP, ProductState};
use crate::domain::settlement::{Orderer, Payer};
use crate::error::{Error, Result};
use crate::resources::billing::intent::Booked;
use crate::resources::billing_events::views::{BillingEventView, Reader, by_ids};
use crate::resources::invoices::model as invoices;
use crate::resources::invoices::views::InvoiceView;
use crate::resources::organizations::products::{self, ProductView};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// What an order did.
#[derive(Serialize, ToSchema)]
#[schema(as = PlacedOrder)]
pub struct PlacedOrderView {
    /// The order.
    order: OrderView,
    /// The products it installed or renewed, one a line.
    products: Vec<ProductView>,
    /// One event a line.
    billing_events: Vec<BillingEventView>,
    /// The invoice; null unless the caller acts for the payer (PAY-5).
    invoice: Option<InvoiceView>,
    /// What to think about; nothing was refused for it.
    #[schema(example = json!([]))]
    warnings: Vec<String>,
}

impl PlacedOrderView {
    pub fn id(&self) -> OrderId {
        self.order.id
    }
}

/// What to think about after an order: one backup account for all customers is enough (BAK-3).
pub fn warnings(
    tx: &mut Tx,
    customer: OrganizationId,
    booked: &Booked,
    language: Language,
) -> Result<Vec<String>> {
    let backups: Vec<ProductId> = products_table::table
        .filter(products_table::organization_id.eq(customer))
        .filter(products_table::family.eq(BACKUP))
        .filter(products_table::state.eq(ProductState::Active))
        .select(products_table::id)
        .load(tx.conn)?;
    let second = backups.len() > 1 && backups.iter().any(|id| booked.products.contains(id));
    let warning = || locale::text(language, "warning-second-backup", &[]);
    Ok(second.then(warning).into_iter().collect())
}

/// Shows it to the side that placed it.
pub fn view(
    tx: &mut Tx,
    side: Orderer,
    booked: &Booked,
    warnings: Vec<String>,
) -> Result<PlacedOrderView> {
    let id = booked.order;
    let id = id.ok_or_else(|| Error::internal("what was placed has no order"))?;
    let row: Row = directly!(tx, |conn| orders::table
        .find(id)
        .select(Row::as_select())
        .first(conn))?;
    let (reader, pays) = match side {
        Orderer::Customer => (Reader::Customer, booked.payer == Payer::Customer),
        Orderer::Partner => (Reader::Partner, booked.payer == Payer::Partner),
    };
    let invoice = match pays {
        true => invoices::of_order(tx, id)?,
        false => None,
    };
    let invoice = invoice.map(|invoice| InvoiceView::new(invoice, Some(invoices::lines(tx, id)?)));
    let payer = row.payer_id;
    Ok(PlacedOrderView {
        order: row.view(reader),
        products: products::by_ids(tx, &booked.products, payer)?,
        billing_events: by_ids(tx, &booked.events, reader)?,
        invoice: invoice.transpose()?,
        warnings,
    })
}
