//! The proof of the books: what must be true of every row, and where it is not (BIL-5).
use super::facts::Installed;
use crate::db::Tx;
use crate::db::schema::{
    billing_events, invoices, ledger_entries, ledger_transactions, payouts, products,
    renewal_ownerships, unit_counters,
};
use crate::domain::billing::EventKind;
use crate::domain::id::{BillingEventId, EntryId, InvoiceId, OrderId, OrganizationId, PayoutId};
use crate::domain::ledger::{AccountKind, TransactionKind};
use crate::domain::payout::PayoutStatus;
use crate::domain::product::ProductState;
use crate::error::Result;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::BTreeMap;

/// How much was looked at, and each difference in words.
pub struct Proof {
    pub transactions: usize,
    pub entries: usize,
    pub differences: Vec<String>,
}

pub fn verify(tx: &mut Tx) -> Result<Proof> {
    let entries: Vec<(EntryId, String, String, i64)> = ledger_entries::table
        .select((
            ledger_entries::transaction_id,
            ledger_entries::account,
            ledger_entries::currency,
            ledger_entries::amount_minor,
        ))
        .load(tx.conn)?;
    let transactions: Vec<(EntryId, BillingEventId, TransactionKind)> = ledger_transactions::table
        .select((
            ledger_transactions::id,
            ledger_transactions::reason_id,
            ledger_transactions::kind,
        ))
        .load(tx.conn)?;
    // A failed payment undoes an event's postings; the event stays what it was.
    let reasons: Vec<(EntryId, BillingEventId)> = transactions
        .iter()
        .filter(|(.., kind)| *kind != TransactionKind::PaymentFailed)
        .map(|(id, reason, _)| (*id, *reason))
        .collect();
    let mut differences = unbalanced(&entries);
    let booked = booked(&entries, &reasons);
    differences.extend(unbooked(tx, &booked)?);
    differences.extend(wrong_payouts(tx, &booked)?);
    differences.extend(wrong_invoices(tx)?);
    differences.extend(miscounted(tx)?);
    differences.extend(wrongly_owned(tx)?);
    Ok(Proof {
        transactions: transactions.len(),
        entries: entries.len(),
        differences,
    })
}

/// How many transactions do not add up to nothing in a currency, without taking the ledger into memory.
pub fn count_unbalanced(tx: &mut Tx) -> Result<i64> {
    let off: Vec<EntryId> = ledger_entries::table
        .group_by((ledger_entries::transaction_id, ledger_entries::currency))
        .having(sql::<Bool>("SUM(amount_minor) <> 0"))
        .select(ledger_entries::transaction_id)
        .distinct()
        .load(tx.conn)?;
    Ok(off.len() as i64)
}

type Entry = (EntryId, String, String, i64);

fn unbalanced(entries: &[Entry]) -> Vec<String> {
    let mut sums: BTreeMap<(EntryId, &str), i128> = BTreeMap::new();
    for (transaction, _, currency, amount) in entries {
        *sums.entry((*transaction, currency)).or_default() += i128::from(*amount);
    }
    let off = sums.into_iter().filter(|(_, sum)| *sum != 0);
    off.map(|((transaction, currency), sum)| {
        format!("transaction {transaction} is off by {sum} minor units of {currency}")
    })
    .collect()
}

/// What was posted to each account for each reason, whatever that is.
type Booked<'e> = BTreeMap<([u8; 16], &'e str), i128>;

fn booked<'e>(entries: &'e [Entry], reasons: &[(EntryId, BillingEventId)]) -> Booked<'e> {
    let of: BTreeMap<EntryId, BillingEventId> = reasons.iter().copied().collect();
    let mut booked = Booked::new();
    for (transaction, account, _, amount) in entries {
        if let Some(reason) = of.get(transaction) {
            *booked.entry((*reason.bytes(), account)).or_default() += i128::from(*amount);
        }
    }
    booked
}

/// Each billing event's charge and cashback stand in the ledger.
fn unbooked(tx: &mut Tx, booked: &Booked) -> Result<Vec<String>> {
    let events: Vec<(BillingEventId, i64, i64)> = billing_events::table
        .select((
            billing_events::id,
            billing_events::charged_minor,
            billing_events::cashback_minor,
        ))
        .load(tx.conn)?;
    let mut found = Vec::new();
    for (event, charged, cashback) in events {
        let sum = |account: AccountKind| {
            let of = (*event.bytes(), account.as_str());
            booked.get(&of).copied().unwrap_or(0)
        };
        for (what, said, stands) in [
            ("charge", i128::from(charged), -sum(AccountKind::Revenue)),
            (
                "cashback",
                i128::from(cashback),
                sum(AccountKind::CashbackExpense),
            ),
        ] {
            if said != stands {
                found.push(format!("billing event {event}: its {what} is {said} minor units, the ledger has {stands}"));
            }
        }
    }
    Ok(found)
}

