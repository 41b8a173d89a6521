//! The shared statement: both sides of a partnership see the same amounts, so that each can check the
//! other's figures (BIL-11).
use crate::api::views::{MoneyView, OrganizationNameView};
use crate::api::{Caller, Query, Reply};
use crate::db::schema::{billing_events, ledger_entries, ledger_transactions, products};
use crate::db::{Db, Tx};
use crate::domain::billing::{EventKind, LineKind};
use crate::domain::id::{BillingEventId, PartnershipId, ProductId};
use crate::domain::ledger::{AccountKind, TransactionKind};
use crate::domain::money::{Currency, Money};
use crate::domain::month::Month;
use crate::domain::policy::{self, Action, Standing};
use crate::domain::refusal::Refusal;
use crate::domain::settlement::Payer;
use crate::error::{Error, Result};
use crate::resources::organizations::model::names;
use crate::resources::partnerships::model as partnerships;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Of which month.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharedStatementFilters {
    /// The month.
    month: Month,
}

/// What both sides see of a month.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedStatement)]
pub struct SharedStatementView {
    /// The partnership.
    partnership_id: PartnershipId,
    /// The customer.
    customer: OrganizationNameView,
    /// The partner.
    partner: OrganizationNameView,
    /// The month.
    month: Month,
    /// Whether the month is over: then the statement never changes.
    closed: bool,
    /// What the lines add up to, by currency.
    totals: Vec<SharedTotalView>,
    /// What was booked in the month, the first first.
    lines: Vec<SharedLineView>,
}

/// What the lines of one currency add up to.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedTotal)]
pub struct SharedTotalView {
    /// The currency.
    currency: Currency,
    /// At public prices.
    public_amount: MoneyView,
    /// What of it the customer paid.
    paid_by_customer_amount: MoneyView,
    /// What of it the partner paid, at public prices.
    paid_by_partner_amount: MoneyView,
    /// The partner's cashback.
    cashback_amount: MoneyView,
    /// The partner's discount; null to the customer.
    discount_amount: Option<MoneyView>,
}

/// A line of a shared statement.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedLine)]
pub struct SharedLineView {
    /// What it records.
    kind: LineKind,
    /// The billing event.
    billing_event_id: BillingEventId,
    /// The product.
    product_id: ProductId,
    /// What the product is called.
    #[schema(example = "praxis-weiss.example")]
    product_name: String,
    /// The product's family.
    #[schema(example = "web_hosting")]
    family: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    quantity: i64,
    /// Which side paid.
    payer: Payer,
    /// The public price.
    public_amount: MoneyView,
    /// The partner's cashback.
    cashback_amount: MoneyView,
    /// The partner's discount; null to the customer.
    discount_amount: Option<MoneyView>,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it was booked.
    recorded_at: DateTime<Utc>,
}

/// Show a partnership's shared statement.
///
/// What was booked in a month for the customer's products under this partnership: event, product, public price, who paid, cashback or discount. Both sides see the same amounts; what the partner paid for, and was spared, is the partner's own (BIL-11). Readable to both when the partnership has ended, too.
#[utoipa::path(tag = "Money", params(("id" = PartnershipId, Path, description = "The partnership."), SharedStatementFilters), responses((status = 200, body = SharedStatementView, description = "The statement.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/shared-statement")]
pub async fn get_shared_statement(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    filters: Query<SharedStatementFilters>,
) -> Result<Reply<SharedStatementView>> {
    let month = filters.month;
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = partnerships::find(tx, &identity, *id)?;
        let allowed = policy::allow(found, Action::ReadSharedStatement)?;
        if month > Month::of(tx.now) {
            return Err(Refusal::not_found().into());
        }
        let mut rows = booked(tx, *id, month)?;
        rows.extend(failed(tx, *id, month)?);
        rows.sort_by_key(|row| (row.recorded_at, row.event, row.kind));
        let to_partner = match allowed.by {
            Standing::Partner { .. } => true,
            Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => false,
        };
        let row = allowed.what.0;
        let names = names(tx, &[row.customer_id, row.partner_id].into())?;
        let named = |id| OrganizationNameView {
            id,
            name: names.get(&id).cloned().unwrap_or_default(),
        };
        Reply::ok(&SharedStatementView {
            partnership_id: *id,
            customer: named(row.customer_id),
            partner: named(row.partner_id),
            month,
            closed: month.is_closed(tx.now),
            totals: totals(&rows, to_partner)?,
            lines: rows.into_iter().map(|row| row.view(to_partner)).collect(),
        })
    })
    .await
}

