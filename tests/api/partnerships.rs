//! Partnerships (PSH-1 to PSH-9), and what a partner's access reaches.
use crate::invitations::{accept, ask, full, invite, limited};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::schema::{customer_access, partnership_terms};
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

/// The open partnership of a customer of the demo world.
pub async fn partnership(world: &World, who: &str, customer: &'static str) -> String {
    let org = world.organization(customer).await;
    let list = world
        .get(
            who,
            &format!("/v1/organizations/{org}/partnerships?status=active"),
        )
        .await
        .expect(200);
    list.text_of("/items/0/id")
}

/// Ends a partnership, with the password that is right.
pub async fn end_partnership(world: &World, who: &str, id: &str) -> Answer {
    let path = format!("/v1/partnerships/{id}/end");
    world.post(who, &path, json!({"password": PASSWORD})).await
}

/// Says who pays for what the partner orders.
pub async fn set_payment_mode(world: &World, who: &str, id: &str, mode: &str) -> Answer {
    let path = format!("/v1/partnerships/{id}/payment-mode");
    let mode = json!({"payment_mode": mode});
    world.put(who, &path, mode).await
}

#[test]
fn psh_1_a_customer_has_one_full_partner() {
    on_each_engine(async |world| {
        let sent = ask(world, "jonas", "Nordwerk", "Galerie Arno", full("partner"))
            .await
            .expect(201);
        accept(world, "sofia", &sent.id(), json!({})).await.refused(
            409,
            "conflicting_partnerships",
            Some("PSH-1"),
        );
    });
}

