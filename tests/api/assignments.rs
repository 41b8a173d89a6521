//! Which collaborators of a partner reach a customer (ORG-4).
use crate::members::member;
use crate::organizations::products_of;
use crate::partnerships::partnership;
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

const MAYA: &str = "maya@studio-lumen.example";
const LUCA: &str = "luca@studio-lumen.example";

/// The id of a member of Studio Lumen.
async fn lumen(world: &World, email: &str) -> String {
    let path = member(world, "luca", "Studio Lumen", email).await;
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

async fn assignments(world: &World, owner: &str, customer: &'static str) -> String {
    let id = partnership(world, owner, customer).await;
    format!("/v1/partnerships/{id}/assignments")
}

/// Assigns Maya to Galerie Arno, to these products or to all.
pub async fn assign_maya(world: &World, products: Option<&[String]>) {
    let path = assignments(world, "sofia", "Galerie Arno").await;
    let items =
        json!({"items": [{"member_id": lumen(world, MAYA).await, "product_ids": products}]});
    world.put("luca", &path, items).await.expect(200);
}

#[test]
fn org_4_a_collaborator_reaches_only_the_customers_and_products_assigned() {
    on_each_engine(async |world| {
        let path = assignments(world, "sofia", "Galerie Arno").await;
        let (arno, owned) = (
            world.organization("Galerie Arno").await,
            products_of(world, "Galerie Arno").await,
        );
        let before = world.get("luca", &path).await.expect(200);
        assert_eq!(before.text_of("/items/0/name"), "Maya Roth");
        assert_eq!(before.body["items"][0]["product_ids"], Value::Null);
        let seen = async || {
            let products = format!("/v1/organizations/{arno}/products?include=total");
            let customers = world
                .get("maya", "/v1/organizations?via=partnership&include=total")
                .await;
            let products = world.get("maya", &products).await;
            (
                customers.expect(200).body["total"].clone(),
                products.body["total"].clone(),
            )
        };
        assert_eq!(seen().await, (json!(1), json!(2)));
        assign_maya(world, Some(&owned[..1])).await;
        assert_eq!(seen().await, (json!(1), json!(1)));
        assign_maya(world, Some(&[])).await;
        assert_eq!(seen().await, (json!(1), json!(0)));
        world
            .put("claire", &path, json!({"items": []}))
            .await
            .expect(200);
        assert_eq!(seen().await, (json!(0), Value::Null));
        let kurier = assignments(world, "ben", "Velo Kurier").await;
        let items = json!({"items": [{"member_id": lumen(world, MAYA).await}]});
        world.put("claire", &kurier, items).await.expect(200);
        assert_eq!(seen().await.0, 1);
    });
}

#[test]
fn org_4_the_partners_administrators_alone_assign_and_only_what_it_reaches() {
    on_each_engine(async |world| {
        let path = assignments(world, "ben", "Velo Kurier").await;
        let owned = products_of(world, "Velo Kurier").await;
        let (maya, luca) = (lumen(world, MAYA).await, lumen(world, LUCA).await);
        world
            .get("ben", &path)
            .await
            .refused(403, "forbidden", Some("ACC-1"));
        world
            .get("maya", &path)
            .await
            .refused(404, "not_found", None);
        world
            .get("jonas", &path)
            .await
            .refused(404, "not_found", None);
        let own = assignments(world, "sofia", "Galerie Arno").await;
        world
            .get("maya", &own)
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        let items = json!({"items": [
            {"member_id": luca},
            {"member_id": maya, "product_ids": [owned[0], owned[2]]},
            {"member_id": maya},
        ]});
        let refused = world
            .put("luca", &path, items)
            .await
            .refused(422, "invalid", Some("ORG-4"));
        let faults = refused.body["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found: Vec<_> = faults
            .iter()
            .map(|fault| (fault["pointer"].clone(), fault["code"].clone()))
            .collect();
        assert_eq!(
            found,
            [
                (json!("/items/0/member_id"), json!("not_a_collaborator")),
                (json!("/items/2/member_id"), json!("twice")),
                (json!("/items/1/product_ids/1"), json!("not_yours")),
            ]
        );
        let bare = TestRequest::put().uri(&path).set_json(json!({"items": []}));
        world
            .ask("luca", bare)
            .await
            .refused(428, "if_match_required", None);
    });
}

#[test]
fn org_4_who_is_no_collaborator_any_more_is_assigned_anew_or_not_at_all() {
    on_each_engine(async |world| {
        let maya = member(world, "luca", "Studio Lumen", MAYA).await;
        for role in ["administrator", "collaborator"] {
            world
                .patch("claire", &maya, json!({"role": role}))
                .await
                .expect(200);
        }
        let arno = world.organization("Galerie Arno").await;
        let gone = world
            .get("maya", &format!("/v1/organizations/{arno}"))
            .await;
        gone.refused(404, "not_found", None);
    });
}