/// Each payout is in transit until it is settled, and no longer (BIL-12).
fn wrong_payouts(tx: &mut Tx, booked: &Booked) -> Result<Vec<String>> {
    let rows: Vec<(PayoutId, PayoutStatus, i64)> = payouts::table
        .select((payouts::id, payouts::status, payouts::amount_minor))
        .load(tx.conn)?;
    let off = rows.into_iter().filter_map(|(id, status, amount)| {
        let said = match status {
            PayoutStatus::Requested | PayoutStatus::Processing => i128::from(amount),
            PayoutStatus::Paid | PayoutStatus::Failed | PayoutStatus::Cancelled => 0,
        };
        let of = (*id.bytes(), AccountKind::PayoutTransit.as_str());
        let stands = -booked.get(&of).copied().unwrap_or(0);
        (said != stands).then(|| {
            format!("payout {id} is {status}: {said} minor units should be in transit, the ledger has {stands}")
        })
    });
    Ok(off.collect())
}

/// Each invoice is the sum of its events; what is refunded later leaves it as it was issued.
fn wrong_invoices(tx: &mut Tx) -> Result<Vec<String>> {
    let events: Vec<(Option<OrderId>, i64)> = billing_events::table
        .filter(billing_events::kind.ne(EventKind::Refund))
        .select((billing_events::order_id, billing_events::charged_minor))
        .load(tx.conn)?;
    let mut sums: BTreeMap<OrderId, i64> = BTreeMap::new();
    for (order, charged) in events {
        if let Some(order) = order {
            *sums.entry(order).or_default() += charged;
        }
    }
    let rows: Vec<(InvoiceId, OrderId, i64)> = invoices::table
        .select((invoices::id, invoices::order_id, invoices::net_minor))
        .load(tx.conn)?;
    let off = rows
        .into_iter()
        .filter(|(_, order, net)| sums.get(order) != Some(net));
    Ok(off
        .map(|(invoice, order, net)| {
            format!(
                "invoice {invoice} says {net} minor units, its order {order} comes to {}",
                sums.get(&order).copied().unwrap_or(0)
            )
        })
        .collect())
}

/// The renewals of each active product are somebody's until its period is over, those of the others
/// nobody's (PAY-6, BIL-13).
fn wrongly_owned(tx: &mut Tx) -> Result<Vec<String>> {
    let open = renewal_ownerships::table.on(renewal_ownerships::product_id
        .eq(products::id)
        .and(renewal_ownerships::valid_to.is_null()));
    let rows: Vec<(Installed, Option<OrganizationId>)> = products::table
        .left_join(open)
        .select((
            Installed::as_select(),
            renewal_ownerships::owner_id.nullable(),
        ))
        .load(tx.conn)?;
    let mut found = Vec::new();
    for (product, owner) in rows {
        let (id, state, renews_on) = (product.id, product.state, product.renews_on);
        let active = state == ProductState::Active;
        let over = product.expires_at().is_some_and(|at| at <= tx.now);
        match owner {
            None if active && !over => {
                found.push(format!(
                    "product {id} is active until {renews_on}, its renewals are nobody's"
                ));
            }
            Some(owner) if !active => {
                found.push(format!(
                    "product {id} is {state}, its renewals are still those of {owner}"
                ));
            }
            None | Some(_) => {}
        }
    }
    Ok(found)
}

/// Each counter is the sum of the units whose renewals are its owner's (PRC-4).
fn miscounted(tx: &mut Tx) -> Result<Vec<String>> {
    let open: Vec<(OrganizationId, String, i64)> = renewal_ownerships::table
        .filter(renewal_ownerships::valid_to.is_null())
        .select((
            renewal_ownerships::owner_id,
            renewal_ownerships::family,
            renewal_ownerships::quantity,
        ))
        .load(tx.conn)?;
    let counters: Vec<(OrganizationId, String, i64)> = unit_counters::table
        .select((
            unit_counters::owner_id,
            unit_counters::family,
            unit_counters::units,
        ))
        .load(tx.conn)?;
    let mut counts: BTreeMap<(OrganizationId, String), (i64, i64)> = BTreeMap::new();
    for (owner, family, units) in open {
        counts.entry((owner, family)).or_default().0 += units;
    }
    for (owner, family, units) in counters {
        counts.entry((owner, family)).or_default().1 += units;
    }
    let off = counts.into_iter().filter(|(_, (held, said))| held != said);
    Ok(off
        .map(|((owner, family), (held, said))| {
            format!("{owner} has {held} units of {family}, its counter says {said}")
        })
        .collect())
}
