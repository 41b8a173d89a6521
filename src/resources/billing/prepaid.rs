//! Prepaid accounts: credits append entries and never read a balance; a debit locks the account (PAY-7).
use crate::db::prepared::Among;
use crate::db::schema::{ledger_entries, prepaid_accounts};
use crate::db::{Tx, put_all};
use crate::domain::id::OrganizationId;
use crate::domain::ledger::AccountKind;
use crate::domain::money::Currency;
use crate::error::Result;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::{BTreeMap, BTreeSet};

/// A prepaid account: whose, and in which currency.
pub type Account = (OrganizationId, Currency);

#[derive(Insertable)]
#[diesel(table_name = prepaid_accounts)]
struct LockRow {
    organization_id: OrganizationId,
    currency: Currency,
    debits: i64,
}

/// Locks accounts that are to be debited: of two debits the second sees what the first left.
pub fn lock(tx: &mut Tx, accounts: &BTreeSet<Account>) -> Result<()> {
    let rows: Vec<LockRow> = accounts
        .iter()
        .map(|(organization_id, currency)| LockRow {
            organization_id: *organization_id,
            currency: *currency,
            debits: 1,
        })
        .collect();
    put_all!(
        tx,
        prepaid_accounts::table,
        &rows,
        (
            prepaid_accounts::organization_id,
            prepaid_accounts::currency
        ),
        prepaid_accounts::debits.eq(prepaid_accounts::debits + 1)
    );
    Ok(())
}

/// What these organizations' accounts hold, in minor units: the sums of their entries, with the sign turned.
pub fn balances(
    tx: &mut Tx,
    organizations: &BTreeSet<OrganizationId>,
) -> Result<BTreeMap<Account, i64>> {
    let rows: Vec<(Option<OrganizationId>, Currency, i64)> = ledger_entries::table
        .filter(ledger_entries::holder_id.among(organizations))
        .filter(ledger_entries::account.eq(AccountKind::Prepaid.as_str()))
        .group_by((ledger_entries::holder_id, ledger_entries::currency))
        .select((
            ledger_entries::holder_id,
            ledger_entries::currency,
            sql::<BigInt>("CAST(SUM(amount_minor) AS BIGINT)"),
        ))
        .load(tx.conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(holder, currency, sum)| Some(((holder?, currency), -sum)))
        .collect())
}

/// What one account holds, in minor units.
pub fn balance(tx: &mut Tx, organization: OrganizationId, currency: Currency) -> Result<i64> {
    let all = balances(tx, &BTreeSet::from([organization]))?;
    Ok(all.get(&(organization, currency)).copied().unwrap_or(0))
}
