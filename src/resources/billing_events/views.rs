//! How a billing event is shown to each side: what BIL-11 hides from the reader is null.
use crate::api::csv::{Cell, Column, Table};
use crate::api::views::MoneyView;
use crate::db::Tx;
use crate::db::schema::billing_events;
use crate::domain::billing::{EventKind, Initiator};
use crate::domain::id::{BillingEventId, OrderId, OrganizationId, PartnershipId, ProductId};
use crate::domain::money::{Currency, Money};
use crate::domain::settlement::Payer;
use crate::error::Result;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Customer,
    Partner,
    Operator,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = billing_events)]
pub struct Row {
    pub id: BillingEventId,
    kind: EventKind,
    customer_id: OrganizationId,
    partner_id: Option<OrganizationId>,
    partnership_id: Option<PartnershipId>,
    product_id: ProductId,
    family: String,
    quantity: i64,
    initiator: Initiator,
    payer: Payer,
    currency: Currency,
    list_minor: i64,
    public_minor: i64,
    partner_minor: i64,
    charged_minor: i64,
    cashback_minor: i64,
    discount_minor: i64,
    settlement_rule: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    order_id: Option<OrderId>,
    occurred_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

/// The immutable record of an order, a renewal or a refund, and of how it was settled.
#[derive(Serialize, ToSchema)]
#[schema(as = BillingEvent)]
pub struct BillingEventView {
    /// Its id.
    pub id: BillingEventId,
    /// What it records.
    kind: EventKind,
    /// Whose product it is about.
    customer_id: OrganizationId,
    /// The partner that earns or pays.
    partner_id: Option<OrganizationId>,
    /// The partnership it settled under.
    partnership_id: Option<PartnershipId>,
    /// The product.
    product_id: ProductId,
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
    /// What the partner was spared; null to the customer.
    discount_amount: Option<MoneyView>,
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
}

impl Row {
    pub fn is_about(&self, customer: OrganizationId) -> bool {
        self.customer_id == customer
    }

    pub fn view(self, reader: Reader) -> BillingEventView {
        let money = |minor| {
            MoneyView::from(Money {
                minor,
                currency: self.currency,
            })
        };
        let shown = match (reader, self.payer) {
            (Reader::Customer, Payer::Partner) => false,
            (Reader::Customer, Payer::Customer)
            | (Reader::Partner | Reader::Operator, Payer::Customer | Payer::Partner) => true,
        };
        let only = |minor| shown.then(|| money(minor));
        BillingEventView {
            id: self.id,
            kind: self.kind,
            customer_id: self.customer_id,
            partner_id: self.partner_id,
            partnership_id: self.partnership_id,
            product_id: self.product_id,
            quantity: self.quantity,
            initiator: self.initiator,
            payer: self.payer,
            list_amount: money(self.list_minor),
            public_amount: money(self.public_minor),
            partner_amount: only(self.partner_minor),
            charged_amount: only(self.charged_minor),
            cashback_amount: money(self.cashback_minor),
            discount_amount: only(self.discount_minor),
            family: self.family,
            settlement_rule: self.settlement_rule,
            period_start: self.period_start,
            period_end: self.period_end,
            order_id: self.order_id,
            occurred_at: self.occurred_at.and_utc(),
            recorded_at: self.recorded_at.and_utc(),
        }
    }
}

pub fn of_order(tx: &mut Tx, order: OrderId, reader: Reader) -> Result<Vec<BillingEventView>> {
    let rows: Vec<Row> = billing_events::table
        .filter(billing_events::order_id.eq(order))
        .order(billing_events::id)
        .select(Row::as_select())
        .load(tx.conn)?;
    Ok(rows.into_iter().map(|row| row.view(reader)).collect())
}

impl Table for BillingEventView {
    const NAME: &'static str = "billing-events";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |event| Cell::text(event.id)),
        ("kind", |event| Cell::text(event.kind)),
        ("occurred_at", |event| Cell::time(&event.occurred_at)),
        ("recorded_at", |event| Cell::time(&event.recorded_at)),
        ("customer_id", |event| Cell::text(event.customer_id)),
        ("partner_id", |event| {
            event.partner_id.map(Cell::text).into()
        }),
        ("partnership_id", |event| {
            event.partnership_id.map(Cell::text).into()
        }),
        ("product_id", |event| Cell::text(event.product_id)),
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
        ("settlement_rule", |event| {
            Cell::text(&event.settlement_rule)
        }),
        ("order_id", |event| event.order_id.map(Cell::text).into()),
    ];
}
