//! What the commerce system reports, one or many at a time, and what is refunded (BIL-3, BIL-4).
use crate::money::{cashback, hosting, order};
use crate::partnerships::{partnership, set_payment_mode};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::{NaiveDateTime, SecondsFormat, TimeDelta};
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use mandat::db::schema::billing_events;
use mandat::resources::billing::verify::verify;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn text(at: NaiveDateTime) -> String {
    at.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub fn event(external_id: &str, org: &str, quantity: i64, at: NaiveDateTime) -> Value {
    json!({
        "external_id": external_id, "kind": "order", "organization_id": org, "family": "web_hosting",
        "quantity": quantity, "period": "monthly", "currency": "CHF", "initiator": "customer", "occurred_at": text(at),
    })
}

pub fn with(mut event: Value, field: &str, value: Value) -> Value {
    event[field] = value;
    event
}

pub async fn report(world: &World, event: Value) -> Answer {
    let key = uuid::Uuid::now_v7().to_string();
    world
        .post_keyed("tom", "/v1/billing-events", &key, event)
        .await
}

pub async fn refund(world: &World, id: &str, amount: Option<&str>) -> Answer {
    let key = uuid::Uuid::now_v7().to_string();
    let body = match amount {
        Some(amount) => json!({"amount": {"amount": amount, "currency": "CHF"}}),
        None => json!({}),
    };
    let path = format!("/v1/billing-events/{id}/refunds");
    world.post_keyed("tom", &path, &key, body).await
}

#[track_caller]
fn all_right(differences: Vec<String>) {
    assert_eq!(differences, Vec::<String>::new());
}

async fn books(world: &World) -> Vec<String> {
    let proof = world.db.snapshot(verify).await;
    proof.expect("the books are read").differences
}

#[test]
fn bil_3_reporting_the_same_again_changes_nothing_and_other_content_is_refused() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let now = world.clock.now();
        let first = report(world, event("shop-1", &arno, 35, now))
            .await
            .expect(201);
        assert_eq!(first.text_of("/charged_amount/amount"), "260.40");
        assert_eq!(first.text_of("/cashback_amount/amount"), "52.08");
        assert_eq!(first.text_of("/external_id"), "shop-1");
        let again = report(world, event("shop-1", &arno, 35, now))
            .await
            .expect(201);
        assert_eq!(again.body, first.body);
        report(world, event("shop-1", &arno, 36, now))
            .await
            .refused(409, "external_id_reused", Some("BIL-3"));
        let twins = join(
            report(world, event("shop-2", &arno, 1, now)),
            report(world, event("shop-2", &arno, 1, now)),
        );
        let (one, other) = twins.await;
        assert_eq!(one.expect(201).body, other.expect(201).body);
        assert_eq!(cashback(world).await, "53.57");
        all_right(books(world).await);
    });
}

#[test]
fn bil_3_a_product_is_renewed_once_for_each_period_start() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let now = world.clock.now();
        let product = report(world, event("o", &arno, 2, now))
            .await
            .expect(201)
            .text_of("/product/id");
        let renewal = |id: &str, start: &str| {
            let renewal = with(event(id, &arno, 2, now), "kind", json!("renewal"));
            let renewal = with(renewal, "product_id", json!(product));
            with(renewal, "period_start", json!(start))
        };
        report(world, renewal("r1", "2031-05-01")).await.expect(201);
        report(world, renewal("r2", "2031-05-01")).await.refused(
            409,
            "already_renewed",
            Some("BIL-3"),
        );
        report(world, renewal("r3", "2031-06-01")).await.expect(201);
        let wrong = report(
            world,
            with(renewal("r4", "2031-07-01"), "quantity", json!(3)),
        )
        .await;
        let wrong = wrong.refused(422, "invalid", Some("BIL-3"));
        assert_eq!(wrong.text_of("/errors/0/pointer"), "/quantity");
        all_right(books(world).await);
    });
}

