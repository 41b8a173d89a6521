//! Whose renewals are, what they will cost, and that they happen once (PAY-6, PAY-8, BIL-8, BIL-13, PRC-9, BIL-10).
use crate::money::{card, cashback, hosting, order};
use crate::partnerships::{end_partnership, partnership, set_payment_mode};
use crate::reports::{event, report, with};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use mandat::db::schema::{billing_events, events, mails, payment_methods, products};
use mandat::domain::billing::EventKind;
use mandat::domain::event::EventType;
use mandat::domain::id::ProductId;
use mandat::domain::mail::MailTemplate;
use mandat::resources::billing::verify::verify;
use mandat::resources::renewals::due;
use serde_json::{Value, json};

/// A hosting that Claire ordered for Praxis Weiss: its renewals are the partner's.
async fn of_partner(world: &World) -> (String, String) {
    let placed = order(
        world,
        "claire",
        "partner",
        "Praxis Weiss",
        "CHF",
        hosting(35),
    )
    .await;
    let placed = placed.expect(201);
    (
        world.organization("Praxis Weiss").await,
        placed.text_of("/products/0/id"),
    )
}

pub async fn next(world: &World, who: &str, org: &str, product: &str) -> Answer {
    let path = format!("/v1/organizations/{org}/products/{product}/next-renewal");
    world.get(who, &path).await
}

pub async fn set_owner(
    world: &World,
    who: &str,
    (org, product): (&str, &str),
    body: Value,
) -> Answer {
    let path = format!("/v1/organizations/{org}/products/{product}/renewal-owner");
    world.put(who, &path, body).await
}

async fn renew(world: &World, who: &str, (org, product): (&str, &str), body: Value) -> Answer {
    let path = format!("/v1/organizations/{org}/products/{product}/renewals");
    let key = uuid::Uuid::now_v7().to_string();
    world.post_keyed(who, &path, &key, body).await
}

async fn renewals(world: &World, product: &str) -> i64 {
    let product: ProductId = product.parse().expect("an id");
    let counted = world.db.read(move |tx| {
        Ok(billing_events::table
            .filter(billing_events::product_id.eq(product))
            .filter(billing_events::kind.eq(EventKind::Renewal))
            .count()
            .get_result(tx.conn)?)
    });
    counted.await.expect("events are counted")
}

async fn mails(world: &World, template: MailTemplate) -> i64 {
    let counted = world.db.read(move |tx| {
        let told = mails::table.filter(mails::template.eq(template));
        Ok(told.count().get_result(tx.conn)?)
    });
    counted.await.expect("mails are counted")
}

async fn all_right(world: &World) {
    let proof = world.db.snapshot(verify).await.expect("the books are read");
    assert_eq!(proof.differences, Vec::<String>::new());
}

#[test]
fn pay_6_what_the_partner_owned_falls_back_when_the_mode_changes_and_is_not_automatic() {
    on_each_engine(async |world| {
        let (weiss, product) = of_partner(world).await;
        let before = next(world, "claire", &weiss, &product).await.expect(200);
        assert_eq!(before.text_of("/owner/name"), "Studio Lumen");
        assert_eq!(before.text_of("/payer"), "partner");
        assert_eq!(before.body["automatic"], true);
        let id = partnership(world, "karl", "Praxis Weiss").await;
        set_payment_mode(world, "karl", &id, "customer")
            .await
            .expect(200);
        let after = next(world, "karl", &weiss, &product).await.expect(200);
        assert_eq!(after.text_of("/owner/name"), "Praxis Weiss");
        assert_eq!(after.text_of("/payer"), "customer");
        assert_eq!(after.text_of("/earner/name"), "Studio Lumen");
        assert_eq!(after.body["automatic"], false);
        // Both sides are told which, and when they are due.
        assert_eq!(mails(world, MailTemplate::RenewalsFellBack).await, 2);
        let confirmed =
            json!({"owner": "customer", "payment_method_id": card(world, "karl", &weiss).await});
        let confirmed = set_owner(world, "karl", (&weiss, &product), confirmed)
            .await
            .expect(200);
        assert_eq!(confirmed.body["automatic"], true);
        all_right(world).await;
    });
}

