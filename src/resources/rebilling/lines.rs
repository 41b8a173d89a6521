//! What a partner paid for a customer in a period, and what was given back of it, at resale prices.
use super::model;
use crate::db::Tx;
use crate::db::schema::{billing_events, ledger_transactions, products};
use crate::domain::billing::{EventKind, LineKind};
use crate::domain::id::{BillingEventId, PartnershipId, ProductId};
use crate::domain::ledger::TransactionKind;
use crate::domain::money::{Currency, Money, MoneyFault};
use crate::domain::rebilling::ResaleTerms;
use crate::domain::settlement::Payer;
use crate::error::{Error, Result};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A billing event that the partner paid.
#[derive(Clone, Queryable)]
pub struct Row {
    pub event: BillingEventId,
    kind: EventKind,
    refunds: Option<BillingEventId>,
    pub product: (ProductId, String),
    pub family: String,
    pub quantity: i64,
    pub period: (NaiveDate, NaiveDate),
    currency: Currency,
    amounts: Amounts,
    pub occurred_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

/// At list price, and what the partner paid; in minor units.
#[derive(Debug, Clone, Copy, Default, Queryable)]
pub struct Amounts {
    list: i64,
    paid: i64,
}

/// What is to be charged; below zero, to be given back.
pub struct Line {
    pub row: Row,
    pub kind: LineKind,
    pub recorded_at: NaiveDateTime,
    pub list: Money,
    pub paid: Money,
    pub resale: Money,
}

/// The lines of a period, the first first.
pub fn of(tx: &mut Tx, id: PartnershipId, period: &Range<NaiveDateTime>) -> Result<Vec<Line>> {
    let failed = failed(tx, id, period)?;
    let given_back = given_back(tx, id, period, &failed)?;
    let versions = model::versions(tx, id)?;
    let (mut lines, mut charges) = (Vec::new(), BTreeMap::new());
    for row in rows(tx, id, period, &given_back)? {
        let first = row.refunds.unwrap_or(row.event);
        let charge = charges.entry(first).or_insert_with(|| Charge {
            left: Amounts::default(),
            terms: model::at(&versions, row.occurred_at),
            row: row.clone(),
        });
        let before = charge.left;
        charge.left = before.and(row.amounts);
        if period.contains(&row.recorded_at) {
            lines.push(charge.line(row, before)?);
        }
    }
    for (event, recorded_at) in failed {
        let unknown = || Error::internal("a payment failed for what was not charged");
        let charge = charges.get_mut(&event).ok_or_else(unknown)?;
        let before = std::mem::take(&mut charge.left);
        let line = charge.line(charge.row.clone(), before)?;
        lines.push(Line {
            kind: LineKind::FailedPayment,
            recorded_at,
            ..line
        });
    }
    lines.sort_by_key(|line| (line.recorded_at, line.row.event));
    Ok(lines)
}

/// Whose payment was reported as failed in the period, and when.
fn failed(
    tx: &mut Tx,
    id: PartnershipId,
    period: &Range<NaiveDateTime>,
) -> Result<Vec<(BillingEventId, NaiveDateTime)>> {
    let failed = ledger_transactions::table
        .inner_join(billing_events::table.on(billing_events::id.eq(ledger_transactions::reason_id)))
        .filter(billing_events::partnership_id.eq(id))
        .filter(billing_events::payer.eq(Payer::Partner))
        .filter(ledger_transactions::kind.eq(TransactionKind::PaymentFailed))
        .filter(ledger_transactions::recorded_at.ge(period.start))
        .filter(ledger_transactions::recorded_at.lt(period.end))
        .select((billing_events::id, ledger_transactions::recorded_at))
        .load(tx.conn)?;
    Ok(failed)
}

/// Of which charges something was given back in the period.
fn given_back(
    tx: &mut Tx,
    id: PartnershipId,
    period: &Range<NaiveDateTime>,
    failed: &[(BillingEventId, NaiveDateTime)],
) -> Result<BTreeSet<BillingEventId>> {
    let refunded: Vec<Option<BillingEventId>> = billing_events::table
        .filter(billing_events::partnership_id.eq(id))
        .filter(billing_events::kind.eq(EventKind::Refund))
        .filter(billing_events::recorded_at.ge(period.start))
        .filter(billing_events::recorded_at.lt(period.end))
        .select(billing_events::refunds_id)
        .load(tx.conn)?;
    let failed = failed.iter().map(|(event, _)| *event);
    Ok(refunded.into_iter().flatten().chain(failed).collect())
}

/// What was booked in the period, and all that was ever booked about these charges; each charge
/// before its refunds.
fn rows(
    tx: &mut Tx,
    id: PartnershipId,
    period: &Range<NaiveDateTime>,
    charges: &BTreeSet<BillingEventId>,
) -> Result<Vec<Row>> {
    let booked = billing_events::recorded_at
        .ge(period.start)
        .and(billing_events::recorded_at.lt(period.end));
    let about = billing_events::id
        .eq_any(charges)
        .or(billing_events::refunds_id.eq_any(charges));
    let rows = billing_events::table
        .inner_join(products::table.on(products::id.eq(billing_events::product_id)))
        .filter(billing_events::partnership_id.eq(id))
        .filter(billing_events::payer.eq(Payer::Partner))
        .filter(booked.or(about))
        .order(billing_events::id)
        .select((
            billing_events::id,
            billing_events::kind,
            billing_events::refunds_id,
            (products::id, products::name),
            billing_events::family,
            billing_events::quantity,
            (billing_events::period_start, billing_events::period_end),
            billing_events::currency,
            (billing_events::list_minor, billing_events::charged_minor),
            billing_events::occurred_at,
            billing_events::recorded_at,
        ))
        .load(tx.conn)?;
    Ok(rows)
}

/// What was charged once, and what is left of it.
struct Charge {
    row: Row,
    terms: ResaleTerms,
    left: Amounts,
}

impl Charge {
    /// What changed since so much was left. The resale price changes from one whole to the other, so
    /// that what is given back in parts comes to what was charged.
    fn line(&self, row: Row, before: Amounts) -> Result<Line> {
        let money = |minor| Money {
            minor,
            currency: self.row.currency,
        };
        let resale = |of: Amounts| self.terms.price(money(of.list), money(of.paid));
        let line = || -> Result<Line, MoneyFault> {
            Ok(Line {
                kind: row.kind.into(),
                recorded_at: row.recorded_at,
                list: money(self.left.list).checked_sub(money(before.list))?,
                paid: money(self.left.paid).checked_sub(money(before.paid))?,
                resale: resale(self.left)?.checked_sub(resale(before)?)?,
                row,
            })
        };
        line().map_err(|_| Error::internal("a resale price exceeds what an amount holds"))
    }
}

impl Amounts {
    const fn and(self, other: Self) -> Self {
        Self {
            list: self.list + other.list,
            paid: self.paid + other.paid,
        }
    }
}
