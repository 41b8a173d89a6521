//! What is left of a person who was erased: nothing, in any table (ERA-1).
use crate::audit;
use crate::invitations::full;
use crate::money::{hosting, order};
use crate::receiver::Receiver;
use crate::users::id_of;
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use mandat::db::schema::{webhook_attempts, webhook_deliveries};
use mandat::demo::PASSWORD;
use mandat::domain::id::{AttemptId, DeliveryId};
use mandat::jobs::{Next, deliver};
use mandat::resources::billing::verify;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const MAYA: &str = "maya@studio-lumen.example";
/// All that names her, and where it would be found.
const TRACES: [&str; 8] = [
    MAYA,
    "Maya Roth",
    "Maya's phone",
    "Maya's script",
    "192.0.2.77",
    "+41791234567",
    "A roof for Maya",
    "I live by the lake",
];

/// Every row of every table, as a line.
async fn rows(world: &World) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let exported = world.db.export(move |line| {
        kept.lock().expect("the lines").push(line.to_owned());
        Ok(())
    });
    exported.await.expect("everything is exported");
    std::mem::take(&mut *lines.lock().expect("the lines"))
}

/// Maya leaves traces wherever a person can.
async fn live(world: &World) {
    let from = "192.0.2.77:50000".parse().expect("an address");
    let login = TestRequest::post()
        .uri("/v1/auth/login")
        .insert_header(("user-agent", "Maya's phone"))
        .peer_addr(from)
        .set_json(json!({"email": MAYA, "password": PASSWORD}));
    let token = world.send(login).await.expect(200).text_of("/access_token");
    let script = TestRequest::post()
        .uri("/v1/me/api-tokens")
        .peer_addr(from)
        .insert_header(("authorization", format!("Bearer {token}")))
        .insert_header(("idempotency-key", "a script"))
        .set_json(json!({"name": "Maya's script", "scopes": ["read"]}));
    world.send(script).await.expect(201);
    let call = json!({
        "subject": "A roof for Maya", "description": "I live by the lake, and it rains in.",
        "families": ["web_hosting"], "region": "CH-VD", "languages": ["fr"],
        "contact": {"name": "Maya Roth", "email": MAYA, "phone": "+41791234567"},
    });
    world.post("maya", "/v1/tenders", call).await.expect(201);
    world.get("maya", "/v1/me/support-code").await.expect(200);
    let forgotten = TestRequest::post()
        .uri("/v1/auth/password-reset")
        .set_json(json!({"email": MAYA}));
    world.send(forgotten).await.expect(204);
}

/// Others write about her.
async fn gossip(world: &World) {
    let of = async |name| format!("/v1/organizations/{}", world.organization(name).await);
    let (lumen, nordwerk, arno) = (
        of("Studio Lumen").await,
        of("Nordwerk").await,
        of("Galerie Arno").await,
    );
    let asked = json!({
        "customer_email": MAYA, "requested_access": full("customer"),
        "message": format!("Are you {MAYA}?"),
    });
    let invitations = format!("{nordwerk}/invitations");
    world.post("jonas", &invitations, asked).await.expect(201);
    let offered = json!({"email": MAYA, "role": "external", "may_order": false, "product_ids": []});
    let members = format!("{arno}/members");
    let offered = world.post_keyed("sofia", &members, "offer", offered).await;
    offered.expect(201);
    let written = world.patch("claire", &lumen, json!({"email": MAYA})).await;
    written.expect(200);
    let manager =
        json!({"name": "Maya Roth", "email": "Maya@Studio-Lumen.example", "phone": "+41791234567"});
    let contract = json!({"plan": "premium", "technical_account_manager": manager});
    let admin = arno.replacen("/v1/", "/v1/admin/", 1);
    let agreement = format!("{admin}/support-contract");
    let agreed = world.put("nora", &agreement, contract).await;
    agreed.expect(200);
    let team = json!({"name": format!("Friends of {MAYA}")});
    let made = world.post("claire", &format!("{lumen}/teams"), team).await;
    made.expect(201);
    let receiver = Receiver::start().await;
    let endpoint = json!({
        "url": format!("{}?for={MAYA}", receiver.url), "event_types": [],
        "description": format!("{MAYA} looks after it"),
    });
    let hooks = format!("{lumen}/webhook-endpoints");
    world.post("claire", &hooks, endpoint).await.expect(201);
    let ordered = order(
        world,
        "sofia",
        "customer",
        "Galerie Arno",
        "CHF",
        hosting(2),
    );
    ordered.await.expect(201);
    jobs_done(world).await;
    // What a receiver answers is its own.
    let answered = world.db.write(|tx| {
        let id: AttemptId = tx.new_id()?;
        let delivery: DeliveryId = webhook_deliveries::table
            .select(webhook_deliveries::id)
            .first(tx.conn)?;
        diesel::insert_into(webhook_attempts::table)
            .values((
                webhook_attempts::id.eq(id),
                webhook_attempts::delivery_id.eq(delivery),
                webhook_attempts::attempted_at.eq(tx.now),
                webhook_attempts::millis.eq(1),
                webhook_attempts::answer.eq(format!("thank you, {MAYA}")),
            ))
            .execute(tx.conn)?;
        Ok(())
    });
    answered.await.expect("a receiver answers");
}

