//! Organizations, who belongs to them, and what each reaches (ORG, ACC).
use crate::assignments::assign_maya;
use crate::members::member;
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use mandat::db::schema::products;
use mandat::domain::id::{OrganizationId, ProductId};
use serde_json::{Value, json};

/// The products of an organization, the oldest first.
pub async fn products_of(world: &World, name: &'static str) -> Vec<String> {
    let org: OrganizationId = world.organization(name).await.parse().expect("an id");
    let found = world.db.read(move |tx| {
        let ids: Vec<ProductId> = products::table
            .filter(products::organization_id.eq(org))
            .order(products::id)
            .select(products::id)
            .load(tx.conn)?;
        Ok(ids.iter().map(ToString::to_string).collect())
    });
    found.await.expect("products are read")
}

/// Lets Maya order, and narrows her to one product of Galerie Arno.
async fn narrow_maya(world: &World, product: &str) {
    let maya = member(world, "luca", "Studio Lumen", "maya@studio-lumen.example").await;
    let ordering = json!({"may_order": true});
    world.patch("luca", &maya, ordering).await.expect(200);
    assign_maya(world, Some(&[product.to_owned()])).await;
}

#[test]
fn acc_3_a_parent_outside_the_orderers_reach_is_refused_like_an_unknown_one() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let owned = products_of(world, "Galerie Arno").await;
        narrow_maya(world, &owned[0]).await;
        let quote = |parent: Value| {
            json!({"organization_id": arno, "acting_as": "partner", "currency": "CHF", "lines": [
                {"family": "mail", "quantity": 1, "period": "monthly", "parent_product_id": parent}]})
        };
        let elsewhere = json!("product_01jd8xk3v9e6mbyg4q5r7s8t9v");
        let unknown = world.post("maya", "/v1/quotes", quote(elsewhere)).await;
        let unknown = unknown.refused(422, "invalid", Some("BIL-2"));
        let outside = world
            .post("maya", "/v1/quotes", quote(json!(owned[1])))
            .await
            .refused(422, "invalid", Some("BIL-2"));
        assert_eq!(outside.body["errors"], unknown.body["errors"]);
        world
            .post("maya", "/v1/quotes", quote(json!(owned[0])))
            .await
            .expect(201);
        world
            .post("claire", "/v1/quotes", quote(json!(owned[1])))
            .await
            .expect(201);
    });
}

#[test]
fn org_4_a_narrowed_collaborator_sees_only_the_assigned_products() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let owned = products_of(world, "Galerie Arno").await;
        narrow_maya(world, &owned[0]).await;
        let path = format!("/v1/organizations/{arno}/products");
        let listed = world
            .get("maya", &format!("{path}?include=total"))
            .await
            .expect(200);
        assert_eq!(listed.body["total"], 1);
        assert_eq!(listed.text_of("/items/0/id"), owned[0]);
        world
            .get("maya", &format!("{path}/{}", owned[1]))
            .await
            .refused(404, "not_found", None);
    });
}

fn sail() -> Value {
    json!({"name": " Segelschule Ufer ", "kind": "company", "email": "Post@Ufer.example", "country": "CH", "vat_number": "CHE-123.456.789 MWST"})
}

