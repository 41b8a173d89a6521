//! Families, prices and dated price lists (PRC-1, PRC-2, PRC-8).
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn public(world: &World, path: &str) -> Answer {
    world.send(TestRequest::get().uri(path)).await
}

fn price(family: &str, amount: &str, rate: &str) -> Value {
    json!({"family": family, "period": "monthly", "list_price": {"amount": amount, "currency": "CHF"}, "partner_rate": rate})
}

async fn hosting_in_chf(world: &World, on: &str) -> Answer {
    let path = format!("/v1/catalogue/prices?currency=CHF&on={on}");
    public(world, &path).await.expect(200)
}

fn hosting(answer: &Answer) -> &Value {
    let items = answer.body["items"].as_array().into_iter().flatten();
    let mut found =
        items.filter(|one| one["family"] == "web_hosting" && one["period"] == "monthly");
    found.next().expect("web hosting has a price")
}

const LISTS: &str = "/v1/admin/catalogue/price-lists";

#[test]
fn prc_1_the_catalogue_is_public_and_each_currency_has_its_prices() {
    on_each_engine(async |world| {
        let families = public(world, "/v1/catalogue/families").await.expect(200);
        assert!(families.text.contains("web_hosting"));
        let family = public(world, "/v1/catalogue/families/web_hosting")
            .await
            .expect(200);
        assert_eq!(family.body["prices"].as_array().map(Vec::len), Some(4));
        public(world, "/v1/catalogue/families/moon_base")
            .await
            .refused(404, "not_found", None);
        for (currency, amount) in [("CHF", "9.92"), ("EUR", "5.75")] {
            let path = format!("/v1/catalogue/prices?currency={currency}");
            let prices = public(world, &path).await.expect(200);
            let hosting = hosting(&prices);
            assert_eq!(
                hosting["list_price"],
                json!({"amount": amount, "currency": currency})
            );
            assert_eq!(hosting["partner_rate"], "0.20");
            assert_eq!(
                hosting["volume_tiers"],
                json!([{"minimum": 35, "rate": "0.25"}])
            );
        }
        public(world, "/v1/catalogue/prices?on=soon")
            .await
            .refused(400, "invalid_parameter", None);
    });
}

#[test]
fn prc_8_prices_change_by_a_dated_list_and_the_past_is_never_rewritten() {
    on_each_engine(async |world| {
        let in_a_month = (world.clock.now() + TimeDelta::days(30))
            .and_utc()
            .to_rfc3339();
        let new = json!({"effective_from": in_a_month, "prices": [price("web_hosting", "12.00", "0.35")]});
        world.post("tom", LISTS, new.clone()).await.expect(201);
        let taken = world
            .post("tom", LISTS, new)
            .await
            .refused(422, "invalid", Some("PRC-8"));
        assert_eq!(taken.text_of("/errors/0/code"), "taken");
        let today = world.clock.now().date() + TimeDelta::days(1);
        let (now, later) = (today.to_string(), (today + TimeDelta::days(40)).to_string());
        assert_eq!(
            hosting(&hosting_in_chf(world, &now).await)["list_price"]["amount"],
            "9.92"
        );
        let then = hosting_in_chf(world, &later).await;
        assert_eq!(hosting(&then)["list_price"]["amount"], "12.00");
        // What the new list lacks keeps its price.
        assert!(then.text.contains("\"domain_ch\""));
        let past = (world.clock.now() - TimeDelta::days(1))
            .and_utc()
            .to_rfc3339();
        let old = json!({"effective_from": past, "prices": [price("web_hosting", "1.00", "0.10")]});
        let refused = world
            .post("tom", LISTS, old)
            .await
            .refused(422, "invalid", Some("PRC-8"));
        assert_eq!(refused.text_of("/errors/0/pointer"), "/effective_from");
    });
}

