//! Access checks (ACC-7): allowed or not, by which rule, on what facts.
use crate::invitations::{full, limited};
use crate::partnerships::{end_partnership, partnership};
use crate::world::{Answer, World, on_each_engine};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn check(world: &World, who: &str, question: Value) -> Answer {
    world.post(who, "/v1/access-checks", question).await
}

/// Allowed or not, and by which rule.
fn verdict(answer: &Value) -> (bool, &str) {
    (
        answer["allowed"].as_bool().expect("a verdict"),
        answer["rule"].as_str().expect("a rule"),
    )
}

fn chain(answer: &Value) -> Vec<&str> {
    let facts = answer["via"].as_array().into_iter().flatten();
    facts.filter_map(|fact| fact["fact"].as_str()).collect()
}

async fn id_of(world: &World, who: &str) -> String {
    world.get(who, "/v1/me").await.expect(200).id()
}

#[test]
fn acc_7_a_check_names_the_rule_and_the_facts_it_rests_on() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let open = partnership(world, "sofia", "Galerie Arno").await;
        let question = json!({"action": "read_products", "organization_id": arno});
        let own = check(world, "sofia", question.clone()).await.expect(200);
        assert_eq!(verdict(&own.body), (true, "ACC-1"));
        assert_eq!(chain(&own.body), ["membership"]);
        let through = check(world, "claire", question.clone()).await.expect(200);
        assert_eq!(chain(&through.body), ["membership", "partnership", "scope"]);
        assert_eq!(through.body["via"][1]["id"], json!(open));
        assert_eq!(through.body["via"][1]["version"], 1);
        assert_eq!(through.body["via"][2]["scope"], "product_management");
        assert!(
            through.text_of("/explanation").contains("accès complet"),
            "{}",
            through.text
        );
        let assigned = check(world, "maya", question.clone()).await.expect(200);
        assert_eq!(
            chain(&assigned.body),
            ["membership", "assignment", "partnership", "scope"]
        );
        let stranger = check(world, "jonas", question).await.expect(200);
        assert_eq!(verdict(&stranger.body), (false, "ACC-1"));
        assert_eq!(stranger.body["via"], json!([]));
        let kurier = world.organization("Velo Kurier").await;
        let order = json!({"action": "order", "organization_id": kurier});
        let refused = check(world, "claire", order).await.expect(200);
        assert_eq!(verdict(&refused.body), (false, "ACC-4"));
        assert_eq!(refused.body["via"][2]["scope"], "orders_and_renewals");
        let money = json!({"action": "read_invoices", "organization_id": arno});
        let staff = check(world, "tom", money).await.expect(200);
        assert_eq!(chain(&staff.body), ["operator_role"]);
    });
}

#[test]
fn acc_7_a_single_check_is_one_statement_and_a_batch_too() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let kurier = world.organization("Velo Kurier").await;
        let product = world
            .get("ben", &format!("/v1/organizations/{kurier}/products"))
            .await
            .text_of("/items/0/id");
        world.token("claire").await;
        let one =
            json!({"action": "read_products", "organization_id": kurier, "product_id": product});
        let asked = || {
            let request = actix_web::test::TestRequest::post().uri("/v1/access-checks");
            world.ask("claire", request.set_json(&one))
        };
        asked().await.expect(200);
        let (_, sent) = world.statements(asked()).await;
        assert_eq!(sent.len(), 1, "{sent:#?}");
        let checks: Vec<Value> = (0..100)
            .map(|at| {
                let organization = if at % 2 == 0 { &arno } else { &kurier };
                json!({"action": "order", "organization_id": organization})
            })
            .collect();
        let request = actix_web::test::TestRequest::post()
            .uri("/v1/access-checks/batch")
            .set_json(json!({"checks": checks}));
        let (answer, sent) = world.statements(world.ask("claire", request)).await;
        let items = answer.expect(200).body["items"].clone();
        assert_eq!(sent.len(), 1, "{sent:#?}");
        assert_eq!(verdict(&items[0]), (true, "ACC-1"));
        assert_eq!(verdict(&items[99]), (false, "ACC-4"));
        let none = json!({"checks": []});
        world
            .post("claire", "/v1/access-checks/batch", none)
            .await
            .refused(422, "invalid", None);
    });
}

