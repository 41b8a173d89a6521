//! Statements, shared statements and rebilling, and the same on paper (BIL-6, BIL-7, BIL-11).
use crate::invoices::prepaid;
use crate::money::{card, hosting, order};
use crate::partnerships::partnership;
use crate::reports::refund;
use crate::tables::rows;
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

pub fn this_month(world: &World) -> String {
    world.clock.now().format("%Y-%m").to_string()
}

async fn statement(world: &World, month: &str) -> String {
    let lumen = world.organization("Studio Lumen").await;
    format!("/v1/organizations/{lumen}/statements/{month}?currency=CHF")
}

/// Cashback of 52.08, 7.94 paid from the account, and 10.00 on its way out.
async fn busy_month(world: &World) {
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
    let (weiss, lumen) = (
        world.organization("Praxis Weiss").await,
        world.organization("Studio Lumen").await,
    );
    let body = json!({"acting_as": "partner", "currency": "CHF", "lines": hosting(1), "payment_method_id": prepaid(world, "CHF").await});
    world
        .post_keyed(
            "claire",
            &format!("/v1/organizations/{weiss}/orders"),
            "prepaid",
            body,
        )
        .await
        .expect(201);
    let card = card(world, "claire", &lumen).await;
    let body = json!({"amount": {"amount": "10.00", "currency": "CHF"}, "payment_method_id": card, "password": PASSWORD});
    world
        .post_keyed(
            "claire",
            &format!("/v1/organizations/{lumen}/payouts"),
            "out",
            body,
        )
        .await
        .expect(201);
}

#[test]
fn bil_6_a_statement_leads_from_the_opening_to_the_closing_balance() {
    on_each_engine(async |world| {
        busy_month(world).await;
        let path = statement(world, &this_month(world)).await;
        let seen = world.get("luca", &path).await.expect(200);
        let shown = [
            "opening_balance",
            "cashback_amount",
            "discount_amount",
            "refund_amount",
            "payment_amount",
            "payout_amount",
            "closing_balance",
        ]
        .map(|amount| seen.text_of(&format!("/{amount}/amount")));
        assert_eq!(
            shown,
            ["0.00", "52.08", "1.98", "0.00", "-7.94", "-10.00", "34.14"]
        );
        assert_eq!(seen.body["closed"], false);
        let lines = seen.body["lines"].as_array().cloned().unwrap_or_default();
        let told: Vec<[Option<&str>; 3]> = lines
            .iter()
            .map(|line| {
                let customer = line["customer"]["name"].as_str();
                [
                    line["kind"].as_str(),
                    customer,
                    line["amount"]["amount"].as_str(),
                ]
            })
            .collect();
        assert_eq!(
            told,
            [
                [Some("cashback"), Some("Galerie Arno"), Some("52.08")],
                [Some("discount"), Some("Praxis Weiss"), Some("1.98")],
                [Some("payment"), Some("Praxis Weiss"), Some("-7.94")],
                [Some("payout"), None, Some("-10.00")],
            ]
        );
        let table = world.get_as("luca", &path, "text/csv").await.expect(200);
        let rows = rows(&table.text);
        assert_eq!(
            (rows.len(), &rows[1][0], &rows[1][10]),
            (7, &"opening_balance".into(), &"0.00".into())
        );
        assert_eq!(rows[4][10], "-7.94");
        assert_eq!(
            (&rows[6][0], &rows[6][10]),
            (&"closing_balance".into(), &"34.14".into())
        );
        world
            .get("karl", &path)
            .await
            .refused(404, "not_found", None);
        world
            .get("maya", &path)
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        let without = path.replace("?currency=CHF", "");
        world.get("luca", &without).await.expect(400);
    });
}

