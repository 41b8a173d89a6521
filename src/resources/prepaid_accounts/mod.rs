//! Prepaid accounts: a partner's credit balance, one for each currency.
mod entries;

use crate::api::views::MoneyView;
use crate::api::{Caller, Reply};
use crate::db::Db;
use crate::db::witness;
use crate::domain::id::OrganizationId;
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{self, Action};
use crate::error::Result;
use crate::resources::billing::prepaid;
use actix_web::get;
use actix_web::web::{Data, Path};
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(list_prepaid_accounts, entries::list_prepaid_entries);

/// A prepaid account.
#[derive(Serialize, ToSchema)]
#[schema(as = PrepaidAccount)]
pub struct PrepaidAccountView {
    /// Its currency.
    currency: Currency,
    /// What it holds.
    balance: MoneyView,
}

/// An organization's prepaid accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = PrepaidAccounts)]
pub struct PrepaidAccountsView {
    /// One for each currency.
    items: Vec<PrepaidAccountView>,
}

/// List an organization's prepaid accounts.
///
/// One for each currency, with its balance: the sum of its ledger entries (BIL-5).
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The organization.")), responses((status = 200, body = PrepaidAccountsView, description = "The accounts.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/prepaid-accounts")]
pub async fn list_prepaid_accounts(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<PrepaidAccountsView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        policy::allow(
            witness::organization(tx, &identity, *org)?,
            Action::ReadPrepaidAccounts,
        )?;
        let mut items = Vec::new();
        for &currency in Currency::ALL {
            let minor = prepaid::balance(tx, *org, currency)?;
            items.push(PrepaidAccountView {
                currency,
                balance: Money { minor, currency }.into(),
            });
        }
        Reply::ok(&PrepaidAccountsView { items })
    })
    .await
}
