//! How a billing event is shown to each side: what BIL-11 hides from the reader is null.
use crate::api::csv::{Cell, Column, Table};
use crate::api::views::{MoneyView, OrganizationNameView};
use crate::db::prepared::Among;
use crate::db::schema::{billing_events, products};
use crate::db::{Tx, directly};
use crate::domain::billing::{EventKind, Initiator};
use crate::domain::id::{BillingEventId, OrderId, OrganizationId, PartnershipId, ProductId};
use crate::domain::money::{Money, Rate};
use crate::domain::settlement::Payer;
use crate::error::{Error, Result};
use crate::resources::billing::batch::EventRow;
use crate::resources::organizations::model::names;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Customer,
    Partner,
    Operator,
}

impl Reader {
    /// Whether the reader may know what the payer was charged: of what the partner paid for, the
    /// customer sees the public price and no more (BIL-11).
    pub const fn sees_price_of(self, payer: Payer) -> bool {
        match (self, payer) {
            (Self::Customer, Payer::Partner) => false,
            (Self::Customer, Payer::Customer)
            | (Self::Partner | Self::Operator, Payer::Customer | Payer::Partner) => true,
        }
    }
}

/// A product by its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ProductName)]
pub struct ProductNameView {
    /// Its id.
    id: ProductId,
    /// Its name.
    #[schema(example = "praxis-weiss.example")]
    name: String,
}

/// The immutable record of an order, a renewal or a refund, and of how it was settled. A refund's amounts are negative.
#[derive(Serialize, ToSchema)]
#[schema(as = BillingEvent)]
pub struct BillingEventView {
    /// Its id.
    pub id: BillingEventId,
    /// What it records.
    kind: EventKind,
    /// The id under which the operator's commerce system reported it.
    #[schema(example = "shop-2026-004711")]
    external_id: Option<String>,
    /// Whose product it is about.
    customer: OrganizationNameView,
    /// The partner that earns or pays.
    partner: Option<OrganizationNameView>,
    /// The partnership it settled under.
    partnership_id: Option<PartnershipId>,
    /// The product.
    product: ProductNameView,
    /// The product's family.
    #[schema(example = "web_hosting")]
    family: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    quantity: i64,
    /// Who caused it.
    initiator: Initiator,
    /// Which side pays.
    payer: Payer,
    /// The list price.
    list_amount: MoneyView,
    /// The list price less the volume discount.
    public_amount: MoneyView,
    /// The partner price; null to the customer of what the partner paid.
    partner_amount: Option<MoneyView>,
    /// What was charged; null to the customer of what the partner paid.
    charged_amount: Option<MoneyView>,
    /// What the partner earned.
    cashback_amount: MoneyView,
    /// What the partner was spared; null to the customer of what the partner paid.
    discount_amount: Option<MoneyView>,
    /// The volume discount's rate.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.25")]
    volume_rate: String,
    /// The partner discount's rate; null where the partner has a price of its own, and to the customer of what the partner paid.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.20")]
    partner_rate: Option<String>,
    /// The row of the settlement table.
    #[schema(example = "full_partner_partner")]
    settlement_rule: String,
    /// The first day paid for.
    period_start: NaiveDate,
    /// The day after the last.
    period_end: NaiveDate,
    /// The order.
    order_id: Option<OrderId>,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it was written down.
    recorded_at: DateTime<Utc>,
    /// The event that a refund refunds.
    refunds_id: Option<BillingEventId>,
}

/// The names that events are shown with. Two queries.
struct Names {
    organizations: BTreeMap<OrganizationId, String>,
    products: BTreeMap<ProductId, String>,
}

impl Names {
    fn of(tx: &mut Tx, rows: &[EventRow]) -> Result<Self> {
        let organizations: BTreeSet<OrganizationId> = rows
            .iter()
            .flat_map(|row| [Some(row.customer_id), row.partner_id])
            .flatten()
            .collect();
        let named: BTreeSet<ProductId> = rows.iter().map(|row| row.product_id).collect();
        Ok(Self {
            organizations: names(tx, &organizations)?,
            products: products::table
                .filter(products::id.among(named))
                .select((products::id, products::name))
                .load::<(ProductId, String)>(tx.conn)?
                .into_iter()
                .collect(),
        })
    }

    fn organization(&self, id: OrganizationId) -> OrganizationNameView {
        let name = self.organizations.get(&id).cloned().unwrap_or_default();
        OrganizationNameView { id, name }
    }

    fn product(&self, id: ProductId) -> ProductNameView {
        let name = self.products.get(&id).cloned().unwrap_or_default();
        ProductNameView { id, name }
    }
}

/// Rates are shown as decimal strings.
pub fn rate(ppm: i64) -> Result<String> {
    Rate::from_ppm(ppm)
        .map(|rate| rate.to_string())
        .ok_or_else(|| Error::internal("a rate cannot be read"))
}