#[test]
fn bil_6_a_closed_month_never_changes_and_the_next_opens_with_its_closing() {
    on_each_engine(async |world| {
        busy_month(world).await;
        let first = this_month(world);
        world.advance(TimeDelta::days(40));
        let path = statement(world, &first).await;
        let closed = world.get("luca", &path).await.expect(200);
        assert_eq!(closed.body["closed"], true);
        order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await
        .expect(201);
        let later = world.get("luca", &path).await.expect(200);
        assert_eq!(later.text, closed.text);
        let lumen = world.organization("Studio Lumen").await;
        let all = format!("/v1/organizations/{lumen}/statements?currency=CHF");
        let all = world.get("luca", &all).await.expect(200);
        let months = all.body["items"].as_array().cloned().unwrap_or_default();
        assert!(months.len() >= 2);
        assert_eq!(
            months.last().map(|month| &month["month"]),
            Some(&json!(first))
        );
        for pair in months.windows(2) {
            assert_eq!(pair[0]["opening_balance"], pair[1]["closing_balance"]);
        }
        assert_eq!(months[0]["closed"], false);
        for wrong in ["9999-12", "2026-13", "november"] {
            let path = statement(world, wrong).await;
            world
                .get("luca", &path)
                .await
                .refused(404, "not_found", None);
        }
    });
}

#[test]
fn bil_6_what_arrives_late_is_shown_where_it_was_booked_with_its_day() {
    on_each_engine(async |world| {
        let (then, day) = (this_month(world), world.clock.now());
        world.advance(TimeDelta::days(40));
        let arno = world.organization("Galerie Arno").await;
        let event = json!({"external_id": "late-1", "kind": "order", "organization_id": arno,
            "family": "web_hosting", "quantity": 35, "period": "monthly", "currency": "CHF",
            "initiator": "customer", "occurred_at": day.and_utc()});
        world
            .post_keyed("tom", "/v1/billing-events", "late", event)
            .await
            .expect(201);
        let path = statement(world, &then).await;
        let closed = world.get("luca", &path).await.expect(200);
        assert_eq!(closed.body["lines"], json!([]));
        let path = statement(world, &this_month(world)).await;
        let booked = world.get("luca", &path).await.expect(200);
        assert_eq!(booked.text_of("/cashback_amount/amount"), "52.08");
        assert_eq!(
            booked.text_of("/lines/0/occurred_on"),
            day.date().to_string()
        );
    });
}

