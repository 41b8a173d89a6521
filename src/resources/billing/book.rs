//! Booking: products, billing events, invoice and ledger of one order, in one transaction (BIL-1).
use super::assess::{Assessed, SettledLine};
use super::ledger;
use crate::db::schema::{
    billing_events, ledger_entries, orders, payment_methods, prepaid_accounts,
};
use crate::db::{Tx, insert_all};
use crate::domain::billing::{EventKind, Initiator, PaymentMethodKind};
use crate::domain::id::{
    BillingEventId, OrderId, OrganizationId, PartnershipId, PaymentMethodId, ProductId, QuoteId,
    UserId,
};
use crate::domain::ledger::{self as domain, AccountKind, Earned, PaidBy};
use crate::domain::money::{Currency, Money};
use crate::domain::product::Period;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::settlement::{Orderer, Payer};
use crate::error::{Error, Result};
use crate::resources::invoices::model::{self as invoices, NewInvoice};
use crate::resources::organizations::model::{NewProduct, install_products};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

/// An order that has been assessed, with what it is paid by.
pub struct Purchase<'a> {
    pub customer: OrganizationId,
    pub orderer: Orderer,
    pub currency: Currency,
    pub assessed: &'a Assessed,
    pub payment_method: PaymentMethodId,
    pub quote: Option<QuoteId>,
    pub by: UserId,
}

#[derive(Insertable)]
#[diesel(table_name = billing_events)]
struct EventRow<'a> {
    id: BillingEventId,
    kind: EventKind,
    customer_id: OrganizationId,
    partner_id: Option<OrganizationId>,
    partnership_id: Option<PartnershipId>,
    product_id: ProductId,
    family: &'a str,
    quantity: i64,
    period: Period,
    initiator: Initiator,
    payer: Payer,
    payer_id: OrganizationId,
    currency: Currency,
    list_minor: i64,
    public_minor: i64,
    partner_minor: i64,
    charged_minor: i64,
    cashback_minor: i64,
    discount_minor: i64,
    volume_rate_ppm: i64,
    partner_rate_ppm: Option<i64>,
    units: i64,
    settlement_rule: &'a str,
    period_start: NaiveDate,
    period_end: NaiveDate,
    order_id: OrderId,
    occurred_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

/// Books it whole, or refuses and leaves nothing.
pub fn book(tx: &mut Tx, purchase: &Purchase) -> Result<OrderId> {
    let assessed = purchase.assessed;
    let charged = assessed.charged()?;
    let paid_by = paid_by(tx, purchase, charged)?;
    let id: OrderId = tx.new_id()?;
    insert_order(tx, purchase, id, charged)?;
    let products = install(tx, purchase)?;
    let start = tx.now.date();
    let mut events = Vec::new();
    for (line, product) in assessed.lines.iter().zip(&products) {
        events.push(event(tx, purchase, id, line, *product, start)?);
    }
    insert_all!(tx, billing_events::table, &events);
    let invoice = NewInvoice {
        payer: purchase.assessed.payer_id,
        customer: purchase.customer,
        order: id,
        payment_method: purchase.payment_method,
        paid_by,
        net: Money {
            minor: charged,
            currency: purchase.currency,
        },
    };
    invoices::issue(tx, &[invoice])?;
    post(tx, purchase, &events, paid_by)?;
    Ok(id)
}

/// The payer's own method, and enough in it if it is prepaid (PAY-7).
fn paid_by(tx: &mut Tx, purchase: &Purchase, charged: i64) -> Result<PaidBy> {
    let payer = purchase.assessed.payer_id;
    let not_payers = || Error::from(Refusal::fault("/payment_method_id", "not_payers", "PAY-7"));
    let (kind, currency): (PaymentMethodKind, Option<Currency>) = payment_methods::table
        .filter(payment_methods::id.eq(purchase.payment_method))
        .filter(payment_methods::organization_id.eq(payer))
        .filter(payment_methods::removed_at.is_null())
        .select((payment_methods::kind, payment_methods::currency))
        .first(tx.conn)
        .optional()?
        .ok_or_else(not_payers)?;
    match kind {
        PaymentMethodKind::Card | PaymentMethodKind::BankAccount => Ok(PaidBy::Invoice),
        PaymentMethodKind::Prepaid if currency != Some(purchase.currency) => {
            Err(Refusal::fault("/payment_method_id", "currency_mismatch", "PAY-7").into())
        }
        PaymentMethodKind::Prepaid => {
            lock(tx, payer, purchase.currency)?;
            match prepaid_balance(tx, payer, purchase.currency)? >= charged {
                true => Ok(PaidBy::Prepaid),
                false => Err(Refusal::by(Code::InsufficientBalance, "PAY-7").into()),
            }
        }
    }
}