#[test]
fn acc_7_a_product_out_of_reach_is_refused_like_one_that_nobody_has() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let all = world
            .get("ben", &format!("/v1/organizations/{kurier}/products"))
            .await
            .expect(200);
        let managed = world
            .get("claire", &format!("/v1/organizations/{kurier}/products"))
            .await
            .expect(200);
        let ids = |answer: &Answer| -> Vec<String> {
            let items = answer.body["items"].as_array().into_iter().flatten();
            items
                .filter_map(|item| item["id"].as_str().map(str::to_owned))
                .collect()
        };
        let inside = ids(&managed);
        let outside = ids(&all).into_iter().find(|id| !inside.contains(id));
        let about = |product: Option<String>| json!({"action": "manage_products", "organization_id": kurier, "product_id": product});
        let reached = check(world, "claire", about(inside.first().cloned())).await;
        assert_eq!(
            chain(&reached.expect(200).body),
            ["membership", "partnership", "scope", "product"]
        );
        let hidden = check(world, "claire", about(outside)).await.expect(200);
        let nothing = Some("product_01jd8xk3v9e6mbyg4q5r7s8t9v".to_owned());
        let unknown = check(world, "claire", about(nothing)).await.expect(200);
        assert_eq!(verdict(&hidden.body), (false, "ACC-3"));
        for field in ["allowed", "rule", "via", "explanation"] {
            assert_eq!(hidden.body[field], unknown.body[field], "{field}");
        }
    });
}

#[test]
fn acc_7_asking_about_another_is_for_the_administrators_of_that_persons_organization() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let weiss = world.organization("Praxis Weiss").await;
        let (maya, sofia) = (id_of(world, "maya").await, id_of(world, "sofia").await);
        let about = |user: &str, org: &str| json!({"user_id": user, "action": "read_products", "organization_id": org});
        let luca = check(world, "luca", about(&maya, &arno)).await.expect(200);
        assert_eq!(verdict(&luca.body), (true, "ACC-1"));
        let luca = check(world, "luca", about(&maya, &weiss)).await.expect(200);
        assert_eq!(verdict(&luca.body), (false, "ACC-1"));
        for (who, user) in [
            ("maya", &id_of(world, "claire").await),
            ("jonas", &maya),
            ("luca", &sofia),
            ("luca", &"user_01jd8xk3v9e6mbyg4q5r7s8t9v".to_owned()),
        ] {
            check(world, who, about(user, &arno))
                .await
                .refused(404, "not_found", Some("ACC-7"));
        }
    });
}

#[test]
fn acc_7_as_of_answers_from_the_history_that_is_the_askers_to_read() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let open = partnership(world, "sofia", "Galerie Arno").await;
        world.advance(TimeDelta::hours(1));
        let then = world.clock.now().and_utc().to_rfc3339();
        world.advance(TimeDelta::hours(1));
        end_partnership(world, "sofia", &open).await.expect(200);
        let now = json!({"action": "order", "organization_id": arno});
        let mut past = now.clone();
        past["as_of"] = json!(then);
        let asked = check(world, "claire", now).await.expect(200);
        assert_eq!(verdict(&asked.body), (false, "ACC-1"));
        let asked = check(world, "claire", past.clone()).await.expect(200);
        assert_eq!(verdict(&asked.body), (true, "ACC-1"));
        let stranger = check(world, "jonas", past.clone()).await.expect(200);
        assert_eq!(verdict(&stranger.body), (false, "ACC-1"));
        past["as_of"] = json!("2999-01-01T00:00:00Z");
        let future = check(world, "claire", past).await.expect(200);
        assert_eq!(verdict(&future.body), (false, "ACC-1"));
    });
}

