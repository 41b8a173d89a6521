//! Waiting after wrong passwords: guessing is slow, and nobody can keep an owner out (ORG-6).
use crate::world::{Answer, World, on_each_engine, on_each_engine_with};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mandat::demo::PASSWORD;
use serde_json::json;
use std::net::SocketAddr;

const CLAIRE: &str = "claire@studio-lumen.example";
const HOME: &str = "192.0.2.7";
const AWAY: &str = "203.0.113.77";

fn from(network: &str, request: TestRequest) -> TestRequest {
    request.peer_addr(SocketAddr::new(
        network.parse().expect("an address"),
        50_000,
    ))
}

async fn login(world: &World, network: &str, email: &str, password: &str) -> Answer {
    let given = json!({"email": email, "password": password});
    let request = from(network, TestRequest::post().uri("/v1/auth/login"));
    world.send(request.set_json(given)).await
}

/// So many wrong passwords, each when it need no longer wait: nine from one network make the next
/// wait for 16 seconds, 24 from as many networks as well.
async fn fail(world: &World, email: &str, networks: impl Iterator<Item = String>) {
    for network in networks {
        world.advance(TimeDelta::seconds(20));
        login(world, &network, email, "a guess").await.refused(
            401,
            "wrong_credentials",
            Some("ORG-6"),
        );
    }
}

fn many() -> impl Iterator<Item = String> {
    (1..=24).map(|host| format!("198.51.100.{host}"))
}

fn one(network: &str) -> impl Iterator<Item = String> {
    std::iter::repeat_n(network.to_owned(), 9)
}

#[test]
fn org_6_strangers_failures_do_not_keep_the_owner_out() {
    on_each_engine(async |world| {
        login(world, HOME, CLAIRE, PASSWORD).await.expect(200);
        fail(world, CLAIRE, one(AWAY)).await;
        login(world, AWAY, CLAIRE, PASSWORD)
            .await
            .refused(429, "locked_out", Some("ORG-6"));
        login(world, HOME, CLAIRE, PASSWORD).await.expect(200);
    });
}

#[test]
fn org_6_guessing_from_many_networks_is_slowed_in_all_whoever_has_the_address() {
    on_each_engine(async |world| {
        login(world, HOME, CLAIRE, PASSWORD).await.expect(200);
        for email in [CLAIRE, "nobody@studio-lumen.example"] {
            fail(world, email, many()).await;
            let refused = login(world, AWAY, email, PASSWORD).await;
            let refused = refused.refused(429, "locked_out", Some("ORG-6"));
            assert!(refused.headers.contains_key("retry-after"));
        }
        login(world, HOME, CLAIRE, PASSWORD).await.expect(200);
    });
}

#[test]
fn org_6_an_owner_in_a_new_place_comes_in_by_mail_while_strangers_guess() {
    on_each_engine(async |world| {
        fail(world, CLAIRE, many()).await;
        login(world, AWAY, CLAIRE, PASSWORD)
            .await
            .refused(429, "locked_out", Some("ORG-6"));
        let forgotten = TestRequest::post()
            .uri("/v1/auth/password-reset")
            .set_json(json!({"email": CLAIRE}));
        world.send(forgotten).await.expect(204);
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        let link = outbox.text_of("/items/0/link");
        let (_, token) = link.split_once('#').expect("a token");
        let reset = TestRequest::post()
            .uri("/v1/auth/password-reset/confirm")
            .set_json(json!({"token": token, "new_password": "nine green kettles hum"}));
        world.send(from(AWAY, reset)).await.expect(204);
        login(world, AWAY, CLAIRE, "nine green kettles hum")
            .await
            .expect(200);
    });
}

#[test]
fn org_6_the_owners_own_mistakes_wait_and_are_forgotten_after_a_day() {
    on_each_engine(async |world| {
        login(world, HOME, CLAIRE, PASSWORD).await.expect(200);
        fail(world, CLAIRE, one(HOME)).await;
        login(world, HOME, CLAIRE, PASSWORD)
            .await
            .refused(429, "locked_out", Some("ORG-6"));
        world.advance(TimeDelta::days(1));
        fail(world, CLAIRE, one(HOME).take(4)).await;
        login(world, HOME, CLAIRE, PASSWORD).await.expect(200);
    });
}

#[test]
fn org_7_wrong_passwords_in_a_request_count_in_that_session_alone() {
    on_each_engine(async |world| {
        let bearer = format!("Bearer {}", world.token("claire").await);
        let change = || {
            let wrong = json!({"current_password": "wrong", "new_password": "nine green kettles"});
            let request = TestRequest::put().uri("/v1/me/password").set_json(wrong);
            request.insert_header(("authorization", bearer.clone()))
        };
        for _ in 0..9 {
            world.advance(TimeDelta::seconds(20));
            world
                .send(change())
                .await
                .refused(403, "wrong_password", Some("ORG-7"));
        }
        world
            .send(change())
            .await
            .refused(429, "locked_out", Some("ORG-6"));
        login(world, AWAY, CLAIRE, PASSWORD).await.expect(200);
    });
}

#[test]
fn org_6_behind_a_trusted_proxy_the_place_is_the_one_that_it_names() {
    const PROXY: &str = "192.0.2.1";
    let settings = [("MANDAT_TRUSTED_PROXIES", PROXY.to_owned())];
    on_each_engine_with(&settings, async |world| {
        let login = async |peer: &str, named: &str, password: &str| {
            let given = json!({"email": CLAIRE, "password": password});
            let request = from(peer, TestRequest::post().uri("/v1/auth/login"));
            let request = request.insert_header(("x-forwarded-for", named));
            world.send(request.set_json(given)).await
        };
        login(PROXY, HOME, PASSWORD).await.expect(200);
        for _ in 0..9 {
            world.advance(TimeDelta::seconds(20));
            // What a caller invents stands before what the proxy appends.
            let named = format!("{HOME}, {AWAY}");
            login(PROXY, &named, "a guess").await;
        }
        login(PROXY, AWAY, PASSWORD)
            .await
            .refused(429, "locked_out", Some("ORG-6"));
        login(PROXY, HOME, PASSWORD).await.expect(200);
        // Nobody else is believed.
        login(AWAY, HOME, PASSWORD)
            .await
            .refused(429, "locked_out", Some("ORG-6"));
    });
}
