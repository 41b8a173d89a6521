//! Looking at invoices.
use super::model::{self, Invoice};
use super::paper;
use super::views::InvoiceView;
use crate::api::media::{Accepts, Formed, Media};
use crate::api::page::Paging;
use crate::api::{Caller, Listed, Listing, Page, Reply, pdf};
use crate::config::Config;
use crate::db::schema::invoices;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::billing::InvoiceStatus;
use crate::domain::id::{InvoiceId, OrganizationId};
use crate::domain::policy::{self, Action, Decision};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::organizations::model::names;
use actix_web::web::{Data, Path};
use actix_web::{Either, get};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which invoices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoiceFilters {
    /// Only those that stand so.
    status: Option<InvoiceStatus>,
}

/// List an organization's invoices.
///
/// Those that it pays, the newest first. Nobody else's exist here (PAY-5).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization that pays."), InvoiceFilters, Paging), responses((status = 200, body = Page<InvoiceView>, description = "A page of invoices.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/invoices")]
pub async fn list_invoices(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<InvoiceFilters>,
) -> Result<Listed<InvoiceView>> {
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadInvoices)?;
        let query = || {
            let query = invoices::table
                .into_boxed::<MultiBackend>()
                .filter(invoices::organization_id.eq(*org));
            match listing.filters.status {
                Some(status) => query.filter(invoices::status.eq(status)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Invoice> = query()
            .filter(invoices::id.lt(listing.before()))
            .order(invoices::id.desc())
            .limit(listing.fetch())
            .select(Invoice::as_select())
            .load(tx.conn)?;
        let view = |row| InvoiceView::new(row, None);
        let views = rows.into_iter().map(view).collect::<Result<Vec<_>>>()?;
        listing.page(tx.keys, views, total, |view| view.id, |view| view)
    });
    read.await
}

/// Show an invoice.
///
/// In the organization that pays; for the other side it does not exist (PAY-5).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization that pays."), ("id" = InvoiceId, Path, description = "The invoice.")), responses((status = 200, body = InvoiceView, description = "The invoice.")), extensions(("x-problems" = json!(["forbidden"])), ("x-pdf" = json!(true))))]
#[get("/v1/organizations/{org_id}/invoices/{id}")]
pub async fn get_invoice(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    path: Path<(OrganizationId, InvoiceId)>,
    accepts: Accepts,
) -> Result<Formed<InvoiceView>> {
    let (org, id) = path.into_inner();
    let read = db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let standings = witness::organization(tx, &identity, org)?.standings;
        // One that never was and one that is another's are refused alike.
        let row = match policy::decide(&standings, Action::ReadInvoices) {
            Decision::Granted(..) => model::of(tx, org, id)?,
            Decision::Refused(_) | Decision::Invisible => None,
        };
        let row = row.ok_or_else(|| Refusal::not_found().rule("PAY-5"))?;
        let lines = model::lines(tx, row.order_id)?;
        let invoice = InvoiceView::new(row, Some(lines))?;
        let parties = [invoice.organization_id, invoice.customer_id];
        let names = names(tx, &parties.into())?;
        Ok((invoice, names, identity.language))
    });
    let (invoice, names, language) = read.await?;
    Ok(match accepts.choose(&[Media::Json, Media::Pdf]) {
        Media::Pdf => {
            let paper = paper::print(&invoice, &names, &config, language);
            Either::Right(pdf::answer(&id.to_string(), paper))
        }
        Media::Json | Media::Csv => Either::Left(Reply::ok(&invoice)?),
    })
}
