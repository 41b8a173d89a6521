//! Invitations (INV-1 to INV-10).
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use futures_util::future::join_all;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

pub fn full(mode: &str) -> Value {
    json!({"level": "full", "product_ids": null, "payment_mode": mode})
}

pub fn limited(products: &[String]) -> Value {
    json!({"level": "limited", "product_ids": products, "payment_mode": null})
}

/// A customer invites a partner.
pub async fn invite(
    world: &World,
    who: &str,
    customer: &'static str,
    partner: &'static str,
    access: Value,
) -> Answer {
    let (customer, partner) = (
        world.organization(customer).await,
        world.organization(partner).await,
    );
    let path = format!("/v1/organizations/{customer}/invitations");
    world
        .post(who, &path, json!({"partner_id": partner, "access": access}))
        .await
}

/// A partner asks a customer.
pub async fn ask(
    world: &World,
    who: &str,
    partner: &'static str,
    customer: &'static str,
    access: Value,
) -> Answer {
    let (customer, partner) = (
        world.organization(customer).await,
        world.organization(partner).await,
    );
    let path = format!("/v1/organizations/{partner}/invitations");
    world
        .post(
            who,
            &path,
            json!({"customer_organization_id": customer, "requested_access": access}),
        )
        .await
}

pub async fn accept(world: &World, who: &str, invitation: &str, body: Value) -> Answer {
    world
        .post(who, &format!("/v1/invitations/{invitation}/accept"), body)
        .await
}

#[test]
fn inv_1_a_customer_invites_a_partner_who_accepts() {
    on_each_engine(async |world| {
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        assert_eq!(sent.body["status"], "pending");
        assert_eq!(sent.body["available_actions"], json!(["resend", "cancel"]));
        let accepted = accept(world, "claire", &sent.id(), json!({}))
            .await
            .expect(200);
        assert_eq!(accepted.body["invitation"]["status"], "accepted");
        assert_eq!(accepted.body["partnership"]["status"], "active");
        assert_eq!(accepted.body["partnership"]["access"], full("partner"));
    });
}

#[test]
fn inv_1_only_an_approved_partner_is_invited() {
    on_each_engine(async |world| {
        let refused = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Velo Kurier",
            full("partner"),
        )
        .await;
        refused.refused(422, "not_a_partner", Some("PRG-2"));
    });
}

#[test]
fn inv_2_a_partner_asks_for_limited_access_without_naming_products() {
    on_each_engine(async |world| {
        let products = json!({"level": "limited", "product_ids": ["product_01jd8xk3v9e6mbyg4q5r7s8t9v"], "payment_mode": null});
        let refused = ask(world, "claire", "Studio Lumen", "Bäckerei Sommer", products)
            .await
            .refused(422, "invalid", Some("INV-2"));
        assert_eq!(
            refused.body["errors"][0]["pointer"],
            "/requested_access/product_ids"
        );
        let none = json!({"level": "limited", "product_ids": null, "payment_mode": null});
        ask(world, "claire", "Studio Lumen", "Bäckerei Sommer", none)
            .await
            .expect(201);
    });
}

#[test]
fn inv_3_the_customer_grants_what_it_likes_and_a_limited_request_needs_a_grant() {
    on_each_engine(async |world| {
        let none = json!({"level": "limited", "product_ids": null, "payment_mode": null});
        let sent = ask(world, "claire", "Studio Lumen", "Bäckerei Sommer", none)
            .await
            .expect(201);
        let silent = accept(world, "anna", &sent.id(), json!({})).await.refused(
            422,
            "invalid",
            Some("INV-3"),
        );
        assert_eq!(silent.body["errors"][0]["code"], "grant_required");
        let granted = accept(
            world,
            "anna",
            &sent.id(),
            json!({"granted_access": full("customer")}),
        )
        .await
        .expect(200);
        assert_eq!(
            granted.body["invitation"]["requested_access"]["level"],
            "limited"
        );
        assert_eq!(
            granted.body["invitation"]["granted_access"],
            full("customer")
        );
        let partner_grants = invite(world, "ben", "Velo Kurier", "Nordwerk", full("partner"))
            .await
            .expect(201);
        let body = json!({"granted_access": full("customer")});
        accept(world, "jonas", &partner_grants.id(), body)
            .await
            .refused(422, "invalid", Some("INV-3"));
    });
}