#[test]
fn pay_6_what_the_partner_owned_falls_back_when_full_access_ends() {
    on_each_engine(async |world| {
        let (weiss, product) = of_partner(world).await;
        let id = partnership(world, "karl", "Praxis Weiss").await;
        end_partnership(world, "karl", &id).await.expect(200);
        let after = next(world, "karl", &weiss, &product).await.expect(200);
        assert_eq!(after.text_of("/owner/name"), "Praxis Weiss");
        assert_eq!(after.body["automatic"], false);
        assert_eq!(after.body["earner"], Value::Null);
        next(world, "claire", &weiss, &product)
            .await
            .refused(404, "not_found", None);
        all_right(world).await;
    });
}

#[test]
fn pay_6_a_renewal_that_the_partner_paid_and_is_reported_late_has_fallen_back() {
    on_each_engine(async |world| {
        let placed = order(world, "karl", "customer", "Praxis Weiss", "CHF", hosting(1)).await;
        let placed = placed.expect(201);
        let product = placed.text_of("/products/0/id");
        let weiss = world.organization("Praxis Weiss").await;
        world.clock.advance(TimeDelta::seconds(1));
        let renewed = with(
            event("late", &weiss, 1, world.clock.now()),
            "kind",
            json!("renewal"),
        );
        let renewed = with(renewed, "product_id", json!(product));
        let renewed = with(renewed, "initiator", json!("partner"));
        let starts = placed.text_of("/products/0/renews_on");
        let renewed = with(renewed, "period_start", json!(starts));
        world.clock.advance(TimeDelta::seconds(1));
        let id = partnership(world, "karl", "Praxis Weiss").await;
        set_payment_mode(world, "karl", &id, "customer")
            .await
            .expect(200);
        let paid = report(world, renewed).await.expect(201);
        assert_eq!(paid.text_of("/payer"), "partner");
        let after = next(world, "karl", &weiss, &product).await.expect(200);
        assert_eq!(after.text_of("/owner/name"), "Praxis Weiss");
        assert_eq!(mails(world, MailTemplate::RenewalsFellBack).await, 2);
        all_right(world).await;
    });
}

#[test]
fn pay_6_a_partner_under_mode_partner_takes_renewals_over_and_gives_them_back() {
    on_each_engine(async |world| {
        let placed = order(world, "karl", "customer", "Praxis Weiss", "CHF", hosting(1)).await;
        let (weiss, product) = (
            world.organization("Praxis Weiss").await,
            placed.expect(201).text_of("/products/0/id"),
        );
        let of = (weiss.as_str(), product.as_str());
        let method = card(world, "claire", &weiss).await;
        let take = json!({"owner": "partner", "payment_method_id": method});
        set_owner(world, "karl", of, take.clone())
            .await
            .refused(403, "forbidden", Some("PAY-6"));
        let foreign =
            json!({"owner": "partner", "payment_method_id": card(world, "karl", &weiss).await});
        set_owner(world, "claire", of, foreign)
            .await
            .refused(422, "invalid", Some("PAY-7"));
        let taken = set_owner(world, "claire", of, take).await.expect(200);
        assert_eq!(taken.text_of("/owner/name"), "Studio Lumen");
        assert_eq!(taken.text_of("/charged_amount/amount"), "7.94");
        let seen = next(world, "karl", &weiss, &product).await.expect(200);
        assert_eq!(seen.body["charged_amount"], Value::Null);
        assert_eq!(seen.text_of("/public_amount/amount"), "9.92");
        let back = set_owner(world, "claire", of, json!({"owner": "customer"}))
            .await
            .expect(200);
        assert_eq!(back.text_of("/owner/name"), "Praxis Weiss");
        assert_eq!(back.body["automatic"], false);
        // Under mode customer there is nothing to take over.
        let arno = world.organization("Galerie Arno").await;
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await;
        let other = placed.expect(201).text_of("/products/0/id");
        let take = json!({"owner": "partner", "payment_method_id": method});
        set_owner(world, "claire", (&arno, &other), take)
            .await
            .refused(403, "forbidden", Some("PAY-6"));
        all_right(world).await;
    });
}

#[test]
fn pay_6_a_switch_to_mode_partner_alone_makes_the_partner_pay_for_nothing() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await;
        let product = placed.expect(201).text_of("/products/0/id");
        let id = partnership(world, "sofia", "Galerie Arno").await;
        set_payment_mode(world, "sofia", &id, "partner")
            .await
            .expect(200);
        let next = next(world, "sofia", &arno, &product).await.expect(200);
        assert_eq!(next.text_of("/payer"), "customer");
        assert_eq!(next.text_of("/settlement_rule"), "full_partner_customer");
    });
}