/// A debit locks the account's row; a credit never reads a balance.
pub fn lock(tx: &mut Tx, organization: OrganizationId, currency: Currency) -> Result<()> {
    let locked = diesel::update(prepaid_accounts::table.find((organization, currency)))
        .set(prepaid_accounts::debits.eq(prepaid_accounts::debits + 1))
        .execute(tx.conn)?;
    if locked == 0 {
        diesel::insert_into(prepaid_accounts::table)
            .values((
                prepaid_accounts::organization_id.eq(organization),
                prepaid_accounts::currency.eq(currency),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// What a prepaid account holds, in minor units: the sum of its entries, with the sign turned.
pub fn prepaid_balance(
    tx: &mut Tx,
    organization: OrganizationId,
    currency: Currency,
) -> Result<i64> {
    let sum: Option<i64> = ledger_entries::table
        .filter(ledger_entries::holder_id.eq(organization))
        .filter(ledger_entries::account.eq(AccountKind::Prepaid.as_str()))
        .filter(ledger_entries::currency.eq(currency))
        .select(sql::<Nullable<BigInt>>("CAST(SUM(amount_minor) AS BIGINT)"))
        .first(tx.conn)?;
    Ok(-sum.unwrap_or(0))
}

fn insert_order(tx: &mut Tx, purchase: &Purchase, id: OrderId, charged: i64) -> Result<()> {
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(id),
            orders::organization_id.eq(purchase.customer),
            orders::acting_as.eq(purchase.orderer),
            orders::partnership_id.eq(purchase.assessed.under.map(|(partnership, _)| partnership)),
            orders::payer_id.eq(purchase.assessed.payer_id),
            orders::payment_method_id.eq(purchase.payment_method),
            orders::quote_id.eq(purchase.quote),
            orders::currency.eq(purchase.currency),
            orders::charged_minor.eq(charged),
            orders::created_by.eq(purchase.by),
            orders::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Installs the products in the customer's organization (PAY-4); their next renewal is the payer's act (PAY-6).
fn install(tx: &mut Tx, purchase: &Purchase) -> Result<Vec<ProductId>> {
    let start = tx.now.date();
    let mut new = Vec::new();
    for line in &purchase.assessed.lines {
        new.push(NewProduct {
            id: tx.new_id()?,
            organization: purchase.customer,
            parent: line.parent,
            family: line.family.clone(),
            name: line.label.clone().unwrap_or_else(|| line.family.clone()),
            quantity: line.quantity,
            period: line.period,
            currency: purchase.currency,
            renewal_owner: purchase.assessed.payer_id,
            payment_method: Some(purchase.payment_method),
            renews_on: end_of(line.period, start)?,
            installed_at: tx.now,
        });
    }
    install_products(tx, &new)?;
    Ok(new.into_iter().map(|product| product.id).collect())
}

fn end_of(period: Period, start: NaiveDate) -> Result<NaiveDate> {
    period
        .end(start)
        .ok_or_else(|| Error::internal("the calendar has ended"))
}

fn event<'a>(
    tx: &Tx,
    purchase: &Purchase<'a>,
    order: OrderId,
    line: &'a SettledLine,
    product: ProductId,
    start: NaiveDate,
) -> Result<EventRow<'a>> {
    Ok(EventRow {
        id: tx.new_id()?,
        kind: EventKind::Order,
        customer_id: purchase.customer,
        partner_id: line.partner,
        partnership_id: line.partnership,
        product_id: product,
        family: &line.family,
        quantity: line.quantity,
        period: line.period,
        initiator: match purchase.orderer {
            Orderer::Customer => Initiator::Customer,
            Orderer::Partner => Initiator::Partner,
        },
        payer: purchase.assessed.payer,
        payer_id: purchase.assessed.payer_id,
        currency: purchase.currency,
        list_minor: line.list_minor,
        public_minor: line.public_minor,
        partner_minor: line.partner_minor,
        charged_minor: line.charged_minor,
        cashback_minor: line.cashback_minor,
        discount_minor: line.discount_minor,
        volume_rate_ppm: line.volume_rate_ppm,
        partner_rate_ppm: line.partner_rate_ppm,
        units: line.units,
        settlement_rule: &line.rule,
        period_start: start,
        period_end: end_of(line.period, start)?,
        order_id: order,
        occurred_at: tx.now,
        recorded_at: tx.now,
    })
}

/// One balanced transaction a line (BIL-5).
fn post(tx: &mut Tx, purchase: &Purchase, events: &[EventRow], paid_by: PaidBy) -> Result<()> {
    let mut transactions = Vec::new();
    let payer = *purchase.assessed.payer_id.bytes();
    for event in events {
        let money = |minor| Money {
            minor,
            currency: event.currency,
        };
        let earner = event.partner_id.filter(|_| event.cashback_minor != 0);
        let earned = earner.map(|partner| Earned {
            partner: *partner.bytes(),
            cashback: money(event.cashback_minor),
        });
        let made = domain::order(payer, paid_by, money(event.charged_minor), earned);
        transactions.extend(ledger::balanced(made)?.map(|made| (event.id, made)));
    }
    ledger::post(tx, &transactions)
}