#[test]
fn bil_3_what_acc_4_forbids_lies_in_the_future_or_names_nobody_is_422() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let now = world.clock.now();
        let by_partner = with(event("p", &kurier, 1, now), "initiator", json!("partner"));
        let refused = report(world, by_partner)
            .await
            .refused(422, "invalid", Some("ACC-4"));
        assert_eq!(refused.text_of("/errors/0/code"), "not_entitled");
        let tomorrow = now + TimeDelta::days(1);
        let refused = report(world, event("f", &kurier, 1, tomorrow)).await;
        let refused = refused.refused(422, "invalid", Some("BIL-3"));
        assert_eq!(refused.text_of("/errors/0/pointer"), "/occurred_at");
        let nobody = "org_01jd8xk3v9e6mbyg4q5r7s8t9v";
        let refused = report(world, event("n", nobody, 1, now)).await;
        let refused = refused.refused(422, "invalid", Some("BIL-3"));
        assert_eq!(refused.text_of("/errors/0/pointer"), "/organization_id");
        let priceless = with(event("m", &kurier, 1, now), "family", json!("moon_base"));
        let refused = report(world, priceless)
            .await
            .refused(422, "invalid", Some("PRC-2"));
        assert_eq!(refused.text_of("/errors/0/pointer"), "/family");
    });
}

#[test]
fn bil_3_an_order_made_here_is_not_reported_again() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            hosting(1),
        )
        .await;
        let id = placed.expect(201).text_of("/order/id");
        let arno = world.organization("Galerie Arno").await;
        let again = with(
            event("h", &arno, 1, world.clock.now()),
            "order_id",
            json!(id),
        );
        let refused = report(world, again)
            .await
            .refused(409, "already_booked", Some("BIL-3"));
        assert_eq!(refused.body["conflicts"], json!([id]));
    });
}

#[test]
fn bil_3_only_billing_staff_reports_and_refunds() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let reported = event("x", &arno, 1, world.clock.now());
        for who in ["sofia", "claire", "iris"] {
            world
                .post_keyed(who, "/v1/billing-events", "k", reported.clone())
                .await
                .refused(403, "forbidden", Some("ACC-1"));
            let batch = TestRequest::post().uri("/v1/billing-events/batch");
            world
                .ask(who, batch.set_json(json!([reported])))
                .await
                .refused(403, "forbidden", Some("ACC-1"));
            let path = "/v1/billing-events/bev_01jd8xk3v9e6mbyg4q5r7s8t9v/refunds";
            world.post_keyed(who, path, "r", json!({})).await.refused(
                403,
                "forbidden",
                Some("ACC-1"),
            );
        }
        world
            .post("tom", "/v1/billing-events", reported)
            .await
            .refused(400, "idempotency_key_required", None);
        refund(world, "bev_01jd8xk3v9e6mbyg4q5r7s8t9v", None)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn bil_3_in_a_batch_each_line_succeeds_or_fails_by_itself() {
    on_each_engine(async |world| {
        let (arno, now) = (world.organization("Galerie Arno").await, world.clock.now());
        let lines = [
            event("b1", &arno, 1, now).to_string(),
            "{\"external_id\": 7}".into(),
            String::new(),
            with(event("b2", &arno, 1, now), "colour", json!("red")).to_string(),
            format!("\"{}\"", "x".repeat(70_000)),
            event("b1", &arno, 1, now).to_string(),
            event("b3", &arno, 1, now + TimeDelta::days(9)).to_string(),
            event("b4", &arno, 1, now).to_string(),
        ];
        let batch = TestRequest::post()
            .uri("/v1/billing-events/batch")
            .insert_header(("content-type", "application/x-ndjson"))
            .set_payload(lines.join("\n"));
        let answer = world.ask("tom", batch).await.expect(200);
        let told: Vec<(&Value, &Value, &Value)> = answer.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| {
                (
                    &item["external_id"],
                    &item["outcome"],
                    &item["problem"]["code"],
                )
            })
            .collect();
        let null = Value::Null;
        assert_eq!(
            told,
            [
                (&json!("b1"), &json!("booked"), &null),
                (&null, &json!("refused"), &json!("malformed_body")),
                (&null, &json!("refused"), &json!("unknown_field")),
                (&null, &json!("refused"), &json!("payload_too_large")),
                (&json!("b1"), &json!("known"), &null),
                (&json!("b3"), &json!("refused"), &json!("invalid")),
                (&json!("b4"), &json!("booked"), &null),
            ]
        );
        let array = TestRequest::post()
            .uri("/v1/billing-events/batch?only=refused")
            .set_json(json!([
                event("b4", &arno, 1, now),
                event("b5", &arno, 1, now),
                7
            ]));
        let answer = world.ask("tom", array).await.expect(200);
        let counts = ["booked", "known", "refused"].map(|count| answer.body[count].as_i64());
        assert_eq!(counts, [Some(1), Some(1), Some(1)]);
        assert_eq!(answer.body["items"][0]["line"], 3);
        let text = TestRequest::post()
            .uri("/v1/billing-events/batch")
            .insert_header(("content-type", "text/plain"))
            .set_payload("hello");
        world
            .ask("tom", text)
            .await
            .refused(415, "unsupported_media_type", None);
        all_right(books(world).await);
    });
}

