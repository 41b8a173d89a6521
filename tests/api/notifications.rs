//! What people are told, and what they want by mail (NTF-2).
use crate::mail::{Server, invite, newest, step, with_server};
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use mandat::jobs::Next;
use serde_json::json;

/// Anna invites Studio Lumen, and Claire declines.
async fn declined(world: &World) {
    invite(world).await;
    let lumen = world.organization("Studio Lumen").await;
    let received = world
        .get(
            "claire",
            &format!("/v1/organizations/{lumen}/invitations?box=received&status=pending"),
        )
        .await
        .expect(200);
    let id = received.text_of("/items/0/id");
    world
        .post(
            "claire",
            &format!("/v1/invitations/{id}/decline"),
            json!({}),
        )
        .await
        .expect(200);
}

const PREFERENCES: &str = "/v1/me/notification-preferences";

#[test]
fn ntf_2_what_happens_is_told_in_the_application_and_marked_as_read() {
    on_each_engine(async |world| {
        declined(world).await;
        let list = world
            .get("anna", "/v1/me/notifications?unread=true")
            .await
            .expect(200);
        assert_eq!(list.body["items"][0]["category"], "answers");
        assert!(list.text_of("/items/0/text").contains("Studio Lumen"));
        assert!(list.text_of("/items/0/about").starts_with("inv_"));
        let read = format!("/v1/me/notifications/{}/read", list.text_of("/items/0/id"));
        let first = world.post("anna", &read, json!({})).await.expect(200);
        let again = world
            .ask("anna", TestRequest::post().uri(&read))
            .await
            .expect(200);
        assert_eq!(first.body, again.body, "repeating changes nothing");
        let left = world
            .get("anna", "/v1/me/notifications?unread=true&include=total")
            .await
            .expect(200);
        assert_eq!(left.body["total"], 0);
        world
            .post("claire", &read, json!({}))
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn ntf_2_mails_that_are_not_contractual_can_be_turned_off() {
    on_each_engine(async |world| {
        let off = |category: &str| json!({"items": [{"category": category, "by_mail": false}]});
        let refused = world.put("anna", PREFERENCES, off("partnerships")).await;
        refused.refused(422, "invalid", Some("NTF-2"));
        let kept = world
            .put("anna", PREFERENCES, off("answers"))
            .await
            .expect(200);
        let answers = kept.body["items"]
            .as_array()
            .and_then(|items| items.iter().find(|one| one["category"] == "answers"))
            .cloned();
        let expected = json!({"category": "answers", "by_mail": false, "contractual": false});
        assert_eq!(answers, Some(expected));
        declined(world).await;
        let to = newest(world).await["recipient"].clone();
        assert_ne!(
            to, "anna@baeckerei-sommer.example",
            "only in the application"
        );
        let told = world.get("anna", "/v1/me/notifications").await.expect(200);
        assert_eq!(told.body["items"][0]["category"], "answers");
    });
}

#[test]
fn ntf_2_a_click_in_the_mail_turns_its_kind_off() {
    on_each_engine(async |world| {
        declined(world).await;
        let (server, address) = Server::start("250 ok").await;
        let service = with_server(world, &address);
        while step(&service).await == Next::AtOnce {}
        let taken = server.taken();
        let header = taken
            .iter()
            .filter(|(to, _)| to == "anna@baeckerei-sommer.example")
            .find_map(|(_, message)| message.split_once("List-Unsubscribe: "))
            .map(|(_, rest)| {
                rest.split_inclusive('\n')
                    .take_while(|line| !line.contains("List-Unsubscribe-Post"))
                    .collect::<String>()
            })
            .expect("the answer to an invitation can be turned off");
        let link: String = header
            .split(['<', '>'])
            .nth(1)
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let path = link
            .split_once("/v1/")
            .map(|(_, path)| format!("/v1/{path}"))
            .expect("a link to us");
        for _ in 0..2 {
            world.send(TestRequest::post().uri(&path)).await.expect(204);
        }
        let now = world.get("anna", PREFERENCES).await.expect(200);
        assert!(
            now.text
                .contains(r#"{"category":"answers","by_mail":false"#),
            "{}",
            now.text
        );
        let other = TestRequest::post().uri("/v1/unsubscribe-links/bm90IG91cnM");
        world.send(other).await.refused(404, "not_found", None);
    });
}