async fn jobs_done(world: &World) {
    crate::jobs::settle(world).await;
    let step = || deliver::step(world.service.clone());
    while step().await.expect("webhooks are delivered") == Next::AtOnce {}
}

#[test]
fn era_1_of_an_erased_person_no_table_knows_anything() {
    on_each_engine(async |world| {
        let user = format!("/v1/admin/users/{}", id_of(world, MAYA).await);
        live(world).await;
        gossip(world).await;
        let before = rows(world).await;
        for trace in TRACES {
            let known = before.iter().any(|row| row.contains(trace));
            assert!(known, "{trace} stands nowhere even before");
        }
        let told = world.get("nora", &format!("{user}/data-export")).await;
        let told = told.expect(200);
        for trace in TRACES {
            assert!(
                told.text.contains(trace),
                "{trace} is not told: {}",
                told.text
            );
        }

        let erased = world
            .post("nora", &format!("{user}/erase"), json!({}))
            .await;
        erased.expect(200);
        jobs_done(world).await;
        for row in rows(world).await {
            for trace in TRACES {
                let left = row.to_lowercase().contains(&trace.to_lowercase());
                assert!(!left, "{trace} is left in {row}");
            }
        }
        let told = world.get("nora", &format!("{user}/data-export")).await;
        let told = told.expect(200).body;
        for list in ["tenders", "invitations", "notifications", "mails"] {
            assert_eq!(told[list], json!([]), "{list}");
        }

        let lumen = world.organization("Studio Lumen").await;
        let lumen = world
            .get("claire", &format!("/v1/organizations/{lumen}"))
            .await;
        assert_eq!(lumen.text_of("/email"), "claire@studio-lumen.example");
        let proof = world.db.snapshot(verify::verify).await.expect("a proof");
        assert_eq!(proof.differences, [""; 0]);
        let linked = audit::prove(world, json!({})).await;
        assert_eq!(linked.body["intact"], true, "{}", linked.text);
    });
}

#[test]
fn era_1_nobody_is_identified_by_the_code_of_an_erased_person() {
    on_each_engine(async |world| {
        let id = id_of(world, MAYA).await;
        let code = world.get("maya", "/v1/me/support-code").await;
        let code = json!({"code": code.text_of("/code")});
        let submit = || {
            let request = TestRequest::post().uri("/v1/support/identifications");
            world.ask("iris", request.set_json(code.clone()))
        };
        let named = submit().await.expect(200);
        assert_eq!(named.text_of("/user/email"), MAYA);
        let mine = world.get("maya", "/v1/me/data-export").await.expect(200);
        let staff = mine.body["identifications"].as_array().map(Vec::len);
        assert_eq!(staff, Some(1), "{}", mine.text);
        let erase = format!("/v1/admin/users/{id}/erase");
        world.post("nora", &erase, json!({})).await.expect(200);
        submit().await.refused(422, "invalid", Some("SUP-3"));
    });
}

#[test]
fn era_1_what_others_keep_of_a_person_is_told_to_nobody_else() {
    on_each_engine(async |world| {
        live(world).await;
        gossip(world).await;
        let claire = world.get("claire", "/v1/me/data-export").await.expect(200);
        for trace in [
            "Maya's phone",
            "Maya's script",
            "192.0.2.77",
            "+41791234567",
        ] {
            assert!(!claire.text.contains(trace), "{trace}: {}", claire.text);
        }
        assert_eq!(claire.body["tenders"], json!([]));
        assert_ne!(claire.body["notifications"], Value::Null);
    });
}

#[test]
fn era_1_an_address_goes_in_whatever_letter_case_and_anothers_that_ends_like_it_stays() {
    on_each_engine(async |world| {
        let lumen = world.organization("Studio Lumen").await;
        let name = format!("Friends of a{MAYA} and of {}", MAYA.to_uppercase());
        let teams = format!("/v1/organizations/{lumen}/teams");
        let made = world.post("claire", &teams, json!({"name": name})).await;
        let team = format!("{teams}/{}", made.expect(201).id());
        let erase = format!("/v1/admin/users/{}/erase", id_of(world, MAYA).await);
        let erased = world.post("nora", &erase, json!({})).await;
        erased.expect(200);
        let team = world.get("claire", &team).await.expect(200);
        let kept = format!("Friends of a{MAYA} and of erased");
        assert_eq!(team.text_of("/name"), kept);
    });
}
