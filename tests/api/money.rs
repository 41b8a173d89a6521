//! Quotes, orders, billing events, invoices, prepaid accounts (PAY, PRC, BIL), and what each side reaches.
use crate::partnerships::{partnership, set_payment_mode};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use mandat::db::schema::{billing_events, ledger_entries, renewal_ownerships};
use mandat::resources::billing::verify::verify;
use serde_json::{Value, json};

pub fn hosting(quantity: i64) -> Value {
    json!([{"family": "web_hosting", "quantity": quantity, "period": "monthly"}])
}

/// The payer's card, as whoever may order sees it.
pub async fn card(world: &World, who: &str, org: &str) -> String {
    let methods = world
        .get(who, &format!("/v1/organizations/{org}/payment-methods"))
        .await
        .expect(200);
    let items = methods.body["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let card = items
        .iter()
        .find(|one| one["kind"] == "card")
        .and_then(|one| one["id"].as_str());
    card.expect("a card").to_owned()
}

pub async fn order(
    world: &World,
    who: &str,
    side: &str,
    customer: &'static str,
    currency: &str,
    lines: Value,
) -> Answer {
    let org = world.organization(customer).await;
    let card = card(world, who, &org).await;
    let body =
        json!({"acting_as": side, "currency": currency, "lines": lines, "payment_method_id": card});
    let key = uuid::Uuid::now_v7().to_string();
    world
        .post_keyed(who, &format!("/v1/organizations/{org}/orders"), &key, body)
        .await
}

pub async fn cashback(world: &World) -> String {
    let lumen = world.organization("Studio Lumen").await;
    world
        .get(
            "claire",
            &format!("/v1/organizations/{lumen}/prepaid-accounts"),
        )
        .await
        .expect(200)
        .text_of("/items/0/balance/amount")
}

#[test]
fn prc_7_the_worked_example_is_quoted_and_charged() {
    on_each_engine(async |world| {
        for (currency, steps) in [
            ("CHF", ["347.20", "277.76", "208.32"]),
            ("EUR", ["201.25", "161.00", "120.75"]),
        ] {
            let org = world.organization("Praxis Weiss").await;
            let body = json!({"organization_id": org, "acting_as": "partner", "currency": currency, "lines": hosting(35)});
            let quote = world.post("claire", "/v1/quotes", body).await.expect(201);
            let shown = ["list_amount", "partner_discounted_amount", "partner_amount"]
                .map(|step| quote.text_of(&format!("/lines/0/{step}/amount")));
            assert_eq!(shown, steps);
            assert_eq!(quote.text_of("/charged_amount/amount"), steps[2]);
            assert_eq!(quote.text_of("/lines/0/partner_rate"), "0.20");
            assert_eq!(quote.body["payer"], "partner");
            let redeem = json!({"quote_id": quote.id(), "payment_method_id": card(world, "claire", &org).await});
            let path = format!("/v1/organizations/{org}/orders");
            let placed = world
                .post_keyed("claire", &path, currency, redeem.clone())
                .await
                .expect(201);
            assert_eq!(placed.text_of("/order/charged_amount/amount"), steps[2]);
            world
                .post_keyed("claire", &path, "again", redeem)
                .await
                .refused(409, "quote_redeemed", Some("PRC-6"));
        }
        assert_eq!(cashback(world).await, "0.00");
    });
}

#[test]
fn pay_1_under_mode_customer_the_customer_pays_the_public_price_and_the_partner_earns() {
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
        assert_eq!(placed.text_of("/order/charged_amount/amount"), "260.40");
        assert_eq!(cashback(world).await, "52.08");
        let by_partner = order(
            world,
            "claire",
            "partner",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await
        .expect(201);
        assert_eq!(by_partner.body["order"]["payer"], "customer");
        assert_eq!(by_partner.body["invoice"], Value::Null);
        // One more unit at the tier that 36 active units reach: 7.44, of which 1.49.
        assert_eq!(by_partner.text_of("/order/charged_amount/amount"), "7.44");
        assert_eq!(cashback(world).await, "53.57");
    });
}

