//! New accounts and new passwords, by a link in a mail (ORG-6).
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CLAIRE: &str = "claire@studio-lumen.example";
const NEW: &str = "zoe@atelier-rosso.example";
const STRONG: &str = "nine green kettles hum";

async fn post(world: &World, path: &str, body: Value) -> Answer {
    let request = TestRequest::post().uri(path).set_json(body);
    world.send(request).await
}

async fn sign_up(world: &World, email: &str, password: &str) -> Answer {
    let new = json!({"name": "Zoe Rosso", "email": email, "password": password, "language": "it"});
    post(world, "/v1/auth/sign-up", new).await
}

/// The mails to an address, the newest first: subject and link.
async fn mails(world: &World, to: &str) -> Vec<(String, Option<String>)> {
    let mails = world.mails(to).await;
    let told = mails.iter().map(|mail| {
        let text = |field: &str| mail[field].as_str().map(str::to_owned);
        (text("subject").unwrap_or_default(), text("link"))
    });
    told.collect()
}

/// The token in the newest mail to an address.
async fn token(world: &World, to: &str) -> String {
    let mails = mails(world, to).await;
    let link = mails.into_iter().find_map(|(_, link)| link);
    let link = link.unwrap_or_else(|| panic!("no link went to {to}"));
    let (_, token) = link.split_once('#').expect("a token behind the page");
    token.to_owned()
}

#[test]
fn org_6_an_account_exists_once_its_address_is_proven() {
    on_each_engine(async |world| {
        sign_up(world, NEW, STRONG).await.expect(204);
        world.login(NEW, "not this one at all").await.refused(
            401,
            "wrong_credentials",
            Some("ORG-6"),
        );
        world
            .login(NEW, STRONG)
            .await
            .refused(403, "email_unverified", Some("ORG-6"));
        let token = json!({"token": token(world, NEW).await});
        post(world, "/v1/auth/verify-email", token.clone())
            .await
            .expect(204);
        let signed_in = world.login(NEW, STRONG).await.expect(200);
        let bearer = format!("Bearer {}", signed_in.text_of("/access_token"));
        let me = TestRequest::get()
            .uri("/v1/me")
            .insert_header(("authorization", bearer));
        let me = world.send(me).await.expect(200);
        assert_eq!(
            (me.body["name"].as_str(), me.body["language"].as_str()),
            (Some("Zoe Rosso"), Some("it"))
        );
        post(world, "/v1/auth/verify-email", token)
            .await
            .refused(410, "link_dead", Some("ORG-6"));
    });
}

#[test]
fn org_6_each_link_makes_the_account_that_it_was_sent_for() {
    on_each_engine(async |world| {
        sign_up(world, NEW, STRONG).await.expect(204);
        let mine = token(world, NEW).await;
        world.advance(TimeDelta::seconds(1));
        sign_up(world, NEW, "a stranger's long sentence")
            .await
            .expect(204);
        let theirs = token(world, NEW).await;
        post(world, "/v1/auth/verify-email", json!({"token": mine}))
            .await
            .expect(204);
        world.login(NEW, STRONG).await.expect(200);
        post(world, "/v1/auth/verify-email", json!({"token": theirs}))
            .await
            .refused(410, "link_dead", Some("ORG-6"));
    });
}

#[test]
fn org_6_a_sign_up_link_expires_by_the_clock() {
    on_each_engine(async |world| {
        sign_up(world, NEW, STRONG).await.expect(204);
        let token = json!({"token": token(world, NEW).await});
        world.advance(TimeDelta::hours(24));
        post(world, "/v1/auth/verify-email", token)
            .await
            .refused(410, "link_dead", Some("ORG-6"));
        world
            .login(NEW, STRONG)
            .await
            .refused(401, "wrong_credentials", Some("ORG-6"));
    });
}

#[test]
fn org_6_a_known_address_signs_up_alike_and_its_owner_is_told() {
    on_each_engine(async |world| {
        let known = sign_up(world, "Claire@Studio-Lumen.example", STRONG).await;
        let unknown = sign_up(world, NEW, STRONG).await;
        for answer in [known, unknown] {
            assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        }
        let told = mails(world, CLAIRE).await;
        assert_eq!(told.len(), 1);
        assert!(told[0].1.is_none(), "no link in {told:?}");
        world
            .login(CLAIRE, STRONG)
            .await
            .refused(401, "wrong_credentials", Some("ORG-6"));
        world.login(CLAIRE, PASSWORD).await.expect(200);
    });
}

#[test]
fn org_6_a_weak_password_is_refused_before_anything_is_looked_up() {
    on_each_engine(async |world| {
        for email in [NEW, CLAIRE] {
            let refused = sign_up(world, email, "zoe rosso zoe").await;
            let refused = refused.refused(422, "invalid", Some("ORG-6"));
            assert_eq!(refused.body["errors"][0]["code"], "weak");
        }
        let refused = sign_up(world, "nobody", STRONG)
            .await
            .refused(422, "invalid", None);
        assert_eq!(refused.body["errors"][0]["code"], "email");
    });
}

