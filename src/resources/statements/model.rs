//! What statements are made of: the entries of the account, and the discounts of billing events. Both
//! are only ever appended, so that a closed month never changes.
use crate::db::Tx;
use crate::db::schema::{
    billing_events, ledger_entries, ledger_transactions, organizations, products,
};
use crate::domain::id::{BillingEventId, OrganizationId, PayoutId, ProductId};
use crate::domain::ledger::{AccountKind, Reason, TransactionKind};
use crate::domain::money::{Currency, Money};
use crate::domain::month::Month;
use crate::domain::settlement::Payer;
use crate::domain::statement::{StatementLineKind, kind_of};
use crate::error::{Error, Result};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{min, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::BTreeMap;

/// What a line is about; lines are sorted by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    pub kind: StatementLineKind,
    pub product: Option<Product>,
    pub payout: Option<PayoutId>,
    /// The day on which it occurred, where that was before the month.
    pub occurred_on: Option<NaiveDate>,
}

/// A customer's product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct Product {
    pub customer_name: String,
    pub name: String,
    pub family: String,
    pub customer: OrganizationId,
    pub id: ProductId,
}

/// How many entries or events a line gathers, and what they add up to.
pub struct Line {
    pub count: i64,
    pub amount: Money,
}

/// Whose statement, of what.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub organization: OrganizationId,
    pub currency: Currency,
    pub month: Month,
}

/// What the account held when the month began.
pub fn opening(tx: &mut Tx, scope: &Scope) -> Result<Money> {
    let sum: Option<i64> = ledger_entries::table
        .filter(ledger_entries::holder_id.eq(scope.organization))
        .filter(ledger_entries::account.eq(AccountKind::Prepaid.as_str()))
        .filter(ledger_entries::currency.eq(scope.currency))
        .filter(ledger_entries::recorded_at.lt(scope.month.start()))
        .select(sql::<Nullable<BigInt>>("CAST(SUM(amount_minor) AS BIGINT)"))
        .first(tx.conn)?;
    Ok(balance(sum.unwrap_or(0), scope.currency))
}

fn balance(sum: i64, currency: Currency) -> Money {
    AccountKind::Prepaid.balance(Money {
        minor: sum,
        currency,
    })
}

/// The lines of a month.
pub fn lines(tx: &mut Tx, scope: &Scope) -> Result<BTreeMap<About, Line>> {
    let mut lines = BTreeMap::new();
    moved(tx, scope, &mut lines)?;
    discounts(tx, scope, &mut lines)?;
    Ok(lines)
}

fn add(lines: &mut BTreeMap<About, Line>, about: About, amount: Money) -> Result<()> {
    let line = lines.entry(about).or_insert(Line {
        count: 0,
        amount: Money::zero(amount.currency),
    });
    line.count += 1;
    line.amount = line
        .amount
        .checked_add(amount)
        .map_err(|_| Error::internal("a statement exceeds what an amount holds"))?;
    Ok(())
}

/// A reason is a billing event unless the kind says otherwise.
type Moved = (
    TransactionKind,
    BillingEventId,
    i64,
    Option<NaiveDateTime>,
    Option<Product>,
);

fn moved(tx: &mut Tx, scope: &Scope, lines: &mut BTreeMap<About, Line>) -> Result<()> {
    let rows: Vec<Moved> = ledger_entries::table
        .inner_join(ledger_transactions::table)
        .left_join(billing_events::table.on(billing_events::id.eq(ledger_transactions::reason_id)))
        .left_join(products::table.on(products::id.eq(billing_events::product_id)))
        .left_join(organizations::table.on(organizations::id.eq(billing_events::customer_id)))
        .filter(ledger_entries::holder_id.eq(scope.organization))
        .filter(ledger_entries::account.eq(AccountKind::Prepaid.as_str()))
        .filter(ledger_entries::currency.eq(scope.currency))
        .filter(ledger_entries::recorded_at.ge(scope.month.start()))
        .filter(ledger_entries::recorded_at.lt(scope.month.end()))
        .select((
            ledger_transactions::kind,
            ledger_transactions::reason_id,
            ledger_entries::amount_minor,
            billing_events::occurred_at.nullable(),
            (
                organizations::name,
                products::name,
                products::family,
                organizations::id,
                products::id,
            )
                .nullable(),
        ))
        .load(tx.conn)?;
    for (kind, reason, minor, occurred_at, product) in rows {
        let amount = balance(minor, scope.currency);
        let about = About {
            kind: kind_of(kind, amount),
            payout: match kind.reason() {
                Reason::Payout => Some(PayoutId::from_bytes(*reason.bytes())),
                Reason::BillingEvent | Reason::Invoice => None,
            },
            product,
            occurred_on: occurred_at.and_then(|at| before(at, scope.month)),
        };
        add(lines, about, amount)?;
    }
    Ok(())
}