#[test]
fn pay_6_whoever_renews_owns_the_next_renewal() {
    on_each_engine(async |world| {
        let placed = order(world, "karl", "customer", "Praxis Weiss", "CHF", hosting(1)).await;
        let (weiss, product) = (
            world.organization("Praxis Weiss").await,
            placed.expect(201).text_of("/products/0/id"),
        );
        let of = (weiss.as_str(), product.as_str());
        let body = json!({"acting_as": "partner", "payment_method_id": card(world, "claire", &weiss).await});
        let due = next(world, "claire", &weiss, &product)
            .await
            .expect(200)
            .text_of("/due_on");
        let named = json!({"acting_as": "partner", "payment_method_id": body["payment_method_id"], "period_start": due});
        let renewed = renew(world, "claire", of, named.clone()).await.expect(201);
        assert_eq!(renewed.text_of("/billing_events/0/kind"), "renewal");
        assert_eq!(renewed.text_of("/billing_events/0/period_start"), due);
        assert_eq!(renewed.text_of("/order/charged_amount/amount"), "7.94");
        assert_eq!(renewed.text_of("/invoice/net_amount/amount"), "7.94");
        let after = next(world, "karl", &weiss, &product).await.expect(200);
        assert_eq!(after.text_of("/owner/name"), "Studio Lumen");
        renew(world, "claire", of, named)
            .await
            .refused(409, "already_renewed", Some("BIL-3"));
        let early = json!({"acting_as": "partner", "payment_method_id": body["payment_method_id"], "period_start": "2039-01-01"});
        renew(world, "claire", of, early)
            .await
            .refused(422, "invalid", Some("BIL-3"));
        renew(world, "jonas", of, body)
            .await
            .refused(404, "not_found", None);
        all_right(world).await;
    });
}

#[test]
fn pay_8_the_next_renewal_says_what_would_alter_it() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "karl",
            "customer",
            "Praxis Weiss",
            "CHF",
            hosting(35),
        )
        .await;
        let (weiss, product) = (
            world.organization("Praxis Weiss").await,
            placed.expect(201).text_of("/products/0/id"),
        );
        let shown = next(world, "claire", &weiss, &product).await.expect(200);
        assert_eq!(shown.text_of("/charged_amount/amount"), "260.40");
        assert_eq!(shown.text_of("/cashback_amount/amount"), "52.08");
        let altered: Vec<(&str, &str)> = shown.body["altered_by"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| {
                Some((
                    one["settlement_rule"].as_str()?,
                    one["charged_amount"]["amount"].as_str()?,
                ))
            })
            .collect();
        assert_eq!(
            altered,
            [
                ("none_customer", "260.40"),
                ("limited_customer_managed", "260.40"),
                ("limited_customer_unmanaged", "260.40"),
                ("full_customer_customer", "260.40"),
                ("full_customer_partner", "260.40"),
                ("full_partner_partner", "208.32"),
            ]
        );
    });
}

#[test]
fn bil_8_automatic_renewals_happen_once_however_many_nodes_run_them() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(35),
        )
        .await;
        let product = placed.expect(201).text_of("/products/0/id");
        world.advance(TimeDelta::days(20));
        world
            .db
            .write(|tx| due::renew(tx, 3))
            .await
            .expect("nothing is due");
        assert_eq!(renewals(world, &product).await, 0);
        world.advance(TimeDelta::days(10));
        let (one, other) = join(
            world.db.write(|tx| due::renew(tx, 3)),
            world.db.write(|tx| due::renew(tx, 3)),
        )
        .await;
        one.and(other).expect("both nodes renew");
        assert_eq!(renewals(world, &product).await, 1);
        // An automatic renewal counts as its owner's: the customer pays, the partner earns.
        let arno = world.organization("Galerie Arno").await;
        let path = format!("/v1/organizations/{arno}/billing-events?kind=renewal");
        let events = world.get("sofia", &path).await.expect(200);
        let events = events.body["items"].as_array().cloned().unwrap_or_default();
        let event = events
            .iter()
            .find(|one| one["product"]["id"] == product.as_str());
        let event = event.expect("the renewal is listed");
        assert_eq!(event["initiator"], "automatic");
        assert_eq!(event["cashback_amount"]["amount"], "52.08");
        all_right(world).await;
    });
}