struct Row {
    kind: LineKind,
    event: BillingEventId,
    product: (ProductId, String),
    family: String,
    quantity: i64,
    payer: Payer,
    currency: Currency,
    public_minor: i64,
    cashback_minor: i64,
    discount_minor: i64,
    occurred_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

impl Row {
    fn view(self, to_partner: bool) -> SharedLineView {
        let money = |minor| {
            MoneyView::from(Money {
                minor,
                currency: self.currency,
            })
        };
        SharedLineView {
            kind: self.kind,
            billing_event_id: self.event,
            product_id: self.product.0,
            quantity: self.quantity,
            payer: self.payer,
            public_amount: money(self.public_minor),
            cashback_amount: money(self.cashback_minor),
            discount_amount: to_partner.then(|| money(self.discount_minor)),
            occurred_at: self.occurred_at.and_utc(),
            recorded_at: self.recorded_at.and_utc(),
            product_name: self.product.1,
            family: self.family,
        }
    }
}

type Told = (
    (BillingEventId, EventKind, Payer, Currency, NaiveDateTime),
    (ProductId, String),
    (String, i64),
);
type Amounts = (i64, i64, i64, NaiveDateTime);

fn booked(tx: &mut Tx, id: PartnershipId, month: Month) -> Result<Vec<Row>> {
    let rows: Vec<(Told, Amounts)> = billing_events::table
        .inner_join(products::table.on(products::id.eq(billing_events::product_id)))
        .filter(billing_events::partnership_id.eq(id))
        .filter(billing_events::recorded_at.ge(month.start()))
        .filter(billing_events::recorded_at.lt(month.end()))
        .select((
            (
                (
                    billing_events::id,
                    billing_events::kind,
                    billing_events::payer,
                    billing_events::currency,
                    billing_events::occurred_at,
                ),
                (products::id, products::name),
                (billing_events::family, billing_events::quantity),
            ),
            (
                billing_events::public_minor,
                billing_events::cashback_minor,
                billing_events::discount_minor,
                billing_events::recorded_at,
            ),
        ))
        .load(tx.conn)?;
    let row = |(told, amounts): (Told, Amounts)| line(told.0.1.into(), told, amounts);
    Ok(rows.into_iter().map(row).collect())
}

/// What a failed payment undid of what the customer paid: the ledger's postings turned round. Of
/// what the partner paid, the customer learns nothing.
fn failed(tx: &mut Tx, id: PartnershipId, month: Month) -> Result<Vec<Row>> {
    type Undone = (Told, (NaiveDateTime, String, i64));
    let rows: Vec<Undone> = billing_events::table
        .inner_join(products::table.on(products::id.eq(billing_events::product_id)))
        .inner_join(
            ledger_transactions::table.on(ledger_transactions::reason_id.eq(billing_events::id)),
        )
        .inner_join(
            ledger_entries::table.on(ledger_entries::transaction_id.eq(ledger_transactions::id)),
        )
        .filter(billing_events::partnership_id.eq(id))
        .filter(billing_events::payer.eq(Payer::Customer))
        .filter(ledger_transactions::kind.eq(TransactionKind::PaymentFailed))
        .filter(ledger_transactions::recorded_at.ge(month.start()))
        .filter(ledger_transactions::recorded_at.lt(month.end()))
        .select((
            (
                (
                    billing_events::id,
                    billing_events::kind,
                    billing_events::payer,
                    billing_events::currency,
                    billing_events::occurred_at,
                ),
                (products::id, products::name),
                (billing_events::family, billing_events::quantity),
            ),
            (
                ledger_transactions::recorded_at,
                ledger_entries::account,
                ledger_entries::amount_minor,
            ),
        ))
        .load(tx.conn)?;
    let mut undone: BTreeMap<BillingEventId, (Told, Amounts)> = BTreeMap::new();
    for (told, (recorded_at, account, minor)) in rows {
        let (_, amounts) = undone
            .entry(told.0.0)
            .or_insert((told, (0, 0, 0, recorded_at)));
        match AccountKind::parse(&account) {
            Some(AccountKind::Revenue) => amounts.0 -= minor,
            Some(AccountKind::CashbackExpense) => amounts.1 += minor,
            Some(_) | None => {}
        }
    }
    let row = |(told, amounts)| line(LineKind::FailedPayment, told, amounts);
    Ok(undone.into_values().map(row).collect())
}

fn line(kind: LineKind, told: Told, amounts: Amounts) -> Row {
    let ((event, _, payer, currency, occurred_at), product, (family, quantity)) = told;
    let (public_minor, cashback_minor, discount_minor, recorded_at) = amounts;
    Row {
        kind,
        event,
        product,
        family,
        quantity,
        payer,
        currency,
        public_minor,
        cashback_minor,
        discount_minor,
        occurred_at,
        recorded_at,
    }
}

fn totals(rows: &[Row], to_partner: bool) -> Result<Vec<SharedTotalView>> {
    let mut totals = Vec::new();
    for &currency in Currency::ALL {
        let of = || rows.iter().filter(move |row| row.currency == currency);
        if of().next().is_none() {
            continue;
        }
        let paid_by = |payer| {
            of().filter(move |row| row.payer == payer)
                .map(|row| row.public_minor)
        };
        let discount = sum(currency, of().map(|row| row.discount_minor))?;
        totals.push(SharedTotalView {
            currency,
            public_amount: sum(currency, of().map(|row| row.public_minor))?,
            paid_by_customer_amount: sum(currency, paid_by(Payer::Customer))?,
            paid_by_partner_amount: sum(currency, paid_by(Payer::Partner))?,
            cashback_amount: sum(currency, of().map(|row| row.cashback_minor))?,
            discount_amount: to_partner.then_some(discount),
        });
    }
    Ok(totals)
}

fn sum(currency: Currency, mut minors: impl Iterator<Item = i64>) -> Result<MoneyView> {
    let sum = minors.try_fold(0i64, |sum, minor| sum.checked_add(minor));
    let minor = sum.ok_or_else(|| Error::internal("more than an amount holds"))?;
    Ok(Money { minor, currency }.into())
}