#[test]
fn inv_4_a_grant_says_level_products_and_mode_together_and_every_fault_is_named() {
    on_each_engine(async |world| {
        let wrong = json!({"level": "limited", "product_ids": [], "payment_mode": "customer"});
        let refused = invite(world, "anna", "Bäckerei Sommer", "Studio Lumen", wrong)
            .await
            .refused(422, "invalid", Some("INV-4"));
        let pointers: Vec<&str> = refused.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["pointer"].as_str())
            .collect();
        assert_eq!(pointers, ["/access/payment_mode", "/access/product_ids"]);
        let foreign = limited(&["product_01jd8xk3v9e6mbyg4q5r7s8t9v".into()]);
        invite(world, "anna", "Bäckerei Sommer", "Studio Lumen", foreign)
            .await
            .refused(422, "invalid", Some("INV-4"));
        let no_mode = json!({"level": "full", "product_ids": null, "payment_mode": null});
        invite(world, "anna", "Bäckerei Sommer", "Studio Lumen", no_mode)
            .await
            .refused(422, "invalid", Some("INV-4"));
    });
}

#[test]
fn inv_5_at_most_one_invitation_is_pending_between_two() {
    on_each_engine(async |world| {
        let first = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        let second = ask(
            world,
            "claire",
            "Studio Lumen",
            "Bäckerei Sommer",
            full("customer"),
        )
        .await;
        let refused = second.refused(409, "pending_invitation_exists", Some("INV-5"));
        assert_eq!(refused.body["conflicts"], json!([first.id()]));
        world.advance(TimeDelta::days(31));
        ask(
            world,
            "claire",
            "Studio Lumen",
            "Bäckerei Sommer",
            full("customer"),
        )
        .await
        .expect(201);
    });
}

