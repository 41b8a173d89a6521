//! Support codes, contracts and temporary access (SUP-1 to SUP-4).
use crate::partnerships::{end_partnership, partnership};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::schema::{support_codes, support_identifications};
use serde_json::{Value, json};

async fn code(world: &World, who: &str, customer: Option<&'static str>) -> String {
    let query = match customer {
        Some(customer) => format!("?customer_id={}", world.organization(customer).await),
        None => String::new(),
    };
    world
        .get(who, &format!("/v1/me/support-code{query}"))
        .await
        .expect(200)
        .text_of("/code")
}

/// Iris of the support staff submits a code; also a wrong one leaves an event.
async fn identify(world: &World, code: &str) -> Answer {
    let request = TestRequest::post()
        .uri("/v1/support/identifications")
        .set_json(json!({"code": code}));
    world.ask("iris", request).await
}

/// A code that is well formed, and surely nobody's.
fn wrong(code: &str) -> String {
    let turned: String = code.chars().rev().collect();
    match turned == code {
        true => "000000000000".into(),
        false => turned,
    }
}

async fn path(world: &World, organization: &'static str, below: &str) -> String {
    let id = world.organization(organization).await;
    format!("/v1/organizations/{id}/{below}")
}

async fn grant(world: &World, body: Value) -> Answer {
    let path = path(world, "Praxis Weiss", "support-access").await;
    world.post("karl", &path, body).await
}

#[test]
fn sup_1_everybody_has_a_code_and_a_renewed_one_kills_the_old() {
    on_each_engine(async |world| {
        let first = code(world, "maya", None).await;
        assert_eq!(first.len(), 12);
        assert_eq!(code(world, "maya", None).await, first, "it stays");
        let known = identify(world, &format!("{} {}", &first[..4], &first[4..]))
            .await
            .expect(200);
        assert_eq!(known.text_of("/user/email"), "maya@studio-lumen.example");
        assert_eq!(known.text_of("/organizations/0/name"), "Studio Lumen");
        assert_eq!(known.text_of("/organizations/0/plan"), "standard");
        let renewed = world
            .post("maya", "/v1/me/support-code/rotate", json!({}))
            .await
            .expect(200)
            .text_of("/code");
        assert_ne!(renewed, first);
        identify(world, &first)
            .await
            .refused(422, "invalid", Some("SUP-3"));
        identify(world, &renewed).await.expect(200);
        let key = "renew";
        for shown in [true, false] {
            let again = world
                .post_keyed("maya", "/v1/me/support-code/rotate", key, json!({}))
                .await
                .expect(200);
            assert_eq!(again.body["code"].is_string(), shown, "shown once");
        }
    });
}

#[test]
fn sup_1_a_code_on_a_customers_behalf_names_both_and_holds_while_there_is_access() {
    on_each_engine(async |world| {
        let own = code(world, "claire", None).await;
        let behalf = code(world, "claire", Some("Praxis Weiss")).await;
        assert_ne!(own, behalf);
        let known = identify(world, &behalf).await.expect(200);
        let (weiss, lumen) = (
            world.organization("Praxis Weiss").await,
            world.organization("Studio Lumen").await,
        );
        assert_eq!(
            (known.text_of("/customer_id"), known.text_of("/partner_id")),
            (weiss.clone(), lumen.clone())
        );
        for foreign in ["Bäckerei Sommer", "Studio Lumen"] {
            let foreign = world.organization(foreign).await;
            world
                .get(
                    "claire",
                    &format!("/v1/me/support-code?customer_id={foreign}"),
                )
                .await
                .refused(404, "not_found", None);
        }
        let open = partnership(world, "karl", "Praxis Weiss").await;
        end_partnership(world, "karl", &open).await.expect(200);
        identify(world, &behalf)
            .await
            .refused(422, "invalid", Some("SUP-3"));
        identify(world, &own).await.expect(200);
    });
}

#[test]
fn sup_1_the_database_alone_reveals_no_code() {
    on_each_engine(async |world| {
        let code = code(world, "maya", None).await;
        let kept: Vec<(Vec<u8>, Vec<u8>)> = world
            .db
            .read(|tx| {
                Ok(support_codes::table
                    .select((support_codes::lookup, support_codes::sealed))
                    .load(tx.conn)?)
            })
            .await
            .expect("the codes are read");
        let digest = mandat::secret::token_hash(&code);
        for (lookup, sealed) in kept {
            assert_ne!(lookup, digest, "without the key it could be tried out");
            let plain = sealed
                .windows(code.len())
                .any(|part| part == code.as_bytes());
            assert!(!plain);
        }
    });
}

