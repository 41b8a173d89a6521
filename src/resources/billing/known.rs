//! What has been booked before: reports by their external id, renewals by their period (BIL-3).
use super::batch::{EventRow, payer_id};
use super::book::Outcome;
use super::intent::{Booked, Channel, Sale, WantedLine};
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{billing_events, orders, organizations};
use crate::domain::id::{BillingEventId, OrderId, OrganizationId, ProductId};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::settlement::Payer;
use crate::error::Result;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

struct Report {
    event: BillingEventId,
    product: ProductId,
    payer: Payer,
    fingerprint: Vec<u8>,
}

#[derive(Default)]
pub struct Known {
    reports: BTreeMap<String, Report>,
    periods: BTreeMap<(ProductId, NaiveDate), BillingEventId>,
    /// When each product was paid for last, and by whose organization.
    paid: BTreeMap<ProductId, (NaiveDateTime, OrganizationId)>,
    orders: BTreeSet<OrderId>,
    customers: BTreeSet<OrganizationId>,
}

type ReportRow = (
    Option<String>,
    Option<Vec<u8>>,
    BillingEventId,
    ProductId,
    Payer,
);

type PaymentRow = (
    ProductId,
    NaiveDate,
    BillingEventId,
    NaiveDateTime,
    (Payer, Option<OrganizationId>, OrganizationId),
);

impl Known {
    /// At most four queries.
    pub fn load(tx: &mut Tx, sales: &[&Sale]) -> Result<Self> {
        let (mut named, mut ordered) = (BTreeSet::new(), BTreeSet::new());
        let mut customers = BTreeSet::new();
        for sale in sales {
            if let Channel::Reported {
                external_id, order, ..
            } = &sale.channel
            {
                named.insert(external_id.as_str());
                ordered.extend(*order);
                customers.insert(sale.wanted.customer);
            }
        }
        let renewed: BTreeSet<ProductId> = sales
            .iter()
            .flat_map(|sale| &sale.wanted.lines)
            .filter_map(|line| line.product)
            .collect();
        let mut known = Self::default();
        if !named.is_empty() {
            let rows: Vec<ReportRow> = billing_events::table
                .filter(billing_events::external_id.among(named))
                .select((
                    billing_events::external_id,
                    billing_events::fingerprint,
                    billing_events::id,
                    billing_events::product_id,
                    billing_events::payer,
                ))
                .load(tx.conn)?;
            for (external_id, fingerprint, event, product, payer) in rows {
                let report = Report {
                    event,
                    product,
                    payer,
                    fingerprint: fingerprint.unwrap_or_default(),
                };
                known.reports.extend(external_id.map(|id| (id, report)));
            }
        }
        if !customers.is_empty() {
            let rows: Vec<OrganizationId> = organizations::table
                .filter(organizations::id.among(customers))
                .select(organizations::id)
                .load(tx.conn)?;
            known.customers = rows.into_iter().collect();
        }
        if !ordered.is_empty() {
            let rows: Vec<OrderId> = orders::table
                .filter(orders::id.among(ordered))
                .select(orders::id)
                .load(tx.conn)?;
            known.orders = rows.into_iter().collect();
        }
        if !renewed.is_empty() {
            let rows: Vec<PaymentRow> = billing_events::table
                .filter(billing_events::product_id.among(renewed))
                .filter(billing_events::refunds_id.is_null())
                .select((
                    billing_events::product_id,
                    billing_events::period_start,
                    billing_events::id,
                    billing_events::occurred_at,
                    (
                        billing_events::payer,
                        billing_events::partner_id,
                        billing_events::customer_id,
                    ),
                ))
                .load(tx.conn)?;
            for (product, start, event, at, (payer, partner, customer)) in rows {
                let payer = payer_id(payer, partner, customer);
                known.pay((product, start), event, (at, payer));
            }
        }
        Ok(known)
    }

    /// A report that was met before answers as the first time, with other content it is refused; so
    /// is the report of an order that was made here, and of one by nobody that is known.
    pub fn report(
        &self,
        customer: OrganizationId,
        external_id: &str,
        fingerprint: &[u8],
        order: Option<OrderId>,
    ) -> Option<Outcome> {
        if let Some(first) = self.reports.get(external_id) {
            return Some(match first.fingerprint == fingerprint {
                true => Ok(Booked {
                    order: None,
                    events: vec![first.event],
                    products: vec![first.product],
                    payer: first.payer,
                    known: true,
                }),
                false => {
                    let refusal = Refusal::by(Code::ExternalIdReused, "BIL-3");
                    Err(refusal.conflicts([first.event]))
                }
            });
        }
        if !self.customers.contains(&customer) {
            return Some(Err(Refusal::fault("/organization_id", "unknown", "BIL-3")));
        }
        let order = order?;
        Some(Err(match self.orders.contains(&order) {
            true => Refusal::by(Code::AlreadyBooked, "BIL-3").conflicts([order]),
            false => Refusal::fault("/order_id", "unknown", "BIL-3"),
        }))
    }

    /// A product is paid once for each period start, whatever the channel.
    pub fn must_be_new(&self, line: &WantedLine, day: NaiveDate) -> Result<(), Refusal> {
        let period = line
            .product
            .map(|product| (product, line.starts.unwrap_or(day)));
        match period.and_then(|period| self.periods.get(&period)) {
            Some(event) => Err(Refusal::by(Code::AlreadyRenewed, "BIL-3").conflicts([*event])),
            None => Ok(()),
        }
    }

    /// When a product was paid for last, and by whom.
    pub fn last_payment(&self, product: ProductId) -> Option<(NaiveDateTime, OrganizationId)> {
        self.paid.get(&product).copied()
    }

    fn pay(
        &mut self,
        period: (ProductId, NaiveDate),
        event: BillingEventId,
        payment: (NaiveDateTime, OrganizationId),
    ) {
        let last = self.paid.entry(period.0).or_insert(payment);
        if last.0 <= payment.0 {
            *last = payment;
        }
        self.periods.insert(period, event);
    }

    /// What this transaction is about to write.
    pub fn met(&mut self, event: &EventRow) {
        let period = (event.product_id, event.period_start);
        self.pay(period, event.id, (event.occurred_at, event.payer_id()));
        if let (Some(external_id), Some(fingerprint)) = (&event.external_id, &event.fingerprint) {
            let report = Report {
                event: event.id,
                product: event.product_id,
                payer: event.payer,
                fingerprint: fingerprint.clone(),
            };
            self.reports.insert(external_id.clone(), report);
        }
    }
}