#[test]
fn pay_2_pay_5_under_mode_partner_the_invoice_exists_with_the_partner_only() {
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
        let invoice = placed.text_of("/invoice/id");
        let (lumen, weiss) = (
            world.organization("Studio Lumen").await,
            world.organization("Praxis Weiss").await,
        );
        let seen = world
            .get(
                "claire",
                &format!("/v1/organizations/{lumen}/invoices/{invoice}"),
            )
            .await
            .expect(200);
        assert_eq!(seen.text_of("/net_amount/amount"), "208.32");
        world
            .get(
                "karl",
                &format!("/v1/organizations/{weiss}/invoices/{invoice}"),
            )
            .await
            .refused(404, "not_found", Some("PAY-5"));
        world
            .get(
                "karl",
                &format!("/v1/organizations/{lumen}/invoices/{invoice}"),
            )
            .await
            .refused(404, "not_found", Some("PAY-5"));
        let mine = world
            .get("karl", &format!("/v1/organizations/{weiss}/invoices"))
            .await
            .expect(200);
        assert_eq!(mine.body["items"], json!([]));
    });
}

#[test]
fn pay_5_an_invoice_does_not_exist_for_the_other_side() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await
        .expect(201);
        let (invoice, arno) = (
            placed.text_of("/invoice/id"),
            world.organization("Galerie Arno").await,
        );
        world
            .get(
                "claire",
                &format!("/v1/organizations/{arno}/invoices/{invoice}"),
            )
            .await
            .refused(404, "not_found", Some("PAY-5"));
        world
            .get("claire", &format!("/v1/organizations/{arno}/invoices"))
            .await
            .refused(403, "forbidden", Some("PAY-5"));
    });
}

#[test]
fn pay_3_what_the_customer_orders_itself_earns_cashback_in_both_modes() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "karl",
            "customer",
            "Praxis Weiss",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        assert_eq!(placed.text_of("/order/charged_amount/amount"), "260.40");
        assert_eq!(
            placed.text_of("/billing_events/0/settlement_rule"),
            "full_partner_customer"
        );
        assert_eq!(cashback(world).await, "52.08");
    });
}

#[test]
fn pay_7_naming_the_other_sides_method_is_refused() {
    on_each_engine(async |world| {
        let (weiss, arno) = (
            world.organization("Praxis Weiss").await,
            world.organization("Galerie Arno").await,
        );
        let foreign = card(world, "sofia", &arno).await;
        let body = json!({"acting_as": "partner", "currency": "CHF", "lines": hosting(1), "payment_method_id": foreign});
        let refused = world
            .post_keyed(
                "claire",
                &format!("/v1/organizations/{weiss}/orders"),
                "k",
                body,
            )
            .await;
        let refused = refused.refused(422, "invalid", Some("PAY-7"));
        assert_eq!(refused.body["errors"][0]["code"], "not_payers");
    });
}

#[test]
fn pay_7_an_empty_prepaid_account_pays_nothing() {
    on_each_engine(async |world| {
        let weiss = world.organization("Praxis Weiss").await;
        let methods = world
            .get(
                "claire",
                &format!("/v1/organizations/{weiss}/payment-methods"),
            )
            .await
            .expect(200);
        let prepaid = methods.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["currency"] == "CHF")
            .cloned();
        let prepaid = prepaid.expect("a prepaid account")["id"].clone();
        let body = json!({"acting_as": "partner", "currency": "CHF", "lines": hosting(1), "payment_method_id": prepaid});
        let path = format!("/v1/organizations/{weiss}/orders");
        world
            .post_keyed("claire", &path, "k1", body.clone())
            .await
            .refused(409, "insufficient_balance", Some("PAY-7"));
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
        world
            .post_keyed("claire", &path, "k2", body)
            .await
            .expect(201);
        // 52.08 less 7.94: the partner renews one unit itself, so no tier applies (PRC-4).
        assert_eq!(cashback(world).await, "44.14");
    });
}

