//! Who belongs to an organization, and in which teams (ORG-1, ORG-3, ORG-4, ORG-5, ORG-8, ACC-1, ACC-5).
use crate::invitations::{accept, full, invite, limited};
use crate::organizations::products_of;
use crate::partnerships::{end_partnership, partnership};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use futures_util::future::join;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

fn place(email: &str, role: &str) -> Value {
    json!({"email": email, "role": role})
}

fn given(email: &str, role: &str, products: &[String]) -> Value {
    json!({"email": email, "role": role, "product_ids": products})
}

async fn people(world: &World, name: &'static str) -> String {
    format!(
        "/v1/organizations/{}/members",
        world.organization(name).await
    )
}

async fn add(world: &World, who: &str, org: &'static str, new: Value) -> Answer {
    world.post(who, &people(world, org).await, new).await
}

/// Where the newest member invitation to an address leads.
async fn link(world: &World, to: &str) -> String {
    let mails = world.mails(to).await;
    let link = mails.iter().find_map(|mail| {
        let link = mail["link"].as_str()?;
        let (_, path) = link.split_once("/v1/member-invitation-links/")?;
        Some(format!("/v1/member-invitation-links/{path}"))
    });
    link.unwrap_or_else(|| panic!("no link went to {to}"))
}

/// Invites somebody of the demo world, who accepts; answers the member's path.
async fn bring(world: &World, by: &str, org: &'static str, who: &str, new: Value) -> String {
    let invited = add(world, by, org, new).await.expect(201);
    let link = link(world, &invited.text_of("/email")).await;
    world
        .post(who, &format!("{link}/accept"), json!({}))
        .await
        .expect(200);
    format!("{}/{}", people(world, org).await, invited.id())
}

/// The member that somebody is, as a path.
pub async fn member(world: &World, reader: &str, org: &'static str, email: &str) -> String {
    let path = people(world, org).await;
    let list = world.get(reader, &path).await.expect(200);
    let items = list.body["items"].as_array().cloned().unwrap_or_default();
    let found = items.iter().find(|one| one["email"] == email);
    let id = found.and_then(|one| one["id"].as_str());
    format!(
        "{path}/{}",
        id.unwrap_or_else(|| panic!("{email} is no member"))
    )
}

const ANNA: &str = "anna@baeckerei-sommer.example";
const BEN: &str = "ben@velo-kurier.example";
const CLAIRE: &str = "claire@studio-lumen.example";
const KARL: &str = "karl@praxis-weiss.example";
const LUCA: &str = "luca@studio-lumen.example";
const SOFIA: &str = "sofia@galerie-arno.example";

#[test]
fn org_3_an_administrator_invites_and_whoever_has_the_address_accepts() {
    on_each_engine(async |world| {
        let known = add(world, "luca", "Studio Lumen", place(ANNA, "collaborator")).await;
        let known = known.expect(201);
        let unknown = place("nobody@nowhere.example", "collaborator");
        let unknown = add(world, "luca", "Studio Lumen", unknown)
            .await
            .expect(201);
        for field in ["status", "user_id", "name"] {
            assert_eq!(known.body[field], unknown.body[field], "{field}");
        }
        assert_eq!(known.body["status"], "invited");
        let lumen = world.organization("Studio Lumen").await;
        let here = format!("/v1/organizations/{lumen}");
        world
            .get("anna", &here)
            .await
            .refused(404, "not_found", None);

        let link = link(world, ANNA).await;
        let shown = world.send(TestRequest::get().uri(&link)).await.expect(200);
        assert_eq!(shown.text_of("/organization"), "Studio Lumen");
        let accepting = format!("{link}/accept");
        world
            .post("ben", &accepting, json!({}))
            .await
            .refused(403, "forbidden", Some("INV-6"));
        let accepted = world.post("anna", &accepting, json!({})).await.expect(200);
        assert_eq!(
            (accepted.id(), &accepted.body["status"]),
            (known.id(), &json!("active"))
        );
        world
            .post("anna", &accepting, json!({}))
            .await
            .refused(410, "link_dead", Some("INV-7"));
        world.get("anna", &here).await.expect(200);
        let again = add(world, "luca", "Studio Lumen", place(ANNA, "external")).await;
        again.refused(409, "already_a_member", None);
        let list = world
            .get("luca", &format!("{here}/members?include=total&limit=2"))
            .await;
        let list = list.expect(200);
        assert_eq!(
            (
                &list.body["total"],
                list.body["items"].as_array().map(Vec::len)
            ),
            (&json!(5), Some(2))
        );
    });
}

