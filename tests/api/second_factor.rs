//! The second factor, and proving again who one is (ORG-6, ORG-7).
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};
use totp_rs::Builder;

const CLAIRE: &str = "claire@studio-lumen.example";
const PATH: &str = "/v1/me/second-factor";

async fn login(world: &World, more: Value) -> Answer {
    let mut given = json!({"email": CLAIRE, "password": PASSWORD});
    if let (Some(given), Some(more)) = (given.as_object_mut(), more.as_object()) {
        given.extend(more.clone());
    }
    let request = TestRequest::post().uri("/v1/auth/login").set_json(given);
    world.send(request).await
}

fn code(world: &World, secret: &str) -> String {
    let codes = Builder::new().with_secret(bytes(secret)).build();
    let codes = codes.expect("a secret of 20 bytes");
    let now = world.clock.now().and_utc().timestamp();
    codes
        .generate(now.try_into().expect("after 1970"))
        .to_string()
}

/// Base 32 read back (RFC 4648).
fn bytes(secret: &str) -> [u8; 20] {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let value = |letter| letters.find(letter).expect("a letter of base 32");
    let bits: Vec<bool> = secret
        .chars()
        .flat_map(|letter| (0..5).rev().map(move |bit| value(letter) >> bit & 1 == 1))
        .collect();
    std::array::from_fn(|at| {
        let byte = &bits[at * 8..at * 8 + 8];
        byte.iter()
            .fold(0, |value, bit| value << 1 | u8::from(*bit))
    })
}

/// Claire's session, her secret and her recovery codes; the next code is another one.
async fn enrolled(world: &World) -> (String, String, Vec<String>) {
    let password = json!({"password": PASSWORD});
    let begun = world.post("claire", PATH, password).await.expect(201);
    let secret = begun.text_of("/secret");
    assert!(begun.text_of("/uri").contains(&secret));
    let confirm = json!({"code": code(world, &secret)});
    let confirmed = world
        .post("claire", &format!("{PATH}/confirm"), confirm)
        .await
        .expect(200);
    let codes = confirmed.body["recovery_codes"].as_array().cloned();
    let codes = codes.unwrap_or_default();
    let codes = codes.iter().filter_map(Value::as_str).map(str::to_owned);
    let bearer = format!("Bearer {}", world.token("claire").await);
    world.clock.advance(TimeDelta::seconds(30));
    (bearer, secret, codes.collect())
}

async fn send(world: &World, bearer: &str, path: &str, body: Value) -> Answer {
    let request = TestRequest::post().uri(path).set_json(body);
    world
        .send(request.insert_header(("authorization", bearer)))
        .await
}

#[test]
fn org_6_signing_in_asks_for_a_code_that_is_good_once() {
    on_each_engine(async |world| {
        let (_, secret, _) = enrolled(world).await;
        login(world, json!({}))
            .await
            .refused(401, "second_factor_required", Some("ORG-6"));
        let now = code(world, &secret);
        login(world, json!({"totp_code": now})).await.expect(200);
        login(world, json!({"totp_code": now})).await.refused(
            401,
            "wrong_second_factor",
            Some("ORG-6"),
        );
        world.clock.advance(TimeDelta::seconds(30));
        login(world, json!({"totp_code": code(world, &secret)}))
            .await
            .expect(200);
        let both = json!({"totp_code": "123456", "recovery_code": "abcd-efgh-ijkl-mnop"});
        login(world, both)
            .await
            .refused(422, "invalid", Some("ORG-6"));
    });
}

#[test]
fn org_6_without_the_password_a_code_says_nothing() {
    on_each_engine(async |world| {
        let (_, secret, _) = enrolled(world).await;
        let guess = json!({"password": "a guess", "totp_code": code(world, &secret)});
        login(world, guess)
            .await
            .refused(401, "wrong_credentials", Some("ORG-6"));
    });
}

#[test]
fn org_6_wrong_codes_wait_as_wrong_passwords_do() {
    on_each_engine(async |world| {
        let (_, secret, _) = enrolled(world).await;
        for _ in 0..9 {
            world.clock.advance(TimeDelta::seconds(20));
            login(world, json!({"totp_code": "0000000"})).await.refused(
                401,
                "wrong_second_factor",
                Some("ORG-6"),
            );
        }
        login(world, json!({"totp_code": code(world, &secret)}))
            .await
            .refused(429, "locked_out", Some("ORG-6"));
    });
}