#[test]
fn org_1_whoever_makes_an_organization_is_its_legal_representative() {
    on_each_engine(async |world| {
        let made = world
            .post("anna", "/v1/organizations", sail())
            .await
            .expect(201);
        assert_eq!(made.text_of("/name"), "Segelschule Ufer");
        assert_eq!(made.text_of("/email"), "post@ufer.example");
        assert_eq!(made.text_of("/vat_number"), "CHE123456789MWST");
        let path = format!("/v1/organizations/{}", made.id());
        world.get("anna", &path).await.expect(200);
        world
            .get("ben", &path)
            .await
            .refused(404, "not_found", None);
        let members = world
            .get("anna", &format!("{path}/members"))
            .await
            .expect(200);
        assert_eq!(members.text_of("/items/0/role"), "legal_representative");
        let wrong = json!({"name": "  ", "kind": "person", "email": "nowhere", "country": "XX", "vat_number": "123"});
        let refused = world
            .post("anna", "/v1/organizations", wrong)
            .await
            .refused(422, "invalid", None);
        let faults = refused.body["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let codes: Vec<_> = faults
            .iter()
            .filter_map(|fault| fault["code"].as_str())
            .collect();
        assert_eq!(codes, ["country", "email", "blank", "vat_number"]);
    });
}

#[test]
fn org_2_only_a_legal_representative_changes_an_organization() {
    on_each_engine(async |world| {
        let arno = format!(
            "/v1/organizations/{}",
            world.organization("Galerie Arno").await
        );
        let change = json!({"name": "Galerie Arno & Figlia", "vat_number": "CHE123456789"});
        world
            .patch("claire", &arno, change.clone())
            .await
            .refused(403, "forbidden", Some("ACC-2"));
        let bare = TestRequest::patch().uri(&arno).set_json(change.clone());
        world
            .ask("sofia", bare)
            .await
            .refused(428, "if_match_required", None);
        let changed = world.patch("sofia", &arno, change).await.expect(200);
        assert_eq!(
            (&changed.body["version"], changed.text_of("/vat_number")),
            (&json!(2), "CHE123456789".to_owned())
        );
        let cleared = world
            .patch("sofia", &arno, json!({"vat_number": null}))
            .await
            .expect(200);
        assert_eq!(
            (&cleared.body["vat_number"], cleared.text_of("/name")),
            (&Value::Null, "Galerie Arno & Figlia".to_owned())
        );
        let lumen = format!(
            "/v1/organizations/{}",
            world.organization("Studio Lumen").await
        );
        world
            .patch("luca", &lumen, json!({"name": "Lumen"}))
            .await
            .refused(403, "forbidden", Some("ORG-2"));
    });
}

/// The payment methods that pay for what somebody orders here.
async fn methods(world: &World, who: &str, org: &str) -> Vec<Value> {
    let path = format!("/v1/organizations/{org}/payment-methods");
    let list = world.get(who, &path).await.expect(200);
    list.body["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn acc_3_a_partner_renames_what_it_reaches_and_nothing_else() {
    on_each_engine(async |world| {
        let owned = products_of(world, "Velo Kurier").await;
        let path = format!(
            "/v1/organizations/{}/products",
            world.organization("Velo Kurier").await
        );
        let renamed = world
            .patch(
                "claire",
                &format!("{path}/{}", owned[0]),
                json!({"name": " shop "}),
            )
            .await;
        let renamed = renamed.expect(200);
        assert_eq!(
            (renamed.text_of("/name"), &renamed.body["version"]),
            ("shop".to_owned(), &json!(2))
        );
        assert_eq!(renamed.body["payment_method_id"], Value::Null);
        world
            .patch(
                "claire",
                &format!("{path}/{}", owned[2]),
                json!({"name": "shop"}),
            )
            .await
            .refused(404, "not_found", None);
        world
            .patch(
                "claire",
                &format!("{path}/{}", owned[0]),
                json!({"automatic": false}),
            )
            .await
            .refused(403, "forbidden", Some("ACC-4"));
        let bare = TestRequest::patch()
            .uri(&format!("{path}/{}", owned[0]))
            .set_json(json!({"name": "x"}));
        world
            .ask("ben", bare)
            .await
            .refused(428, "if_match_required", None);
    });
}

#[test]
fn pay_6_who_pays_for_a_products_renewals_decides_about_them() {
    on_each_engine(async |world| {
        let weiss = world.organization("Praxis Weiss").await;
        let product = format!(
            "/v1/organizations/{weiss}/products/{}",
            products_of(world, "Praxis Weiss").await[0]
        );
        let off = json!({"automatic": false});
        world
            .patch("claire", &product, off.clone())
            .await
            .refused(403, "forbidden", Some("PAY-6"));
        let stopped = world.patch("karl", &product, off).await.expect(200);
        assert_eq!(
            (
                &stopped.body["automatic"],
                &stopped.body["payment_method_id"]
            ),
            (&json!(false), &Value::Null)
        );
        let on = |method: &Value| json!({"automatic": true, "payment_method_id": method});
        let bare = world
            .patch("karl", &product, json!({"automatic": true}))
            .await;
        bare.refused(422, "invalid", Some("PAY-6"));
        let partners = methods(world, "claire", &weiss).await;
        world
            .patch("karl", &product, on(&partners[0]["id"]))
            .await
            .refused(422, "invalid", Some("PAY-7"));
        let own = methods(world, "karl", &weiss).await;
        let renewed = world
            .patch("karl", &product, on(&own[0]["id"]))
            .await
            .expect(200);
        assert_eq!(renewed.body["payment_method_id"], own[0]["id"]);
        let hidden = world.get("claire", &product).await.expect(200);
        assert_eq!(hidden.body["payment_method_id"], Value::Null);

        let arno = world.organization("Galerie Arno").await;
        let product = format!(
            "/v1/organizations/{arno}/products/{}",
            products_of(world, "Galerie Arno").await[0]
        );
        world
            .patch("claire", &product, json!({"automatic": false}))
            .await
            .expect(200);
    });
}

#[test]
fn pay_7_only_the_owners_legal_representatives_manage_payment_methods() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let path = format!("/v1/organizations/{arno}/payment-methods");
        let new = |label: &str, token: &str| json!({"kind": "card", "label": label, "provider_token": token});
        let good = || new("Visa •••• 1881", "tok_8Kq2");
        world
            .post("claire", &path, good())
            .await
            .refused(403, "forbidden", Some("PAY-7"));
        let lumen = world.organization("Studio Lumen").await;
        let theirs = format!("/v1/organizations/{lumen}/payment-methods");
        world
            .post("luca", &theirs, good())
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        let added = world.post("sofia", &path, good()).await.expect(201);
        assert!(!added.text.contains("tok_8Kq2"), "{}", added.text);
        for (label, token) in [
            ("4012 8888 8888 1881", "tok_8Kq2"),
            ("Visa", "4012888888881881"),
            ("Konto CH93 0076 2011 6238 5295 7", "tok_8Kq2"),
        ] {
            let refused = world
                .post("sofia", &path, new(label, token))
                .await
                .refused(422, "invalid", None);
            assert_eq!(refused.body["errors"][0]["code"], "account_number");
        }
        let old = methods(world, "sofia", &arno)
            .await
            .iter()
            .find(|one| one["id"] != added.body["id"])
            .cloned();
        let old = old
            .and_then(|one| one["id"].as_str().map(str::to_owned))
            .expect("the card of before");
        let in_use = world
            .delete("sofia", &format!("{path}/{old}"))
            .await
            .refused(409, "payment_method_in_use", Some("PAY-7"));
        let renewed = in_use.body["conflicts"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert_eq!(renewed.len(), 2);
        for product in renewed.iter().filter_map(Value::as_str) {
            let change = json!({"payment_method_id": added.id()});
            world
                .patch(
                    "sofia",
                    &format!("/v1/organizations/{arno}/products/{product}"),
                    change,
                )
                .await
                .expect(200);
        }
        world
            .delete("sofia", &format!("{path}/{old}"))
            .await
            .expect(204);
        world
            .delete("sofia", &format!("{path}/{old}"))
            .await
            .refused(404, "not_found", None);
        let prepaid = methods(world, "claire", &lumen)
            .await
            .iter()
            .find(|one| one["kind"] == "prepaid")
            .cloned();
        let prepaid = prepaid
            .and_then(|one| one["id"].as_str().map(str::to_owned))
            .expect("a prepaid account");
        world
            .delete("claire", &format!("{theirs}/{prepaid}"))
            .await
            .refused(409, "payment_method_in_use", Some("PAY-7"));
    });
}