/// The link's token, as the mail to the recipient carries it.
async fn token(world: &World) -> String {
    let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
    let link = outbox.body["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|mail| mail["link"].as_str())
        .expect("a link")
        .to_owned();
    link.rsplit('/').next().expect("a token").to_owned()
}

#[test]
fn inv_6_following_the_link_shows_and_changes_nothing_and_accepting_needs_the_right() {
    on_each_engine(async |world| {
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        let token = token(world).await;
        let path = format!("/v1/invitation-links/{token}");
        for _ in 0..2 {
            let seen = world.send(TestRequest::get().uri(&path)).await.expect(200);
            assert_eq!(
                (seen.text_of("/from"), seen.text_of("/to")),
                ("Bäckerei Sommer".into(), "Studio Lumen".into())
            );
        }
        world
            .send(
                TestRequest::post()
                    .uri(&format!("{path}/accept"))
                    .set_json(json!({})),
            )
            .await
            .refused(401, "unauthenticated", None);
        world
            .post("luca", &format!("{path}/accept"), json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post("jonas", &format!("{path}/accept"), json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post("claire", &format!("{path}/accept"), json!({}))
            .await
            .expect(200);
        let dead = world.send(TestRequest::get().uri(&path)).await.refused(
            410,
            "link_dead",
            Some("INV-7"),
        );
        assert!(dead.text_of("/detail").contains("accepted"));
        let seen = world
            .get("anna", &format!("/v1/invitations/{}", sent.id()))
            .await
            .expect(200);
        assert_eq!(seen.body["status"], "accepted");
    });
}

#[test]
fn inv_6_an_invitation_to_an_address_binds_to_the_organization_that_is_named() {
    on_each_engine(async |world| {
        let (lumen, sommer) = (
            world.organization("Studio Lumen").await,
            world.organization("Bäckerei Sommer").await,
        );
        let new = json!({"customer_email": "Anna@baeckerei-sommer.example", "requested_access": full("partner")});
        let sent = world
            .post(
                "claire",
                &format!("/v1/organizations/{lumen}/invitations"),
                new,
            )
            .await
            .expect(201);
        assert_eq!(sent.body["customer"], Value::Null);
        let path = format!("/v1/invitation-links/{}/accept", token(world).await);
        world
            .post("ben", &path, json!({"organization_id": sommer}))
            .await
            .refused(403, "forbidden", Some("INV-6"));
        world
            .post("anna", &path, json!({}))
            .await
            .refused(422, "invalid", Some("INV-6"));
        let foreign = world.organization("Velo Kurier").await;
        world
            .post("anna", &path, json!({"organization_id": foreign}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        let accepted = world
            .post("anna", &path, json!({"organization_id": sommer}))
            .await
            .expect(200);
        assert_eq!(
            accepted.body["partnership"]["customer"]["name"],
            "Bäckerei Sommer"
        );
    });
}

#[test]
fn inv_7_the_sender_resends_and_cancels_and_the_old_link_is_dead() {
    on_each_engine(async |world| {
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        let old = token(world).await;
        let path = format!("/v1/invitations/{}", sent.id());
        world
            .post("claire", &format!("{path}/resend"), json!({}))
            .await
            .refused(403, "forbidden", Some("INV-7"));
        for _ in 0..5 {
            world
                .post("anna", &format!("{path}/resend"), json!({}))
                .await
                .expect(200);
        }
        world
            .post("anna", &format!("{path}/resend"), json!({}))
            .await
            .refused(429, "resent_too_often", Some("INV-7"));
        world
            .send(TestRequest::get().uri(&format!("/v1/invitation-links/{old}")))
            .await
            .refused(404, "not_found", None);
        world
            .post("anna", &format!("{path}/cancel"), json!({}))
            .await
            .expect(200);
        let again = world
            .ask("anna", TestRequest::post().uri(&format!("{path}/cancel")))
            .await
            .expect(200);
        assert_eq!(again.body["status"], "cancelled");
        accept(world, "claire", &sent.id(), json!({}))
            .await
            .refused(409, "already_answered", Some("INV-7"));
    });
}

#[test]
fn inv_7_expiry_holds_by_the_clock_alone() {
    on_each_engine(async |world| {
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        world.advance(TimeDelta::days(31));
        let seen = world
            .get("anna", &format!("/v1/invitations/{}", sent.id()))
            .await
            .expect(200);
        assert_eq!(seen.body["status"], "expired");
        accept(world, "claire", &sent.id(), json!({}))
            .await
            .refused(409, "already_answered", Some("INV-7"));
    });
}

#[test]
fn inv_8_conflicts_are_listed_to_the_customer_and_replaced_with_its_password() {
    on_each_engine(async |world| {
        let sent = ask(world, "jonas", "Nordwerk", "Galerie Arno", full("customer"))
            .await
            .expect(201);
        let refused = accept(world, "sofia", &sent.id(), json!({})).await.refused(
            409,
            "conflicting_partnerships",
            Some("PSH-1"),
        );
        let replace = refused.body["conflicts"].clone();
        assert_eq!(replace.as_array().map(Vec::len), Some(1));
        let body = |password: Value| json!({"replace": replace, "password": password});
        accept(world, "sofia", &sent.id(), body(Value::Null))
            .await
            .refused(422, "password_required", Some("ORG-7"));
        accept(world, "sofia", &sent.id(), body(json!("wrong")))
            .await
            .refused(403, "wrong_password", Some("ORG-7"));
        let accepted = accept(world, "sofia", &sent.id(), body(json!(PASSWORD)))
            .await
            .expect(200);
        assert_eq!(accepted.body["partnership"]["partner"]["name"], "Nordwerk");
        let old = replace[0].as_str().expect("an id").to_owned();
        let ended = world
            .get("claire", &format!("/v1/partnerships/{old}"))
            .await
            .expect(200);
        assert_eq!(ended.body["status"], "ended");
    });
}

#[test]
fn inv_8_a_partner_learns_nothing_of_its_rivals() {
    on_each_engine(async |world| {
        let sent = invite(world, "sofia", "Galerie Arno", "Nordwerk", full("partner"))
            .await
            .expect(201);
        let refused = accept(world, "jonas", &sent.id(), json!({})).await.refused(
            409,
            "conflicting_partnerships",
            Some("INV-8"),
        );
        assert_eq!(refused.body["conflicts"], json!([]));
    });
}

#[test]
fn inv_8_of_sixteen_simultaneous_acceptances_exactly_one_wins() {
    on_each_engine(async |world| {
        // Two partners, and eight attempts at each of their full-access invitations.
        let first = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        let second = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Nordwerk",
            full("customer"),
        )
        .await
        .expect(201);
        let mut attempts = Vec::new();
        for (who, invitation) in [("claire", &first), ("jonas", &second)] {
            let token = world.token(who).await;
            for _ in 0..8 {
                attempts.push(
                    TestRequest::post()
                        .uri(&format!("/v1/invitations/{}/accept", invitation.id()))
                        .insert_header(("authorization", format!("Bearer {token}")))
                        .set_json(json!({})),
                );
            }
        }
        let answers = join_all(attempts.into_iter().map(|attempt| world.send(attempt))).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let lost = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!(
            (won, lost),
            (1, 15),
            "{:?}",
            answers
                .iter()
                .map(|answer| (answer.status, &answer.body["code"]))
                .collect::<Vec<_>>()
        );
    });
}

#[test]
fn inv_9_nobody_is_its_own_partner_nor_its_partners_partner() {
    on_each_engine(async |world| {
        let same = invite(
            world,
            "claire",
            "Studio Lumen",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .refused(422, "invalid", Some("INV-4"));
        assert_eq!(same.body["errors"][0]["code"], "same_organization");
        let sent = invite(world, "claire", "Studio Lumen", "Nordwerk", full("partner"))
            .await
            .expect(201);
        accept(world, "jonas", &sent.id(), json!({}))
            .await
            .expect(200);
        let back = invite(world, "jonas", "Nordwerk", "Studio Lumen", full("partner")).await;
        back.refused(409, "opposite_partnership", Some("INV-9"));
    });
}

#[test]
fn inv_10_full_access_supersedes_the_customers_other_invitations() {
    on_each_engine(async |world| {
        let first = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        let second = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Nordwerk",
            full("customer"),
        )
        .await
        .expect(201);
        accept(world, "claire", &first.id(), json!({}))
            .await
            .expect(200);
        let other = world
            .get("jonas", &format!("/v1/invitations/{}", second.id()))
            .await
            .expect(200);
        assert_eq!(other.body["status"], "superseded");
    });
}

#[test]
fn org_2_only_legal_representatives_send_accept_and_decline() {
    on_each_engine(async |world| {
        let lumen = world.organization("Studio Lumen").await;
        let sommer = world.organization("Bäckerei Sommer").await;
        let new = json!({"customer_organization_id": sommer, "requested_access": full("partner")});
        world
            .post(
                "luca",
                &format!("/v1/organizations/{lumen}/invitations"),
                new,
            )
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("partner"),
        )
        .await
        .expect(201);
        accept(world, "luca", &sent.id(), json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        let path = format!("/v1/invitations/{}/decline", sent.id());
        world
            .post("luca", &path, json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post("maya", &path, json!({}))
            .await
            .refused(404, "not_found", None);
        world.post("claire", &path, json!({})).await.expect(200);
        accept(world, "claire", &sent.id(), json!({}))
            .await
            .refused(409, "already_answered", Some("INV-7"));
    });
}

#[test]
fn acc_2_a_partner_neither_sees_nor_sends_its_customers_invitations() {
    on_each_engine(async |world| {
        let (arno, nordwerk) = (
            world.organization("Galerie Arno").await,
            world.organization("Nordwerk").await,
        );
        let path = format!("/v1/organizations/{arno}/invitations");
        world
            .get("claire", &path)
            .await
            .refused(403, "forbidden", Some("ACC-2"));
        let new = json!({"partner_id": nordwerk, "access": full("partner")});
        world
            .post("claire", &path, new)
            .await
            .refused(403, "forbidden", Some("ACC-2"));
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        let sent = invite(world, "sofia", "Galerie Arno", "Nordwerk", full("partner"))
            .await
            .expect(201);
        world
            .get("claire", &format!("/v1/invitations/{}", sent.id()))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn invitations_are_listed_by_box_and_status_with_pages_and_totals() {
    on_each_engine(async |world| {
        let sommer = world.organization("Bäckerei Sommer").await;
        for partner in ["Studio Lumen", "Nordwerk"] {
            invite(world, "anna", "Bäckerei Sommer", partner, full("partner"))
                .await
                .expect(201);
        }
        let path =
            format!("/v1/organizations/{sommer}/invitations?box=sent&status=pending&limit=1");
        let first = world
            .get("anna", &format!("{path}&include=total"))
            .await
            .expect(200);
        assert_eq!(first.body["total"], 2);
        let cursor = first.text_of("/next_cursor");
        let second = world
            .get("anna", &format!("{path}&cursor={cursor}"))
            .await
            .expect(200);
        assert_eq!(second.body["next_cursor"], Value::Null);
        assert_ne!(first.body["items"][0]["id"], second.body["items"][0]["id"]);
        let other = format!("/v1/organizations/{sommer}/invitations?box=received&cursor={cursor}");
        world
            .get("anna", &other)
            .await
            .refused(400, "cursor_mismatch", None);
    });
}
