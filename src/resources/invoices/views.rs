//! How an invoice is shown: net, VAT and total (BIL-9).
use super::model::{Invoice, Line};
use crate::api::csv::{Cell, Column, Table};
use crate::api::views::MoneyView;
use crate::domain::billing::InvoiceStatus;
use crate::domain::id::{
    BillingEventId, InvoiceId, OrderId, OrganizationId, PaymentMethodId, ProductId,
};
use crate::domain::money::{Currency, Money, Rate};
use crate::domain::vat::VatTreatment;
use crate::error::{Error, Result};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An invoice.
#[derive(Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceView {
    /// Its id.
    pub id: InvoiceId,
    /// Who pays it.
    pub organization_id: OrganizationId,
    /// The customer whose products it is for.
    pub customer_id: OrganizationId,
    /// The order it is for.
    pub order_id: OrderId,
    /// Whether it is paid: a prepaid payment settles at once (PAY-7).
    pub status: InvoiceStatus,
    /// What is charged.
    pub payment_method_id: PaymentMethodId,
    /// Its lines, where it is read by itself; null in a list.
    pub lines: Option<Vec<InvoiceLineView>>,
    /// Excluding VAT.
    pub net_amount: MoneyView,
    /// Why it has this VAT.
    pub vat_treatment: VatTreatment,
    /// The rate of the VAT.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.081")]
    pub vat_rate: String,
    /// The VAT, rounded once.
    pub vat_amount: MoneyView,
    /// Including VAT.
    pub total_amount: MoneyView,
    /// The country of the payer when it was issued (ISO 3166).
    #[schema(min_length = 2, max_length = 2, example = "CH")]
    pub payer_country: String,
    /// The VAT number of the payer when it was issued.
    #[schema(example = "CHE-116.281.710 MWST")]
    pub payer_vat_number: Option<String>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When its payment succeeded or failed.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A line of an invoice.
#[derive(Serialize, ToSchema)]
#[schema(as = InvoiceLine)]
pub struct InvoiceLineView {
    /// The billing event that it is for.
    pub billing_event_id: BillingEventId,
    /// The product.
    pub product_id: ProductId,
    /// What the product is called.
    #[schema(example = "praxis-weiss.example")]
    pub product_name: String,
    /// The product's family.
    #[schema(example = "web_hosting")]
    pub family: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    pub quantity: i64,
    /// The first day paid for.
    pub period_start: NaiveDate,
    /// The day after the last.
    pub period_end: NaiveDate,
    /// What is charged for it, excluding VAT.
    pub net_amount: MoneyView,
}

impl InvoiceView {
    pub fn new(row: Invoice, lines: Option<Vec<Line>>) -> Result<Self> {
        let money = |minor| Money {
            minor,
            currency: row.currency,
        };
        let (net, vat) = (money(row.net_minor), money(row.vat_minor));
        let wrong = || Error::internal("an invoice cannot be read");
        let lines = lines.map(|lines| {
            let views = lines
                .into_iter()
                .map(|line| InvoiceLineView::new(line, row.currency));
            views.collect()
        });
        Ok(Self {
            id: row.id,
            organization_id: row.organization_id,
            customer_id: row.customer_id,
            order_id: row.order_id,
            status: row.status,
            payment_method_id: row.payment_method_id,
            lines,
            net_amount: net.into(),
            vat_treatment: row.vat_treatment,
            vat_rate: Rate::from_ppm(row.vat_rate_ppm)
                .ok_or_else(wrong)?
                .to_string(),
            vat_amount: vat.into(),
            total_amount: net.checked_add(vat).map_err(|_| wrong())?.into(),
            payer_country: row.payer_country,
            payer_vat_number: row.payer_vat_number,
            issued_at: row.issued_at.and_utc(),
            settled_at: row.settled_at.map(|at| at.and_utc()),
        })
    }
}

impl InvoiceLineView {
    fn new(line: Line, currency: Currency) -> Self {
        Self {
            billing_event_id: line.event,
            product_id: line.product,
            product_name: line.name,
            family: line.family,
            quantity: line.quantity,
            period_start: line.period.0,
            period_end: line.period.1,
            net_amount: Money {
                minor: line.charged_minor,
                currency,
            }
            .into(),
        }
    }
}

impl Table for InvoiceView {
    const NAME: &'static str = "invoices";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |invoice| Cell::text(invoice.id)),
        ("issued_at", |invoice| Cell::time(&invoice.issued_at)),
        ("status", |invoice| Cell::text(invoice.status)),
        ("settled_at", |invoice| {
            invoice.settled_at.as_ref().map(Cell::time).into()
        }),
        ("organization_id", |invoice| {
            Cell::text(invoice.organization_id)
        }),
        ("customer_id", |invoice| Cell::text(invoice.customer_id)),
        ("order_id", |invoice| Cell::text(invoice.order_id)),
        ("currency", |invoice| {
            Cell::text(invoice.net_amount.currency)
        }),
        ("net_amount", |invoice| Cell::amount(&invoice.net_amount)),
        ("vat_treatment", |invoice| Cell::text(invoice.vat_treatment)),
        ("vat_rate", |invoice| Cell::rate(&invoice.vat_rate)),
        ("vat_amount", |invoice| Cell::amount(&invoice.vat_amount)),
        ("total_amount", |invoice| {
            Cell::amount(&invoice.total_amount)
        }),
        ("payer_country", |invoice| {
            Cell::text(&invoice.payer_country)
        }),
        ("payer_vat_number", |invoice| {
            invoice.payer_vat_number.as_ref().map(Cell::text).into()
        }),
    ];
}