#[test]
fn prc_2_every_fault_of_a_price_list_is_named_at_once() {
    on_each_engine(async |world| {
        let own = |amount: &str| json!({"family": "domain_ch", "period": "yearly", "list_price": {"amount": "10.00", "currency": "CHF"}, "partner_price": {"amount": amount, "currency": "CHF"}});
        let tiers = json!([{"minimum": 10, "rate": "0.2"}, {"minimum": 5, "rate": "0.3"}]);
        let mut falling = price("mail", "2.00", "0.1");
        falling["volume_tiers"] = tiers;
        let mut neither = price("backup", "2.00", "0.1");
        neither["partner_rate"] = Value::Null;
        let new = json!({"prices": [
            price("web_hosting", "9.00", "0.351"), own("10.01"), falling, price("moon_base", "1.00", "0.1"),
            price("cloud_server", "1.001", "0.1"), neither, price("domain_com", "1.00", "a fifth"),
        ]});
        let refused = world
            .post("nora", LISTS, new)
            .await
            .refused(422, "invalid", Some("PRC-2"));
        let told: Vec<(&str, &str)> = refused.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| Some((error["pointer"].as_str()?, error["code"].as_str()?)))
            .collect();
        assert_eq!(
            told,
            [
                ("/prices/0/partner_rate", "above_ceiling"),
                ("/prices/1/partner_price", "above_list_price"),
                ("/prices/2/volume_tiers", "not_ascending"),
                ("/prices/3/family", "unknown_family"),
                ("/prices/4/list_price/amount", "amount"),
                ("/prices/5", "one_required"),
                ("/prices/6/partner_rate", "rate"),
            ]
        );
    });
}

#[test]
fn prc_2_a_price_list_comes_as_csv_too_and_a_new_family_is_sold_by_it() {
    on_each_engine(async |world| {
        let family = json!({"name": "Moon base"});
        let path = "/v1/admin/catalogue/families/moon_base";
        world.put("tom", path, family.clone()).await.expect(200);
        for who in ["claire", "iris"] {
            world
                .put(who, path, family.clone())
                .await
                .refused(403, "forbidden", Some("ACC-1"));
            world
                .post(
                    who,
                    LISTS,
                    json!({"prices": [price("mail", "1.00", "0.1")]}),
                )
                .await
                .refused(403, "forbidden", Some("ACC-1"));
        }
        world
            .put("tom", "/v1/admin/catalogue/families/Moon%20base", family)
            .await
            .refused(422, "invalid", Some("PRC-2"));
        let csv = "family,period,currency,list_price,partner_rate,partner_price,volume_tiers\n\
            moon_base,monthly,CHF,99.99,,70.00,\n\
            moon_base,yearly,CHF,999.00,0.35,,5:0.05 35:0.25\n";
        world
            .post("tom", LISTS, json!({"csv": csv}))
            .await
            .expect(201);
        let shown = public(world, "/v1/catalogue/families/moon_base")
            .await
            .expect(200);
        assert_eq!(shown.text_of("/prices/0/partner_price/amount"), "70.00");
        assert_eq!(shown.text_of("/prices/1/volume_tiers/1/rate"), "0.25");
        let sommer = world.organization("Bäckerei Sommer").await;
        let body = json!({"organization_id": sommer, "acting_as": "customer", "currency": "CHF", "lines": [{"family": "moon_base", "quantity": 2, "period": "monthly"}]});
        let quote = world.post("anna", "/v1/quotes", body).await.expect(201);
        assert_eq!(quote.text_of("/charged_amount/amount"), "199.98");
        let wrong = json!({"csv": "family,period\nmoon_base,monthly\n"});
        world
            .post("tom", LISTS, wrong)
            .await
            .refused(422, "invalid", Some("PRC-2"));
        world
            .post("tom", LISTS, json!({}))
            .await
            .refused(422, "invalid", Some("PRC-8"));
    });
}

#[test]
fn prc_1_the_metadata_say_how_many_places_a_currency_has_and_label_every_word() {
    on_each_engine(async |world| {
        let told = public(world, "/v1/metadata").await.expect(200);
        assert_eq!(told.body["currencies"][0]["places"], 2);
        assert_eq!(told.text_of("/currencies/0/label"), "Swiss franc");
        assert_eq!(told.text_of("/scopes/0/word"), "product_management");
        assert!(told.text.contains("\"web_hosting\""));
        // A word without its label would be shown as the key of what is missing.
        assert!(
            !told.text.contains("label-") && !told.text.contains("scope-"),
            "{}",
            told.text
        );
    });
}
