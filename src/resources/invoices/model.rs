//! The rows of invoices: issued with their VAT, settled once.
use crate::db::prepared::Among;
use crate::db::schema::{billing_events, invoices, organizations, products};
use crate::db::witness::{self, Identity};
use crate::db::{Tx, directly, insert_all};
use crate::domain::billing::InvoiceStatus;
use crate::domain::id::{
    BillingEventId, InvoiceId, OrderId, OrganizationId, PaymentMethodId, ProductId,
};
use crate::domain::ledger::PaidBy;
use crate::domain::money::{Currency, Money};
use crate::domain::policy::Found;
use crate::domain::refusal::Refusal;
use crate::domain::vat::{Country, Vat, VatTreatment};
use crate::error::{Error, Result};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// What an order comes to, for whoever pays it.
pub struct NewInvoice {
    pub payer: OrganizationId,
    pub customer: OrganizationId,
    pub order: OrderId,
    pub payment_method: PaymentMethodId,
    pub paid_by: PaidBy,
    pub net: Money,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
pub struct Invoice {
    pub id: InvoiceId,
    pub organization_id: OrganizationId,
    pub customer_id: OrganizationId,
    pub order_id: OrderId,
    pub status: InvoiceStatus,
    pub payment_method_id: PaymentMethodId,
    pub currency: Currency,
    pub net_minor: i64,
    pub vat_treatment: VatTreatment,
    pub vat_rate_ppm: i64,
    pub vat_minor: i64,
    pub payer_country: String,
    pub payer_vat_number: Option<String>,
    pub issued_at: NaiveDateTime,
    pub settled_at: Option<NaiveDateTime>,
}

/// Issues invoices, each in the payer's organization only (PAY-5), with the VAT of its country today
/// (BIL-9). A prepaid payment settles at once, any other leaves the invoice open (PAY-7).
pub fn issue(tx: &mut Tx, all: &[NewInvoice]) -> Result<()> {
    let payers: Vec<OrganizationId> = all.iter().map(|new| new.payer).collect();
    let known: Vec<(OrganizationId, (String, Option<String>))> =
        directly!(tx, |conn| organizations::table
            .filter(organizations::id.among(payers))
            .select((
                organizations::id,
                (organizations::country, organizations::vat_number),
            ))
            .load(conn))?;
    let known: BTreeMap<_, _> = known.into_iter().collect();
    let mut rows = Vec::new();
    for new in all {
        let (country, number) = known
            .get(&new.payer)
            .ok_or_else(|| Error::internal("the payer of an invoice is unknown"))?;
        let vat = vat(tx, new.net, country, number.as_deref())?;
        let (status, settled_at) = match new.paid_by {
            PaidBy::Prepaid | PaidBy::Elsewhere => (InvoiceStatus::Paid, Some(tx.now)),
            PaidBy::Invoice => (InvoiceStatus::Open, None),
        };
        rows.push(Invoice {
            id: tx.new_id()?,
            organization_id: new.payer,
            customer_id: new.customer,
            order_id: new.order,
            status,
            payment_method_id: new.payment_method,
            currency: new.net.currency,
            net_minor: new.net.minor,
            vat_treatment: vat.treatment,
            vat_rate_ppm: vat.rate.ppm(),
            vat_minor: vat.amount.minor,
            payer_country: country.clone(),
            payer_vat_number: number.clone(),
            issued_at: tx.now,
            settled_at,
        });
    }
    insert_all!(tx, invoices::table, &rows);
    Ok(())
}

fn vat(tx: &Tx, net: Money, country: &str, number: Option<&str>) -> Result<Vat> {
    let payer =
        Country::parse(country).ok_or_else(|| Error::internal(format!("no country: {country}")))?;
    let vat = tx.vat.on(net, payer, number, tx.now.date());
    vat.map_err(|_| Refusal::fault("/lines", "out_of_range", "BIL-9").into())
}

/// An invoice of this organization.
pub fn of(tx: &mut Tx, payer: OrganizationId, id: InvoiceId) -> Result<Option<Invoice>> {
    Ok(invoices::table
        .filter(invoices::organization_id.eq(payer))
        .filter(invoices::id.eq(id))
        .select(Invoice::as_select())
        .first(tx.conn)
        .optional()?)
}

/// An invoice with the caller's place towards the organization that pays it.
pub fn find(tx: &mut Tx, identity: &Identity, id: InvoiceId) -> Result<Found<Invoice>> {
    let row: Option<Invoice> = invoices::table
        .find(id)
        .select(Invoice::as_select())
        .first(tx.conn)
        .optional()?;
    witness::owned(tx, identity, row, |row| row.organization_id)
}

/// The invoice of an order, for whoever acts for the payer.
pub fn of_order(tx: &mut Tx, order: OrderId) -> Result<Option<Invoice>> {
    let row = directly!(tx, |conn| invoices::table
        .filter(invoices::order_id.eq(order))
        .select(Invoice::as_select())
        .first(conn))
    .optional()?;
    Ok(row)
}

/// The payment was reported.
pub fn settle(tx: &mut Tx, id: InvoiceId, status: InvoiceStatus) -> Result<()> {
    diesel::update(invoices::table.find(id))
        .set((invoices::status.eq(status), invoices::settled_at.eq(tx.now)))
        .execute(tx.conn)?;
    Ok(())
}

/// A line of an invoice: one billing event.
#[derive(Queryable)]
pub struct Line {
    pub event: BillingEventId,
    pub product: ProductId,
    pub name: String,
    pub family: String,
    pub quantity: i64,
    pub period: (NaiveDate, NaiveDate),
    pub charged_minor: i64,
}

pub fn lines(tx: &mut Tx, order: OrderId) -> Result<Vec<Line>> {
    let lines = directly!(tx, |conn| billing_events::table
        .inner_join(products::table.on(products::id.eq(billing_events::product_id)))
        .filter(billing_events::order_id.eq(order))
        .filter(billing_events::refunds_id.is_null())
        .order(billing_events::id)
        .select((
            billing_events::id,
            billing_events::product_id,
            products::name,
            billing_events::family,
            billing_events::quantity,
            (billing_events::period_start, billing_events::period_end),
            billing_events::charged_minor,
        ))
        .load(conn))?;
    Ok(lines)
}