#[test]
fn org_6_a_link_in_a_mail_sets_a_new_password_once_and_ends_all_sessions() {
    on_each_engine(async |world| {
        let before = world.login(CLAIRE, PASSWORD).await.expect(200);
        let forgotten = json!({"email": "Claire@Studio-Lumen.example"});
        post(world, "/v1/auth/password-reset", forgotten)
            .await
            .expect(204);
        let token = token(world, CLAIRE).await;
        let set = |password: &str| json!({"token": token, "new_password": password});
        let path = "/v1/auth/password-reset/confirm";
        post(world, path, set("claire claire claire"))
            .await
            .refused(422, "invalid", Some("ORG-6"));
        post(world, path, set(STRONG)).await.expect(204);
        post(world, path, set(STRONG))
            .await
            .refused(410, "link_dead", Some("ORG-6"));
        world
            .login(CLAIRE, PASSWORD)
            .await
            .refused(401, "wrong_credentials", Some("ORG-6"));
        world.login(CLAIRE, STRONG).await.expect(200);
        let refresh = json!({"refresh_token": before.body["refresh_token"]});
        post(world, "/v1/auth/refresh", refresh).await.refused(
            401,
            "unauthenticated",
            Some("ORG-6"),
        );
        let told = mails(world, CLAIRE).await;
        assert!(told[0].0.contains("a été redéfini"), "{told:?}");
    });
}

/// A token that somebody's scripts use.
async fn api_token(world: &World, who: &str) -> String {
    let new = json!({"name": "nightly", "scopes": ["read"]});
    let made = world.post(who, "/v1/me/api-tokens", new).await;
    format!("Bearer {}", made.expect(201).text_of("/token"))
}

#[test]
fn org_6_a_reset_revokes_api_tokens_and_a_changed_password_leaves_them() {
    on_each_engine(async |world| {
        let (hers, his) = (
            api_token(world, "claire").await,
            api_token(world, "luca").await,
        );
        let ask = |token: &str| {
            let me = TestRequest::get().uri("/v1/me");
            world.send(me.insert_header(("authorization", token)))
        };
        let changed = json!({"current_password": PASSWORD, "new_password": STRONG});
        let changed = world.put("claire", "/v1/me/password", changed).await;
        changed.expect(204);
        ask(&hers).await.expect(200);
        let forgotten = json!({"email": CLAIRE});
        post(world, "/v1/auth/password-reset", forgotten)
            .await
            .expect(204);
        let set =
            json!({"token": token(world, CLAIRE).await, "new_password": "eight blue kettles hum"});
        post(world, "/v1/auth/password-reset/confirm", set)
            .await
            .expect(204);
        ask(&hers).await.refused(401, "unauthenticated", None);
        ask(&his).await.expect(200);
        let told = world.mails(CLAIRE).await;
        let text = told[0]["text"].as_str().unwrap_or_default();
        assert!(text.contains("jetons d'API"), "{told:?}");
    });
}

#[test]
fn org_6_a_reset_link_expires_by_the_clock_and_dies_with_another() {
    on_each_engine(async |world| {
        let forgotten = json!({"email": CLAIRE});
        let path = "/v1/auth/password-reset/confirm";
        let mut tokens = Vec::new();
        for _ in 0..2 {
            post(world, "/v1/auth/password-reset", forgotten.clone())
                .await
                .expect(204);
            tokens.push(token(world, CLAIRE).await);
            world.advance(TimeDelta::minutes(59));
        }
        let set = |token: &str| json!({"token": token, "new_password": STRONG});
        post(world, path, set(&tokens[0]))
            .await
            .refused(410, "link_dead", Some("ORG-6"));
        post(world, path, set(&tokens[1])).await.expect(204);
    });
}

#[test]
fn org_6_an_unknown_address_is_not_told_from_a_known_one() {
    on_each_engine(async |world| {
        for email in [CLAIRE, "nobody@studio-lumen.example"] {
            let begun = Instant::now();
            let answer = post(world, "/v1/auth/password-reset", json!({"email": email})).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""));
            assert!(begun.elapsed() >= Duration::from_millis(250), "{email}");
        }
        let nobody = mails(world, "nobody@studio-lumen.example").await;
        assert!(nobody.is_empty());
    });
}

#[test]
fn org_6_one_address_gets_few_mails_whoever_asks() {
    on_each_engine(async |world| {
        for _ in 0..4 {
            let forgotten = json!({"email": CLAIRE});
            post(world, "/v1/auth/password-reset", forgotten)
                .await
                .expect(204);
            sign_up(world, CLAIRE, STRONG).await.expect(204);
        }
        assert_eq!(mails(world, CLAIRE).await.len(), 5);
        world.advance(TimeDelta::hours(1));
        sign_up(world, CLAIRE, STRONG).await.expect(204);
        assert_eq!(mails(world, CLAIRE).await.len(), 6);
    });
}