#[test]
fn sup_4_a_check_answers_as_a_request_of_the_support_staff_would() {
    on_each_engine(async |world| {
        let weiss = world.organization("Praxis Weiss").await;
        let path = |below: &str| format!("/v1/organizations/{weiss}/{below}");
        let products = world.get("karl", &path("products")).await.expect(200);
        let id = |at: &str| products.text_of(at);
        let (covered, other) = (id("/items/0/id"), id("/items/1/id"));
        let ask = |action: &str, product: Option<&str>| json!({"action": action, "organization_id": weiss, "product_id": product});
        let acts = [
            ("read_products", "products"),
            ("read_members", "members"),
            ("read_orders", "orders"),
            ("read_billing_events", "billing-events"),
            ("read_invoices", "invoices"),
            ("read_prepaid_accounts", "prepaid-accounts"),
            ("read_payment_methods", "payment-methods"),
            ("read_audit_log", "audit-log"),
            ("read_invitations", "invitations"),
        ];
        let checks: Vec<Value> = acts.iter().map(|(action, _)| ask(action, None)).collect();
        let before = world.clock.now().and_utc().to_rfc3339();
        let stranger = check(world, "iris", ask("read_products", None)).await;
        assert_eq!(verdict(&stranger.expect(200).body), (false, "ACC-1"));
        for some in [json!({"product_ids": [covered]}), json!({})] {
            let granted = world
                .post("karl", &path("support-access"), some.clone())
                .await;
            let granted = granted.expect(201).id();
            let batch = actix_web::test::TestRequest::post()
                .uri("/v1/access-checks/batch")
                .set_json(json!({"checks": checks}));
            let (answers, sent) = world.statements(world.ask("iris", batch)).await;
            assert_eq!(sent.len(), 1, "{sent:#?}");
            let answers = answers.expect(200);
            for (at, (action, below)) in acts.iter().enumerate() {
                let acted = world.get("iris", &path(below)).await.status;
                let allowed = answers.body["items"][at]["allowed"] == true;
                assert_eq!(allowed, acted == 200, "{some} {action}: {acted}");
            }
            for product in [&covered, &other] {
                let asked = check(world, "iris", ask("read_products", Some(product))).await;
                let one = path(&format!("products/{product}"));
                let acted = world.get("iris", &one).await.status;
                assert_eq!(asked.expect(200).body["allowed"] == true, acted == 200);
            }
            let by = check(world, "iris", ask("read_products", None))
                .await
                .expect(200);
            assert_eq!(verdict(&by.body), (true, "SUP-4"));
            assert_eq!(chain(&by.body), ["operator_role", "support_grant"]);
            assert_eq!(by.body["via"][1]["id"], granted.as_str());
            assert!(
                by.text_of("/explanation").contains("temporary access"),
                "{}",
                by.text
            );
            let unknown = check(
                world,
                "iris",
                ask("read_products", Some("product_01jd8xk3v9e6mbyg4q5r7s8t9v")),
            )
            .await;
            assert_eq!(verdict(&unknown.expect(200).body), (false, "SUP-4"));

            // As of an instant before it, and once it has ended as of any, it gives nothing.
            world.advance(TimeDelta::minutes(1));
            let during = world.clock.now().and_utc().to_rfc3339();
            let as_of = async |instant: &str| {
                let mut past = ask("read_products", None);
                past["as_of"] = json!(instant);
                check(world, "iris", past).await.expect(200).body["allowed"] == true
            };
            assert_eq!((as_of(&before).await, as_of(&during).await), (false, true));
            // The staff's grants are nobody else's, and nobody but itself asks about the staff.
            let tom = check(world, "tom", ask("read_members", None))
                .await
                .expect(200);
            assert_eq!(tom.body["allowed"], false);
            let mut about = ask("read_products", None);
            about["user_id"] = json!(id_of(world, "iris").await);
            check(world, "karl", about)
                .await
                .refused(404, "not_found", Some("ACC-7"));
            world.advance(TimeDelta::minutes(1));
            let revoke = path(&format!("support-access/{granted}"));
            world.delete("karl", &revoke).await.expect(204);
            assert!(!as_of(&during).await);
            let ended = check(world, "iris", ask("read_products", None))
                .await
                .expect(200);
            assert_eq!(verdict(&ended.body), (false, "ACC-1"));
        }
        let mut early = ask("read_invoices", None);
        early["as_of"] = json!("2020-01-01T00:00:00Z");
        let early = check(world, "tom", early).await.expect(200);
        assert_eq!(early.body["allowed"], false, "he was no staff yet");
    });
}

#[test]
fn acc_7_a_check_answers_as_a_request_would() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let open = partnership(world, "ben", "Velo Kurier").await;
        let order = json!({"action": "order", "organization_id": kurier});
        let path = format!("/v1/partnerships/{open}/access");
        for (access, allowed) in [(full("partner"), true), (limited(&[]), false)] {
            world.put("ben", &path, access).await.expect(200);
            let asked = check(world, "claire", order.clone()).await.expect(200);
            assert_eq!(asked.body["allowed"], allowed);
        }
        let unknown = json!({"action": "fly", "organization_id": kurier});
        check(world, "claire", unknown)
            .await
            .refused(400, "malformed_body", None);
    });
}
