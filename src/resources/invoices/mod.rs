//! Invoices: each exists only in the organization that pays (PAY-5).
use crate::api::page::Paging;
use crate::api::views::MoneyView;
use crate::api::{Caller, Listing, Page, Reply};
use crate::db::schema::invoices;
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::billing::InvoiceStatus;
use crate::domain::id::{InvoiceId, OrderId, OrganizationId, PaymentMethodId};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(list_invoices, get_invoice);

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices)]
struct Row {
    id: InvoiceId,
    organization_id: OrganizationId,
    order_id: OrderId,
    status: InvoiceStatus,
    payment_method_id: PaymentMethodId,
    currency: Currency,
    net_minor: i64,
    vat_minor: i64,
    issued_at: NaiveDateTime,
}

/// An invoice.
#[derive(Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceView {
    /// Its id.
    id: InvoiceId,
    /// Who pays it.
    organization_id: OrganizationId,
    /// The order it is for.
    order_id: OrderId,
    /// Whether it is paid: a prepaid payment settles at once (PAY-7).
    status: InvoiceStatus,
    /// What is charged.
    payment_method_id: PaymentMethodId,
    /// Excluding VAT.
    net_amount: MoneyView,
    /// The VAT.
    vat_amount: MoneyView,
    /// When it was issued.
    issued_at: DateTime<Utc>,
}

impl Row {
    fn view(self) -> InvoiceView {
        let money = |minor| {
            MoneyView::from(Money {
                minor,
                currency: self.currency,
            })
        };
        InvoiceView {
            id: self.id,
            organization_id: self.organization_id,
            order_id: self.order_id,
            status: self.status,
            payment_method_id: self.payment_method_id,
            net_amount: money(self.net_minor),
            vat_amount: money(self.vat_minor),
            issued_at: self.issued_at.and_utc(),
        }
    }
}

/// List an organization's invoices.
///
/// Those that it pays, the newest first. Nobody else's exist here (PAY-5).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization that pays."), Paging), responses((status = 200, body = Page<InvoiceView>, description = "A page of invoices.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/invoices")]
pub async fn list_invoices(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<InvoiceView>>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        policy::allow(
            witness::organization(tx, &identity, *org)?,
            Action::ReadInvoices,
        )?;
        let query = || {
            invoices::table
                .into_boxed::<MultiBackend>()
                .filter(invoices::organization_id.eq(*org))
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Row> = query()
            .filter(invoices::id.lt(listing.before()))
            .order(invoices::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        Reply::page(&listing.page(tx.keys, rows, total, |row: &Row| row.id, Row::view)?)
    })
    .await
}

/// Show an invoice.
///
/// In the organization that pays; for the other side it does not exist (PAY-5).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization that pays."), ("id" = InvoiceId, Path, description = "The invoice.")), responses((status = 200, body = InvoiceView, description = "The invoice.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/invoices/{id}")]
pub async fn get_invoice(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, InvoiceId)>,
) -> Result<Reply<InvoiceView>> {
    db.read(move |tx| {
        let (org, id) = path.into_inner();
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        let may_read = matches!(
            policy::decide(&found.standings, Action::ReadInvoices),
            policy::Decision::Granted(..)
        );
        let row: Option<Row> = invoices::table
            .filter(invoices::organization_id.eq(org))
            .filter(invoices::id.eq(id))
            .select(Row::as_select())
            .first(tx.conn)
            .optional()?;
        match row.filter(|_| may_read) {
            Some(row) => Reply::ok(&row.view()),
            None => Err(Refusal::not_found().rule("PAY-5").into()),
        }
    })
    .await
}