#[test]
fn acc_4_limited_access_neither_orders_nor_renews() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let body = json!({"organization_id": kurier, "acting_as": "partner", "currency": "CHF", "lines": hosting(1)});
        world
            .post("claire", "/v1/quotes", body)
            .await
            .refused(403, "forbidden", Some("ACC-4"));
        world
            .get(
                "claire",
                &format!("/v1/organizations/{kurier}/payment-methods"),
            )
            .await
            .refused(403, "forbidden", Some("ACC-4"));
        let other = json!({"organization_id": kurier, "acting_as": "partner", "currency": "CHF", "lines": hosting(1)});
        world
            .post("jonas", "/v1/quotes", other)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn bil_2_an_add_on_of_a_managed_product_earns_cashback_and_a_new_product_does_not() {
    on_each_engine(async |world| {
        let id = partnership(world, "ben", "Velo Kurier").await;
        let managed = world
            .get("ben", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200)
            .text_of("/access/product_ids/0");
        order(world, "ben", "customer", "Velo Kurier", "CHF", hosting(1))
            .await
            .expect(201);
        assert_eq!(cashback(world).await, "0.00");
        let add_on = json!([{"family": "mail", "quantity": 1, "period": "monthly", "parent_product_id": managed}]);
        let placed = order(world, "ben", "customer", "Velo Kurier", "CHF", add_on)
            .await
            .expect(201);
        assert_eq!(
            placed.text_of("/billing_events/0/settlement_rule"),
            "limited_customer_managed"
        );
        assert_eq!(cashback(world).await, "0.42");
    });
}

#[test]
fn bil_1_an_order_is_all_or_nothing_and_every_fault_is_named() {
    on_each_engine(async |world| {
        let lines = json!([
            {"family": "web_hosting", "quantity": 1, "period": "monthly"},
            {"family": "moon_base", "quantity": 1, "period": "monthly"},
            {"family": "sun_base", "quantity": 1, "period": "yearly"},
        ]);
        let refused = order(world, "sofia", "customer", "Galerie Arno", "CHF", lines)
            .await
            .refused(422, "invalid", Some("PRC-2"));
        let pointers: Vec<&Value> = refused.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| &error["pointer"])
            .collect();
        assert_eq!(pointers, ["/lines/1/family", "/lines/2/family"]);
        let arno = world.organization("Galerie Arno").await;
        let events = world
            .get(
                "sofia",
                &format!("/v1/organizations/{arno}/billing-events?include=total"),
            )
            .await
            .expect(200);
        assert_eq!(events.body["total"], 0);
        let products = world
            .get(
                "sofia",
                &format!("/v1/organizations/{arno}/products?include=total"),
            )
            .await
            .expect(200);
        assert_eq!(products.body["total"], 2);
    });
}

#[test]
fn bil_5_the_ledger_balances_and_an_altered_row_is_found() {
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
        order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "EUR",
            hosting(35),
        )
        .await
        .expect(201);
        let proof = world.db.snapshot(verify).await.expect("the books are read");
        assert_eq!((proof.transactions, proof.differences), (2, Vec::new()));
        let altered = world.db.write(|tx| {
            let largest: i64 = ledger_entries::table
                .select(diesel::dsl::max(ledger_entries::amount_minor))
                .first::<Option<i64>>(tx.conn)?
                .unwrap_or(0);
            Ok(diesel::update(
                ledger_entries::table.filter(ledger_entries::amount_minor.eq(largest)),
            )
            .set(ledger_entries::amount_minor.eq(largest + 1))
            .execute(tx.conn)?)
        });
        assert_eq!(altered.await.expect("a row is altered"), 1);
        let proof = world.db.snapshot(verify).await.expect("the books are read");
        assert!(
            proof
                .differences
                .iter()
                .any(|difference| difference.contains("off by 1 minor units of CHF")),
            "{:?}",
            proof.differences
        );
    });
}