/// What the partner was spared on what it paid itself; a refund takes its part of it back.
fn discounts(tx: &mut Tx, scope: &Scope, lines: &mut BTreeMap<About, Line>) -> Result<()> {
    let rows: Vec<(i64, NaiveDateTime, Product)> = billing_events::table
        .inner_join(products::table.on(products::id.eq(billing_events::product_id)))
        .inner_join(organizations::table.on(organizations::id.eq(billing_events::customer_id)))
        .filter(billing_events::partner_id.eq(scope.organization))
        .filter(billing_events::payer.eq(Payer::Partner))
        .filter(billing_events::discount_minor.ne(0))
        .filter(billing_events::currency.eq(scope.currency))
        .filter(billing_events::recorded_at.ge(scope.month.start()))
        .filter(billing_events::recorded_at.lt(scope.month.end()))
        .select((
            billing_events::discount_minor,
            billing_events::occurred_at,
            (
                organizations::name,
                products::name,
                products::family,
                organizations::id,
                products::id,
            ),
        ))
        .load(tx.conn)?;
    for (minor, occurred_at, product) in rows {
        let about = About {
            kind: StatementLineKind::Discount,
            product: Some(product),
            payout: None,
            occurred_on: before(occurred_at, scope.month),
        };
        let amount = Money {
            minor,
            currency: scope.currency,
        };
        add(lines, about, amount)?;
    }
    Ok(())
}

fn before(at: NaiveDateTime, month: Month) -> Option<NaiveDate> {
    (Month::of(at) < month).then_some(at.date())
}

/// Every month from the first with an entry or a discount to this one, with its opening and closing
/// balance; the newest first.
pub fn months(
    tx: &mut Tx,
    organization: OrganizationId,
    currency: Currency,
) -> Result<Vec<(Month, Money, Money)>> {
    // A timestamp's text begins with its month on both engines.
    let month = || sql::<Text>("substr(CAST(recorded_at AS TEXT), 1, 7)");
    let moved: Vec<(String, i64)> = ledger_entries::table
        .filter(ledger_entries::holder_id.eq(organization))
        .filter(ledger_entries::account.eq(AccountKind::Prepaid.as_str()))
        .filter(ledger_entries::currency.eq(currency))
        .group_by(month())
        .select((month(), sql::<BigInt>("CAST(SUM(amount_minor) AS BIGINT)")))
        .load(tx.conn)?;
    let discounted: Option<NaiveDateTime> = billing_events::table
        .filter(billing_events::partner_id.eq(organization))
        .filter(billing_events::payer.eq(Payer::Partner))
        .filter(billing_events::discount_minor.ne(0))
        .filter(billing_events::currency.eq(currency))
        .select(min(billing_events::recorded_at))
        .first(tx.conn)?;
    let mut sums = BTreeMap::new();
    for (text, sum) in moved {
        let month = Month::parse(&text).ok_or_else(|| Error::internal("no month"))?;
        sums.insert(month, sum);
    }
    let this = Month::of(tx.now);
    let first = [sums.keys().next().copied(), discounted.map(Month::of)];
    let mut next = first.into_iter().flatten().min();
    let (mut found, mut held) = (Vec::new(), 0);
    while let Some(month) = next.filter(|month| *month <= this) {
        let opening = balance(held, currency);
        held += sums.get(&month).copied().unwrap_or(0);
        found.push((month, opening, balance(held, currency)));
        next = month.next();
    }
    found.reverse();
    Ok(found)
}