#[test]
fn org_3_an_administrator_makes_and_unmakes_no_legal_representative() {
    on_each_engine(async |world| {
        let refused = add(
            world,
            "luca",
            "Studio Lumen",
            place(ANNA, "legal_representative"),
        )
        .await;
        refused.refused(403, "forbidden", Some("ORG-2"));
        let claire = member(world, "luca", "Studio Lumen", CLAIRE).await;
        let demoted = world
            .patch("luca", &claire, json!({"role": "collaborator"}))
            .await;
        demoted.refused(403, "forbidden", Some("ORG-2"));
        world
            .delete("luca", &claire)
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        let refused = add(world, "maya", "Studio Lumen", place(ANNA, "external")).await;
        refused.refused(403, "forbidden", Some("ORG-4"));
    });
}

#[test]
fn org_3_an_invitation_is_declined_or_withdrawn_and_its_link_is_dead() {
    on_each_engine(async |world| {
        add(world, "luca", "Studio Lumen", place(ANNA, "collaborator"))
            .await
            .expect(201);
        let twice = add(world, "luca", "Studio Lumen", place(ANNA, "collaborator")).await;
        twice.refused(409, "pending_invitation_exists", None);
        let path = link(world, ANNA).await;
        world
            .post("anna", &format!("{path}/decline"), json!({}))
            .await
            .expect(204);
        world
            .send(TestRequest::get().uri(&path))
            .await
            .refused(410, "link_dead", Some("INV-7"));

        let second = add(world, "luca", "Studio Lumen", place(BEN, "collaborator"))
            .await
            .expect(201);
        let member = format!("{}/{}", people(world, "Studio Lumen").await, second.id());
        let changed = world
            .patch("luca", &member, json!({"role": "administrator"}))
            .await
            .expect(200);
        assert_eq!(changed.body["role"], "administrator");
        let path = link(world, BEN).await;
        world.delete("luca", &member).await.expect(204);
        world
            .post("ben", &format!("{path}/accept"), json!({}))
            .await
            .refused(410, "link_dead", Some("INV-7"));
        world
            .get("luca", &member)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn org_1_the_last_legal_representative_stays() {
    on_each_engine(async |world| {
        let sofia = member(world, "sofia", "Galerie Arno", SOFIA).await;
        world.delete("sofia", &sofia).await.refused(
            409,
            "last_legal_representative",
            Some("ORG-1"),
        );
        let anna = bring(
            world,
            "sofia",
            "Galerie Arno",
            "anna",
            place(ANNA, "legal_representative"),
        )
        .await;
        world
            .patch("anna", &sofia, json!({"role": "administrator"}))
            .await
            .expect(200);
        world
            .delete("anna", &anna)
            .await
            .refused(409, "last_legal_representative", Some("ORG-1"));
        world.delete("sofia", &sofia).await.expect(204);
        let arno = world.organization("Galerie Arno").await;
        let gone = world
            .get("sofia", &format!("/v1/organizations/{arno}"))
            .await;
        gone.refused(404, "not_found", None);
    });
}

#[test]
fn org_1_two_who_demote_each_other_at_once_leave_one() {
    on_each_engine(async |world| {
        let anna = bring(
            world,
            "sofia",
            "Galerie Arno",
            "anna",
            place(ANNA, "legal_representative"),
        )
        .await;
        let sofia = member(world, "anna", "Galerie Arno", SOFIA).await;
        let request = |path: &str| {
            TestRequest::patch()
                .uri(path)
                .insert_header(("if-match", "*"))
                .set_json(json!({"role": "collaborator"}))
        };
        let (one, other) = join(
            world.ask("sofia", request(&anna)),
            world.ask("anna", request(&sofia)),
        )
        .await;
        let won = [&one, &other]
            .iter()
            .filter(|answer| answer.status == 200)
            .count();
        assert_eq!(won, 1, "{} {}", one.text, other.text);
        let reader = if one.status == 200 { "sofia" } else { "anna" };
        let list = world
            .get(reader, &people(world, "Galerie Arno").await)
            .await
            .expect(200);
        let items = list.body["items"].as_array().cloned().unwrap_or_default();
        let left = items
            .iter()
            .filter(|one| one["role"] == "legal_representative")
            .count();
        assert_eq!(left, 1);
    });
}

#[test]
fn acc_1_nobody_changes_their_own_role() {
    on_each_engine(async |world| {
        let luca = member(world, "luca", "Studio Lumen", LUCA).await;
        for change in [
            json!({"role": "legal_representative"}),
            json!({"keep": true}),
        ] {
            let refused = world.patch("luca", &luca, change).await;
            refused.refused(403, "forbidden", Some("ACC-1"));
        }
        let stale = TestRequest::patch()
            .uri(&luca)
            .set_json(json!({"role": "collaborator"}));
        world
            .ask("claire", stale)
            .await
            .refused(428, "if_match_required", None);
        let changed = world
            .patch("claire", &luca, json!({"role": "collaborator"}))
            .await
            .expect(200);
        assert_eq!(
            (&changed.body["role"], &changed.body["version"]),
            (&json!("collaborator"), &json!(2))
        );
        let refused = add(world, "luca", "Studio Lumen", place(ANNA, "external")).await;
        refused.refused(403, "forbidden", Some("ORG-4"));
    });
}

#[test]
fn org_8_collaborators_order_if_they_are_marked_and_externals_never() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let quote = json!({"organization_id": arno, "acting_as": "customer", "currency": "CHF",
            "lines": [{"family": "mail", "quantity": 1, "period": "monthly"}]});
        let anna = bring(
            world,
            "sofia",
            "Galerie Arno",
            "anna",
            place(ANNA, "collaborator"),
        )
        .await;
        let refused = world.post("anna", "/v1/quotes", quote.clone()).await;
        refused.refused(403, "forbidden", Some("ORG-8"));
        world
            .patch("sofia", &anna, json!({"may_order": true}))
            .await
            .expect(200);
        world
            .post("anna", "/v1/quotes", quote.clone())
            .await
            .expect(201);
        let refused = world
            .patch(
                "sofia",
                &anna,
                json!({"role": "external", "may_order": true}),
            )
            .await;
        let refused = refused.refused(422, "invalid", Some("ORG-8"));
        assert_eq!(refused.body["errors"][0]["pointer"], "/may_order");
        world
            .patch("sofia", &anna, json!({"role": "external"}))
            .await
            .expect(200);
        world
            .post("anna", "/v1/quotes", quote)
            .await
            .refused(403, "forbidden", Some("ORG-8"));
    });
}

