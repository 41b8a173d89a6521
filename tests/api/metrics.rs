//! What is told to whoever watches over the service.
use crate::jobs::settle;
use crate::money::{hosting, order};
use crate::world::{World, on_each_engine, on_each_engine_with};
use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::test::{self, TestRequest};
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::schema::{ledger_entries, ledger_transactions};
use mandat::domain::id::EntryId;
use mandat::jobs::{self, books};
use serde_json::json;
use std::time::Duration;

/// All figures, as a line each.
async fn scrape(world: &World) -> String {
    let app = test::init_service(App::new().configure(|app| world.service.watched(app))).await;
    let request = TestRequest::get().uri("/metrics").to_request();
    let answer = test::call_service(&app, request).await;
    assert_eq!(answer.status(), 200);
    let kind = answer.headers().get("content-type").expect("a type");
    assert_eq!(
        kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let bytes = to_bytes(answer.into_body()).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("a text");
    assert!(text.ends_with("# EOF\n"), "{text}");
    text
}

/// The figure behind a name with its labels.
#[track_caller]
fn figure(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|rest| rest.strip_prefix(' '));
    figure
        .unwrap_or_else(|| panic!("no {name} in {text}"))
        .to_owned()
}

#[test]
fn a_request_is_counted_under_its_template_and_an_unknown_path_under_one_name() {
    on_each_engine(async |world| {
        let lumen = world.organization("Studio Lumen").await;
        let arno = world.organization("Galerie Arno").await;
        for id in [&lumen, &arno] {
            let path = format!("/v1/organizations/{id}/invoices");
            world.get("claire", &path).await;
        }
        let nowhere = world.get("claire", "/v1/nowhere/at/all").await;
        nowhere.refused(404, "unknown_path", None);
        for path in ["/nowhere", "/metrics", "/v2/organizations"] {
            let nowhere = world.get("claire", path).await;
            nowhere.refused(404, "unknown_path", None);
        }
        let invented = TestRequest::default()
            .method(Method::from_bytes(b"BREW").expect("a method"))
            .uri("/v1/me");
        world.send(invented).await.expect(405);

        let text = scrape(world).await;
        let route = r#"route="/v1/organizations/{org_id}/invoices""#;
        let own = format!(r#"mandat_http_requests_total{{method="GET",{route},status="200"}}"#);
        assert_eq!(figure(&text, &own), "1");
        let took = format!(r#"mandat_http_request_duration_seconds_count{{method="GET",{route}}}"#);
        assert_eq!(figure(&text, &took), "2");
        let unknown = r#"mandat_http_requests_total{method="GET",route="unknown",status="404"}"#;
        assert_eq!(figure(&text, unknown), "4");
        let invented = r#"mandat_http_requests_total{method="other",route="/v1/me",status="405"}"#;
        assert_eq!(figure(&text, invented), "1");
        for told in [lumen.as_str(), arno.as_str(), "nowhere", "BREW", "claire"] {
            assert!(!text.contains(told), "{told} is told: {text}");
        }
    });
}

#[test]
fn the_metrics_are_not_on_the_public_port_and_the_api_not_on_theirs() {
    on_each_engine(async |world| {
        let asked = world.send(TestRequest::get().uri("/metrics")).await;
        asked.refused(404, "unknown_path", None);
        let app = test::init_service(App::new().configure(|app| world.service.watched(app))).await;
        for path in ["/v1/me", "/livez", "/docs/", "/"] {
            let request = TestRequest::get().uri(path).to_request();
            assert_eq!(test::call_service(&app, request).await.status(), 404);
        }
    });
}

#[test]
fn a_look_at_the_metrics_costs_four_statements_however_much_there_is() {
    on_each_engine(async |world| {
        let (_, few) = world.statements(scrape(world)).await;
        assert_eq!(few.len(), 4, "{few:?}");
        for _ in 0..5 {
            let arno = "Galerie Arno";
            let ordered = order(world, "sofia", "customer", arno, "CHF", hosting(1)).await;
            ordered.expect(201);
        }
        let (text, many) = world.statements(scrape(world)).await;
        assert_eq!(many.len(), 4, "{many:?}");
        assert_eq!(figure(&text, "mandat_database_up"), "1");
        let families = text.lines().filter(|line| line.starts_with("# TYPE "));
        assert_eq!(families.count(), 15, "{text}");
    });
}

#[test]
fn what_is_due_and_not_done_is_told_with_the_age_of_the_oldest() {
    on_each_engine(async |world| {
        settle(world).await;
        let backlog = |name: &str, queue: &str| format!(r#"{name}{{queue="{queue}"}}"#);
        let count = |queue: &str| backlog("mandat_backlog", queue);
        let age = |queue: &str| backlog("mandat_backlog_oldest_seconds", queue);
        let before = scrape(world).await;
        for queue in ["mails", "webhook_deliveries", "events", "audit_log"] {
            assert_eq!(figure(&before, &count(queue)), "0");
            assert_eq!(figure(&before, &age(queue)), "0");
        }
        let arno = world.organization("Galerie Arno").await;
        let endpoint = json!({"url": "https://hooks.galerie-arno.example/mandat"});
        let path = format!("/v1/organizations/{arno}/webhook-endpoints");
        world.post("sofia", &path, endpoint).await.expect(201);
        let forgotten = TestRequest::post()
            .uri("/v1/auth/password-reset")
            .set_json(json!({"email": "claire@studio-lumen.example"}));
        world.send(forgotten).await.expect(204);
        settle(world).await;
        let path = format!("/v1/organizations/{arno}/webhook-endpoints?limit=1");
        let endpoint = world.get("sofia", &path).await.text_of("/items/0/id");
        world.advance(TimeDelta::seconds(90));
        let changed = format!("/v1/organizations/{arno}/webhook-endpoints/{endpoint}");
        let description = json!({"description": "for the shop"});
        world
            .patch("sofia", &changed, description)
            .await
            .expect(200);
        let after = scrape(world).await;
        assert_eq!(figure(&after, &count("mails")), "1");
        assert!(
            figure(&after, &age("mails"))
                .parse::<i64>()
                .expect("seconds")
                >= 90
        );
        assert_eq!(figure(&after, &count("webhook_deliveries")), "1");
        assert!(
            figure(&after, &count("events"))
                .parse::<i64>()
                .expect("a count")
                >= 1
        );
        assert!(
            figure(&after, &age("events"))
                .parse::<i64>()
                .expect("seconds")
                < 60
        );
        let disabled = json!({"enabled": false});
        world.patch("sofia", &changed, disabled).await.expect(200);
        let disabled = scrape(world).await;
        assert_eq!(figure(&disabled, &count("webhook_deliveries")), "0");
    });
}

#[test]
fn bil_5_a_ledger_that_does_not_balance_is_seen_from_outside() {
    let metrics = [("MANDAT_METRICS_LISTEN", "127.0.0.1:9464".to_owned())];
    on_each_engine_with(&metrics, async |world| {
        let arno = "Galerie Arno";
        let ordered = order(world, "sofia", "customer", arno, "CHF", hosting(35)).await;
        ordered.expect(201);
        const OFF: &str = "mandat_ledger_unbalanced_transactions";
        const CHECKED: &str = "mandat_ledger_checked_timestamp_seconds";
        assert_eq!(figure(&scrape(world).await, CHECKED), "0");
        let check = async || {
            let checked = books::step(world.service.clone()).await;
            checked.expect("the ledger is looked through");
            scrape(world).await
        };
        let text = check().await;
        assert_eq!(figure(&text, OFF), "0");
        assert_ne!(figure(&text, CHECKED), "0");
        let forged = world.db.write(|tx| {
            let id: EntryId = tx.new_id()?;
            diesel::insert_into(ledger_transactions::table)
                .values((
                    ledger_transactions::id.eq(id),
                    ledger_transactions::kind.eq("order"),
                    ledger_transactions::reason_id.eq(id),
                    ledger_transactions::recorded_at.eq(tx.now),
                ))
                .execute(tx.conn)?;
            for (currency, amount) in [("CHF", 1i64), ("EUR", -1)] {
                let entry: EntryId = tx.new_id()?;
                diesel::insert_into(ledger_entries::table)
                    .values((
                        ledger_entries::id.eq(entry),
                        ledger_entries::transaction_id.eq(id),
                        ledger_entries::account.eq("bank"),
                        ledger_entries::currency.eq(currency),
                        ledger_entries::amount_minor.eq(amount),
                        ledger_entries::recorded_at.eq(tx.now),
                    ))
                    .execute(tx.conn)?;
            }
            Ok(())
        });
        forged.await.expect("somebody forges");
        assert_eq!(figure(&check().await, OFF), "1");
    });
}

#[test]
fn each_job_tells_when_it_last_ran_and_went_well() {
    on_each_engine(async |world| {
        let running = jobs::start(&world.service);
        let mut text = scrape(world).await;
        let named = |text: &str, job: &str| {
            text.contains(&format!(
                r#"mandat_job_last_success_timestamp_seconds{{job="{job}"}} "#
            ))
        };
        const JOBS: [&str; 9] = [
            "uses", "sequence", "mail", "reads", "heads", "renew", "deliver", "books", "expire",
        ];
        for _ in 0..600 {
            if JOBS.iter().all(|job| named(&text, job)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            text = scrape(world).await;
        }
        running.stop().await.expect("the jobs end");
        for job in JOBS {
            assert!(named(&text, job), "{job} has not told: {text}");
        }
        assert!(text.contains(r#"mandat_job_runs_total{job="sequence",outcome="success"} "#));
        assert!(!text.contains(r#"outcome="failure""#), "{text}");
    });
}
