//! Backup units (BAK-1 to BAK-3).
use crate::money::card;
use crate::programme::of_partner;
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use futures_util::future::join_all;
use serde_json::{Value, json};

/// Orders a backup product for an organization of its own, and answers what was placed.
async fn order_backup(world: &World, who: &str, of: &'static str, quantity: i64) -> Answer {
    let org = world.organization(of).await;
    let body = json!({
        "acting_as": "customer", "currency": "CHF", "payment_method_id": card(world, who, &org).await,
        "lines": [{"family": "backup", "quantity": quantity, "period": "monthly"}],
    });
    let key = uuid::Uuid::now_v7().to_string();
    let path = format!("/v1/organizations/{org}/orders");
    world.post_keyed(who, &path, &key, body).await.expect(201)
}

/// A backup product of Studio Lumen's own, and the path of its units.
async fn units(world: &World, quantity: i64) -> String {
    let placed = order_backup(world, "claire", "Studio Lumen", quantity).await;
    let product = placed.text_of("/products/0/id");
    format!("/v1/products/{product}/backup-units")
}

fn unit(name: &str, quota: i64) -> Value {
    json!({"name": name, "group": "Galleries", "quota": quota})
}

#[test]
fn bak_1_a_partners_backup_customers_are_units_of_one_product() {
    on_each_engine(async |world| {
        let path = units(world, 10).await;
        let arno = world.organization("Galerie Arno").await;
        let mut new = unit("Arno", 4);
        new["customer_id"] = json!(arno);
        let made = world.post("claire", &path, new).await.expect(201);
        assert_eq!(
            made.body["customer"],
            json!({"id": arno, "name": "Galerie Arno"})
        );
        world
            .post("luca", &path, unit("Others", 3))
            .await
            .expect(201);
        let list = world
            .get("claire", &format!("{path}?group=Galleries&include=total"))
            .await
            .expect(200);
        assert_eq!(list.body["total"], 2);
        let his = world
            .get("claire", &format!("{path}?customer_id={arno}"))
            .await
            .expect(200);
        assert_eq!(his.text_of("/items/0/id"), made.id());
        let one = format!("{path}/{}", made.id());
        let changed = world
            .patch(
                "claire",
                &one,
                json!({"group": null, "customer_id": null, "quota": 7}),
            )
            .await
            .expect(200);
        assert_eq!(
            (
                &changed.body["group"],
                &changed.body["customer"],
                &changed.body["name"]
            ),
            (&Value::Null, &Value::Null, &json!("Arno"))
        );
        world.delete("claire", &one).await.expect(204);
        world
            .get("claire", &one)
            .await
            .refused(404, "not_found", None);
        world
            .delete("claire", &one)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn bak_1_quotas_add_up_to_at_most_the_products() {
    on_each_engine(async |world| {
        let path = units(world, 10).await;
        let made = world
            .post("claire", &path, unit("One", 6))
            .await
            .expect(201);
        let refused = world.post("claire", &path, unit("Two", 5)).await.refused(
            409,
            "quota_exceeded",
            Some("BAK-1"),
        );
        assert!(refused.text_of("/detail").contains('4'));
        world
            .post("claire", &path, unit("Two", 4))
            .await
            .expect(201);
        let one = format!("{path}/{}", made.id());
        world
            .patch("claire", &one, json!({"quota": 7}))
            .await
            .refused(409, "quota_exceeded", Some("BAK-1"));
        world
            .patch("claire", &one, json!({"quota": 5}))
            .await
            .expect(200);
        world.post("claire", &path, unit("Three", 2)).await.refused(
            409,
            "quota_exceeded",
            Some("BAK-1"),
        );
        world
            .post("claire", &path, unit("Three", 0))
            .await
            .refused(422, "invalid", None);
    });
}

#[test]
fn bak_1_quotas_never_exceed_the_product_under_any_race() {
    on_each_engine(async |world| {
        let path = units(world, 10).await;
        let tries = (0..5).map(|_| {
            let new = TestRequest::post().uri(&path).set_json(unit("Racing", 4));
            world.ask("claire", new)
        });
        let mut answers: Vec<u16> = join_all(tries)
            .await
            .iter()
            .map(|answer| answer.status)
            .collect();
        answers.sort();
        assert_eq!(answers, [201, 201, 409, 409, 409]);
    });
}

#[test]
fn bak_1_a_unit_names_a_customer_under_management_and_is_its_owners_alone() {
    on_each_engine(async |world| {
        let path = units(world, 10).await;
        let mut new = unit("Chalet", 1);
        new["customer_id"] = json!(world.organization("Chalet Edelweiss").await);
        world
            .post("claire", &path, new)
            .await
            .refused(422, "invalid", Some("BAK-1"));
        let made = world
            .post("claire", &path, unit("Arno", 1))
            .await
            .expect(201);
        let one = format!("{path}/{}", made.id());
        for who in ["sofia", "jonas", "nora"] {
            world.get(who, &path).await.refused(404, "not_found", None);
            world.get(who, &one).await.refused(404, "not_found", None);
            world
                .post(who, &path, unit("Mine", 1))
                .await
                .refused(404, "not_found", None);
            world
                .delete(who, &one)
                .await
                .refused(404, "not_found", None);
        }
        world
            .get("maya", &path)
            .await
            .refused(404, "not_found", None);
        let hosting = world.organization("Bäckerei Sommer").await;
        let products = world
            .get("anna", &format!("/v1/organizations/{hosting}/products"))
            .await
            .expect(200);
        let hosting = products.text_of("/items/0/id");
        world
            .get("anna", &format!("/v1/products/{hosting}/backup-units"))
            .await
            .refused(404, "not_found", Some("BAK-1"));
    });
}

#[test]
fn bak_1_a_partner_manages_the_units_of_a_customers_backup_while_it_is_one() {
    on_each_engine(async |world| {
        let weiss = world.organization("Praxis Weiss").await;
        let products = world
            .get("karl", &format!("/v1/organizations/{weiss}/products"))
            .await
            .expect(200);
        let items = products.body["items"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let backup = items
            .iter()
            .find(|one| one["family"] == "backup")
            .and_then(|one| one["id"].as_str())
            .expect("a backup");
        let path = format!("/v1/products/{backup}/backup-units");
        world
            .post("claire", &path, unit("Praxis", 1))
            .await
            .expect(201);
        world.get("karl", &path).await.expect(200);
        of_partner(world, "Studio Lumen", "suspend")
            .await
            .expect(200);
        world
            .get("claire", &path)
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn bak_2_a_unit_never_moves_to_another_account() {
    on_each_engine(async |world| {
        let path = units(world, 10).await;
        let made = world
            .post("claire", &path, unit("Arno", 1))
            .await
            .expect(201);
        let other = units(world, 10).await;
        let product = other.split('/').nth(3).expect("its id");
        let away = format!("{path}/{}/move", made.id());
        let refused = world
            .post("claire", &away, json!({"product_id": product}))
            .await
            .refused(409, "backup_not_movable", Some("BAK-2"));
        assert!(!refused.text_of("/detail").is_empty());
        world.post("claire", &away, json!({})).await.refused(
            409,
            "backup_not_movable",
            Some("BAK-2"),
        );
        world
            .post("jonas", &away, json!({}))
            .await
            .refused(404, "not_found", None);
    });
}
