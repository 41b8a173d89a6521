//! How a statement is shown.
use super::model::{About, Line, Scope};
use crate::api::csv::{Cell, Column, Table};
use crate::api::views::{MoneyView, OrganizationNameView};
use crate::domain::id::{OrganizationId, PayoutId, ProductId};
use crate::domain::money::{Currency, Money};
use crate::domain::month::Month;
use crate::domain::statement::{StatementLineKind, Totals};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a month came to.
#[derive(Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementView {
    /// Whose.
    pub organization_id: OrganizationId,
    /// The month.
    pub month: Month,
    /// The currency of the account.
    pub currency: Currency,
    /// Whether the month is over: then the statement never changes.
    pub closed: bool,
    /// What the account held when the month began: the closing balance of the month before.
    pub opening_balance: MoneyView,
    /// The cashback that was earned.
    pub cashback_amount: MoneyView,
    /// The discounts that were obtained; they do not move the balance.
    pub discount_amount: MoneyView,
    /// Cashback that refunds took back, and what was refunded to the account.
    pub refund_amount: MoneyView,
    /// Cashback taken back since the customer's payment failed.
    pub failed_payment_amount: MoneyView,
    /// What was paid from the account.
    pub payment_amount: MoneyView,
    /// What was paid out, less what came back.
    pub payout_amount: MoneyView,
    /// What the account held when the month ended, or holds now.
    pub closing_balance: MoneyView,
    /// All of it by customer and product.
    pub lines: Vec<StatementLineView>,
}

/// A line of a statement.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub struct StatementLineView {
    /// What it is about.
    pub kind: StatementLineKind,
    /// Whose product it is about.
    pub customer: Option<OrganizationNameView>,
    /// The product.
    pub product_id: Option<ProductId>,
    /// What the product is called.
    #[schema(example = "galerie-arno.example")]
    pub product_name: Option<String>,
    /// The product's family.
    #[schema(example = "web_hosting")]
    pub family: Option<String>,
    /// The payout.
    pub payout_id: Option<PayoutId>,
    /// The day on which it occurred, where it arrived too late for its own month; null otherwise.
    pub occurred_on: Option<NaiveDate>,
    /// How many events it gathers.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub count: i64,
    /// What they add up to; below zero where they took from the balance.
    pub amount: MoneyView,
}

/// A partner's statements.
#[derive(Serialize, ToSchema)]
#[schema(as = Statements)]
pub struct StatementsView {
    /// One for each month, the newest first.
    pub items: Vec<StatementSummaryView>,
}

/// A month in short.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementSummary)]
pub struct StatementSummaryView {
    /// The month.
    month: Month,
    /// Whether the month is over: then its statement never changes.
    closed: bool,
    /// What the account held when the month began.
    opening_balance: MoneyView,
    /// What it held when the month ended, or holds now.
    closing_balance: MoneyView,
}

impl StatementSummaryView {
    pub fn new(month: Month, closed: bool, opening: Money, closing: Money) -> Self {
        Self {
            month,
            closed,
            opening_balance: opening.into(),
            closing_balance: closing.into(),
        }
    }
}

impl StatementView {
    pub fn new(scope: &Scope, closed: bool, totals: Totals, lines: BTreeMap<About, Line>) -> Self {
        Self {
            organization_id: scope.organization,
            month: scope.month,
            currency: scope.currency,
            closed,
            opening_balance: totals.opening.into(),
            cashback_amount: totals.cashback.into(),
            discount_amount: totals.discounts.into(),
            refund_amount: totals.refunds.into(),
            failed_payment_amount: totals.failed_payments.into(),
            payment_amount: totals.payments.into(),
            payout_amount: totals.payouts.into(),
            closing_balance: totals.closing.into(),
            lines: lines.into_iter().map(StatementLineView::from).collect(),
        }
    }

    /// The same as a table, between its opening and its closing balance.
    pub fn rows(self) -> Vec<StatementRow> {
        let balance = |what, amount| StatementRow {
            what,
            amount,
            line: None,
        };
        let mut rows = vec![balance("opening_balance", self.opening_balance)];
        rows.extend(self.lines.into_iter().map(|line| StatementRow {
            what: line.kind.as_str(),
            amount: line.amount.clone(),
            line: Some(line),
        }));
        rows.push(balance("closing_balance", self.closing_balance));
        rows
    }
}

impl From<(About, Line)> for StatementLineView {
    fn from((about, line): (About, Line)) -> Self {
        let (customer, product_id, product_name, family) = match about.product {
            Some(product) => (
                Some(OrganizationNameView {
                    id: product.customer,
                    name: product.customer_name,
                }),
                Some(product.id),
                Some(product.name),
                Some(product.family),
            ),
            None => (None, None, None, None),
        };
        Self {
            kind: about.kind,
            customer,
            product_id,
            product_name,
            family,
            payout_id: about.payout,
            occurred_on: about.occurred_on,
            count: line.count,
            amount: line.amount.into(),
        }
    }
}

/// A row of a statement's table: a balance, or a line.
pub struct StatementRow {
    what: &'static str,
    amount: MoneyView,
    line: Option<StatementLineView>,
}

impl StatementRow {
    fn of(&self, show: impl Fn(&StatementLineView) -> Option<Cell>) -> Cell {
        self.line.as_ref().and_then(show).into()
    }
}

impl Table for StatementRow {
    const NAME: &'static str = "statement";
    const COLUMNS: &'static [Column<Self>] = &[
        ("kind", |row| Cell::text(row.what)),
        ("customer_id", |row| {
            row.of(|line| line.customer.as_ref().map(|of| Cell::text(of.id)))
        }),
        ("customer_name", |row| {
            row.of(|line| line.customer.as_ref().map(|of| Cell::text(&of.name)))
        }),
        ("product_id", |row| {
            row.of(|line| line.product_id.map(Cell::text))
        }),
        ("product_name", |row| {
            row.of(|line| line.product_name.as_ref().map(Cell::text))
        }),
        ("family", |row| {
            row.of(|line| line.family.as_ref().map(Cell::text))
        }),
        ("payout_id", |row| {
            row.of(|line| line.payout_id.map(Cell::text))
        }),
        ("occurred_on", |row| {
            row.of(|line| line.occurred_on.map(Cell::text))
        }),
        ("count", |row| row.of(|line| Some(Cell::number(line.count)))),
        ("currency", |row| Cell::text(row.amount.currency)),
        ("amount", |row| Cell::amount(&row.amount)),
    ];
}
