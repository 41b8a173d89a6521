//! What the operator reports of a payment by card or bank (PAY-7).
use super::model::{self, Invoice};
use super::views::InvoiceView;
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{billing_events, ledger_entries, ledger_transactions};
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::billing::InvoiceStatus;
use crate::domain::event::EventType;
use crate::domain::id::{BillingEventId, InvoiceId, OrderId, OrganizationId};
use crate::domain::ledger::{self as domain, AccountKind, Earned};
use crate::domain::money::Money;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::billing::ledger;
use actix_web::post;
use actix_web::web::{Data, Path};
use diesel::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// Report an invoice as paid.
///
/// What the card or bank was charged has arrived. Reporting it again answers the same, unchanged. For the operator's billing staff and administrators.
#[utoipa::path(tag = "Admin", params(("id" = InvoiceId, Path, description = "The invoice.")), responses((status = 200, body = InvoiceView, description = "The invoice.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "already_settled"]))))]
#[post("/v1/admin/invoices/{id}/paid")]
pub async fn report_invoice_paid(
    caller: Caller,
    db: Data<Db>,
    id: Path<InvoiceId>,
    report: Post<Nothing>,
) -> Result<Reply<InvoiceView>> {
    let act = move |tx: &mut Tx, identity: &Identity, _: &Nothing| {
        settle(tx, identity, *id, InvoiceStatus::Paid)
    };
    report.keyed()?.once(&db, caller, &[], act).await
}

/// Report the payment of an invoice as failed.
///
/// The card or bank did not pay: what is left of the charge is written off, and the cashback it earned is taken back, even from a balance that falls below zero by it. Reporting it again answers the same, unchanged. For the operator's billing staff and administrators.
#[utoipa::path(tag = "Admin", params(("id" = InvoiceId, Path, description = "The invoice.")), responses((status = 200, body = InvoiceView, description = "The invoice.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "already_settled"]))))]
#[post("/v1/admin/invoices/{id}/failed")]
pub async fn report_invoice_failed(
    caller: Caller,
    db: Data<Db>,
    id: Path<InvoiceId>,
    report: Post<Nothing>,
) -> Result<Reply<InvoiceView>> {
    let act = move |tx: &mut Tx, identity: &Identity, _: &Nothing| {
        settle(tx, identity, *id, InvoiceStatus::Failed)
    };
    report.keyed()?.once(&db, caller, &[], act).await
}

fn settle(
    tx: &mut Tx,
    identity: &Identity,
    id: InvoiceId,
    outcome: InvoiceStatus,
) -> Result<Reply<InvoiceView>> {
    let found = model::find(tx, identity, id)?;
    let allowed = policy::allow(found, Action::SettleInvoices)?;
    let invoice = allowed.what;
    if invoice.status == InvoiceStatus::Open {
        model::settle(tx, id, outcome)?;
        let kind = match outcome {
            InvoiceStatus::Failed => {
                undo(tx, identity, &invoice, allowed.rule)?;
                EventType::InvoiceFailed
            }
            InvoiceStatus::Open | InvoiceStatus::Paid => {
                receive(tx, &invoice)?;
                EventType::InvoicePaid
            }
        };
        let event = Event::new(kind, id).of(invoice.organization_id);
        tx.record(Some(identity), event.by_rule(allowed.rule))?;
    } else if invoice.status != outcome {
        return Err(Refusal::by(Code::AlreadySettled, "PAY-7")
            .with("status", invoice.status)
            .into());
    }
    let settled = model::find(tx, identity, id)?.what;
    let lines = model::lines(tx, settled.order_id)?;
    Reply::ok(&InvoiceView::new(settled, Some(lines))?)
}

/// What refunds left of the charge has arrived at the bank.
fn receive(tx: &mut Tx, invoice: &Invoice) -> Result<()> {
    let payer = *invoice.organization_id.bytes();
    let left = left(tx, invoice.order_id)?;
    let minor = left.iter().map(|one| one.charged_minor).sum();
    let paid = Money {
        minor,
        currency: invoice.currency,
    };
    if paid.minor == 0 {
        return Ok(());
    }
    let made = ledger::balanced(domain::payment_received(payer, paid))?;
    ledger::post(tx, &[(invoice.id, made)])
}

/// What refunds left of each charge and its cashback is undone, and those who had earned it are told.
fn undo(tx: &mut Tx, identity: &Identity, invoice: &Invoice, rule: &'static str) -> Result<()> {
    let payer = *invoice.organization_id.bytes();
    let money = |minor| Money {
        minor,
        currency: invoice.currency,
    };
    let (mut transactions, mut reversed) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for one in left(tx, invoice.order_id)? {
        let earned = one.earner.filter(|_| one.cashback_minor != 0);
        let returned = earned.map(|partner| Earned {
            partner: *partner.bytes(),
            cashback: money(one.cashback_minor),
        });
        let made = domain::payment_failed(payer, money(one.charged_minor), returned);
        transactions.extend(ledger::balanced(made)?.map(|made| (one.event, made)));
        if let Some(partner) = earned {
            reversed.entry(partner).or_default().push(one.event);
        }
    }
    ledger::post(tx, &transactions)?;
    for (partner, events) in reversed {
        let event = Event::new(EventType::CashbackReversed, partner)
            .of(partner)
            .data(json!({"billing_event_ids": events}));
        tx.record(Some(identity), event.by_rule(rule))?;
    }
    Ok(())
}

/// What refunds have left of a billing event.
struct Left {
    event: BillingEventId,
    earner: Option<OrganizationId>,
    charged_minor: i64,
    cashback_minor: i64,
}

/// As the ledger has it: the event's own postings and those of its refunds, in two queries.
fn left(tx: &mut Tx, order: OrderId) -> Result<Vec<Left>> {
    let events: Vec<(BillingEventId, Option<OrganizationId>)> = billing_events::table
        .filter(billing_events::order_id.eq(order))
        .filter(billing_events::refunds_id.is_null())
        .order(billing_events::id)
        .select((billing_events::id, billing_events::partner_id))
        .load(tx.conn)?;
    let ids: Vec<BillingEventId> = events.iter().map(|(id, _)| *id).collect();
    let refunds: Vec<(BillingEventId, Option<BillingEventId>)> = billing_events::table
        .filter(billing_events::refunds_id.among(&ids))
        .select((billing_events::id, billing_events::refunds_id))
        .load(tx.conn)?;
    let of: BTreeMap<BillingEventId, BillingEventId> = refunds
        .into_iter()
        .filter_map(|(refund, of)| Some((refund, of?)))
        .collect();
    let reasons: Vec<BillingEventId> = ids.iter().chain(of.keys()).copied().collect();
    let rows: Vec<(BillingEventId, String, i64)> = ledger_entries::table
        .inner_join(ledger_transactions::table)
        .filter(ledger_transactions::reason_id.among(&reasons))
        .select((
            ledger_transactions::reason_id,
            ledger_entries::account,
            ledger_entries::amount_minor,
        ))
        .load(tx.conn)?;
    let sum = |event: BillingEventId, account: AccountKind| -> i64 {
        let about = |reason: &BillingEventId| *of.get(reason).unwrap_or(reason) == event;
        let mine = rows
            .iter()
            .filter(|(reason, name, _)| about(reason) && name == account.as_str());
        mine.map(|(.., minor)| minor).sum()
    };
    Ok(events
        .into_iter()
        .map(|(event, earner)| Left {
            event,
            earner,
            charged_minor: -sum(event, AccountKind::Revenue),
            cashback_minor: sum(event, AccountKind::CashbackExpense),
        })
        .collect())
}
