//! Organizations, who belongs to them, and what each reaches (ORG, ACC).
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use diesel::prelude::*;
use mandat::db::schema::{assignments, memberships, products, reached_products, users};
use mandat::domain::id::{AssignmentId, MemberId, OrganizationId, ProductId};
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
    let product: ProductId = product.parse().expect("an id");
    let narrowed = world.db.write(move |tx| {
        let maya: MemberId = memberships::table
            .inner_join(users::table.on(users::id.eq(memberships::user_id)))
            .filter(users::email.eq("maya@studio-lumen.example"))
            .select(memberships::id)
            .first(tx.conn)?;
        diesel::update(memberships::table.filter(memberships::id.eq(maya)))
            .set(memberships::may_order.eq(true))
            .execute(tx.conn)?;
        let of_maya = assignments::table.filter(assignments::member_id.eq(maya));
        let assignment: AssignmentId = of_maya.select(assignments::id).first(tx.conn)?;
        diesel::update(of_maya)
            .set(assignments::narrowed.eq(true))
            .execute(tx.conn)?;
        diesel::insert_into(reached_products::table)
            .values((
                reached_products::holder_id.eq(assignment),
                reached_products::product_id.eq(product),
                reached_products::valid_from.eq(tx.now),
            ))
            .execute(tx.conn)?;
        Ok(())
    });
    narrowed.await.expect("Maya is narrowed");
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