#[test]
fn bil_5_an_active_product_that_nobody_renews_is_found() {
    on_each_engine(async |world| {
        world.advance(TimeDelta::seconds(1));
        let altered = world.db.write(|tx| {
            let open = renewal_ownerships::table.filter(renewal_ownerships::valid_to.is_null());
            Ok(diesel::update(open)
                .set(renewal_ownerships::valid_to.eq(tx.now))
                .execute(tx.conn)?)
        });
        let altered = altered.await.expect("rows are altered");
        let proof = world.db.snapshot(verify).await.expect("the books are read");
        let found = proof.differences.iter();
        let found = found.filter(|difference| difference.ends_with("its renewals are nobody's"));
        assert_eq!(found.count(), altered, "{:?}", proof.differences);
        assert!(altered > 0);
    });
}

#[test]
fn bil_11_the_customer_does_not_see_the_price_that_the_partner_paid() {
    on_each_engine(async |world| {
        order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            hosting(35),
        )
        .await
        .expect(201);
        let (lumen, weiss) = (
            world.organization("Studio Lumen").await,
            world.organization("Praxis Weiss").await,
        );
        let seen = world
            .get("karl", &format!("/v1/organizations/{weiss}/billing-events"))
            .await
            .expect(200);
        let event = &seen.body["items"][0];
        assert_eq!(
            (
                &event["partner_amount"],
                &event["charged_amount"],
                &event["discount_amount"]
            ),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!(event["public_amount"]["amount"], "260.40");
        let own = world
            .get(
                "claire",
                &format!("/v1/organizations/{lumen}/billing-events"),
            )
            .await
            .expect(200);
        assert_eq!(own.body["items"][0]["discount_amount"]["amount"], "52.08");
        world
            .get(
                "jonas",
                &format!("/v1/organizations/{weiss}/billing-events"),
            )
            .await
            .refused(404, "not_found", None);
        let orders = format!("/v1/organizations/{weiss}/orders");
        let theirs = world.get("karl", &orders).await.expect(200);
        assert_eq!(theirs.body["items"][0]["charged_amount"], Value::Null);
        let one = format!("{orders}/{}", theirs.text_of("/items/0/id"));
        let seen = world.get("claire", &one).await.expect(200);
        assert_eq!(seen.text_of("/charged_amount/amount"), "208.32");
        world
            .get("jonas", &one)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn prc_6_a_quote_is_stale_when_the_terms_have_changed_and_expires() {
    on_each_engine(async |world| {
        let weiss = world.organization("Praxis Weiss").await;
        let ask = json!({"organization_id": weiss, "acting_as": "partner", "currency": "CHF", "lines": hosting(35)});
        let quote = world
            .post("claire", "/v1/quotes", ask.clone())
            .await
            .expect(201);
        let late = world.post("claire", "/v1/quotes", ask).await.expect(201);
        let redeem = json!({"quote_id": quote.id(), "payment_method_id": card(world, "claire", &weiss).await});
        world
            .get("karl", &format!("/v1/quotes/{}", quote.id()))
            .await
            .refused(404, "not_found", None);
        let path = format!("/v1/organizations/{weiss}/orders");
        world.advance(chrono::TimeDelta::hours(25));
        let expired =
            json!({"quote_id": late.id(), "payment_method_id": redeem["payment_method_id"]});
        world
            .post_keyed("claire", &path, "k0", expired)
            .await
            .refused(409, "quote_expired", Some("PRC-6"));
        let fresh = world.post("claire", "/v1/quotes", json!({"organization_id": weiss, "acting_as": "partner", "currency": "CHF", "lines": hosting(35)})).await.expect(201);
        let id = partnership(world, "karl", "Praxis Weiss").await;
        set_payment_mode(world, "karl", &id, "customer")
            .await
            .expect(200);
        let stale =
            json!({"quote_id": fresh.id(), "payment_method_id": redeem["payment_method_id"]});
        world
            .post_keyed("claire", &path, "k1", stale)
            .await
            .refused(409, "quote_stale", Some("PRC-6"));
    });
}

#[test]
fn the_same_order_sent_twice_at_once_is_one_order() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let body = json!({"acting_as": "customer", "currency": "CHF", "lines": hosting(1), "payment_method_id": card(world, "sofia", &arno).await});
        let token = world.token("sofia").await;
        let request = || {
            TestRequest::post()
                .uri(&format!("/v1/organizations/{arno}/orders"))
                .insert_header(("authorization", format!("Bearer {token}")))
                .insert_header(("idempotency-key", "twins"))
                .set_json(&body)
        };
        let (one, other) = join(world.send(request()), world.send(request())).await;
        assert_eq!(
            (one.status, other.status),
            (201, 201),
            "{} {}",
            one.text,
            other.text
        );
        assert_eq!(one.text, other.text);
        let events = world
            .get(
                "sofia",
                &format!("/v1/organizations/{arno}/billing-events?include=total"),
            )
            .await
            .expect(200);
        assert_eq!(events.body["total"], 1);
        let without = TestRequest::post()
            .uri(&format!("/v1/organizations/{arno}/orders"))
            .set_json(&body);
        world
            .ask("sofia", without)
            .await
            .refused(400, "idempotency_key_required", None);
    });
}

