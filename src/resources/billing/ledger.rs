//! The rows of the ledger: appended, never changed (BIL-5).
use crate::db::schema::{ledger_entries, ledger_transactions};
use crate::db::{Tx, insert_all};
use crate::domain::id::{EntryId, Id, OrganizationId};
use crate::domain::ledger::{Transaction, TransactionKind, Unbalanced};
use crate::domain::money::Currency;
use crate::error::{Error, Result};
use chrono::NaiveDateTime;
use diesel::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = ledger_transactions, treat_none_as_default_value = false)]
struct TransactionRow {
    id: EntryId,
    kind: TransactionKind,
    reason_id: Vec<u8>,
    recorded_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = ledger_entries, treat_none_as_default_value = false)]
struct EntryRow {
    id: EntryId,
    transaction_id: EntryId,
    account: &'static str,
    holder_id: Option<OrganizationId>,
    currency: Currency,
    amount_minor: i64,
    recorded_at: NaiveDateTime,
}

/// Appends transactions, each with the id of what it is for: a billing event, an invoice or a payout.
pub fn post<K>(tx: &mut Tx, all: &[(Id<K>, Transaction)]) -> Result<()> {
    let (mut transactions, mut entries) = (Vec::new(), Vec::new());
    for (reason, made) in all {
        let id: EntryId = tx.new_id()?;
        transactions.push(TransactionRow {
            id,
            kind: made.kind(),
            reason_id: reason.bytes().to_vec(),
            recorded_at: tx.now,
        });
        for posting in made.postings() {
            entries.push(EntryRow {
                id: tx.new_id()?,
                transaction_id: id,
                account: posting.account.kind().as_str(),
                holder_id: posting.account.holder().map(OrganizationId::from_bytes),
                currency: posting.amount.currency,
                amount_minor: posting.amount.minor,
                recorded_at: tx.now,
            });
        }
    }
    insert_all!(tx, ledger_transactions::table, &transactions);
    insert_all!(tx, ledger_entries::table, &entries);
    Ok(())
}

/// Postings that do not balance are a fault of ours.
pub fn balanced<T>(made: std::result::Result<T, Unbalanced>) -> Result<T> {
    made.map_err(|fault| Error::internal(format!("{fault:?}")))
}