#[test]
fn sup_2_premium_support_has_a_vip_code_shown_with_the_contract() {
    on_each_engine(async |world| {
        let contract = path(world, "Praxis Weiss", "support-contract").await;
        let standard = world.get("karl", &contract).await.expect(200);
        assert_eq!(standard.text_of("/plan"), "standard");
        assert_eq!(standard.body["vip_code"], Value::Null);
        assert_eq!(standard.text_of("/channels/0/channel"), "email");
        let admin = contract.replacen("/v1/", "/v1/admin/", 1);
        let premium = json!({"plan": "premium", "technical_account_manager": {"name": "Iris Favre", "email": "iris@mandat.example", "phone": null}});
        for who in ["karl", "iris", "tom"] {
            world
                .put(who, &admin, premium.clone())
                .await
                .refused(403, "forbidden", Some("ACC-1"));
        }
        let agreed = world.put("nora", &admin, premium).await.expect(200);
        assert_eq!(
            agreed.body["vip_code"],
            Value::Null,
            "not the operator's to see"
        );
        let shown = world.get("karl", &contract).await.expect(200);
        assert_eq!(shown.text_of("/channels/0/channel"), "phone");
        assert_eq!(
            shown.text_of("/technical_account_manager/name"),
            "Iris Favre"
        );
        let vip = shown.text_of("/vip_code");
        let known = identify(world, &vip).await.expect(200);
        assert_eq!(known.body["user"], Value::Null);
        assert_eq!(known.text_of("/organizations/0/name"), "Praxis Weiss");
        assert_eq!(known.text_of("/organizations/0/plan"), "premium");
        let other = json!({"plan": "premium", "technical_account_manager": null});
        world.put("nora", &admin, other).await.expect(200);
        identify(world, &vip).await.expect(200);
        let standard = json!({"plan": "standard", "technical_account_manager": null});
        world.put("nora", &admin, standard).await.expect(200);
        identify(world, &vip)
            .await
            .refused(422, "invalid", Some("SUP-3"));
        world
            .get("claire", &contract)
            .await
            .refused(403, "forbidden", Some("SUP-2"));
        world
            .get("ben", &contract)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn sup_3_only_the_support_staff_identifies_and_whoever_is_named_is_told() {
    on_each_engine(async |world| {
        let code = code(world, "claire", None).await;
        for who in ["nora", "tom", "claire"] {
            world
                .post(who, "/v1/support/identifications", json!({"code": code}))
                .await
                .refused(403, "forbidden", Some("ACC-1"));
        }
        identify(world, &code).await.expect(200);
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        assert_eq!(
            outbox.text_of("/items/0/recipient"),
            "claire@studio-lumen.example"
        );
        let text = outbox.text_of("/items/0/text");
        assert!(text.contains("code de support"), "in her language: {text}");
    });
}

#[test]
fn sup_3_wrong_codes_are_throttled_and_every_attempt_is_recorded() {
    on_each_engine(async |world| {
        let right = code(world, "maya", None).await;
        for at in 0..10 {
            let tried = match at % 2 {
                0 => wrong(&right),
                _ => "12 34".into(),
            };
            identify(world, &tried)
                .await
                .refused(422, "invalid", Some("SUP-3"));
        }
        let refused =
            identify(world, &right)
                .await
                .refused(429, "too_many_requests", Some("SUP-3"));
        assert!(refused.headers.contains_key("retry-after"));
        let recorded: i64 = world
            .db
            .read(|tx| Ok(support_identifications::table.count().get_result(tx.conn)?))
            .await
            .expect("the attempts are counted");
        assert_eq!(recorded, 11);
        world.advance(TimeDelta::minutes(15));
        identify(world, &right).await.expect(200);
    });
}

#[test]
fn sup_4_the_staff_reaches_an_organization_only_while_a_grant_is_in_force() {
    on_each_engine(async |world| {
        let products = path(world, "Praxis Weiss", "products").await;
        let nothing = || async {
            world
                .get("iris", &products)
                .await
                .refused(404, "not_found", None);
        };
        nothing().await;
        let granted = grant(world, json!({"reason": "Our mails are slow."}))
            .await
            .expect(201);
        assert_eq!(granted.text_of("/state"), "active");
        let list = world.get("iris", &products).await.expect(200);
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(2));
        let reached = world.get("iris", "/v1/support/accesses").await.expect(200);
        assert_eq!(
            reached.text_of("/items/0/organization/name"),
            "Praxis Weiss"
        );
        world.advance(TimeDelta::hours(23));
        world.get("iris", &products).await.expect(200);
        world.advance(TimeDelta::hours(1));
        nothing().await;
        let reached = world.get("iris", "/v1/support/accesses").await.expect(200);
        assert!(!reached.text.contains("Praxis Weiss"));
        let short = grant(world, json!({"hours": 1})).await.expect(201).id();
        world.get("iris", &products).await.expect(200);
        let access = path(world, "Praxis Weiss", "support-access").await;
        let one = format!("{access}/{short}");
        world.delete("karl", &one).await.expect(204);
        nothing().await;
        world
            .delete("karl", &one)
            .await
            .refused(404, "not_found", None);
        let all = world.get("karl", &access).await.expect(200);
        let states: Vec<&Value> = all.body["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|grant| &grant["state"])
            .collect();
        assert_eq!(states, ["revoked", "expired"]);
    });
}

#[test]
fn sup_4_a_grant_lets_the_staff_look_at_the_chosen_products_and_change_nothing() {
    on_each_engine(async |world| {
        let products = path(world, "Praxis Weiss", "products").await;
        let own = world.get("karl", &products).await.expect(200);
        let (chosen, other) = (own.text_of("/items/0/id"), own.text_of("/items/1/id"));
        grant(world, json!({"product_ids": [chosen]}))
            .await
            .expect(201);
        let list = world
            .get("iris", &format!("{products}?include=total"))
            .await
            .expect(200);
        assert_eq!(
            (list.text_of("/items/0/id"), &list.body["total"]),
            (chosen.clone(), &json!(1))
        );
        world
            .get("iris", &format!("{products}/{chosen}"))
            .await
            .expect(200);
        world
            .get("iris", &format!("{products}/{other}"))
            .await
            .refused(404, "not_found", None);
        let members = path(world, "Praxis Weiss", "members").await;
        world
            .get("iris", &members)
            .await
            .refused(403, "forbidden", Some("SUP-4"));
        world
            .patch(
                "iris",
                &format!("{products}/{chosen}"),
                json!({"name": "mine"}),
            )
            .await
            .refused(403, "forbidden", Some("SUP-4"));
        for closed in [
            "invoices",
            "billing-events",
            "support-contract",
            "support-access",
        ] {
            let path = path(world, "Praxis Weiss", closed).await;
            world
                .get("iris", &path)
                .await
                .refused(403, "forbidden", Some("SUP-4"));
        }
        grant(world, json!({})).await.expect(201);
        world.get("iris", &members).await.expect(200);
        // Others of the staff get nothing by it.
        world
            .get("tom", &products)
            .await
            .refused(403, "forbidden", Some("ACC-1"));
    });
}

#[test]
fn sup_4_each_use_is_recorded_and_shown_to_the_organization() {
    on_each_engine(async |world| {
        let products = path(world, "Praxis Weiss", "products").await;
        let granted = grant(world, json!({})).await.expect(201).id();
        let uses = path(
            world,
            "Praxis Weiss",
            &format!("support-access/{granted}/uses"),
        )
        .await;
        let none = world.get("karl", &uses).await.expect(200);
        assert_eq!(none.body["items"], json!([]));
        for _ in 0..3 {
            world.get("iris", &products).await.expect(200);
        }
        let invoices = path(world, "Praxis Weiss", "invoices").await;
        world
            .get("iris", &invoices)
            .await
            .refused(403, "forbidden", Some("SUP-4"));
        let shown = world.get("karl", &uses).await.expect(200);
        assert_eq!(shown.body["items"].as_array().map(Vec::len), Some(3));
        assert_eq!(shown.text_of("/items/0/staff"), "Iris Favre");
        assert_eq!(shown.text_of("/items/0/operation"), "list_products");
        assert_eq!(shown.text_of("/items/0/path"), products);
        world
            .get("ben", &uses)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn sup_4_only_administrators_grant_for_an_hour_to_seven_days_what_is_theirs() {
    on_each_engine(async |world| {
        for hours in [0, 169] {
            grant(world, json!({"hours": hours}))
                .await
                .refused(422, "invalid", None);
        }
        grant(world, json!({"hours": 168})).await.expect(201);
        grant(world, json!({"product_ids": []}))
            .await
            .refused(422, "invalid", None);
        let foreign = path(world, "Velo Kurier", "products").await;
        let foreign = world
            .get("ben", &foreign)
            .await
            .expect(200)
            .text_of("/items/0/id");
        grant(world, json!({"product_ids": [foreign]}))
            .await
            .refused(422, "invalid", Some("INV-4"));
        let access = path(world, "Praxis Weiss", "support-access").await;
        world
            .post("claire", &access, json!({}))
            .await
            .refused(403, "forbidden", Some("ACC-2"));
        world
            .post("ben", &access, json!({}))
            .await
            .refused(404, "not_found", None);
        world
            .post("iris", &access, json!({}))
            .await
            .refused(403, "forbidden", Some("SUP-4"));
        let lumens = path(world, "Studio Lumen", "support-access").await;
        world
            .post("maya", &lumens, json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        world.post("luca", &lumens, json!({})).await.expect(201);
    });
}