#[test]
fn acc_3_a_product_outside_the_selection_does_not_exist() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let path = format!("/v1/organizations/{kurier}/products");
        let all = world
            .get("ben", &format!("{path}?include=total"))
            .await
            .expect(200);
        assert_eq!(all.body["total"], 3);
        let seen = world
            .get("claire", &format!("{path}?include=total"))
            .await
            .expect(200);
        assert_eq!(seen.body["total"], 2);
        let ids = |answer: &Answer| -> Vec<String> {
            let items = answer.body["items"].as_array().cloned().unwrap_or_default();
            items
                .iter()
                .filter_map(|item| item["id"].as_str().map(str::to_owned))
                .collect()
        };
        let hidden = ids(&all)
            .into_iter()
            .find(|id| !ids(&seen).contains(id))
            .expect("a product outside");
        world
            .get("claire", &format!("{path}/{hidden}"))
            .await
            .refused(404, "not_found", None);
        world
            .get("claire", &format!("{path}/{}", ids(&seen)[0]))
            .await
            .expect(200);
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        let listed = world
            .get("claire", "/v1/organizations?via=partnership&include=total")
            .await
            .expect(200);
        assert_eq!(listed.body["total"], 3);
    });
}

#[test]
fn pay_4_in_both_modes_products_are_installed_in_the_customers_organization() {
    on_each_engine(async |world| {
        for (customer, mode) in [("Galerie Arno", "customer"), ("Praxis Weiss", "partner")] {
            let placed = order(world, "claire", "partner", customer, "CHF", hosting(2))
                .await
                .expect(201);
            assert_eq!(placed.text_of("/order/payer"), mode);
            let org = world.organization(customer).await;
            let product = placed.text_of("/products/0/id");
            let shown = world
                .get(
                    "claire",
                    &format!("/v1/organizations/{org}/products/{product}"),
                )
                .await
                .expect(200);
            assert_eq!(shown.body["quantity"], 2);
            assert_eq!(placed.text_of("/billing_events/0/customer/id"), org);
        }
        let lumen = world.organization("Studio Lumen").await;
        let own = world
            .get("claire", &format!("/v1/organizations/{lumen}/products"))
            .await
            .expect(200);
        assert_eq!(own.body["items"], json!([]));
    });
}

#[test]
fn bil_1_lines_keep_their_order_and_are_one_invoice() {
    on_each_engine(async |world| {
        let families = ["mail", "web_hosting", "backup", "domain_ch", "cloud_server"];
        let lines = families.map(
            |family| json!({"family": family, "quantity": 1, "period": "yearly", "label": family}),
        );
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "EUR",
            json!(lines),
        )
        .await
        .expect(201);
        for (index, family) in families.iter().enumerate() {
            assert_eq!(
                placed.text_of(&format!("/billing_events/{index}/family")),
                *family
            );
            assert_eq!(placed.text_of(&format!("/products/{index}/name")), *family);
        }
        assert_eq!(
            placed.body["invoice"]["lines"].as_array().map(Vec::len),
            Some(5)
        );
        assert_eq!(
            placed.body["invoice"]["net_amount"],
            placed.body["order"]["charged_amount"]
        );
    });
}