#[test]
fn org_6_a_recovery_code_signs_in_once_however_it_is_written() {
    on_each_engine(async |world| {
        let (bearer, _, codes) = enrolled(world).await;
        assert_eq!(codes.len(), 10);
        let shouted = codes[0].to_uppercase().replace('-', " ");
        login(world, json!({"recovery_code": shouted}))
            .await
            .expect(200);
        login(world, json!({"recovery_code": codes[0]}))
            .await
            .refused(401, "wrong_second_factor", Some("ORG-6"));
        let get = TestRequest::get()
            .uri(PATH)
            .insert_header(("authorization", bearer.clone()));
        let stands = world.send(get).await.expect(200);
        assert_eq!(stands.body["recovery_codes_left"], 9);
        let path = format!("{PATH}/recovery-codes");
        let renewed = send(world, &bearer, &path, json!({"password": PASSWORD}))
            .await
            .expect(200);
        assert_eq!(
            renewed.body["recovery_codes"].as_array().map(Vec::len),
            Some(10)
        );
        login(world, json!({"recovery_code": codes[1]}))
            .await
            .refused(401, "wrong_second_factor", Some("ORG-6"));
    });
}

#[test]
fn org_6_a_second_factor_is_set_up_and_disabled_with_the_password() {
    on_each_engine(async |world| {
        world.post("claire", PATH, json!({})).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
        let confirm = format!("{PATH}/confirm");
        world
            .post("claire", &confirm, json!({"code": "123456"}))
            .await
            .refused(404, "not_found", None);
        let password = json!({"password": PASSWORD});
        world
            .post("claire", PATH, password.clone())
            .await
            .expect(201);
        // Nothing changes until it is confirmed.
        login(world, json!({})).await.expect(200);
        world
            .post("claire", &confirm, json!({"code": "0000000"}))
            .await
            .refused(422, "invalid", Some("ORG-6"));
        let (bearer, _, _) = enrolled(world).await;
        send(world, &bearer, PATH, password.clone()).await.refused(
            409,
            "second_factor_enabled",
            Some("ORG-6"),
        );
        let path = format!("{PATH}/disable");
        send(world, &bearer, &path, json!({"password": "wrong"}))
            .await
            .refused(403, "wrong_password", Some("ORG-7"));
        send(world, &bearer, &path, password.clone())
            .await
            .expect(204);
        send(world, &bearer, &path, password)
            .await
            .refused(404, "not_found", None);
        login(world, json!({})).await.expect(200);
    });
}

#[test]
fn org_6_an_administrator_removes_a_second_factor_that_is_lost_and_gives_none() {
    on_each_engine(async |world| {
        enrolled(world).await;
        let found = format!("/v1/admin/users?email={CLAIRE}");
        let found = world.get("nora", &found).await.expect(200);
        assert_eq!(found.body["items"][0]["second_factor"], true);
        let path = format!("/v1/admin/users/{}", found.text_of("/items/0/id"));
        world
            .patch("nora", &path, json!({"second_factor": true}))
            .await
            .refused(422, "invalid", Some("ORG-6"));
        let changed = world
            .patch("nora", &path, json!({"second_factor": false}))
            .await
            .expect(200);
        assert_eq!(changed.body["second_factor"], false);
        login(world, json!({})).await.expect(200);
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        assert_eq!(outbox.text_of("/items/0/recipient"), CLAIRE);
    });
}

#[test]
fn org_7_a_fresh_reauthentication_stands_in_for_the_password_for_five_minutes() {
    on_each_engine(async |world| {
        let (bearer, secret, _) = enrolled(world).await;
        let path = "/v1/auth/reauthenticate";
        send(world, &bearer, path, json!({"password": "wrong"}))
            .await
            .refused(403, "wrong_password", Some("ORG-7"));
        send(world, &bearer, path, json!({"password": PASSWORD}))
            .await
            .refused(401, "second_factor_required", Some("ORG-6"));
        let both = json!({"password": PASSWORD, "totp_code": code(world, &secret)});
        let again = send(world, &bearer, path, both).await.expect(200);
        let fresh = format!("Bearer {}", again.text_of("/access_token"));
        let renew = format!("{PATH}/recovery-codes");
        // The token of the sign-in is as young, and does not do.
        send(world, &bearer, &renew, json!({})).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
        send(world, &fresh, &renew, json!({})).await.expect(200);
        world.clock.advance(TimeDelta::minutes(5));
        send(world, &fresh, &renew, json!({})).await.refused(
            422,
            "password_required",
            Some("ORG-7"),
        );
    });
}