#[test]
fn org_4_a_narrowed_collaborator_sees_the_orders_of_its_products_and_its_own() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let owned = products_of(world, "Galerie Arno").await;
        narrow_maya(world, &owned[0]).await;
        let path = format!("/v1/organizations/{arno}/orders");
        let card = methods(world, "claire", &arno).await[0]["id"].clone();
        let order = json!({"acting_as": "partner", "currency": "CHF", "payment_method_id": card,
            "lines": [{"family": "mail", "quantity": 1, "period": "monthly"}]});
        let placed = world
            .post_keyed("claire", &path, "one", order.clone())
            .await;
        let placed = placed.expect(201).text_of("/order/id");
        let seen = async || {
            let list = world.get("maya", &format!("{path}?include=total")).await;
            list.expect(200).body["total"].clone()
        };
        assert_eq!(seen().await, 0);
        let one = format!("{path}/{placed}");
        world
            .get("maya", &one)
            .await
            .refused(404, "not_found", None);
        let own = world.post_keyed("maya", &path, "two", order).await;
        own.expect(201);
        assert_eq!(seen().await, 1);
        let installed = products_of(world, "Galerie Arno").await;
        assign_maya(world, Some(&installed[2..3])).await;
        assert_eq!(seen().await, 2);
        world.get("maya", &one).await.expect(200);
    });
}

#[test]
fn org_4_of_a_mixed_order_a_narrowed_collaborator_sees_what_its_products_cost() {
    on_each_engine(async |world| {
        let arno = world.organization("Galerie Arno").await;
        let path = format!("/v1/organizations/{arno}/orders");
        let card = methods(world, "claire", &arno).await[0]["id"].clone();
        let mixed = json!({"acting_as": "partner", "currency": "CHF", "payment_method_id": card,
            "lines": [{"family": "mail", "quantity": 1, "period": "monthly"},
                {"family": "cloud_server", "quantity": 1, "period": "monthly"}]});
        let placed = world.post_keyed("claire", &path, "mixed", mixed).await;
        let placed = placed.expect(201);
        assert_eq!(placed.text_of("/order/charged_amount/amount"), "31.10");
        narrow_maya(world, &placed.text_of("/products/0/id")).await;
        let one = format!("{path}/{}", placed.text_of("/order/id"));
        for (who, charged) in [("claire", "31.10"), ("maya", "2.10")] {
            let listed = world.get(who, &path).await.expect(200);
            assert_eq!(listed.text_of("/items/0/charged_amount/amount"), charged);
            let shown = world.get(who, &one).await.expect(200);
            assert_eq!(shown.text_of("/charged_amount/amount"), charged);
        }
    });
}