#[test]
fn a_rehearsal_checks_and_answers_and_does_nothing() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let card = card(world, "sofia", &arno).await;
        let body = json!({"acting_as": "customer", "currency": "CHF", "lines": hosting(35), "payment_method_id": card});
        let path = format!("/v1/organizations/{arno}/orders");
        let rehearsal = format!("{path}?dry_run=true");
        let told = world
            .post_keyed("sofia", &rehearsal, "k", body.clone())
            .await
            .expect(201);
        assert_eq!(told.text_of("/order/charged_amount/amount"), "260.40");
        assert!(told.headers.get("location").is_none());
        assert_eq!(cashback(world).await, "0.00");
        let listed = world
            .get("sofia", &format!("{path}?include=total"))
            .await
            .expect(200);
        assert_eq!(listed.body["total"], 0);
        // Neither was the key used up.
        world
            .post_keyed("sofia", &path, "k", body.clone())
            .await
            .expect(201);
        let mut wrong = body;
        wrong["lines"] = json!([{"family": "moon_base", "quantity": 1, "period": "monthly"}]);
        world
            .post_keyed("sofia", &rehearsal, "k2", wrong.clone())
            .await
            .refused(422, "invalid", Some("PRC-2"));
        let perhaps = format!("{path}?dry_run=perhaps");
        world
            .post_keyed("sofia", &perhaps, "k3", wrong)
            .await
            .refused(400, "invalid_parameter", None);
    });
}

#[test]
fn bak_3_a_second_backup_product_is_warned_about_and_not_refused() {
    on_each_engine(async |world| {
        let backup = json!([{"family": "backup", "quantity": 1, "period": "monthly"}]);
        let first = order(
            world,
            "anna",
            "customer",
            "Bäckerei Sommer",
            "CHF",
            backup.clone(),
        );
        assert_eq!(first.await.expect(201).body["warnings"], json!([]));
        let second = order(world, "anna", "customer", "Bäckerei Sommer", "CHF", backup);
        let second = second.await.expect(201);
        assert_eq!(second.body["warnings"].as_array().map(Vec::len), Some(1));
        assert!(!second.text.contains("warning-"), "{}", second.text);
        let mail = json!([{"family": "mail", "quantity": 1, "period": "monthly"}]);
        let other = order(world, "anna", "customer", "Bäckerei Sommer", "CHF", mail);
        assert_eq!(other.await.expect(201).body["warnings"], json!([]));
    });
}

#[test]
fn bil_10_sentences_are_in_the_readers_language() {
    on_each_engine(async |world| {
        // Claire reads French, Karl German.
        let placed = order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            hosting(1),
        )
        .await;
        let id = placed.expect(201).text_of("/billing_events/0/id");
        let path = format!("/v1/billing-events/{id}/explanation");
        let french = world.get("claire", &path).await.expect(200);
        assert!(
            french
                .text_of("/settlement/explanation")
                .starts_with("Le partenaire")
        );
        let german = world.get("karl", &path).await.expect(200);
        assert!(
            german
                .text_of("/settlement/explanation")
                .starts_with("Der Partner")
        );
    });
}

#[test]
fn prc_4_orders_at_once_for_one_customer_are_all_placed_and_each_counts_those_before_it() {
    on_each_engine(async |world| {
        let orders = (0..32).map(|_| {
            order(
                world,
                "sofia",
                "customer",
                "Galerie Arno",
                "CHF",
                hosting(3),
            )
        });
        for placed in join_all(orders).await {
            placed.expect(201);
        }
        let counted = world.db.read(|tx| {
            Ok(billing_events::table
                .order(billing_events::units)
                .select(billing_events::units)
                .load::<i64>(tx.conn)?)
        });
        let counted = counted.await.expect("the events are read");
        let first = counted[0];
        let each: Vec<i64> = (0..32).map(|number| first + 3 * number).collect();
        assert_eq!(counted, each);
    });
}
