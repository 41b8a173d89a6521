//! Refunds: a new event that refers to the first, to the method that was charged (BIL-4).
use super::batch::{Batch, EventRow};
use super::book::Outcome;
use super::intent::{Booked, Intent, Refund};
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{billing_events, invoices};
use crate::domain::billing::{EventKind, InvoiceStatus};
use crate::domain::event::EventType;
use crate::domain::id::{BillingEventId, OrderId};
use crate::domain::ledger::{self, Earned};
use crate::domain::money::Money;
use crate::domain::refund::{RefundFault, cashback_returned};
use crate::domain::refusal::Refusal;
use crate::domain::settlement::Payer;
use crate::error::{Error, Result};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be refunded, and what of it has been before.
#[derive(Default)]
pub struct Refunds {
    charged: BTreeMap<BillingEventId, EventRow>,
    /// In minor units, more than nothing.
    refunded: BTreeMap<BillingEventId, i64>,
    /// Orders whose payment failed: nothing is left of their charge.
    failed: BTreeSet<OrderId>,
}

impl Refunds {
    /// Three queries; none where nothing is refunded.
    pub fn load(tx: &mut Tx, intents: &[Intent]) -> Result<Self> {
        let named: BTreeSet<BillingEventId> = intents
            .iter()
            .filter_map(|intent| match intent {
                Intent::Refund(refund) => Some(refund.event),
                Intent::Sale(_) => None,
            })
            .collect();
        if named.is_empty() {
            return Ok(Self::default());
        }
        let rows: Vec<EventRow> = billing_events::table
            .filter(billing_events::id.among(&named))
            .select(EventRow::as_select())
            .load(tx.conn)?;
        let refunded: Vec<(Option<BillingEventId>, Option<i64>)> = billing_events::table
            .filter(billing_events::refunds_id.among(&named))
            .group_by(billing_events::refunds_id)
            .select((
                billing_events::refunds_id,
                sql::<Nullable<BigInt>>("CAST(-SUM(charged_minor) AS BIGINT)"),
            ))
            .load(tx.conn)?;
        let orders: BTreeSet<OrderId> = rows.iter().filter_map(|row| row.order_id).collect();
        let failed: Vec<OrderId> = invoices::table
            .filter(invoices::order_id.among(orders))
            .filter(invoices::status.eq(InvoiceStatus::Failed))
            .select(invoices::order_id)
            .load(tx.conn)?;
        Ok(Self {
            charged: rows.into_iter().map(|row| (row.id, row)).collect(),
            refunded: refunded
                .into_iter()
                .filter_map(|(event, sum)| Some((event?, sum?)))
                .collect(),
            failed: failed.into_iter().collect(),
        })
    }

    pub fn refund(&mut self, tx: &Tx, refund: &Refund, batch: &mut Batch) -> Result<Outcome> {
        let Some(first) = self.charged.get(&refund.event) else {
            return Ok(Err(Refusal::not_found()));
        };
        let refunded = self.refunded.entry(first.id).or_default();
        let before = *refunded;
        let failed = first
            .order_id
            .is_some_and(|order| self.failed.contains(&order));
        let (amount, returned) = match amounts(first, before, failed, refund.amount) {
            Ok(amounts) => amounts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        *refunded += amount.minor;
        let event = event(tx, first, (before, amount.minor), returned.minor)?;
        let earner = event.partner_id.filter(|_| event.cashback_minor != 0);
        let earned = earner.map(|partner| Earned {
            partner: *partner.bytes(),
            cashback: returned,
        });
        let payer = *event.payer_id().bytes();
        batch.post(
            event.id,
            ledger::refund(payer, event.paid_by, amount, earned),
        )?;
        let told = Event::new(EventType::BillingEventRefunded, event.id)
            .between(Some(event.customer_id), event.partner_id)
            .data(json!({"refunds_id": first.id}))
            .by_rule(refund.rule);
        batch.told.push(Event {
            partnership: event.partnership_id,
            ..told
        });
        let booked = Booked {
            order: None,
            events: vec![event.id],
            products: Vec::new(),
            payer: event.payer,
            known: false,
        };
        batch.events.push(event);
        Ok(Ok(booked))
    }
}

/// What is refunded, and what of the partner's advantage goes with it.
fn amounts(
    first: &EventRow,
    before: i64,
    failed: bool,
    wanted: Option<Money>,
) -> Result<(Money, Money), Refusal> {
    let money = |minor| Money {
        minor,
        currency: first.currency,
    };
    let fault = |code| Refusal::fault("/amount", code, "BIL-4");
    if first.kind == EventKind::Refund {
        return Err(Refusal::fault("", "not_refundable", "BIL-4"));
    }
    let charged = if failed { before } else { first.charged_minor };
    let amount = match wanted {
        Some(amount) if amount.currency != first.currency => {
            return Err(fault("currency_mismatch"));
        }
        Some(amount) => amount,
        None if charged > before => money(charged - before),
        None => return Err(fault("more_than_charged")),
    };
    // Cashback and discount are one advantage, and never both (PAY-2).
    let advantage = money(first.cashback_minor + first.discount_minor);
    let returned = cashback_returned(money(charged), advantage, money(before), amount);
    let returned = returned.map_err(|wrong| match wrong {
        RefundFault::NotPositive => fault("not_positive"),
        RefundFault::MoreThanCharged => fault("more_than_charged"),
        RefundFault::Money(_) => fault("out_of_range"),
    })?;
    Ok((amount, returned))
}

/// The first event's mirror image, of so much of it; the images of its parts add up to the whole.
fn event(
    tx: &Tx,
    first: &EventRow,
    (before, amount): (i64, i64),
    returned: i64,
) -> Result<EventRow> {
    let earned = |whole: i64| if whole == 0 { 0 } else { -returned };
    let share = |whole: i64| -> Result<i64> {
        let [whole, charged] = [whole, first.charged_minor].map(i128::from);
        let up_to = |part: i64| whole * i128::from(part) / charged;
        i64::try_from(up_to(before + amount) - up_to(before)).map_err(Error::internal)
    };
    let (public, partner) = match (first.payer, first.cashback_minor) {
        (Payer::Customer, 0) => (amount, share(first.partner_minor)?),
        (Payer::Customer, _) => (amount, amount - returned),
        (Payer::Partner, _) => (amount + returned, amount),
    };
    Ok(EventRow {
        id: tx.new_id()?,
        kind: EventKind::Refund,
        external_id: None,
        fingerprint: None,
        list_minor: -share(first.list_minor)?,
        public_minor: -public,
        partner_minor: -partner,
        charged_minor: -amount,
        cashback_minor: earned(first.cashback_minor),
        discount_minor: earned(first.discount_minor),
        refunds_id: Some(first.id),
        occurred_at: tx.now,
        recorded_at: tx.now,
        ..first.clone()
    })
}