#[test]
fn org_4_a_collaborator_reaches_what_it_and_its_teams_were_given() {
    on_each_engine(async |world| {
        let (arno, owned) = (
            world.organization("Galerie Arno").await,
            products_of(world, "Galerie Arno").await,
        );
        let anna = bring(
            world,
            "sofia",
            "Galerie Arno",
            "anna",
            given(ANNA, "collaborator", &owned[..1]),
        )
        .await;
        let listed = async || {
            let path = format!("/v1/organizations/{arno}/products?include=total");
            world.get("anna", &path).await.expect(200).body["total"].clone()
        };
        assert_eq!(listed().await, 1);
        let teams = format!("/v1/organizations/{arno}/teams");
        let new = json!({"name": "Archive", "product_ids": [owned[1]]});
        let team = world
            .post("sofia", &teams, new.clone())
            .await
            .expect(201)
            .id();
        world
            .post("sofia", &teams, new)
            .await
            .refused(409, "name_taken", None);
        let id = anna.rsplit('/').next().unwrap_or_default();
        let place = format!("{teams}/{team}/members/{id}");
        world.put("sofia", &place, json!(null)).await.expect(200);
        assert_eq!(listed().await, 2);
        let shown = world.get("sofia", &anna).await.expect(200);
        assert_eq!(
            (&shown.body["team_ids"], &shown.body["product_ids"]),
            (&json!([team]), &json!([owned[0]]))
        );
        world.delete("sofia", &place).await.expect(204);
        world
            .delete("sofia", &place)
            .await
            .refused(404, "not_found", None);
        assert_eq!(listed().await, 1);
        world.put("sofia", &place, json!(null)).await.expect(200);
        let renamed = world
            .patch(
                "sofia",
                &format!("{teams}/{team}"),
                json!({"name": "Old", "product_ids": owned}),
            )
            .await;
        assert_eq!(renamed.expect(200).text_of("/name"), "Old");
        assert_eq!(listed().await, 2);
        world
            .delete("sofia", &format!("{teams}/{team}"))
            .await
            .expect(204);
        world
            .get("sofia", &format!("{teams}/{team}"))
            .await
            .refused(404, "not_found", None);
        assert_eq!(listed().await, 1);
        let refused = world.post("anna", &teams, json!({"name": "Mine"})).await;
        refused.refused(403, "forbidden", Some("ORG-4"));
    });
}

