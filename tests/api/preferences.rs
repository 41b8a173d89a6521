//! Who may ask an organization for access (INV-11).
use crate::invitations::{ask, full};
use crate::programme::of_partner;
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

async fn preferences(world: &World, name: &'static str) -> String {
    format!(
        "/v1/organizations/{}/invitation-preferences",
        world.organization(name).await
    )
}

async fn ask_address(world: &World, email: &str) -> Answer {
    let path = format!(
        "/v1/organizations/{}/invitations",
        world.organization("Nordwerk").await
    );
    let body = json!({"customer_email": email, "requested_access": full("customer")});
    world.post("jonas", &path, body).await
}

/// How many mails went to an address.
async fn mails_to(world: &World, address: &str) -> usize {
    let outbox = world
        .get("nora", "/v1/admin/outbox?limit=200")
        .await
        .expect(200);
    let mails = outbox.body["items"].as_array().cloned().unwrap_or_default();
    mails
        .iter()
        .filter(|mail| mail["recipient"] == address)
        .count()
}

#[test]
fn inv_11_an_organization_chooses_who_may_ask_it() {
    on_each_engine(async |world| {
        let path = preferences(world, "Bäckerei Sommer").await;
        let first = world.get("anna", &path).await.expect(200);
        assert_eq!(
            first.body,
            json!({"allow": "anyone", "except_partner_ids": []})
        );
        world
            .put("anna", &path, json!({"allow": "nobody"}))
            .await
            .expect(200);
        let asked = async |who, partner| {
            ask(world, who, partner, "Bäckerei Sommer", full("customer")).await
        };
        asked("jonas", "Nordwerk")
            .await
            .refused(403, "forbidden", Some("INV-11"));
        let nordwerk = world.organization("Nordwerk").await;
        let but = json!({"allow": "anyone_but", "except_partner_ids": [nordwerk]});
        let kept = world.put("anna", &path, but.clone()).await.expect(200);
        assert_eq!(kept.body, but);
        asked("jonas", "Nordwerk")
            .await
            .refused(403, "forbidden", Some("INV-11"));
        asked("claire", "Studio Lumen").await.expect(201);
        for wrong in [
            json!({"allow": "anyone_but"}),
            json!({"allow": "nobody", "except_partner_ids": [nordwerk]}),
        ] {
            world
                .put("anna", &path, wrong)
                .await
                .refused(422, "invalid", Some("INV-11"));
        }
        let bare = TestRequest::put()
            .uri(&path)
            .set_json(json!({"allow": "anyone"}));
        world
            .ask("anna", bare)
            .await
            .refused(428, "if_match_required", None);
    });
}

#[test]
fn inv_11_a_partner_that_has_left_can_stay_refused_and_is_shown_to_nobody_new() {
    on_each_engine(async |world| {
        let (sommers, weiss) = (
            preferences(world, "Bäckerei Sommer").await,
            preferences(world, "Praxis Weiss").await,
        );
        let but = json!({"allow": "anyone_but", "except_partner_ids": [world.organization("Nordwerk").await]});
        world.put("anna", &sommers, but.clone()).await.expect(200);
        of_partner(world, "Nordwerk", "end").await.expect(200);
        world.put("anna", &sommers, but.clone()).await.expect(200);
        world
            .put("karl", &weiss, but)
            .await
            .refused(422, "invalid", Some("INV-11"));
    });
}

#[test]
fn inv_11_a_suspended_partner_can_be_refused_before_it_comes_back() {
    on_each_engine(async |world| {
        let path = preferences(world, "Bäckerei Sommer").await;
        let but = json!({"allow": "anyone_but", "except_partner_ids": [world.organization("Nordwerk").await]});
        of_partner(world, "Nordwerk", "suspend").await.expect(200);
        world.put("anna", &path, but).await.expect(200);
        of_partner(world, "Nordwerk", "reinstate").await.expect(200);
        let asked = ask(
            world,
            "jonas",
            "Nordwerk",
            "Bäckerei Sommer",
            full("customer"),
        );
        asked.await.refused(403, "forbidden", Some("INV-11"));
    });
}

#[test]
fn inv_11_only_its_own_legal_representatives_choose() {
    on_each_engine(async |world| {
        let path = preferences(world, "Galerie Arno").await;
        world
            .get("claire", &path)
            .await
            .refused(403, "forbidden", Some("ACC-2"));
        world
            .put("claire", &path, json!({"allow": "nobody"}))
            .await
            .refused(403, "forbidden", Some("ACC-2"));
        let own = preferences(world, "Studio Lumen").await;
        world.get("luca", &own).await.expect(200);
        world
            .put("luca", &own, json!({"allow": "nobody"}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
    });
}

#[test]
fn inv_11_by_address_the_preferences_are_judged_silently() {
    on_each_engine(async |world| {
        let anna = "anna@baeckerei-sommer.example";
        let path = preferences(world, "Bäckerei Sommer").await;
        world
            .put("anna", &path, json!({"allow": "nobody"}))
            .await
            .expect(200);
        let known = ask_address(world, anna).await.expect(201);
        let unknown = ask_address(world, "nobody@nowhere.example")
            .await
            .expect(201);
        for sent in [&known, &unknown] {
            assert_eq!(
                (&sent.body["customer"], &sent.body["status"]),
                (&Value::Null, &json!("pending"))
            );
        }
        assert_eq!(
            (
                mails_to(world, anna).await,
                mails_to(world, "nobody@nowhere.example").await
            ),
            (0, 1)
        );
        let resend = format!("/v1/invitations/{}/resend", known.id());
        world.post("jonas", &resend, json!({})).await.expect(200);
        assert_eq!(mails_to(world, anna).await, 0);
        // Its own address, and that of a customer it has asked already (INV-9, INV-5).
        ask_address(world, "jonas@nordwerk.example")
            .await
            .expect(201);
        ask_address(world, "marie@chalet-edelweiss.example")
            .await
            .expect(201);
        assert_eq!(
            (
                mails_to(world, "jonas@nordwerk.example").await,
                mails_to(world, "marie@chalet-edelweiss.example").await
            ),
            (0, 0)
        );
    });
}

#[test]
fn inv_11_mails_to_one_address_are_limited() {
    on_each_engine(async |world| {
        for _ in 0..11 {
            let sent = ask_address(world, "nobody@nowhere.example")
                .await
                .expect(201);
            let cancel = format!("/v1/invitations/{}/cancel", sent.id());
            world.post("jonas", &cancel, json!({})).await.expect(200);
        }
        assert_eq!(mails_to(world, "nobody@nowhere.example").await, 10);
    });
}
