//! A partner's standing and benefits (PRG-3, PRG-6).
use crate::money::order;
use crate::programme::of_partner;
use crate::reports::refund;
use crate::world::{Answer, World, on_each_engine};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn standing(world: &World, who: &str, of: &'static str) -> Answer {
    let org = world.organization(of).await;
    world
        .get(who, &format!("/v1/organizations/{org}/partner-standing"))
        .await
}

fn servers(quantity: i64) -> Value {
    json!([{"family": "cloud_server", "quantity": quantity, "period": "monthly"}])
}

async fn below(world: &World) -> Vec<String> {
    let list = world
        .get("nora", "/v1/admin/enrolments?standing=below")
        .await
        .expect(200);
    let items = list.body["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| {
        item.pointer("/organization/name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    items.iter().filter_map(name).collect()
}

#[test]
fn prg_3_the_standing_is_in_grace_then_met_by_either_currency_or_below() {
    on_each_engine(async |world| {
        let first = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(first.body["status"], "in_grace");
        assert!(below(world).await.is_empty());
        world.advance(TimeDelta::days(367));
        let later = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(later.body["status"], "below");
        assert_eq!(below(world).await, ["Nordwerk", "Studio Lumen"]);
        order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "EUR",
            servers(66),
        )
        .await
        .expect(201);
        let almost = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(almost.text_of("/amounts/1/total/amount"), "1775.40");
        assert_eq!(almost.body["status"], "below");
        order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "EUR",
            servers(1),
        )
        .await
        .expect(201);
        let met = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(met.text_of("/amounts/1/total/amount"), "1802.30");
        assert_eq!(
            met.body["amounts"][0],
            json!({
                "total": {"amount": "0.00", "currency": "CHF"},
                "threshold": {"amount": "2000.00", "currency": "CHF"},
                "forecast": {"amount": "0.00", "currency": "CHF"},
            })
        );
        assert_eq!(met.body["status"], "met");
        assert_eq!(below(world).await, ["Nordwerk"]);
        world.advance(TimeDelta::days(366));
        let gone = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(gone.body["status"], "below");
    });
}

#[test]
fn prg_3_only_what_was_managed_within_the_programme_counts() {
    on_each_engine(async |world| {
        // Limited access: a new product is not a managed one.
        order(world, "ben", "customer", "Velo Kurier", "CHF", servers(70))
            .await
            .expect(201);
        let none = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(none.text_of("/amounts/0/total/amount"), "0.00");
        // The public price counts, though the partner paid its own.
        order(
            world,
            "claire",
            "partner",
            "Praxis Weiss",
            "CHF",
            servers(2),
        )
        .await
        .expect(201);
        let paid = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(paid.text_of("/amounts/0/total/amount"), "58.00");
    });
}

#[test]
fn prg_3_refunds_are_taken_off() {
    on_each_engine(async |world| {
        let placed = order(
            world,
            "sofia",
            "customer",
            "Galerie Arno",
            "CHF",
            servers(2),
        )
        .await
        .expect(201);
        let id = placed.text_of("/billing_events/0/id");
        refund(world, &id, Some("20.00")).await.expect(201);
        let part = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(part.text_of("/amounts/0/total/amount"), "38.00");
        refund(world, &id, None).await.expect(201);
        let whole = standing(world, "claire", "Studio Lumen").await.expect(200);
        assert_eq!(whole.text_of("/amounts/0/total/amount"), "0.00");
    });
}

#[test]
fn prg_3_the_standing_is_its_legal_representatives_and_the_operators() {
    on_each_engine(async |world| {
        standing(world, "nora", "Nordwerk").await.expect(200);
        standing(world, "petra", "Nordwerk")
            .await
            .refused(403, "forbidden", Some("ORG-2"));
        standing(world, "claire", "Nordwerk")
            .await
            .refused(404, "not_found", None);
        standing(world, "anna", "Bäckerei Sommer")
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn prg_6_every_benefit_says_whether_the_partner_has_it_and_why_not() {
    on_each_engine(async |world| {
        let lacks = async |who: &str, of: &'static str| {
            let org = world.organization(of).await;
            let path = format!("/v1/organizations/{org}/partner-benefits");
            let listed = world.get(who, &path).await.expect(200);
            let benefits = listed.body["benefits"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            assert_eq!(benefits.len(), 7);
            let lack = |one: &Value| {
                assert_eq!(one["granted"], json!(one["reason"].is_null()));
                assert_eq!(one["reason"].is_null(), one["explanation"].is_null());
                let (benefit, reason) = (one["benefit"].as_str()?, one["reason"].as_str()?);
                Some(format!("{benefit}: {reason}"))
            };
            benefits.iter().filter_map(lack).collect::<Vec<_>>()
        };
        assert!(lacks("claire", "Studio Lumen").await.is_empty());
        assert_eq!(
            lacks("jonas", "Nordwerk").await,
            ["rebilling: nothing_to_rebill"]
        );
        assert_eq!(
            lacks("anna", "Bäckerei Sommer").await[0],
            "domain_tariffs: not_enrolled"
        );
        of_partner(world, "Studio Lumen", "suspend")
            .await
            .expect(200);
        assert_eq!(lacks("claire", "Studio Lumen").await.len(), 7);
        assert_eq!(
            lacks("claire", "Studio Lumen").await[3],
            "cashback_and_discounts: suspended"
        );
    });
}