#[test]
fn bil_13_a_failed_renewal_is_told_tried_again_and_expires() {
    on_each_engine(async |world| {
        let (weiss, product) = of_partner(world).await;
        let id: ProductId = product.parse().expect("an id");
        let removed = world.db.write(move |tx| {
            let method = products::table
                .find(id)
                .select(products::payment_method_id.assume_not_null());
            Ok(diesel::update(payment_methods::table)
                .filter(payment_methods::id.eq_any(method))
                .set(payment_methods::removed_at.eq(tx.now))
                .execute(tx.conn)?)
        });
        assert_eq!(removed.await.expect("the method goes"), 1);
        world.advance(TimeDelta::days(29));
        for told in [2, 2] {
            world
                .db
                .write(|tx| due::renew(tx, 3))
                .await
                .expect("it is tried");
            let next = next(world, "karl", &weiss, &product).await.expect(200);
            assert_ne!(next.body["due_on"], Value::Null, "still active");
            assert_eq!(mails(world, MailTemplate::RenewalFailed).await, told);
        }
        world.advance(TimeDelta::days(3));
        world
            .db
            .write(|tx| due::renew(tx, 3))
            .await
            .expect("it is tried again");
        let next = next(world, "karl", &weiss, &product).await.expect(200);
        assert_eq!(next.body["due_on"], Value::Null);
        let shown = world
            .get(
                "karl",
                &format!("/v1/organizations/{weiss}/products/{product}"),
            )
            .await
            .expect(200);
        assert_eq!(shown.text_of("/state"), "expired");
        let again = json!({"acting_as": "customer", "payment_method_id": card(world, "karl", &weiss).await});
        renew(world, "karl", (&weiss, &product), again)
            .await
            .refused(422, "invalid", Some("BIL-13"));
        assert_eq!(renewals(world, &product).await, 0);
        all_right(world).await;
    });
}

/// The volume rate at which Galerie Arno would order one hosting more.
async fn volume_rate(world: &World) -> String {
    let arno = world.organization("Galerie Arno").await;
    let ask = json!({"organization_id": arno, "acting_as": "customer", "currency": "CHF", "lines": hosting(1)});
    let quoted = world.post("sofia", "/v1/quotes", ask).await.expect(201);
    quoted.text_of("/lines/0/volume_rate")
}

/// How often the product has expired, by its events.
async fn expiries(world: &World, product: &str) -> i64 {
    let product = product.to_owned();
    let counted = world.db.read(move |tx| {
        Ok(events::table
            .filter(events::kind.eq(EventType::ProductExpired))
            .filter(events::subject.eq(product))
            .count()
            .get_result(tx.conn)?)
    });
    counted.await.expect("events are counted")
}

#[test]
fn bil_13_a_product_expires_by_the_clock_alone_and_its_units_count_no_more() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(35),
        )
        .await;
        let product = placed.expect(201).text_of("/products/0/id");
        let path = format!("/v1/organizations/{arno}/products/{product}");
        let off = json!({"automatic": false});
        let kept = world.patch("sofia", &path, off).await.expect(200);
        let ends: NaiveDate = kept.text_of("/renews_on").parse().expect("a date");
        let end = ends.and_time(NaiveTime::MIN);
        assert_eq!(volume_rate(world).await, "0.25");

        // Until the last second of its period, and not one longer: no job runs.
        world.advance(end - world.clock.now() - TimeDelta::minutes(2));
        let before = world.get("sofia", &path).await.expect(200);
        assert_eq!(before.text_of("/state"), "active");
        assert_eq!(volume_rate(world).await, "0.25");
        world.advance(TimeDelta::minutes(3));
        let reads = (0..8).map(|_| world.get("sofia", &path));
        world.token("sofia").await;
        for after in join_all(reads).await {
            assert_eq!(after.expect(200).text_of("/state"), "expired");
        }
        assert_eq!(volume_rate(world).await, "0.00");
        assert_eq!(expiries(world, &product).await, 1);
        let after = next(world, "sofia", &arno, &product).await.expect(200);
        assert_eq!(after.body["due_on"], Value::Null);
        let again = json!({"acting_as": "customer", "payment_method_id": card(world, "sofia", &arno).await});
        renew(world, "sofia", (&arno, &product), again)
            .await
            .refused(422, "invalid", Some("BIL-13"));
        // What occurred before its end and arrives late is priced with its units (PRC-4).
        let (earlier, later) = (TimeDelta::minutes(-1), TimeDelta::microseconds(1));
        for (id, shift, rate) in [("early", earlier, "0.25"), ("late", later, "0.00")] {
            let told = report(world, event(id, &arno, 1, end + shift)).await;
            assert_eq!(told.expect(201).text_of("/volume_rate"), rate);
        }
        all_right(world).await;
    });
}