fn centimes(amount: i64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

/// A shuffle that is the same on each run.
fn shuffled(mut events: Vec<Value>, seed: usize) -> Vec<Value> {
    let mut state = seed;
    for at in (1..events.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        events.swap(at, (state >> 33) % (at + 1));
    }
    events
}

#[test]
fn bil_3_a_thousand_events_three_times_shuffled_from_eight_connections_are_booked_once() {
    on_each_engine(async |world| {
        // All of them happen since the partnerships began.
        world.advance(TimeDelta::minutes(1));
        let now = world.clock.now();
        let mut customers = Vec::new();
        for name in [
            "Galerie Arno",
            "Praxis Weiss",
            "Velo Kurier",
            "Bäckerei Sommer",
        ] {
            customers.push(world.organization(name).await);
        }
        // Without tiers, so that no price depends on the order: list price and cashback of a unit.
        let families = [
            ("mail", 210, 42),
            ("backup", 790, 158),
            ("cloud_server", 2900, 580),
        ];
        let (mut events, mut expected, mut earned) = (Vec::new(), BTreeMap::new(), 0);
        for index in 0..1000usize {
            let (name, quantity) = (format!("e{index}"), index as i64 % 5 + 1);
            let (family, list, cashback) = families[index % 3];
            let at = now - TimeDelta::seconds(index as i64 % 50);
            let sold = event(&name, &customers[index % 4], quantity, at);
            events.push(with(sold, "family", json!(family)));
            // The first two are under full access.
            let cashback = if index % 4 < 2 {
                cashback * quantity
            } else {
                0
            };
            earned += cashback;
            expected.insert(name, [list * quantity, cashback].map(centimes));
        }
        let all: Vec<Value> = (1..=3)
            .flat_map(|seed| shuffled(events.clone(), seed))
            .collect();
        let send = async |part: Vec<Value>| {
            for chunk in part.chunks(25) {
                // Whoever is told to come again does.
                loop {
                    let batch = TestRequest::post()
                        .uri("/v1/billing-events/batch")
                        .set_json(chunk);
                    let answer = world.ask("tom", batch).await;
                    if answer.status == 503 {
                        continue;
                    }
                    let answer = answer.expect(200);
                    assert_eq!(answer.body["refused"], 0, "{}", answer.text);
                    break;
                }
            }
        };
        world.token("tom").await;
        let part = all.len() / 8;
        join_all(all.chunks(part).map(|part| send(part.to_vec()))).await;
        // Each event is there once, as it would be had it been reported once.
        let mut booked = BTreeMap::new();
        for of in customers {
            let list = format!("/v1/organizations/{of}/billing-events?limit=200");
            let mut cursor = String::new();
            loop {
                let page = world
                    .get("tom", &format!("{list}{cursor}"))
                    .await
                    .expect(200);
                for one in page.body["items"].as_array().into_iter().flatten() {
                    let text =
                        |at: &str| one.pointer(at).and_then(Value::as_str).map(str::to_owned);
                    let amounts = ["/charged_amount/amount", "/cashback_amount/amount"].map(text);
                    let name = text("/external_id").expect("it was reported");
                    let before = booked.insert(name, amounts.map(Option::unwrap_or_default));
                    assert_eq!(before, None, "booked twice");
                }
                match page.body["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        assert_eq!(booked, expected);
        assert_eq!(cashback(world).await, centimes(earned));
        all_right(books(world).await);
    });
}

#[test]
fn psh_8_a_late_event_settles_by_the_terms_of_its_instant() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let mut instants = vec![world.clock.now()];
        world.advance(TimeDelta::hours(1));
        set_payment_mode(world, "sofia", &id, "partner")
            .await
            .expect(200);
        instants.push(world.clock.now());
        world.advance(TimeDelta::hours(1));
        let limited = json!({"level": "limited", "product_ids": []});
        world
            .put("sofia", &format!("/v1/partnerships/{id}/access"), limited)
            .await
            .expect(200);
        world.advance(TimeDelta::hours(1));
        instants.push(world.clock.now());
        let settled = [
            ("full_customer_partner", "customer", "9.92", "1.98"),
            ("full_partner_partner", "partner", "7.94", "0.00"),
        ];
        for (at, (rule, payer, charged, cashback)) in instants.iter().zip(settled) {
            let late = event(rule, &arno, 1, *at);
            let answer = report(world, with(late, "initiator", json!("partner")))
                .await
                .expect(201);
            assert_eq!(answer.text_of("/settlement_rule"), rule);
            assert_eq!(answer.text_of("/payer"), payer);
            assert_eq!(answer.text_of("/charged_amount/amount"), charged);
            assert_eq!(answer.text_of("/cashback_amount/amount"), cashback);
        }
        let late = event("limited", &arno, 1, instants[2]);
        report(world, with(late.clone(), "initiator", json!("partner")))
            .await
            .refused(422, "invalid", Some("ACC-4"));
        let answer = report(world, late).await.expect(201);
        assert_eq!(
            answer.text_of("/settlement_rule"),
            "limited_customer_unmanaged"
        );
        all_right(books(world).await);
    });
}

#[test]
fn prc_4_the_units_are_those_of_the_instant_of_occurrence() {
    on_each_engine(async |world| {
        let sommer = world.organization("Bäckerei Sommer").await;
        let before = world.clock.now();
        world.advance(TimeDelta::hours(1));
        let later = world.clock.now();
        report(world, event("later", &sommer, 34, later))
            .await
            .expect(201);
        // One unit was there before, so that 34 more reach the tier; the late event met but one.
        let late = report(world, event("late", &sommer, 1, before))
            .await
            .expect(201);
        assert_eq!(late.text_of("/volume_rate"), "0.00");
        let now = report(world, event("now", &sommer, 1, world.clock.now()))
            .await
            .expect(201);
        assert_eq!(now.text_of("/volume_rate"), "0.25");
        all_right(books(world).await);
    });
}

#[test]
fn prc_4_what_is_over_counts_no_longer_whether_reported_in_one_batch_or_two() {
    on_each_engine(async |world| {
        let (arno, now) = (world.organization("Galerie Arno").await, world.clock.now());
        let ended = |external_id| event(external_id, &arno, 30, now - TimeDelta::days(75));
        let later = |external_id| event(external_id, &arno, 5, now - TimeDelta::days(2));
        for batch in [
            json!([ended("a"), later("b")]),
            json!([ended("c")]),
            json!([later("d")]),
        ] {
            let reported = world.post("tom", "/v1/billing-events/batch", batch).await;
            assert_eq!(reported.expect(200).body["refused"], 0);
        }
        let counted = world.db.read(|tx| {
            let events = billing_events::table.filter(billing_events::external_id.is_not_null());
            let of = (
                billing_events::external_id.assume_not_null(),
                billing_events::units,
            );
            Ok(events.select(of).load::<(String, i64)>(tx.conn)?)
        });
        let counted: BTreeMap<_, _> = counted.await.expect("events").into_iter().collect();
        assert_eq!((counted["a"], counted["b"]), (30, 5));
        assert_eq!((counted["c"], counted["d"]), (60, 10));
        all_right(books(world).await);
    });
}

#[test]
fn bil_4_refunds_take_back_cashback_in_proportion_and_never_more_than_was_charged() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let first = report(world, event("o", &arno, 35, world.clock.now()))
            .await
            .expect(201);
        let id = first.id();
        let part = refund(world, &id, Some("100.00")).await.expect(201);
        assert_eq!(part.text_of("/kind"), "refund");
        assert_eq!(part.text_of("/refunds_id"), id);
        assert_eq!(part.text_of("/charged_amount/amount"), "-100.00");
        // round(52.08 × 100 / 260.40)
        assert_eq!(part.text_of("/cashback_amount/amount"), "-20.00");
        assert_eq!(cashback(world).await, "32.08");
        let refused =
            refund(world, &id, Some("160.41"))
                .await
                .refused(422, "invalid", Some("BIL-4"));
        assert_eq!(refused.text_of("/errors/0/code"), "more_than_charged");
        refund(world, &id, Some("0.00"))
            .await
            .refused(422, "invalid", Some("BIL-4"));
        refund(world, &part.id(), None)
            .await
            .refused(422, "invalid", Some("BIL-4"));
        let rest = refund(world, &id, None).await.expect(201);
        assert_eq!(rest.text_of("/charged_amount/amount"), "-160.40");
        assert_eq!(cashback(world).await, "0.00");
        refund(world, &id, None)
            .await
            .refused(422, "invalid", Some("BIL-4"));
        let shown = world
            .get("sofia", &format!("/v1/billing-events/{id}"))
            .await
            .expect(200);
        assert_eq!(shown.text_of("/charged_amount/amount"), "260.40");
        all_right(books(world).await);
    });
}