fn view(row: EventRow, names: &Names, reader: Reader) -> Result<BillingEventView> {
    let money = |minor| {
        MoneyView::from(Money {
            minor,
            currency: row.currency,
        })
    };
    let shown = reader.sees_price_of(row.payer);
    let only = |minor| shown.then(|| money(minor));
    Ok(BillingEventView {
        id: row.id,
        kind: row.kind,
        customer: names.organization(row.customer_id),
        partner: row.partner_id.map(|partner| names.organization(partner)),
        partnership_id: row.partnership_id,
        product: names.product(row.product_id),
        quantity: row.quantity,
        initiator: row.initiator,
        payer: row.payer,
        list_amount: money(row.list_minor),
        public_amount: money(row.public_minor),
        partner_amount: only(row.partner_minor),
        charged_amount: only(row.charged_minor),
        cashback_amount: money(row.cashback_minor),
        discount_amount: only(row.discount_minor),
        volume_rate: rate(row.volume_rate_ppm)?,
        partner_rate: row
            .partner_rate_ppm
            .filter(|_| shown)
            .map(rate)
            .transpose()?,
        period_start: row.period_start,
        period_end: row.period_end,
        order_id: row.order_id,
        occurred_at: row.occurred_at.and_utc(),
        recorded_at: row.recorded_at.and_utc(),
        refunds_id: row.refunds_id,
        external_id: row.external_id,
        family: row.family,
        settlement_rule: row.settlement_rule,
    })
}

/// The rows as each one's reader may see them, in their order.
pub fn views(
    tx: &mut Tx,
    rows: Vec<EventRow>,
    reader: impl Fn(&EventRow) -> Reader,
) -> Result<Vec<BillingEventView>> {
    let names = Names::of(tx, &rows)?;
    let shown = rows.into_iter().map(|row| {
        let reader = reader(&row);
        view(row, &names, reader)
    });
    shown.collect()
}

/// These events, in the order in which they were made.
pub fn by_ids(
    tx: &mut Tx,
    ids: &[BillingEventId],
    reader: Reader,
) -> Result<Vec<BillingEventView>> {
    let rows: Vec<EventRow> = directly!(tx, |conn| billing_events::table
        .filter(billing_events::id.among(ids))
        .order(billing_events::id)
        .select(EventRow::as_select())
        .load(conn))?;
    views(tx, rows, |_| reader)
}

impl Table for BillingEventView {
    const NAME: &'static str = "billing-events";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |event| Cell::text(event.id)),
        ("kind", |event| Cell::text(event.kind)),
        ("occurred_at", |event| Cell::time(&event.occurred_at)),
        ("recorded_at", |event| Cell::time(&event.recorded_at)),
        ("customer_id", |event| Cell::text(event.customer.id)),
        ("customer", |event| Cell::text(&event.customer.name)),
        ("partner_id", |event| {
            event.partner.as_ref().map(|it| Cell::text(it.id)).into()
        }),
        ("partner", |event| {
            event.partner.as_ref().map(|it| Cell::text(&it.name)).into()
        }),
        ("partnership_id", |event| {
            event.partnership_id.map(Cell::text).into()
        }),
        ("product_id", |event| Cell::text(event.product.id)),
        ("product", |event| Cell::text(&event.product.name)),
        ("family", |event| Cell::text(&event.family)),
        ("quantity", |event| Cell::number(event.quantity)),
        ("period_start", |event| Cell::text(event.period_start)),
        ("period_end", |event| Cell::text(event.period_end)),
        ("initiator", |event| Cell::text(event.initiator)),
        ("payer", |event| Cell::text(event.payer)),
        ("currency", |event| Cell::text(event.list_amount.currency)),
        ("list_amount", |event| Cell::amount(&event.list_amount)),
        ("public_amount", |event| Cell::amount(&event.public_amount)),
        ("partner_amount", |event| {
            event.partner_amount.as_ref().map(Cell::amount).into()
        }),
        ("charged_amount", |event| {
            event.charged_amount.as_ref().map(Cell::amount).into()
        }),
        ("cashback_amount", |event| {
            Cell::amount(&event.cashback_amount)
        }),
        ("discount_amount", |event| {
            event.discount_amount.as_ref().map(Cell::amount).into()
        }),
        ("volume_rate", |event| Cell::text(&event.volume_rate)),
        ("partner_rate", |event| {
            event.partner_rate.as_ref().map(Cell::text).into()
        }),
        ("settlement_rule", |event| {
            Cell::text(&event.settlement_rule)
        }),
        ("order_id", |event| event.order_id.map(Cell::text).into()),
        ("refunds_id", |event| {
            event.refunds_id.map(Cell::text).into()
        }),
        ("external_id", |event| {
            event.external_id.as_ref().map(Cell::text).into()
        }),
    ];
}
