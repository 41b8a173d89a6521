//! Domain events as each side reads them (NTF-1).
use crate::invitations::{accept, ask, full};
use crate::jobs::settle;
use crate::world::{World, on_each_engine};
use serde_json::json;

async fn listed(
    world: &World,
    who: &str,
    org: &'static str,
    query: &str,
) -> Vec<serde_json::Value> {
    let org = world.organization(org).await;
    let path = format!("/v1/organizations/{org}/events?limit=200&{query}");
    let page = world.get(who, &path).await.expect(200);
    page.body["items"].as_array().expect("items").clone()
}

#[test]
fn ntf_1_both_sides_read_what_happened_between_them() {
    on_each_engine(async |world| {
        let sent = ask(world, "jonas", "Nordwerk", "Studio Lumen", full("customer"))
            .await
            .expect(201);
        settle(world).await;
        for (who, org) in [("jonas", "Nordwerk"), ("claire", "Studio Lumen")] {
            let newest = listed(world, who, org, "").await.remove(0);
            assert_eq!(newest["type"], "invitation.created", "{newest}");
            assert_eq!(newest["subject_id"], sent.id(), "{newest}");
        }
        let strangers = listed(world, "ben", "Velo Kurier", "type=invitation.created").await;
        assert!(
            strangers
                .iter()
                .all(|event| event["subject_id"] != sent.id())
        );
    });
}

#[test]
fn ntf_1_who_follows_along_by_position_misses_nothing() {
    on_each_engine(async |world| {
        settle(world).await;
        let before = listed(world, "claire", "Studio Lumen", "").await;
        let last = before
            .first()
            .map_or(0, |event| event["position"].as_i64().expect("a place"));
        let sent = ask(world, "jonas", "Nordwerk", "Studio Lumen", full("customer"))
            .await
            .expect(201);
        settle(world).await;
        accept(world, "claire", &sent.id(), json!({})).await;
        settle(world).await;
        let org = world.organization("Studio Lumen").await;
        let mut path = format!("/v1/organizations/{org}/events?after={last}&limit=1");
        let mut seen = Vec::new();
        loop {
            let page = world.get("claire", &path).await.expect(200);
            seen.extend(page.body["items"].as_array().expect("items").clone());
            let Some(cursor) = page.body["next_cursor"].as_str() else {
                break;
            };
            path = format!("/v1/organizations/{org}/events?after={last}&limit=1&cursor={cursor}");
        }
        let places: Vec<i64> = seen
            .iter()
            .filter_map(|event| event["position"].as_i64())
            .collect();
        assert!(
            !places.is_empty() && places.is_sorted() && places[0] > last,
            "{places:?}"
        );
        assert_eq!(seen[0]["subject_id"], sent.id());
    });
}

#[test]
fn org_4_events_are_for_administrators_and_a_strangers_do_not_exist() {
    on_each_engine(async |world| {
        let sent = ask(world, "jonas", "Nordwerk", "Studio Lumen", full("customer"))
            .await
            .expect(201);
        settle(world).await;
        let event = listed(world, "jonas", "Nordwerk", "").await.remove(0);
        assert_eq!(event["subject_id"], sent.id());
        let id = event["id"].as_str().expect("an id");
        for (who, org) in [("jonas", "Nordwerk"), ("claire", "Studio Lumen")] {
            let org = world.organization(org).await;
            let path = format!("/v1/organizations/{org}/events/{id}");
            assert_eq!(world.get(who, &path).await.expect(200).body, event);
            let stranger = world.get("ben", &path).await;
            stranger.refused(404, "not_found", None);
        }
        let own = world.organization("Velo Kurier").await;
        let path = format!("/v1/organizations/{own}/events/{id}");
        world
            .get("ben", &path)
            .await
            .refused(404, "not_found", None);
        let lumen = world.organization("Studio Lumen").await;
        let list = format!("/v1/organizations/{lumen}/events");
        let collaborator = world.get("maya", &list).await;
        collaborator.refused(403, "forbidden", Some("ORG-4"));
    });
}
