//! What moved on a prepaid account, entry by entry.
use crate::api::csv::{Cell, Column, Table};
use crate::api::page::Paging;
use crate::api::views::MoneyView;
use crate::api::{Caller, Listed, Listing, Page};
use crate::db::schema::{ledger_entries, ledger_transactions};
use crate::db::witness;
use crate::db::{Db, MultiBackend};
use crate::domain::id::{BillingEventId, EntryId, OrganizationId, PayoutId};
use crate::domain::ledger::{AccountKind, Reason, TransactionKind};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{self, Action};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Queryable)]
struct Row {
    id: EntryId,
    kind: TransactionKind,
    /// Of a billing event unless the kind says otherwise.
    reason_id: BillingEventId,
    currency: Currency,
    amount_minor: i64,
    recorded_at: NaiveDateTime,
}

/// An entry of a prepaid account.
#[derive(Serialize, ToSchema)]
#[schema(as = PrepaidEntry)]
pub struct PrepaidEntryView {
    /// Its id.
    id: EntryId,
    /// What it records.
    kind: TransactionKind,
    /// What it added to the balance; below zero, what it took.
    amount: MoneyView,
    /// The billing event that it settles; null of a payout.
    billing_event_id: Option<BillingEventId>,
    /// The payout that it is for; null of a billing event.
    payout_id: Option<PayoutId>,
    /// When it was booked.
    recorded_at: DateTime<Utc>,
}

impl Row {
    /// The ledger's credits are what the account gains.
    fn view(self) -> PrepaidEntryView {
        let booked = Money {
            minor: self.amount_minor,
            currency: self.currency,
        };
        let (billing_event_id, payout_id) = match self.kind.reason() {
            Reason::BillingEvent => (Some(self.reason_id), None),
            Reason::Payout => (None, Some(PayoutId::from_bytes(*self.reason_id.bytes()))),
            Reason::Invoice => (None, None),
        };
        PrepaidEntryView {
            id: self.id,
            kind: self.kind,
            amount: AccountKind::Prepaid.balance(booked).into(),
            billing_event_id,
            payout_id,
            recorded_at: self.recorded_at.and_utc(),
        }
    }
}

impl Table for PrepaidEntryView {
    const NAME: &'static str = "prepaid-entries";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |entry| Cell::text(entry.id)),
        ("recorded_at", |entry| Cell::time(&entry.recorded_at)),
        ("kind", |entry| Cell::text(entry.kind)),
        ("currency", |entry| Cell::text(entry.amount.currency)),
        ("amount", |entry| Cell::amount(&entry.amount)),
        ("billing_event_id", |entry| {
            entry.billing_event_id.map(Cell::text).into()
        }),
        ("payout_id", |entry| entry.payout_id.map(Cell::text).into()),
    ];
}

/// List the entries of a prepaid account.
///
/// All that ever moved on it, the newest first; they add up to its balance (BIL-5).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization."), ("currency" = Currency, Path, description = "The account's currency."), Paging), responses((status = 200, body = Page<PrepaidEntryView>, description = "A page of entries.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/prepaid-accounts/{currency}/entries")]
pub async fn list_prepaid_entries(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, Currency)>,
    listing: Listing<NoFilters>,
) -> Result<Listed<PrepaidEntryView>> {
    let (org, currency) = path.into_inner();
    let read = listing.answer(&db, move |tx, listing| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        policy::allow(found, Action::ReadPrepaidAccounts)?;
        let query = || {
            ledger_entries::table
                .inner_join(ledger_transactions::table)
                .filter(ledger_entries::holder_id.eq(org))
                .filter(ledger_entries::account.eq(AccountKind::Prepaid.as_str()))
                .filter(ledger_entries::currency.eq(currency))
                .into_boxed::<MultiBackend>()
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Row> = query()
            .filter(ledger_entries::id.lt(listing.before()))
            .order(ledger_entries::id.desc())
            .limit(listing.fetch())
            .select((
                ledger_entries::id,
                ledger_transactions::kind,
                ledger_transactions::reason_id,
                ledger_entries::currency,
                ledger_entries::amount_minor,
                ledger_entries::recorded_at,
            ))
            .load(tx.conn)?;
        listing.page(tx.keys, rows, total, |row: &Row| row.id, Row::view)
    });
    read.await
}