#[test]
fn bil_4_a_refund_of_what_the_partner_paid_gives_back_the_partner_price() {
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
        let back = refund(world, &id, None).await.expect(201);
        assert_eq!(back.text_of("/charged_amount/amount"), "-208.32");
        assert_eq!(back.text_of("/public_amount/amount"), "-260.40");
        assert_eq!(back.text_of("/discount_amount/amount"), "-52.08");
        let seen = world
            .get("karl", &format!("/v1/billing-events/{}", back.id()))
            .await
            .expect(200);
        assert_eq!(seen.body["charged_amount"], Value::Null);
        assert_eq!(seen.text_of("/public_amount/amount"), "-260.40");
        all_right(books(world).await);
    });
}

#[test]
fn bil_11_an_event_is_shown_to_both_its_sides_and_nobody_else() {
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
        let placed = placed.expect(201);
        let path = format!(
            "/v1/billing-events/{}",
            placed.text_of("/billing_events/0/id")
        );
        let of_partner = world.get("claire", &path).await.expect(200);
        assert_eq!(of_partner.text_of("/partner_amount/amount"), "208.32");
        assert_eq!(of_partner.text_of("/customer/name"), "Praxis Weiss");
        let of_customer = world.get("karl", &path).await.expect(200);
        for hidden in [
            "partner_amount",
            "charged_amount",
            "discount_amount",
            "partner_rate",
        ] {
            assert_eq!(of_customer.body[hidden], Value::Null, "{hidden}");
        }
        assert_eq!(of_customer.text_of("/public_amount/amount"), "260.40");
        assert_eq!(of_customer.text_of("/payer"), "partner");
        for stranger in ["jonas", "sofia", "maya"] {
            world
                .get(stranger, &path)
                .await
                .refused(404, "not_found", None);
        }
        let weiss = world.organization("Praxis Weiss").await;
        let day = world.clock.now().date() + TimeDelta::days(1);
        for (range, count) in [(format!("from={day}"), 0), (format!("to={day}"), 1)] {
            let path = format!("/v1/organizations/{weiss}/billing-events?include=total&{range}");
            let listed = world.get("karl", &path).await.expect(200);
            assert_eq!(listed.body["total"], count);
        }
    });
}
