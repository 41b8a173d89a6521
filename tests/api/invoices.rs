//! Invoices: net, VAT and total, in the payer's organization only, settled by what the operator reports.
use crate::money::{cashback, hosting, order};
use crate::tables::rows;
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use mandat::resources::billing::verify::verify;
use serde_json::{Value, json};

/// The prepaid account of Studio Lumen in this currency, as a payment method.
pub async fn prepaid(world: &World, currency: &str) -> String {
    let lumen = world.organization("Studio Lumen").await;
    let path = format!("/v1/organizations/{lumen}/payment-methods");
    let methods = world.get("claire", &path).await.expect(200);
    let items = methods.body["items"].as_array().cloned();
    let mut found = items.unwrap_or_default().into_iter();
    let found = found.find(|one| one["kind"] == "prepaid" && one["currency"] == currency);
    found
        .and_then(|one| one["id"].as_str().map(str::to_owned))
        .expect("a prepaid account")
}

/// The operator's report: `paid` or `failed`.
fn report(invoice: &str, outcome: &str) -> String {
    format!("/v1/admin/invoices/{invoice}/{outcome}")
}

pub async fn books_are_right(world: &World) {
    let proof = world.db.snapshot(verify).await.expect("the books are read");
    assert_eq!(proof.differences, Vec::<String>::new());
}

#[test]
fn bil_9_an_invoice_shows_net_vat_and_total() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        let lumen = world.organization("Studio Lumen").await;
        let list = format!("/v1/organizations/{lumen}/invoices");
        let path = format!("{list}/{}", placed.text_of("/invoice/id"));
        let seen = world.get("luca", &path).await.expect(200);
        let shown = ["net_amount", "vat_amount", "total_amount"]
            .map(|amount| seen.text_of(&format!("/{amount}/amount")));
        assert_eq!(shown, ["208.32", "16.87", "225.19"]);
        assert_eq!(seen.text_of("/vat_rate"), "0.081");
        assert_eq!(seen.text_of("/vat_treatment"), "taxed");
        assert_eq!(seen.text_of("/payer_country"), "CH");
        assert_eq!(seen.text_of("/lines/0/net_amount/amount"), "208.32");
        assert_eq!(seen.body["lines"][0]["quantity"], 35);
        let open = world
            .get("luca", &format!("{list}?status=open&include=total"))
            .await
            .expect(200);
        assert_eq!(
            (&open.body["total"], &open.body["items"][0]["lines"]),
            (&json!(1), &Value::Null)
        );
        let paid = world
            .get("luca", &format!("{list}?status=paid"))
            .await
            .expect(200);
        assert_eq!(paid.body["items"], json!([]));
        let nobodys = format!("{list}/invoice_01jd8q3v7mf4x9k2c6w5r0t8ze");
        for (who, hidden) in [("luca", &nobodys), ("karl", &nobodys), ("karl", &path)] {
            world
                .get(who, hidden)
                .await
                .refused(404, "not_found", Some("PAY-5"));
        }
        let table = world.get_as("luca", &list, "text/csv").await.expect(200);
        assert_eq!(
            rows(&table.text)[1][8..13],
            ["208.32", "taxed", "0.081", "16.87", "225.19"]
        );
    });
}

#[test]
fn pay_7_a_card_payment_leaves_the_invoice_open_until_it_is_reported_paid() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        let invoice = placed.text_of("/invoice/id");
        let arno = world.organization("Galerie Arno").await;
        let path = format!("/v1/organizations/{arno}/invoices/{invoice}");
        let open = world.get("sofia", &path).await.expect(200);
        assert_eq!(
            (open.text_of("/status").as_str(), &open.body["settled_at"]),
            ("open", &Value::Null)
        );
        let paid = report(&invoice, "paid");
        world
            .post("sofia", &paid, json!({}))
            .await
            .refused(400, "idempotency_key_required", None);
        world
            .post_keyed("sofia", &paid, "k", json!({}))
            .await
            .refused(403, "forbidden", Some("ACC-1"));
        for stranger in ["claire", "iris", "jonas"] {
            world
                .post_keyed(stranger, &paid, "k", json!({}))
                .await
                .refused(404, "not_found", None);
        }
        let first = world
            .post_keyed("tom", &paid, "k", json!({}))
            .await
            .expect(200);
        assert_eq!(first.text_of("/status"), "paid");
        let again = world
            .post_keyed("nora", &paid, "k", json!({}))
            .await
            .expect(200);
        assert_eq!(again.text, first.text);
        world
            .post_keyed("tom", &report(&invoice, "failed"), "k2", json!({}))
            .await
            .refused(409, "already_settled", Some("PAY-7"));
        assert_eq!(cashback(world).await, "52.08");
        books_are_right(world).await;
    });
}

#[test]
fn pay_7_a_failed_payment_takes_the_cashback_back() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        assert_eq!(cashback(world).await, "52.08");
        let invoice = placed.text_of("/invoice/id");
        for key in ["one", "two"] {
            let failed = world
                .post_keyed("tom", &report(&invoice, "failed"), key, json!({}))
                .await
                .expect(200);
            assert_eq!(failed.text_of("/status"), "failed");
        }
        assert_eq!(cashback(world).await, "0.00");
        let lumen = world.organization("Studio Lumen").await;
        let path = format!("/v1/organizations/{lumen}/prepaid-accounts/CHF/entries");
        let entries = world.get("claire", &path).await.expect(200);
        let items = entries.body["items"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let moved: Vec<_> = items
            .iter()
            .map(|item| (item["kind"].as_str(), item["amount"]["amount"].as_str()))
            .collect();
        assert_eq!(moved.len(), 2);
        assert!(
            moved.contains(&(Some("payment_failed"), Some("-52.08"))),
            "{moved:?}"
        );
        let event = placed.text_of("/billing_events/0/id");
        assert!(
            items
                .iter()
                .all(|item| item["billing_event_id"] == event.as_str())
        );
        books_are_right(world).await;
    });
}

#[test]
fn pay_7_a_prepaid_payment_settles_at_once() {
    on_each_engine(async |world| {
        order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        let weiss = world.organization("Praxis Weiss").await;
        let body = json!({"acting_as": "partner", "currency": "CHF", "lines": hosting(1), "payment_method_id": prepaid(world, "CHF").await});
        let path = format!("/v1/organizations/{weiss}/orders");
        let placed = world
            .post_keyed("claire", &path, "prepaid", body)
            .await
            .expect(201);
        assert_eq!(cashback(world).await, "44.14");
        let lumen = world.organization("Studio Lumen").await;
        let invoice = placed.text_of("/invoice/id");
        let path = format!("/v1/organizations/{lumen}/invoices/{invoice}");
        let seen = world.get("claire", &path).await.expect(200);
        assert_eq!(seen.text_of("/status"), "paid");
        assert_eq!(seen.body["settled_at"], seen.body["issued_at"]);
        world
            .post_keyed("tom", &report(&invoice, "failed"), "k", json!({}))
            .await
            .refused(409, "already_settled", Some("PAY-7"));
        books_are_right(world).await;
    });
}

#[test]
fn bil_5_the_operator_has_the_books_proved() {
    on_each_engine(async |world| {
        order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        let path = "/v1/admin/ledger/verify";
        let ask = |who| world.ask(who, TestRequest::post().uri(path));
        let proof = ask("tom").await.expect(200);
        assert_eq!(
            proof.body,
            json!({"valid": true, "transactions": 1, "entries": 4, "differences": []})
        );
        for who in ["claire", "iris"] {
            ask(who).await.refused(403, "forbidden", Some("ACC-1"));
        }
    });
}