#[test]
fn bil_11_both_sides_see_the_same_amounts_and_never_the_partners_price() {
    on_each_engine(async |world| {
        for (who, side) in [("claire", "partner"), ("karl", "customer")] {
            order(world, who, side, "Praxis Weiss", "CHF", hosting(35))
                .await
                .expect(201);
        }
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let path = format!(
            "/v1/partnerships/{id}/shared-statement?month={}",
            this_month(world)
        );
        let [customer, partner] = [
            world.get("karl", &path).await,
            world.get("claire", &path).await,
        ];
        let (customer, partner) = (customer.expect(200), partner.expect(200));
        let mut same = partner.body.clone();
        assert_eq!(same["totals"][0]["discount_amount"]["amount"], "52.08");
        same["totals"][0]["discount_amount"] = Value::Null;
        for line in same["lines"].as_array_mut().into_iter().flatten() {
            line["discount_amount"] = Value::Null;
        }
        assert_eq!(customer.body, same);
        let shown = [
            "public_amount",
            "paid_by_customer_amount",
            "paid_by_partner_amount",
            "cashback_amount",
        ]
        .map(|amount| customer.text_of(&format!("/totals/0/{amount}/amount")));
        assert_eq!(shown, ["520.80", "260.40", "260.40", "52.08"]);
        assert!(!customer.text.contains("208.32") && !customer.text.contains("invoice_"));
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        world
            .get("maya", &path)
            .await
            .refused(404, "not_found", None);
        let next = path.replace(&this_month(world), "9999-01");
        world
            .get("karl", &next)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn bil_7_a_partner_draws_what_to_charge_by_its_own_terms() {
    on_each_engine(async |world| {
        for (who, side) in [("claire", "partner"), ("karl", "customer")] {
            order(world, who, side, "Praxis Weiss", "CHF", hosting(35))
                .await
                .expect(201);
        }
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let terms = format!("/v1/partnerships/{id}/rebilling-terms");
        let day = world.clock.now().date();
        let path = format!("/v1/partnerships/{id}/rebilling?from={day}&to={day}");
        let at_cost = world.get("luca", &terms).await.expect(200);
        assert_eq!(
            (at_cost.text_of("/rate"), &at_cost.body["since"]),
            ("0.00".into(), &Value::Null)
        );
        let drawn = world.get("luca", &path).await.expect(200);
        assert_eq!(drawn.body["lines"].as_array().map(Vec::len), Some(1));
        assert_eq!(drawn.text_of("/totals/0/amount"), "208.32");
        let markup = json!({"basis": "partner_price_markup", "rate": "0.10"});
        let bare = TestRequest::put().uri(&terms).set_json(&markup);
        world
            .ask("luca", bare)
            .await
            .refused(428, "if_match_required", None);
        let version = at_cost.header("etag").to_owned();
        let put = |version: &str| {
            TestRequest::put()
                .uri(&terms)
                .insert_header(("if-match", version))
                .set_json(&markup)
        };
        world.ask("luca", put(&version)).await.expect(200);
        world
            .ask("luca", put(&version))
            .await
            .refused(412, "version_mismatch", None);
        let drawn = world.get("luca", &path).await.expect(200);
        assert_eq!(drawn.text_of("/lines/0/resale_amount/amount"), "229.15");
        assert_eq!(drawn.text_of("/lines/0/paid_amount/amount"), "208.32");
        world.advance(TimeDelta::seconds(1));
        let list = json!({"basis": "list_price_discount", "rate": "0.05"});
        world.put("luca", &terms, list.clone()).await.expect(200);
        let drawn = world.get("luca", &path).await.expect(200);
        assert_eq!(drawn.text_of("/totals/0/amount"), "229.15");
        order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            hosting(1),
        )
        .await
        .expect(201);
        let table = world.get_as("luca", &path, "text/csv").await.expect(200);
        let rows = rows(&table.text);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[2][11..14], ["9.92", "5.95", "9.42"]);
        for wrong in ["1.5", "-0.1", "ten"] {
            let wrong = json!({"basis": "list_price_discount", "rate": wrong});
            world
                .put("luca", &terms, wrong)
                .await
                .refused(422, "invalid", Some("BIL-7"));
        }
        for hidden in [&terms, &path] {
            world
                .get("karl", hidden)
                .await
                .refused(404, "not_found", None);
        }
        world
            .put("karl", &terms, list.clone())
            .await
            .refused(404, "not_found", None);
        let limited = partnership(world, "ben", "Velo Kurier").await;
        let limited = format!("/v1/partnerships/{limited}/rebilling-terms");
        world
            .put("claire", &limited, list)
            .await
            .refused(403, "forbidden", Some("ACC-4"));
        let backwards = path.replace(&format!("to={day}"), "to=2020-01-01");
        world
            .get("luca", &backwards)
            .await
            .refused(422, "invalid", Some("BIL-7"));
    });
}

#[test]
fn bil_7_what_is_refunded_or_not_paid_in_the_end_is_given_back_by_the_terms_it_was_charged_by() {
    on_each_engine(async |world| {
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let set = async |rate: &str| {
            let terms = json!({"basis": "partner_price_markup", "rate": rate});
            let path = format!("/v1/partnerships/{id}/rebilling-terms");
            world.put("luca", &path, terms).await.expect(200);
            world.advance(TimeDelta::seconds(1));
        };
        set("0.10").await;
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
        let first = world.clock.now().date();
        world.advance(TimeDelta::days(1));
        set("0.50").await;
        let event = placed.text_of("/billing_events/0/id");
        refund(world, &event, Some("100.00")).await.expect(201);
        world.advance(TimeDelta::days(1));
        let failed = format!(
            "/v1/admin/invoices/{}/failed",
            placed.text_of("/invoice/id")
        );
        world
            .post_keyed("tom", &failed, "failed", json!({}))
            .await
            .expect(200);
        let draw = async |from, to| {
            let path = format!("/v1/partnerships/{id}/rebilling?from={from}&to={to}");
            world.get("luca", &path).await.expect(200).body
        };
        let told = |drawn: &Value| -> Vec<[String; 4]> {
            let lines = drawn["lines"].as_array().into_iter().flatten();
            lines
                .map(|line| {
                    [
                        &line["kind"],
                        &line["list_amount"]["amount"],
                        &line["paid_amount"]["amount"],
                        &line["resale_amount"]["amount"],
                    ]
                    .map(|text| text.as_str().unwrap_or_default().to_owned())
                })
                .collect()
        };
        let last = world.clock.now().date();
        let all = draw(first, last).await;
        let expected = [
            ["order", "347.20", "208.32", "229.15"],
            ["refund", "-166.66", "-100.00", "-110.00"],
            ["failed_payment", "-180.54", "-108.32", "-119.15"],
        ];
        assert_eq!(told(&all), expected);
        assert_eq!(all["totals"][0]["amount"], "0.00");
        let of_last_day = draw(last, last).await;
        assert_eq!(told(&of_last_day), expected[2..]);
        assert_eq!(of_last_day["totals"][0]["amount"], "-119.15");
    });
}

#[test]
fn exp_1_a_text_that_could_be_a_formula_is_only_a_text() {
    on_each_engine(async |world| {
        for label in ["=HYPERLINK(\"x\")", "+41", "-1", "@sum", "\tx", "plain"] {
            let line =
                json!([{"family": "mail", "quantity": 1, "period": "monthly", "label": label}]);
            order(world, "claire", "partner", "Praxis Weiss", "CHF", line)
                .await
                .expect(201);
        }
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let day = world.clock.now().date();
        let path = format!("/v1/partnerships/{id}/rebilling?from={day}&to={day}");
        let table = world.get_as("claire", &path, "text/csv").await.expect(200);
        let names: Vec<String> = rows(&table.text)[1..]
            .iter()
            .map(|row| row[5].clone())
            .collect();
        assert_eq!(
            names,
            [
                "'=HYPERLINK(\"x\")",
                "'+41",
                "'-1",
                "'@sum",
                "'\tx",
                "plain"
            ]
        );
    });
}

#[test]
fn bil_6_bil_9_statements_and_invoices_come_on_paper() {
    on_each_engine(async |world| {
        busy_month(world).await;
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
        let invoice = placed.text_of("/invoice/id");
        let invoice = format!("/v1/organizations/{lumen}/invoices/{invoice}");
        let statement = statement(world, &this_month(world)).await;
        // Claire reads French, whose words are long: none is cut.
        for (path, shown) in [
            (
                invoice,
                ["Praxis Weiss", "16.87", "225.19", "1 / 1", "Produit", "Net"],
            ),
            (
                statement,
                [
                    "Galerie Arno",
                    "52.08",
                    "34.14",
                    "1 / 1",
                    "Paiements depuis le compte",
                    "Survenu le",
                ],
            ),
        ] {
            let paper = world
                .get_as("claire", &path, "application/pdf")
                .await
                .expect(200);
            assert_eq!(paper.header("content-type"), "application/pdf");
            assert!(paper.header("content-disposition").ends_with(".pdf\""));
            assert!(paper.text.starts_with("%PDF-"));
            for text in shown {
                assert!(
                    paper.text.contains(&format!("({text})")),
                    "{text} is not on {path}"
                );
            }
            world
                .get_as("claire", &path, "*/*")
                .await
                .expect(200)
                .text_of("/organization_id");
        }
    });
}
