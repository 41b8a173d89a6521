//! Partnerships that start later, and handovers from one partner to another (PSH-10, PSH-12).
use crate::invitations::{accept, ask, full, invite, limited};
use crate::partnerships::{end_partnership, partnership, set_payment_mode};
use crate::world::{Answer, World, on_each_engine};
use chrono::TimeDelta;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

/// An instant from now on, as the API takes it.
fn at(world: &World, from_now: TimeDelta) -> String {
    let at = world.clock.now() + from_now;
    at.and_utc()
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// An invitation of Bäckerei Sommer to Studio Lumen that was accepted for an hour later.
async fn scheduled(world: &World, access: Value) -> Answer {
    let (sommer, lumen) = (
        world.organization("Bäckerei Sommer").await,
        world.organization("Studio Lumen").await,
    );
    let new =
        json!({"partner_id": lumen, "access": access, "starts_at": at(world, TimeDelta::hours(1))});
    let path = format!("/v1/organizations/{sommer}/invitations");
    let sent = world.post("anna", &path, new).await.expect(201);
    accept(world, "claire", &sent.id(), json!({}))
        .await
        .expect(200)
}

async fn hand_over(
    world: &World,
    who: &str,
    old: &str,
    starts_at: Option<String>,
    password: Option<&str>,
) -> Answer {
    let nordwerk = world.organization("Nordwerk").await;
    let body = json!({"partner_id": nordwerk, "access": full("partner"), "starts_at": starts_at, "password": password});
    world
        .post(who, &format!("/v1/partnerships/{old}/handover"), body)
        .await
}

#[test]
fn psh_12_a_partnership_agreed_for_later_starts_by_the_first_read_after_its_instant() {
    on_each_engine(async |world| {
        let accepted = scheduled(world, full("customer")).await;
        let id = accepted.text_of("/partnership/id");
        assert_eq!(accepted.body["partnership"]["status"], "scheduled");
        assert_eq!(accepted.body["partnership"]["access"], full("customer"));
        let sommer = world.organization("Bäckerei Sommer").await;
        let products = format!("/v1/organizations/{sommer}/products");
        world
            .get("claire", &products)
            .await
            .refused(404, "not_found", None);
        let list = format!("/v1/organizations/{sommer}/partnerships?status=scheduled");
        let listed = world.get("anna", &list).await.expect(200);
        assert_eq!(listed.text_of("/items/0/id"), id);
        assert_eq!(
            listed.body["items"][0]["available_actions"],
            json!(["end_partnership", "cancel_start"])
        );
        let starts_at = accepted.text_of("/partnership/started_at");
        world.advance(TimeDelta::minutes(61));
        world.get("claire", &products).await.expect(200);
        let path = format!("/v1/partnerships/{id}");
        let started = world.get("claire", &path).await.expect(200);
        assert_eq!(started.body["status"], "active");
        assert_eq!(started.text_of("/started_at"), starts_at);
        let before = world
            .get(
                "claire",
                &format!(
                    "{path}?as_of={}",
                    accepted.text_of("/invitation/answered_at")
                ),
            )
            .await
            .expect(200);
        assert_eq!(before.body["status"], "scheduled");
        let versions = world
            .get("claire", &format!("{path}/history"))
            .await
            .expect(200);
        assert_eq!(versions.text_of("/versions/0/valid_from"), starts_at);
    });
}

#[test]
fn psh_12_a_write_after_the_instant_finds_it_started() {
    on_each_engine(async |world| {
        let id = scheduled(world, full("customer"))
            .await
            .text_of("/partnership/id");
        let path = format!("/v1/partnerships/{id}/access");
        world
            .put("anna", &path, limited(&[]))
            .await
            .refused(409, "not_started", Some("PSH-12"));
        world.advance(TimeDelta::minutes(61));
        world.token("anna").await;
        world.put("anna", &path, limited(&[])).await.expect(200);
    });
}

#[test]
fn psh_12_the_customer_cancels_a_start_before_it() {
    on_each_engine(async |world| {
        let id = scheduled(world, full("customer"))
            .await
            .text_of("/partnership/id");
        let path = format!("/v1/partnerships/{id}/cancel-start");
        world
            .post("claire", &path, json!({}))
            .await
            .refused(403, "forbidden", Some("PSH-12"));
        world
            .post("jonas", &path, json!({}))
            .await
            .refused(404, "not_found", None);
        let cancelled = world.post("anna", &path, json!({})).await.expect(200);
        assert_eq!(cancelled.body["status"], "ended");
        let request = actix_web::test::TestRequest::post().uri(&path);
        let again = world.ask("anna", request).await.expect(200);
        assert_eq!(again.body, cancelled.body);
        world.advance(TimeDelta::hours(2));
        let later = world
            .get("anna", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        assert_eq!(later.body["status"], "ended");
        let active = partnership(world, "sofia", "Galerie Arno").await;
        world
            .post(
                "sofia",
                &format!("/v1/partnerships/{active}/cancel-start"),
                json!({}),
            )
            .await
            .refused(409, "already_started", Some("PSH-12"));
        invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
    });
}

#[test]
fn psh_7_either_side_ends_what_has_not_begun() {
    on_each_engine(async |world| {
        let id = scheduled(world, full("customer"))
            .await
            .text_of("/partnership/id");
        let path = format!("/v1/partnerships/{id}");
        let ended = end_partnership(world, "claire", &id).await.expect(200);
        assert_eq!(ended.body["status"], "ended");
        world.advance(TimeDelta::hours(2));
        let later = world.get("anna", &path).await.expect(200);
        assert_eq!(later.body["status"], "ended");
        world
            .get("anna", &format!("{path}/exit-report"))
            .await
            .refused(404, "not_found", Some("PSH-7"));
    });
}

#[test]
fn psh_12_conflicts_are_judged_again_when_it_starts() {
    on_each_engine(async |world| {
        let id = scheduled(world, full("customer"))
            .await
            .text_of("/partnership/id");
        let other = ask(
            world,
            "jonas",
            "Nordwerk",
            "Bäckerei Sommer",
            full("partner"),
        )
        .await
        .expect(201);
        accept(world, "anna", &other.id(), json!({}))
            .await
            .expect(200);
        world.advance(TimeDelta::minutes(61));
        let failed = world
            .get("anna", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        assert_eq!(
            (&failed.body["status"], &failed.body["ended_by"]),
            (&json!("ended"), &Value::Null)
        );
        let sommer = world.organization("Bäckerei Sommer").await;
        let list = format!("/v1/organizations/{sommer}/partnerships?status=active");
        let active = world.get("anna", &list).await.expect(200);
        assert_eq!(active.body["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(active.text_of("/items/0/partner/name"), "Nordwerk");
    });
}

#[test]
fn psh_12_a_start_lies_in_the_future_and_is_the_customers_to_choose() {
    on_each_engine(async |world| {
        let (sommer, lumen) = (
            world.organization("Bäckerei Sommer").await,
            world.organization("Studio Lumen").await,
        );
        let past = json!({"partner_id": lumen, "access": full("customer"), "starts_at": "2020-01-01T00:00:00Z"});
        let refused = world
            .post(
                "anna",
                &format!("/v1/organizations/{sommer}/invitations"),
                past,
            )
            .await
            .refused(422, "invalid", Some("INV-4"));
        assert_eq!(refused.body["errors"][0]["code"], "in_the_past");
        let asked = json!({"customer_organization_id": sommer, "requested_access": full("customer"), "starts_at": at(world, TimeDelta::days(1))});
        let refused = world
            .post(
                "claire",
                &format!("/v1/organizations/{lumen}/invitations"),
                asked,
            )
            .await
            .refused(422, "invalid", Some("INV-2"));
        assert_eq!(refused.body["errors"][0]["pointer"], "/starts_at");
    });
}

#[test]
fn psh_10_a_handover_ends_the_old_and_starts_the_new_in_the_same_instant() {
    on_each_engine(async |world| {
        let old = partnership(world, "sofia", "Galerie Arno").await;
        hand_over(world, "claire", &old, None, Some(PASSWORD))
            .await
            .refused(403, "forbidden", Some("PSH-10"));
        hand_over(world, "sofia", &old, None, None).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
        let sent = hand_over(world, "sofia", &old, None, Some(PASSWORD))
            .await
            .expect(201);
        assert_eq!(sent.body["replace"], json!([old]));
        let accepted = accept(world, "jonas", &sent.id(), json!({}))
            .await
            .expect(200);
        let ended = world
            .get("sofia", &format!("/v1/partnerships/{old}"))
            .await
            .expect(200);
        assert_eq!(ended.body["status"], "ended");
        assert_eq!(
            ended.text_of("/ended_at"),
            accepted.text_of("/partnership/started_at")
        );
    });
}

#[test]
fn psh_10_a_handover_at_a_date_leaves_the_old_partner_in_place_until_then() {
    on_each_engine(async |world| {
        let old = partnership(world, "sofia", "Galerie Arno").await;
        let arno = world.organization("Galerie Arno").await;
        let then = at(world, TimeDelta::hours(3));
        let sent = hand_over(world, "sofia", &old, Some(then.clone()), Some(PASSWORD))
            .await
            .expect(201);
        let accepted = accept(world, "jonas", &sent.id(), json!({}))
            .await
            .expect(200);
        let new = accepted.text_of("/partnership/id");
        let products = format!("/v1/organizations/{arno}/products");
        world.get("claire", &products).await.expect(200);
        world
            .get("jonas", &products)
            .await
            .refused(404, "not_found", None);
        world.advance(TimeDelta::hours(5));
        world.get("jonas", &products).await.expect(200);
        world
            .get("claire", &products)
            .await
            .refused(404, "not_found", None);
        let one = |id: &str| format!("/v1/partnerships/{id}");
        let (ended, started) = (
            world.get("sofia", &one(&old)).await.expect(200),
            world.get("sofia", &one(&new)).await.expect(200),
        );
        assert_eq!(ended.text_of("/ended_at"), started.text_of("/started_at"));
        let told = world.get("nora", "/v1/admin/outbox").await.expect(200);
        let subjects = told.text.matches("hat begonnen").count();
        assert!(subjects > 0, "{}", told.text);
    });
}

#[test]
fn inv_3_the_difference_between_request_and_grant_is_shown_to_both() {
    on_each_engine(async |world| {
        let asked = ask(
            world,
            "jonas",
            "Nordwerk",
            "Bäckerei Sommer",
            full("customer"),
        )
        .await
        .expect(201);
        let sommer = world.organization("Bäckerei Sommer").await;
        let product = world
            .get("anna", &format!("/v1/organizations/{sommer}/products"))
            .await
            .text_of("/items/0/id");
        let granted = json!({"granted_access": limited(std::slice::from_ref(&product))});
        let accepted = accept(world, "anna", &asked.id(), granted)
            .await
            .expect(200);
        let path = format!(
            "/v1/partnerships/{}/diff",
            accepted.text_of("/partnership/id")
        );
        for who in ["anna", "jonas"] {
            let diff = world.get(who, &path).await.expect(200);
            assert_eq!(diff.body["requested_access"], full("customer"));
            assert_eq!(diff.body["level_differs"], true);
            assert_eq!(diff.body["added_product_ids"], json!([product]));
        }
        world
            .get("claire", &path)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn inv_10_another_payment_mode_leaves_a_handover_pending() {
    on_each_engine(async |world| {
        let old = partnership(world, "sofia", "Galerie Arno").await;
        let sent = hand_over(world, "sofia", &old, None, Some(PASSWORD))
            .await
            .expect(201);
        set_payment_mode(world, "sofia", &old, "partner")
            .await
            .expect(200);
        accept(world, "jonas", &sent.id(), json!({}))
            .await
            .expect(200);
    });
}