#[test]
fn org_5_an_external_reaches_chosen_products_until_a_partnership_supersedes_it() {
    on_each_engine(async |world| {
        let (sommer, owned) = (
            world.organization("Bäckerei Sommer").await,
            products_of(world, "Bäckerei Sommer").await,
        );
        let there = format!("/v1/organizations/{sommer}/products?include=total");
        let claire = bring(
            world,
            "anna",
            "Bäckerei Sommer",
            "claire",
            given(CLAIRE, "external", &owned[..1]),
        )
        .await;
        assert_eq!(
            world.get("claire", &there).await.expect(200).body["total"],
            1
        );
        world
            .get("claire", &people(world, "Bäckerei Sommer").await)
            .await
            .refused(403, "forbidden", Some("ORG-5"));
        let sent = invite(
            world,
            "anna",
            "Bäckerei Sommer",
            "Studio Lumen",
            full("customer"),
        )
        .await
        .expect(201);
        let started = accept(world, "claire", &sent.id(), json!({}))
            .await
            .expect(200);
        world
            .get("anna", &claire)
            .await
            .refused(404, "not_found", None);
        assert_eq!(
            world.get("claire", &there).await.expect(200).body["total"],
            2
        );
        let end = format!(
            "/v1/partnerships/{}/end",
            started.text_of("/partnership/id")
        );
        world
            .post("anna", &end, json!({"password": PASSWORD}))
            .await
            .expect(200);
        world
            .get("claire", &there)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn acc_5_a_limited_partner_raises_nobody_above_its_ceiling() {
    on_each_engine(async |world| {
        let owned = products_of(world, "Velo Kurier").await;
        for role in ["legal_representative", "administrator"] {
            let refused = add(world, "claire", "Velo Kurier", place(ANNA, role)).await;
            refused.refused(403, "forbidden", Some("ACC-5"));
        }
        let spender = json!({"email": ANNA, "role": "collaborator", "may_order": true});
        add(world, "claire", "Velo Kurier", spender)
            .await
            .refused(403, "forbidden", Some("ACC-5"));
        let outside = add(
            world,
            "claire",
            "Velo Kurier",
            given(ANNA, "collaborator", &owned[2..]),
        )
        .await;
        let outside = outside.refused(422, "invalid", Some("ORG-4"));
        let unknown = ["product_01jd8xk3v9e6mbyg4q5r7s8t9v".to_owned()];
        let unknown = add(
            world,
            "claire",
            "Velo Kurier",
            given(ANNA, "collaborator", &unknown),
        )
        .await;
        assert_eq!(
            outside.body["errors"],
            unknown.refused(422, "invalid", Some("ORG-4")).body["errors"]
        );
        let own = add(world, "claire", "Velo Kurier", place(LUCA, "external")).await;
        own.refused(422, "invalid", Some("ACC-5"));
        let ben = member(world, "claire", "Velo Kurier", BEN).await;
        world
            .delete("claire", &ben)
            .await
            .refused(403, "forbidden", Some("ACC-5"));
        world
            .patch("claire", &ben, json!({"role": "collaborator"}))
            .await
            .refused(403, "forbidden", Some("ACC-5"));

        let anna = bring(
            world,
            "claire",
            "Velo Kurier",
            "anna",
            given(ANNA, "collaborator", &owned[..2]),
        )
        .await;
        let shown = world.get("ben", &anna).await.expect(200);
        assert_eq!(
            shown.text_of("/added_by"),
            partnership(world, "ben", "Velo Kurier").await
        );
        world
            .patch("ben", &anna, json!({"product_ids": owned}))
            .await
            .expect(200);
        let narrowed = world
            .patch("claire", &anna, json!({"product_ids": [owned[1]]}))
            .await
            .expect(200);
        assert_eq!(narrowed.body["product_ids"], json!([owned[1]]));
        let whole = world.get("ben", &anna).await.expect(200);
        assert_eq!(whole.body["product_ids"], json!([owned[1], owned[2]]));
        world
            .patch("claire", &anna, json!({"role": "administrator"}))
            .await
            .refused(403, "forbidden", Some("ACC-5"));
    });
}

#[test]
fn acc_5_a_limited_partner_puts_nobody_into_a_team_that_reaches_further() {
    on_each_engine(async |world| {
        let owned = products_of(world, "Velo Kurier").await;
        let teams = format!(
            "/v1/organizations/{}/teams",
            world.organization("Velo Kurier").await
        );
        let wide = json!({"name": "Dispatch", "product_ids": owned});
        let team = world.post("ben", &teams, wide).await.expect(201).id();
        let seen = world
            .get("claire", &format!("{teams}/{team}"))
            .await
            .expect(200);
        assert_eq!(seen.body["product_ids"], json!(owned[..2]));
        let anna = bring(
            world,
            "claire",
            "Velo Kurier",
            "anna",
            place(ANNA, "collaborator"),
        )
        .await;
        let id = anna.rsplit('/').next().unwrap_or_default();
        let place = format!("{teams}/{team}/members/{id}");
        world
            .put("claire", &place, json!(null))
            .await
            .refused(403, "forbidden", Some("ACC-5"));
        world
            .patch(
                "claire",
                &format!("{teams}/{team}"),
                json!({"product_ids": []}),
            )
            .await
            .expect(200);
        let whole = world
            .get("ben", &format!("{teams}/{team}"))
            .await
            .expect(200);
        assert_eq!(whole.body["product_ids"], json!(owned[2..]));
        let outside = world
            .post(
                "claire",
                &teams,
                json!({"name": "Mine", "product_ids": owned}),
            )
            .await;
        let outside = outside.refused(422, "invalid", Some("ORG-4"));
        assert_eq!(outside.body["errors"][0]["pointer"], "/product_ids/2");
    });
}

#[test]
fn acc_5_a_full_partner_lends_the_customers_money_only_where_it_spends_it_itself() {
    on_each_engine(async |world| {
        let spender = || json!({"email": ANNA, "role": "collaborator", "may_order": true});
        for (customer, status) in [("Galerie Arno", 201), ("Praxis Weiss", 403)] {
            assert_eq!(
                add(world, "claire", customer, spender()).await.status,
                status
            );
            let administrator = add(world, "luca", customer, place(BEN, "administrator")).await;
            assert_eq!(administrator.status, status);
            let chief = add(
                world,
                "claire",
                customer,
                place("x@y.example", "legal_representative"),
            )
            .await;
            chief.refused(403, "forbidden", Some("ACC-5"));
        }
    });
}

#[test]
fn acc_5_whom_a_partner_added_leaves_with_it_unless_the_customer_keeps_them() {
    on_each_engine(async |world| {
        let anna = bring(
            world,
            "claire",
            "Galerie Arno",
            "anna",
            place(ANNA, "administrator"),
        )
        .await;
        let karl = bring(
            world,
            "claire",
            "Galerie Arno",
            "karl",
            place(KARL, "collaborator"),
        )
        .await;
        let ben = bring(
            world,
            "anna",
            "Galerie Arno",
            "ben",
            place(BEN, "collaborator"),
        )
        .await;
        let waiting = place("marie@chalet-edelweiss.example", "collaborator");
        add(world, "claire", "Galerie Arno", waiting)
            .await
            .expect(201);
        let keep = json!({"keep": true});
        world
            .patch("claire", &karl, keep.clone())
            .await
            .refused(403, "forbidden", Some("ACC-5"));
        world
            .patch("anna", &karl, keep.clone())
            .await
            .refused(403, "forbidden", Some("ACC-5"));
        let kept = world.patch("sofia", &karl, keep).await.expect(200);
        assert_eq!(kept.body["added_by"], Value::Null);
        let id = partnership(world, "sofia", "Galerie Arno").await;
        end_partnership(world, "sofia", &id).await.expect(200);
        world.get("sofia", &karl).await.expect(200);
        for gone in [anna, ben] {
            world
                .get("sofia", &gone)
                .await
                .refused(404, "not_found", None);
        }
        let link = link(world, "marie@chalet-edelweiss.example").await;
        let late = world
            .post("marie", &format!("{link}/accept"), json!({}))
            .await;
        late.refused(410, "link_dead", Some("INV-7"));
    });
}

#[test]
fn acc_5_what_a_partner_offered_is_judged_again_when_it_is_taken() {
    on_each_engine(async |world| {
        add(
            world,
            "claire",
            "Galerie Arno",
            place(ANNA, "administrator"),
        )
        .await
        .expect(201);
        let owned = products_of(world, "Galerie Arno").await;
        let access = format!(
            "/v1/partnerships/{}/access",
            partnership(world, "sofia", "Galerie Arno").await
        );
        world
            .put("sofia", &access, limited(&owned[..1]))
            .await
            .expect(200);
        let link = link(world, ANNA).await;
        let taken = world
            .post("anna", &format!("{link}/accept"), json!({}))
            .await;
        taken.refused(403, "forbidden", Some("ACC-5"));
    });
}

#[test]
fn acc_5_a_partner_raises_nobody_of_its_own_in_the_customers_organization() {
    on_each_engine(async |world| {
        let new = place(CLAIRE, "external");
        let offered = add(world, "sofia", "Galerie Arno", new).await.expect(201);
        let claire = format!("{}/{}", people(world, "Galerie Arno").await, offered.id());
        let raise = || json!({"role": "administrator"});
        for who in ["claire", "luca"] {
            let refused = world.patch(who, &claire, raise()).await;
            refused.refused(403, "forbidden", Some("ACC-5"));
        }
        let link = link(world, CLAIRE).await;
        world
            .post("claire", &format!("{link}/accept"), json!({}))
            .await
            .expect(200);
        let own = world.patch("claire", &claire, raise()).await;
        own.refused(403, "forbidden", Some("ACC-1"));
        let colleague = world.patch("luca", &claire, raise()).await;
        colleague.refused(403, "forbidden", Some("ACC-5"));
        let arno = world.organization("Galerie Arno").await;
        let teams = format!("/v1/organizations/{arno}/teams");
        let new = json!({"name": "Archive"});
        let team = world.post("luca", &teams, new).await.expect(201).id();
        let place = format!("{teams}/{team}/members/{}", offered.id());
        let joined = world.put("luca", &place, json!(null)).await;
        joined.refused(403, "forbidden", Some("ACC-5"));
    });
}

#[test]
fn org_1_two_who_leave_at_once_leave_one() {
    on_each_engine(async |world| {
        let new = place(ANNA, "legal_representative");
        let anna = bring(world, "sofia", "Galerie Arno", "anna", new).await;
        let sofia = member(world, "anna", "Galerie Arno", SOFIA).await;
        let (one, other) = join(
            world.ask("sofia", TestRequest::delete().uri(&sofia)),
            world.ask("anna", TestRequest::delete().uri(&anna)),
        )
        .await;
        let mut answers = [one.status, other.status];
        answers.sort();
        assert_eq!(answers, [204, 409], "{} {}", one.text, other.text);
    });
}
