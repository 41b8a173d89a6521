//! What can be read, beside what the model says.
use super::acts::{Books, ORGANIZATIONS, amount};
use super::model::{Account, FAMILIES, LUMEN, Month, Shared};
use crate::invoices::books_are_right;
use crate::partner_statements::this_month;
use crate::world::Answer;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mandat::db::schema::ledger_entries;
use mandat::domain::id::OrganizationId;
use serde_json::Value;
use std::collections::BTreeMap;

impl Books<'_> {
    /// The accounts, the proof of the books, and this month for both sides.
    pub async fn agree(&mut self) {
        self.accounts_agree().await;
        books_are_right(self.world).await;
        let month = this_month(self.world);
        self.statement_agrees(&month).await;
        for customer in 0..2 {
            self.shared_statements_agree(customer, &month).await;
        }
    }

    /// Every month for both sides, and every product.
    pub async fn agree_in_the_end(&mut self) {
        let months: Vec<String> = self.model.months.keys().cloned().collect();
        for month in months {
            self.statement_agrees(&month).await;
            for customer in 0..2 {
                self.shared_statements_agree(customer, &month).await;
            }
        }
        for customer in 0..2 {
            self.products_agree(customer).await;
        }
    }

    /// BIL-5: each account's balance is the model's, and none is left out.
    async fn accounts_agree(&self) {
        let read = self.world.db.read(|tx| {
            let rows: Vec<(String, Option<OrganizationId>, i64)> = ledger_entries::table
                .group_by((ledger_entries::account, ledger_entries::holder_id))
                .select((
                    ledger_entries::account,
                    ledger_entries::holder_id,
                    sql::<BigInt>("CAST(SUM(amount_minor) AS BIGINT)"),
                ))
                .load(tx.conn)?;
            Ok(rows)
        });
        let rows = read.await.expect("the ledger is read").into_iter();
        let balances: BTreeMap<(String, Option<String>), i64> = rows
            .map(|(account, holder, sum)| ((account, holder.map(|id| id.to_string())), sum))
            .filter(|(_, sum)| *sum != 0)
            .collect();
        let named = |((account, holder), sum): (&Account, &i64)| {
            let holder = holder.map(|holder| self.organizations[holder].clone());
            (((*account).to_owned(), holder), *sum)
        };
        let expected = self.model.accounts.iter().filter(|(_, sum)| **sum != 0);
        assert_eq!(balances, expected.map(named).collect());
        assert_eq!(balances.values().sum::<i64>(), 0);
        let path = format!(
            "/v1/organizations/{}/prepaid-accounts",
            self.organizations[LUMEN]
        );
        let accounts = self.world.get("claire", &path).await.expect(200);
        assert_eq!(
            accounts.text_of("/items/0/balance/amount"),
            amount(self.model.balance())
        );
    }

    /// BIL-6: from the closing balance of the months before to that of this one; a closed one stays.
    async fn statement_agrees(&mut self, month: &str) {
        let lumen = &self.organizations[LUMEN];
        let path = format!("/v1/organizations/{lumen}/statements/{month}?currency=CHF");
        let statement = self.world.get("claire", &path).await.expect(200);
        let before = self.model.months.range(..month.to_owned());
        let opening: i64 = before.map(|(_, sums)| sums.moved()).sum();
        let none = Month::default();
        let sums = self.model.months.get(month).unwrap_or(&none);
        let said = [
            "opening_balance",
            "cashback_amount",
            "discount_amount",
            "refund_amount",
            "failed_payment_amount",
            "payment_amount",
            "payout_amount",
            "closing_balance",
        ]
        .map(|name| statement.text_of(&format!("/{name}/amount")));
        let expected = [
            opening,
            sums.cashback,
            sums.discounts,
            sums.refunds,
            sums.failed_payments,
            sums.payments,
            sums.payouts,
            opening + sums.moved(),
        ];
        assert_eq!(said, expected.map(amount), "{month}");
        if statement.body["closed"] == true {
            let first = self.closed.entry(month.to_owned());
            let first = first.or_insert_with(|| statement.text.clone());
            assert_eq!(statement.text, *first, "{month} was closed");
        }
    }

    /// BIL-11: both sides see the same, and what the model says.
    async fn shared_statements_agree(&self, customer: usize, month: &str) {
        let id = &self.partnerships[customer];
        let path = format!("/v1/partnerships/{id}/shared-statement?month={month}");
        let (name, who) = ORGANIZATIONS[customer];
        let theirs = self.world.get(who, &path).await.expect(200);
        let partners = self.world.get("claire", &path).await.expect(200);
        assert_eq!(shared(&theirs), shared(&partners), "{name} {month}");
        let none = Month::default();
        let sums = self.model.months.get(month).unwrap_or(&none);
        let sums = &sums.shared[customer];
        if partners.body["lines"] == Value::Array(Vec::new()) {
            assert_eq!(*sums, Shared::default(), "{name} {month}");
            return;
        }
        let said = [
            "public_amount",
            "paid_by_customer_amount",
            "paid_by_partner_amount",
            "cashback_amount",
            "discount_amount",
        ]
        .map(|total| partners.text_of(&format!("/totals/0/{total}/amount")));
        let expected = [
            sums.paid_by_customer + sums.paid_by_partner,
            sums.paid_by_customer,
            sums.paid_by_partner,
            sums.cashback,
            sums.discounts,
        ];
        assert_eq!(said, expected.map(amount), "{name} {month}");
    }

    /// PAY-6, BIL-13: whose each product is to renew, when, and whether it does by itself.
    async fn products_agree(&self, customer: usize) {
        let (name, who) = ORGANIZATIONS[customer];
        let id = &self.organizations[customer];
        let path = format!("/v1/organizations/{id}/products?limit=200");
        let listed = self.world.get(who, &path).await.expect(200);
        let listed = listed.body["items"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let said: BTreeMap<Option<String>, [Option<String>; 4]> = listed
            .map(|one| {
                let told = [
                    text(&one["family"]),
                    text(&one["renews_on"]),
                    text(&one["renewal_owner_id"]),
                    Some(one["automatic"].to_string()),
                ];
                (text(&one["id"]), told)
            })
            .collect();
        let mine = self
            .model
            .products
            .iter()
            .filter(|one| one.customer == customer);
        let expected = mine.map(|one| {
            let owner = one.owner().map(|owner| self.organizations[owner].clone());
            let told = [
                Some(FAMILIES[one.family].code.to_owned()),
                Some(one.renews_on.to_string()),
                owner,
                Some(one.automatic.is_some().to_string()),
            ];
            (Some(one.id.clone()), told)
        });
        assert_eq!(said, expected.collect(), "{name}");
    }
}

/// A shared statement without what is the partner's own.
fn shared(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for list in ["totals", "lines"] {
        for item in body[list].as_array_mut().into_iter().flatten() {
            item["discount_amount"] = Value::Null;
        }
    }
    body
}