#[test]
fn psh_2_several_limited_partners_manage_different_products() {
    on_each_engine(async |world| {
        let id = partnership(world, "ben", "Velo Kurier").await;
        let managed = world
            .get("ben", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        let first = managed.text_of("/access/product_ids/0");
        let none = json!({"level": "limited", "product_ids": null, "payment_mode": null});
        let sent = ask(world, "jonas", "Nordwerk", "Velo Kurier", none)
            .await
            .expect(201);
        let same = accept(
            world,
            "ben",
            &sent.id(),
            json!({"granted_access": limited(&[first])}),
        )
        .await;
        let refused = same.refused(409, "conflicting_partnerships", Some("PSH-3"));
        assert_eq!(refused.body["conflicts"], json!([id]));
        let third = unmanaged(world).await;
        let granted = accept(
            world,
            "ben",
            &sent.id(),
            json!({"granted_access": limited(&[third])}),
        )
        .await
        .expect(200);
        assert_eq!(granted.body["partnership"]["status"], "active");
    });
}

/// The product of Velo Kurier that nobody manages.
async fn unmanaged(world: &World) -> String {
    use mandat::db::schema::{organizations, products, selections};
    use mandat::domain::id::ProductId;
    let found = world.db.read(|tx| {
        let id: ProductId = products::table
            .inner_join(organizations::table.on(organizations::id.eq(products::organization_id)))
            .filter(organizations::name.eq("Velo Kurier"))
            .filter(products::id.ne_all(selections::table.select(selections::product_id)))
            .select(products::id)
            .first(tx.conn)?;
        Ok(id.to_string())
    });
    found.await.expect("a product")
}

#[test]
fn psh_3_full_access_excludes_every_other_partnership() {
    on_each_engine(async |world| {
        let sent = ask(world, "jonas", "Nordwerk", "Velo Kurier", full("customer"))
            .await
            .expect(201);
        accept(world, "ben", &sent.id(), json!({})).await.refused(
            409,
            "conflicting_partnerships",
            Some("PSH-1"),
        );
    });
}

#[test]
fn psh_4_the_database_itself_refuses_a_second_full_partner() {
    on_each_engine(async |world| {
        let id: mandat::domain::id::PartnershipId = partnership(world, "sofia", "Galerie Arno")
            .await
            .parse()
            .expect("an id");
        let level = world.db.write(move |tx| {
            let customer: mandat::domain::id::OrganizationId = partnership_terms::table
                .filter(partnership_terms::partnership_id.eq(id))
                .select(partnership_terms::customer_id)
                .first(tx.conn)?;
            diesel::update(customer_access::table.find(customer))
                .set(customer_access::level.eq("limited"))
                .execute(tx.conn)?;
            Ok(())
        });
        assert!(
            level.await.is_err(),
            "the level of an open full partnership was lowered by hand"
        );
        let double = world.db.write(move |tx| {
            let copied: Vec<(
                mandat::domain::id::OrganizationId,
                mandat::domain::id::OrganizationId,
            )> = partnership_terms::table
                .filter(partnership_terms::partnership_id.eq(id))
                .select((
                    partnership_terms::customer_id,
                    partnership_terms::partner_id,
                ))
                .load(tx.conn)?;
            let other: mandat::domain::id::PartnershipId = partnership_terms::table
                .filter(partnership_terms::partnership_id.ne(id))
                .select(partnership_terms::partnership_id)
                .first(tx.conn)?;
            diesel::insert_into(partnership_terms::table)
                .values((
                    partnership_terms::partnership_id.eq(other),
                    partnership_terms::customer_id.eq(copied[0].0),
                    partnership_terms::partner_id.eq(copied[0].1),
                    partnership_terms::level.eq("full"),
                    partnership_terms::payment_mode.eq("customer"),
                    partnership_terms::live_level.eq("full"),
                    partnership_terms::valid_from.eq(tx.now),
                ))
                .execute(tx.conn)?;
            Ok(())
        });
        assert!(
            double.await.is_err(),
            "a second full partnership was written by hand"
        );
    });
}

#[test]
fn psh_5_only_the_customer_changes_the_access_and_at_once() {
    on_each_engine(async |world| {
        let id = partnership(world, "ben", "Velo Kurier").await;
        let path = format!("/v1/partnerships/{id}");
        let before = world.get("ben", &path).await.expect(200);
        world
            .put("claire", &format!("{path}/access"), full("customer"))
            .await
            .refused(403, "forbidden", Some("PSH-5"));
        let narrowed = world
            .put(
                "ben",
                &format!("{path}/access"),
                limited(&[before.text_of("/access/product_ids/0")]),
            )
            .await
            .expect(200);
        assert_eq!(
            narrowed.body["access"]["product_ids"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
        world
            .put("ben", &format!("{path}/access"), limited(&[]))
            .await
            .expect(200);
        let no_mode = json!({"level": "full", "product_ids": null, "payment_mode": null});
        world
            .put("ben", &format!("{path}/access"), no_mode)
            .await
            .refused(422, "invalid", None);
        let widened = world
            .put("ben", &format!("{path}/access"), full("partner"))
            .await
            .expect(200);
        assert_eq!(widened.body["access"], full("partner"));
        let history = world
            .get("claire", &format!("{path}/history"))
            .await
            .expect(200);
        assert_eq!(history.body["versions"].as_array().map(Vec::len), Some(4));
    });
}

#[test]
fn psh_5_a_change_names_the_version_it_was_made_from() {
    on_each_engine(async |world| {
        let path = format!(
            "/v1/partnerships/{}/access",
            partnership(world, "ben", "Velo Kurier").await
        );
        let token = world.token("ben").await;
        let change = |tag: Option<&str>| {
            let request = TestRequest::put()
                .uri(&path)
                .insert_header(("authorization", format!("Bearer {token}")));
            let request = tag.into_iter().fold(request, |request, tag| {
                request.insert_header(("if-match", tag.to_owned()))
            });
            request.set_json(limited(&[]))
        };
        world
            .send(change(None))
            .await
            .refused(428, "if_match_required", None);
        world
            .send(change(Some("\"7-abc\"")))
            .await
            .refused(412, "version_mismatch", None);
        world.send(change(Some("\"1-abc\""))).await.expect(200);
        world
            .send(change(Some("\"1-abc\"")))
            .await
            .refused(412, "version_mismatch", None);
    });
}

#[test]
fn psh_6_only_the_customer_changes_the_payment_mode() {
    on_each_engine(async |world| {
        let id = partnership(world, "sofia", "Galerie Arno").await;
        set_payment_mode(world, "claire", &id, "partner")
            .await
            .refused(403, "forbidden", Some("PSH-6"));
        let changed = set_payment_mode(world, "sofia", &id, "partner")
            .await
            .expect(200);
        assert_eq!(changed.body["access"], full("partner"));
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        assert_eq!(
            outbox.text_of("/items/0/recipient"),
            "claire@studio-lumen.example"
        );
        let limited = partnership(world, "ben", "Velo Kurier").await;
        set_payment_mode(world, "ben", &limited, "partner")
            .await
            .refused(422, "invalid", Some("INV-4"));
    });
}

#[test]
fn psh_7_either_side_ends_it_with_the_password_and_access_ends_at_once() {
    on_each_engine(async |world| {
        let (id, org) = (
            partnership(world, "sofia", "Galerie Arno").await,
            world.organization("Galerie Arno").await,
        );
        let path = format!("/v1/partnerships/{id}/end");
        world
            .get("claire", &format!("/v1/organizations/{org}/partnerships"))
            .await
            .expect(200);
        world.post("sofia", &path, json!({})).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
        world
            .post("luca", &path, json!({"password": PASSWORD}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post("jonas", &path, json!({"password": PASSWORD}))
            .await
            .refused(404, "not_found", None);
        let refused = world
            .ask(
                "sofia",
                TestRequest::post()
                    .uri(&path)
                    .set_json(json!({"password": "wrong"})),
            )
            .await;
        refused.refused(403, "wrong_password", Some("ORG-7"));
        let still = world
            .get("sofia", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        assert_eq!(still.body["status"], "active");
        let ended = world
            .post(
                "claire",
                &path,
                json!({"password": PASSWORD, "reason": "moving on"}),
            )
            .await
            .expect(200);
        assert_eq!(ended.body["status"], "ended");
        world
            .get("claire", &format!("/v1/organizations/{org}/partnerships"))
            .await
            .refused(404, "not_found", None);
        let again = world
            .ask(
                "sofia",
                TestRequest::post()
                    .uri(&path)
                    .set_json(json!({"password": PASSWORD})),
            )
            .await
            .expect(200);
        assert_eq!(again.body["ended_at"], ended.body["ended_at"]);
        for who in ["sofia", "claire"] {
            let history = world
                .get(who, &format!("/v1/partnerships/{id}"))
                .await
                .expect(200);
            assert_eq!(history.body["access"], full("customer"));
        }
    });
}

#[test]
fn psh_8_every_state_answers_as_of_its_instant() {
    on_each_engine(async |world| {
        let path = format!(
            "/v1/partnerships/{}",
            partnership(world, "ben", "Velo Kurier").await
        );
        let before = world.get("ben", &path).await.expect(200);
        world.advance(TimeDelta::hours(1));
        let changed = world
            .put("ben", &format!("{path}/access"), full("customer"))
            .await
            .expect(200);
        assert_eq!(changed.body["access"]["level"], "full");
        let started = before.text_of("/started_at");
        let past = world
            .get("ben", &format!("{path}?as_of={started}"))
            .await
            .expect(200);
        assert_eq!(past.body["access"], before.body["access"]);
        let scopes = world
            .get("ben", &format!("{path}/permission-scopes?as_of={started}"))
            .await
            .expect(200);
        assert_eq!(scopes.body["scopes"][2]["granted"], "none");
        world
            .get("ben", &format!("{path}?as_of=2020-01-01T00:00:00Z"))
            .await
            .refused(404, "not_found", Some("PSH-8"));
    });
}

#[test]
fn psh_9_the_scopes_of_each_partnership_read_as_in_the_table() {
    on_each_engine(async |world| {
        let expected = [
            (
                "ben",
                "Velo Kurier",
                [
                    "selected_products",
                    "yes",
                    "none",
                    "selected_products",
                    "none",
                    "none",
                ],
            ),
            (
                "sofia",
                "Galerie Arno",
                ["all", "yes", "yes", "all", "none", "yes"],
            ),
            (
                "karl",
                "Praxis Weiss",
                ["all", "yes", "yes", "all", "all", "yes"],
            ),
        ];
        for (who, customer, granted) in expected {
            let id = partnership(world, who, customer).await;
            let seen = world
                .get(
                    "claire",
                    &format!("/v1/partnerships/{id}/permission-scopes"),
                )
                .await
                .expect(200);
            let words: Vec<&Value> = seen.body["scopes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|scope| &scope["granted"])
                .collect();
            assert_eq!(words, granted, "{customer}");
        }
    });
}

#[test]
fn org_4_a_collaborator_reaches_only_assigned_customers() {
    on_each_engine(async |world| {
        let (arno, weiss) = (
            world.organization("Galerie Arno").await,
            world.organization("Praxis Weiss").await,
        );
        world
            .get("maya", &format!("/v1/organizations/{arno}/partnerships"))
            .await
            .expect(200);
        world
            .get("maya", &format!("/v1/organizations/{weiss}/partnerships"))
            .await
            .refused(404, "not_found", None);
        let lumen = world.organization("Studio Lumen").await;
        world
            .get("maya", &format!("/v1/organizations/{lumen}/partnerships"))
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        world
            .get("luca", &format!("/v1/organizations/{weiss}/partnerships"))
            .await
            .expect(200);
    });
}

#[test]
fn inv_8_an_invitation_with_replace_ends_the_old_partner_when_the_new_one_accepts() {
    on_each_engine(async |world| {
        let old = partnership(world, "sofia", "Galerie Arno").await;
        let (arno, nordwerk) = (
            world.organization("Galerie Arno").await,
            world.organization("Nordwerk").await,
        );
        let path = format!("/v1/organizations/{arno}/invitations");
        let new = |password: Value| json!({"partner_id": nordwerk, "access": full("partner"), "replace": [old], "password": password});
        world.post("sofia", &path, new(Value::Null)).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
        let sent = world
            .post("sofia", &path, new(json!(PASSWORD)))
            .await
            .expect(201);
        let seen = world
            .get("jonas", &format!("/v1/invitations/{}", sent.id()))
            .await
            .expect(200);
        assert_eq!(
            seen.body["replace"],
            json!([]),
            "a partner learns nothing of its rivals"
        );
        accept(world, "jonas", &sent.id(), json!({}))
            .await
            .expect(200);
        let ended = world
            .get("claire", &format!("/v1/partnerships/{old}"))
            .await
            .expect(200);
        assert_eq!(ended.body["status"], "ended");
    });
}

#[test]
fn acc_6_rights_are_those_of_the_request() {
    on_each_engine(async |world| {
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Nordwerk",
            full("partner"),
        )
        .await
        .expect(201);
        let sommer = world.organization("Bäckerei Sommer").await;
        let path = format!("/v1/organizations/{sommer}/partnerships");
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        let accepted = accept(world, "jonas", &sent.id(), json!({}))
            .await
            .expect(200);
        world.get("jonas", &path).await.expect(200);
        let id = accepted.text_of("/partnership/id");
        end_partnership(world, "anna", &id).await.expect(200);
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
    });
}
