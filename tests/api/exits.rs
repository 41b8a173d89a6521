//! Payment mode proposals (PSH-6), what an end takes away (PSH-7), and a partner's customers (EXP-1).
use crate::invitations::{accept, full, invite, limited};
use crate::partnerships::{end_partnership, partnership};
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::schema::{partnerships, products, renewal_ownerships};
use mandat::domain::id::{OrganizationId, PartnershipId};
use mandat::jobs::uses;
use serde_json::{Value, json};

#[test]
fn psh_6_the_partner_proposes_a_payment_mode_and_the_customer_decides() {
    on_each_engine(async |world| {
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let path = format!("/v1/partnerships/{id}/payment-mode-proposals");
        let mode = |mode: &str| json!({"payment_mode": mode});
        world
            .post("sofia", &path, mode("partner"))
            .await
            .refused(403, "forbidden", Some("ACC-1"));
        world
            .post("luca", &path, mode("partner"))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .post("claire", &path, mode("customer"))
            .await
            .refused(422, "invalid", Some("PSH-6"));
        let first = world
            .post("claire", &path, mode("partner"))
            .await
            .expect(201);
        let second = world.post("claire", &path, mode("partner")).await.refused(
            409,
            "pending_proposal_exists",
            Some("PSH-6"),
        );
        assert_eq!(second.body["conflicts"], json!([first.id()]));
        let answer = |id: &str, act: &str| format!("{path}/{id}/{act}");
        world
            .post("claire", &answer(&first.id(), "accept"), json!({}))
            .await
            .refused(403, "forbidden", Some("PSH-6"));
        let declined = world
            .post("sofia", &answer(&first.id(), "decline"), json!({}))
            .await
            .expect(200);
        assert_eq!(declined.body["status"], "declined");
        world
            .post("sofia", &answer(&first.id(), "accept"), json!({}))
            .await
            .refused(409, "already_answered", Some("PSH-6"));
        let again = world
            .post("claire", &path, mode("partner"))
            .await
            .expect(201);
        let accepted = world
            .post("sofia", &answer(&again.id(), "accept"), json!({}))
            .await
            .expect(200);
        assert_eq!(accepted.body["status"], "accepted");
        let now = world
            .get("sofia", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        assert_eq!(now.body["access"], full("partner"));
        let listed = world.get("luca", &path).await.expect(200);
        assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(2));
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn psh_6_a_proposal_falls_with_the_terms_it_was_about() {
    on_each_engine(async |world| {
        let id = partnership(world, "sofia", "Galerie Arno").await;
        let path = format!("/v1/partnerships/{id}/payment-mode-proposals");
        let proposed = json!({"payment_mode": "partner"});
        world
            .post("claire", &path, proposed.clone())
            .await
            .expect(201);
        world
            .put(
                "sofia",
                &format!("/v1/partnerships/{id}/access"),
                limited(&[]),
            )
            .await
            .expect(200);
        let listed = world.get("sofia", &path).await.expect(200);
        assert_eq!(listed.body["items"][0]["status"], "superseded");
        world
            .post("claire", &path, proposed)
            .await
            .refused(422, "invalid", Some("INV-4"));
    });
}

/// Lets the partner own the renewals of all that a customer has.
async fn owned_by_the_partner(world: &World, id: &str) {
    let id: PartnershipId = id.parse().expect("an id");
    let changed = world.db.write(move |tx| {
        let (customer, partner): (OrganizationId, OrganizationId) = partnerships::table
            .find(id)
            .select((partnerships::customer_id, partnerships::partner_id))
            .first(tx.conn)?;
        let theirs = products::table
            .filter(products::organization_id.eq(customer))
            .select(products::id);
        diesel::update(renewal_ownerships::table)
            .filter(renewal_ownerships::product_id.eq_any(theirs))
            .set(renewal_ownerships::owner_id.eq(partner))
            .execute(tx.conn)?;
        Ok(())
    });
    changed.await.expect("the renewals are the partner's");
}

/// A unit for a customer in a backup product of Studio Lumen's own.
async fn backup_unit(world: &World, customer: &'static str) -> String {
    let (lumen, customer) = (
        world.organization("Studio Lumen").await,
        world.organization(customer).await,
    );
    let methods = world
        .get(
            "claire",
            &format!("/v1/organizations/{lumen}/payment-methods"),
        )
        .await
        .expect(200);
    let methods = methods.body["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let card = methods
        .iter()
        .find(|method| method["kind"] == "card")
        .map(|method| &method["id"]);
    let order = json!({"acting_as": "customer", "currency": "CHF", "payment_method_id": card,
        "lines": [{"family": "backup", "quantity": 10, "period": "monthly"}]});
    world
        .post_keyed(
            "claire",
            &format!("/v1/organizations/{lumen}/orders"),
            "backup",
            order,
        )
        .await
        .expect(201);
    let products = world
        .get("claire", &format!("/v1/organizations/{lumen}/products"))
        .await;
    let path = format!(
        "/v1/products/{}/backup-units",
        products.text_of("/items/0/id")
    );
    let unit = json!({"name": "Front desk", "quota": 2, "customer_id": customer});
    world.post("claire", &path, unit).await.expect(201).id()
}

#[test]
fn psh_7_the_preview_shows_what_an_end_takes_away_and_the_exit_report_keeps_it() {
    on_each_engine(async |world| {
        let id = partnership(world, "karl", "Praxis Weiss").await;
        owned_by_the_partner(world, &id).await;
        let unit = backup_unit(world, "Praxis Weiss").await;
        let path = format!("/v1/partnerships/{id}");
        let preview = format!("{path}/end-preview");
        world
            .get("luca", &preview)
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        world
            .get("jonas", &preview)
            .await
            .refused(404, "not_found", None);
        world
            .get("karl", &format!("{path}/exit-report"))
            .await
            .refused(404, "not_found", Some("PSH-7"));
        let mut before = world.get("karl", &preview).await.expect(200).body;
        let names = |list: &Value| -> Vec<String> {
            let items = list.as_array().into_iter().flatten();
            items
                .filter_map(|item| item["name"].as_str().map(str::to_owned))
                .collect()
        };
        assert_eq!(names(&before["products"]).len(), 2);
        assert_eq!(names(&before["people"]), ["Claire Morel", "Luca Ferri"]);
        assert_eq!(before["added_members"], json!([]));
        assert_eq!(before["renewals"][0]["payer_before"], "partner");
        assert_eq!(before["renewals"][0]["payer_after"], "customer");
        assert_eq!(before["backup_units"][0]["unit_id"], json!(unit));
        end_partnership(world, "karl", &id).await.expect(200);
        world
            .get("karl", &preview)
            .await
            .refused(409, "already_ended", Some("PSH-7"));
        for who in ["karl", "claire"] {
            let kept = world
                .get(who, &format!("{path}/exit-report"))
                .await
                .expect(200);
            before["as_of"] = kept.body["as_of"].clone();
            assert_eq!(kept.body, before);
        }
    });
}

#[test]
fn psh_7_what_a_limited_partner_earned_stays_readable_after_the_product_left_its_selection() {
    on_each_engine(async |world| {
        let kurier = world.organization("Velo Kurier").await;
        let id = partnership(world, "ben", "Velo Kurier").await;
        let managed = world
            .get("ben", &format!("/v1/partnerships/{id}"))
            .await
            .text_of("/access/product_ids/0");
        let card = world
            .get(
                "ben",
                &format!("/v1/organizations/{kurier}/payment-methods"),
            )
            .await
            .text_of("/items/0/id");
        let order = json!({"acting_as": "customer", "currency": "CHF", "payment_method_id": card,
            "lines": [{"family": "domain_ch", "quantity": 1, "period": "yearly", "parent_product_id": managed}]});
        let orders = format!("/v1/organizations/{kurier}/orders");
        world
            .post_keyed("ben", &orders, "one", order)
            .await
            .expect(201);
        world
            .put(
                "ben",
                &format!("/v1/partnerships/{id}/access"),
                limited(&[]),
            )
            .await
            .expect(200);
        let lumen = world.organization("Studio Lumen").await;
        for org in [&kurier, &lumen] {
            let path = format!("/v1/organizations/{org}/billing-events?partnership_id={id}");
            let events = world.get("claire", &path).await.expect(200);
            assert_eq!(events.body["items"].as_array().map(Vec::len), Some(1));
            let product = events.text_of("/items/0/product/id");
            // The event is the partnership's; the product itself is not the partner's to see (ACC-3).
            world
                .get(
                    "claire",
                    &format!("/v1/organizations/{kurier}/products/{product}"),
                )
                .await
                .refused(404, "not_found", None);
        }
    });
}

#[test]
fn psh_11_right_sizing_tells_what_was_granted_and_not_used_and_what_would_do() {
    on_each_engine(async |world| {
        let id = partnership(world, "ben", "Velo Kurier").await;
        let kurier = world.organization("Velo Kurier").await;
        let path = format!("/v1/partnerships/{id}/right-sizing");
        let managed = world
            .get("ben", &format!("/v1/partnerships/{id}"))
            .await
            .expect(200);
        let product = managed.text_of("/access/product_ids/0");
        let one = format!("/v1/organizations/{kurier}/products/{product}");
        world.token("claire").await;
        let (seen, sent) = world
            .statements(async {
                world.get("claire", &one).await.expect(200);
                world.get("claire", &one).await
            })
            .await;
        seen.expect(200);
        let wrote =
            |statement: &String| statement.contains("INSERT") || statement.contains("UPDATE");
        assert!(!sent.iter().any(wrote), "{sent:#?}");
        // What the customer itself looks at is no use of the partnership.
        let other = managed.text_of("/access/product_ids/1");
        world
            .get(
                "ben",
                &format!("/v1/organizations/{kurier}/products/{other}"),
            )
            .await
            .expect(200);
        for _ in 0..2 {
            uses::step(world.service.clone())
                .await
                .expect("the uses are written");
            world.get("claire", &one).await.expect(200);
        }
        for who in ["ben", "luca"] {
            let sizing = world.get(who, &path).await.expect(200);
            assert_eq!(sizing.text_of("/used/0/product_id"), product);
            assert_eq!(sizing.text_of("/unused/0/product_id"), other);
            assert_eq!(
                sizing.body["narrower_access"],
                limited(std::slice::from_ref(&product))
            );
        }
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        world
            .get("ben", &format!("{path}?days=0"))
            .await
            .refused(400, "invalid_parameter", None);
        world.advance(TimeDelta::days(100));
        let later = world.get("ben", &path).await.expect(200);
        assert_eq!(later.body["used"], json!([]));
        assert_eq!(later.body["narrower_access"], limited(&[]));
    });
}

#[test]
fn psh_11_who_orders_through_full_access_needs_it() {
    on_each_engine(async |world| {
        let weiss = world.organization("Praxis Weiss").await;
        let id = partnership(world, "karl", "Praxis Weiss").await;
        let path = format!("/v1/partnerships/{id}/right-sizing");
        let idle = world.get("karl", &path).await.expect(200);
        assert_eq!(idle.body["narrower_access"], limited(&[]));
        let card = world
            .get(
                "claire",
                &format!("/v1/organizations/{weiss}/payment-methods"),
            )
            .await
            .expect(200);
        let cards = card.body["items"].as_array().into_iter().flatten();
        let card = cards
            .filter(|method| method["kind"] == "card")
            .find_map(|method| method["id"].as_str());
        let order = json!({"acting_as": "partner", "currency": "CHF", "payment_method_id": card,
            "lines": [{"family": "mail", "quantity": 1, "period": "monthly"}]});
        let orders = format!("/v1/organizations/{weiss}/orders");
        world
            .post_keyed("claire", &orders, "one", order)
            .await
            .expect(201);
        let busy = world.get("karl", &path).await.expect(200);
        assert_eq!(busy.body["narrower_access"], Value::Null);
        assert_eq!(busy.body["used"].as_array().map(Vec::len), Some(1));
    });
}

/// The rows of a table, without its head.
fn rows(text: &str) -> Vec<String> {
    text.lines().skip(1).map(str::to_owned).collect()
}

async fn table(world: &World, who: &str, path: &str) -> String {
    let request = TestRequest::get()
        .uri(path)
        .insert_header(("accept", "text/csv"));
    world.ask(who, request).await.expect(200).text
}

#[test]
fn exp_1_a_partner_lists_and_exports_its_customers_as_far_as_each_member_reaches() {
    on_each_engine(async |world| {
        let lumen = world.organization("Studio Lumen").await;
        let path = format!("/v1/organizations/{lumen}/customers");
        let all = world
            .get("luca", &format!("{path}?include=total"))
            .await
            .expect(200);
        assert_eq!(all.body["total"], 3);
        let of = |name: &str| {
            let mut items = all.body["items"].as_array().into_iter().flatten();
            items
                .find(|item| item["name"] == name)
                .cloned()
                .expect("a customer")
        };
        assert_eq!(of("Velo Kurier")["product_count"], 2);
        assert_eq!(of("Galerie Arno")["product_count"], 2);
        let mine = world.get("maya", &path).await.expect(200);
        assert_eq!(mine.body["items"].as_array().map(Vec::len), Some(1));
        let found = world
            .get("luca", &format!("{path}?query=ARNO&level=full"))
            .await
            .expect(200);
        assert_eq!(found.text_of("/items/0/name"), "Galerie Arno");
        let nothing = world
            .get("luca", &format!("{path}?query=%25"))
            .await
            .expect(200);
        assert_eq!(nothing.body["items"], json!([]));
        assert_eq!(rows(&table(world, "claire", &path).await).len(), 3);
        world
            .get("sofia", &path)
            .await
            .refused(404, "not_found", None);
        let kurier = world.organization("Velo Kurier").await;
        let export = format!("{path}/{kurier}/export");
        assert_eq!(rows(&table(world, "claire", &export).await).len(), 2);
        world
            .get("maya", &export)
            .await
            .refused(404, "not_found", None);
        let own = format!("/v1/organizations/{kurier}/customers/{kurier}/export");
        world.get("ben", &own).await.refused(404, "not_found", None);
    });
}

/// Makes more customers of Studio Lumen, in full access.
async fn many(world: &World, how_many: usize) {
    use mandat::db::schema::organizations;
    use mandat::domain::access::{Access, PaymentMode};
    use mandat::domain::organization::OrganizationKind;
    use mandat::resources::organizations::model::{NewOrganizationRow, insert_organization};
    use mandat::resources::partnerships::model as partnerships;
    let made = world.db.write(move |tx| {
        let partner: OrganizationId = organizations::table
            .filter(organizations::name.eq("Studio Lumen"))
            .select(organizations::id)
            .first(tx.conn)?;
        let access = Access::Full {
            payment_mode: PaymentMode::Customer,
        };
        for number in 0..how_many {
            let name = format!("Customer {number}");
            let new = NewOrganizationRow {
                name: &name,
                kind: OrganizationKind::Company,
                email: "post@customer.example",
                country: "CH",
                vat_number: None,
            };
            let customer = insert_organization(tx, &new)?;
            let (invitation, now) = (tx.new_id()?, tx.now);
            let agreed = partnerships::agree(tx, invitation, None, (customer, partner), now)?;
            partnerships::begin(tx, &agreed, &access, now)?;
        }
        Ok(())
    });
    made.await.expect("the customers are made");
}

#[test]
fn exp_1_two_hundred_customers_cost_as_many_statements_as_three() {
    on_each_engine(async |world| {
        let lumen = world.organization("Studio Lumen").await;
        let path = format!("/v1/organizations/{lumen}/customers?limit=200&include=total");
        world.get("claire", &path).await.expect(200);
        let (few, three) = world.statements(world.get("claire", &path)).await;
        assert_eq!(few.expect(200).body["total"], 3);
        many(world, 197).await;
        world.get("claire", &path).await.expect(200);
        let (all, sent) = world.statements(world.get("claire", &path)).await;
        let all = all.expect(200);
        assert_eq!(all.body["items"].as_array().map(Vec::len), Some(200));
        assert_eq!(sent.len(), three.len(), "{sent:#?}");
    });
}

#[test]
fn inv_10_the_partners_of_superseded_invitations_are_told() {
    on_each_engine(async |world| {
        for partner in ["Studio Lumen", "Nordwerk"] {
            invite(world, "anna", "Bäckerei Sommer", partner, full("partner"))
                .await
                .expect(201);
        }
        let sommer = world.organization("Bäckerei Sommer").await;
        let list = format!("/v1/organizations/{sommer}/invitations");
        let sent = world.get("anna", &list).await.expect(200);
        let to_lumen = sent.body["items"].as_array().into_iter().flatten();
        let id = to_lumen
            .filter(|item| item["partner"]["name"] == "Studio Lumen")
            .find_map(|item| item["id"].as_str())
            .expect("an invitation")
            .to_owned();
        world.advance(TimeDelta::seconds(1));
        accept(world, "claire", &id, json!({})).await.expect(200);
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        let told = outbox.body["items"].as_array().into_iter().flatten();
        let superseded: Vec<&Value> = told
            .filter(|mail| mail["recipient"] == "jonas@nordwerk.example")
            .filter(|mail| {
                mail["text"]
                    .as_str()
                    .is_some_and(|text| text.contains("gilt nicht mehr"))
            })
            .collect();
        assert_eq!(superseded.len(), 1, "{}", outbox.text);
    });
}