#[test]
fn prc_9_a_simulation_compares_each_kind_of_partnership_and_writes_nothing() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let body = |side: &str| json!({"organization_id": kurier, "acting_as": side, "currency": "CHF", "lines": hosting(35)});
        let ask = |side: &str| {
            TestRequest::post()
                .uri("/v1/simulations")
                .set_json(body(side))
        };
        // Also under limited access, where the partner may not order.
        let answer = world.ask("claire", ask("partner")).await.expect(200);
        let rows: Vec<(&Value, &Value, &Value)> = answer.body["scenarios"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                (
                    &one["refused_by"],
                    &one["charged_amount"]["amount"],
                    &one["cashback_amount"]["amount"],
                )
            })
            .collect();
        let null = Value::Null;
        assert_eq!(
            rows,
            [
                (&json!("ACC-4"), &null, &null),
                (&null, &json!("260.40"), &json!("52.08")),
                (&null, &json!("208.32"), &json!("0.00")),
            ]
        );
        let answer = world.ask("ben", ask("customer")).await.expect(200);
        let present: Vec<&Value> = answer.body["scenarios"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["present"] == true)
            .map(|one| &one["settlement_rule"])
            .collect();
        assert_eq!(present, ["limited_customer_unmanaged"]);
        let hidden = world.ask("ben", ask("partner")).await.expect(200);
        assert_eq!(hidden.body["scenarios"][2]["charged_amount"], Value::Null);
        world
            .ask("jonas", ask("customer"))
            .await
            .refused(404, "not_found", None);
        assert_eq!(cashback(world).await, "0.00");
    });
}

#[test]
fn bil_10_an_event_explains_itself() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            hosting(35),
        )
        .await;
        let id = placed.expect(201).text_of("/billing_events/0/id");
        let path = format!("/v1/billing-events/{id}/explanation");
        let told = world.get("claire", &path).await.expect(200);
        let steps: Vec<(&str, &str)> = told.body["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|step| Some((step["step"].as_str()?, step["amount"]["amount"].as_str()?)))
            .collect();
        assert_eq!(
            steps,
            [
                ("list_price", "347.20"),
                ("public_price", "260.40"),
                ("partner_discount", "277.76"),
                ("partner_price", "208.32"),
                ("discount", "52.08"),
                ("charged", "208.32"),
            ]
        );
        assert_eq!(
            told.text_of("/settlement/settlement_rule"),
            "full_partner_partner"
        );
        assert_eq!(told.text_of("/not_earning/0/reason"), "paid_itself");
        assert!(
            !told.text.contains("step-"),
            "every step has its sentence: {}",
            told.text
        );
        let of_customer = world.get("karl", &path).await.expect(200);
        assert_eq!(of_customer.body["steps"].as_array().map(Vec::len), Some(2));
        assert!(!of_customer.text.contains("208.32"));
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        let limited = order(world, "ben", "customer", "Velo Kurier", "CHF", hosting(1)).await;
        let id = limited.expect(201).text_of("/billing_events/0/id");
        let path = format!("/v1/billing-events/{id}/explanation");
        let told = world.get("ben", &path).await.expect(200);
        assert_eq!(told.text_of("/not_earning/0/partner/name"), "Studio Lumen");
        assert_eq!(told.text_of("/not_earning/0/reason"), "not_managed");
    });
}

#[test]
fn prc_6_a_quote_is_stale_once_the_partner_has_lost_its_right() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let body = json!({"organization_id": arno, "acting_as": "partner", "currency": "CHF", "lines": hosting(1)});
        let quote = world
            .post("claire", "/v1/quotes", body)
            .await
            .expect(201)
            .id();
        let method = card(world, "claire", &arno).await;
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let redeem = json!({"quote_id": quote, "payment_method_id": method});
        let path = format!("/v1/organizations/{arno}/orders");
        let limited = json!({"level": "limited", "product_ids": []});
        world
            .put("sofia", &format!("/v1/partnerships/{id}/access"), limited)
            .await
            .expect(200);
        world
            .post_keyed("claire", &path, "k1", redeem.clone())
            .await
            .refused(409, "quote_stale", Some("PRC-6"));
        end_partnership(world, "sofia", &id).await.expect(200);
        world
            .post_keyed("claire", &path, "k2", redeem.clone())
            .await
            .refused(409, "quote_stale", Some("PRC-6"));
        world
            .post_keyed("jonas", &path, "k3", redeem)
            .await
            .refused(404, "not_found", None);
    });
}
