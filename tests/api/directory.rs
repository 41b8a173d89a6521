//! The public directory, and the profiles in it (DIR-1).
use crate::programme::of_partner;
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

async fn search(world: &World, query: &str) -> Answer {
    let uri = format!("/v1/directory/partners{query}");
    world.send(TestRequest::get().uri(&uri)).await
}

async fn found(world: &World, query: &str) -> Vec<String> {
    let answer = search(world, query).await.expect(200);
    let items = answer.body["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item["name"].as_str().map(str::to_owned);
    items.iter().filter_map(name).collect()
}

async fn profile_path(world: &World, of: &'static str) -> String {
    let org = world.organization(of).await;
    format!("/v1/organizations/{org}/partner-profile")
}

fn profile(listed: bool) -> Value {
    json!({
        "listed": listed,
        "description": "Sites für Bäcker & Straßenkünstler",
        "website": "https://nordwerk.example",
        "languages": ["de", "en", "de"],
        "regions": ["DE", "CH-ZH"],
        "specialities": ["Cœur de métier", "E-Commerce"],
        "families": ["web_hosting"],
    })
}

#[test]
fn dir_1_a_partner_that_chose_to_be_listed_is_found_by_anyone() {
    on_each_engine(async |world| {
        let path = profile_path(world, "Nordwerk").await;
        let set = world.put("petra", &path, profile(true)).await.expect(200);
        assert_eq!(set.body["visible"], true);
        assert_eq!(set.body["languages"], json!(["de", "en"]));
        assert_eq!(set.body["website"], "https://nordwerk.example/");
        let org = world.organization("Nordwerk").await;
        let page = format!("/{org}");
        let page = search(world, &page).await.expect(200);
        assert_eq!(page.body["status"], "approved");
        assert_eq!(page.body["name"], "Nordwerk");
        assert!(page.body["partner_since"].is_string());
        assert_eq!(
            page.body["specialities"],
            json!(["Cœur de métier", "E-Commerce"])
        );
        world.put("petra", &path, profile(false)).await.expect(200);
        assert!(!found(world, "").await.contains(&"Nordwerk".to_owned()));
        search(world, &format!("/{org}"))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn dir_1_words_are_found_by_their_beginnings_without_accents_and_case() {
    on_each_engine(async |world| {
        let path = profile_path(world, "Nordwerk").await;
        world.put("petra", &path, profile(true)).await.expect(200);
        for q in [
            "nordw",
            "NORDWERK",
            "backer",
            "b%C3%A4CK",
            "strassen",
            "coeur",
            "m%C3%A9tier",
            "commerce",
            "site%20nord",
            "fur%20%26%20backer",
        ] {
            assert_eq!(found(world, &format!("?q={q}")).await, ["Nordwerk"], "{q}");
        }
        for q in ["werk", "nordwerke", "nordw%20unbekannt"] {
            assert!(found(world, &format!("?q={q}")).await.is_empty(), "{q}");
        }
        let both = found(world, "?q=&include=total").await;
        assert_eq!(both, ["Nordwerk", "Studio Lumen"]);
    });
}

#[test]
fn dir_1_filters_choose_by_region_language_and_family() {
    on_each_engine(async |world| {
        let path = profile_path(world, "Nordwerk").await;
        world.put("petra", &path, profile(true)).await.expect(200);
        let (nordwerk, lumen) = (["Nordwerk"], ["Studio Lumen"]);
        for (query, names) in [
            ("?region=DE", nordwerk.as_slice()),
            ("?region=DE-HH", &nordwerk),
            ("?region=CH-ZH", &nordwerk),
            ("?region=CH-VD", &lumen),
            ("?region=CH", &["Nordwerk", "Studio Lumen"]),
            ("?region=CH-VD&region=DE", &["Nordwerk", "Studio Lumen"]),
            ("?region=FR", &[]),
            ("?language=en", &nordwerk),
            ("?language=en&language=fr", &["Nordwerk", "Studio Lumen"]),
            ("?language=de&region=CH-VD", &lumen),
            ("?family=web_hosting", &["Nordwerk", "Studio Lumen"]),
            ("?family=backup", &[]),
            ("?q=nord&language=fr", &[]),
        ] {
            assert_eq!(found(world, query).await, names, "{query}");
        }
        search(world, "?region=Vaud")
            .await
            .refused(400, "invalid_parameter", None);
        let first = search(world, "?limit=1&language=de&include=total")
            .await
            .expect(200);
        assert_eq!(first.body["total"], 2);
        assert_eq!(first.body["items"][0]["name"], "Nordwerk");
        let cursor = first.text_of("/next_cursor");
        let query = format!("?limit=1&language=de&cursor={cursor}");
        assert_eq!(found(world, &query).await, ["Studio Lumen"]);
    });
}

#[test]
fn dir_1_a_suspended_partner_vanishes_at_once_also_from_caches() {
    on_each_engine(async |world| {
        let org = world.organization("Studio Lumen").await;
        let page = format!("/v1/directory/partners/{org}");
        let seen = world.send(TestRequest::get().uri(&page)).await.expect(200);
        let etag = seen.headers.get("etag").expect("an ETag").clone();
        let cache = seen.headers.get("cache-control");
        assert_eq!(
            cache.and_then(|value| value.to_str().ok()),
            Some("public, no-cache")
        );
        let again = || {
            TestRequest::get()
                .uri(&page)
                .insert_header(("if-none-match", etag.clone()))
        };
        let unchanged = world.send(again()).await.expect(304);
        assert!(unchanged.headers.contains_key("cache-control"));
        of_partner(world, "Studio Lumen", "suspend")
            .await
            .expect(200);
        world.send(again()).await.refused(404, "not_found", None);
        assert_eq!(found(world, "").await, ["Nordwerk"]);
        let path = profile_path(world, "Studio Lumen").await;
        let own = world.get("luca", &path).await.expect(200);
        assert_eq!(
            (&own.body["listed"], &own.body["visible"]),
            (&json!(true), &json!(false))
        );
        of_partner(world, "Studio Lumen", "reinstate")
            .await
            .expect(200);
        world.send(again()).await.expect(304);
        of_partner(world, "Studio Lumen", "end").await.expect(200);
        assert_eq!(found(world, "").await, ["Nordwerk"]);
        world
            .put("luca", &path, profile(true))
            .await
            .refused(422, "not_a_partner", Some("PRG-2"));
    });
}

#[test]
fn dir_1_a_profile_is_set_by_administrators_of_partners_from_the_version_they_read() {
    on_each_engine(async |world| {
        let path = profile_path(world, "Nordwerk").await;
        let bare = TestRequest::put().uri(&path).set_json(profile(true));
        world
            .ask("petra", bare)
            .await
            .refused(428, "if_match_required", None);
        let read = world.get("petra", &path).await.expect(200);
        let etag = read.headers.get("etag").expect("an ETag").clone();
        let version = || {
            TestRequest::put()
                .uri(&path)
                .insert_header(("if-match", etag.clone()))
                .set_json(profile(true))
        };
        world.ask("petra", version()).await.expect(200);
        world
            .ask("jonas", version())
            .await
            .refused(412, "version_mismatch", None);
        world
            .put("emil", &path, profile(true))
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        world
            .put("anna", &path, profile(true))
            .await
            .refused(404, "not_found", None);
        let own = profile_path(world, "Bäckerei Sommer").await;
        assert_eq!(world.get("anna", &own).await.expect(200).body["version"], 0);
        world
            .put("anna", &own, profile(true))
            .await
            .refused(422, "not_a_partner", Some("PRG-2"));
        let mut wrong = profile(true);
        wrong["website"] = json!("http://nordwerk.example");
        wrong["languages"] = json!(["de", "german"]);
        wrong["regions"] = json!(["Bavaria"]);
        wrong["specialities"] = json!([" "]);
        wrong["families"] = json!(["web_hosting", "teleport"]);
        let refused = world
            .put("petra", &path, wrong)
            .await
            .refused(422, "invalid", Some("DIR-1"));
        let errors = refused.body["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut named: Vec<&str> = errors
            .iter()
            .filter_map(|error| error["pointer"].as_str())
            .collect();
        named.sort();
        assert_eq!(
            named,
            [
                "/families/1",
                "/languages/1",
                "/regions/0",
                "/specialities/0",
                "/website"
            ]
        );
    });
}

#[test]
fn inv_1_a_partner_to_invite_is_found_by_its_words_or_its_exact_address() {
    on_each_engine(async |world| {
        let found = async |asked: &str| {
            let path = format!("/v1/partners?query={asked}&include=total");
            let answer = world.get("anna", &path).await.expect(200);
            let name = answer.body["items"][0]["name"].clone();
            (answer.body["total"].clone(), name)
        };
        let nothing = || (json!(0), Value::Null);
        let path = profile_path(world, "Nordwerk").await;
        world.put("jonas", &path, profile(false)).await.expect(200);
        assert_eq!(found("lumen").await, (json!(1), json!("Studio Lumen")));
        assert_eq!(found("nordwerk").await, nothing());
        let nordwerk = (json!(1), json!("Nordwerk"));
        assert_eq!(found("Kontakt%40nordwerk.example").await, nordwerk);
        assert_eq!(found("kontakt%40nordwerk").await, nothing());
        assert_eq!(found("dispo%40velo-kurier.example").await, nothing());
        let lumen = format!(
            "/v1/organizations/{}",
            world.organization("Studio Lumen").await
        );
        let renamed = json!({"name": "Atelier Clair"});
        world.patch("claire", &lumen, renamed).await.expect(200);
        assert_eq!(found("lumen").await.1, Value::Null);
        assert_eq!(found("clair").await.1, json!("Atelier Clair"));
        let missing = world.get("anna", "/v1/partners").await;
        missing.refused(400, "invalid_parameter", None);
        let empty = world.get("anna", "/v1/partners?query=%20").await;
        empty.refused(400, "invalid_parameter", None);
        let nobody = TestRequest::get().uri("/v1/partners?query=lumen");
        world
            .send(nobody)
            .await
            .refused(401, "unauthenticated", None);
    });
}
