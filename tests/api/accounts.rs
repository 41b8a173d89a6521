//! Sign-in, sessions, tokens (ORG-6, ORG-7).
use crate::world::on_each_engine;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use serde_json::{Value, json};

fn login(email: &str, password: &str) -> TestRequest {
    TestRequest::post()
        .uri("/v1/auth/login")
        .set_json(json!({"email": email, "password": password}))
}

#[test]
fn org_6_a_user_signs_in_and_is_known() {
    on_each_engine(async |world| {
        let me = world.get("claire", "/v1/me").await.expect(200);
        assert_eq!(me.body["organizations"][0]["role"], "legal_representative");
        assert_eq!(me.body["organizations"][0]["name"], "Studio Lumen");
        let names = |me: &Value| -> Vec<String> {
            let customers = me["customers"].as_array().into_iter().flatten();
            let names = customers.filter_map(|customer| customer["name"].as_str());
            names.map(str::to_owned).collect()
        };
        assert_eq!(
            names(&me.body),
            ["Galerie Arno", "Praxis Weiss", "Velo Kurier"]
        );
        assert_eq!(me.body["customers_total"], 3);
        let maya = world.get("maya", "/v1/me").await.expect(200);
        assert_eq!(names(&maya.body), ["Galerie Arno"]);
    });
}

#[test]
fn org_6_unknown_and_known_accounts_answer_the_same() {
    on_each_engine(async |world| {
        let known = world
            .send(login("claire@studio-lumen.example", "wrong"))
            .await;
        let unknown = world
            .send(login("nobody@studio-lumen.example", "wrong"))
            .await;
        for answer in [&known, &unknown] {
            assert_eq!(
                (answer.status, answer.body["code"].as_str()),
                (401, Some("wrong_credentials"))
            );
        }
        for tries in 0..5 {
            let known = world
                .send(login("claire@studio-lumen.example", "wrong"))
                .await;
            let unknown = world
                .send(login("nobody@studio-lumen.example", "wrong"))
                .await;
            assert_eq!(known.status, unknown.status, "after {tries}");
        }
        let locked = world
            .send(login("claire@studio-lumen.example", mandat::demo::PASSWORD))
            .await;
        locked.refused(429, "locked_out", Some("ORG-6"));
        world.advance(TimeDelta::minutes(20));
        world.get("claire", "/v1/me").await.expect(200);
    });
}

#[test]
fn org_6_reusing_a_refresh_token_ends_the_session() {
    on_each_engine(async |world| {
        let signed_in = world
            .send(login("claire@studio-lumen.example", mandat::demo::PASSWORD))
            .await
            .expect(200);
        let refresh = |token: &Value| {
            TestRequest::post()
                .uri("/v1/auth/refresh")
                .set_json(json!({"refresh_token": token}))
        };
        let first = signed_in.body["refresh_token"].clone();
        let second = world.send(refresh(&first)).await.expect(200).body["refresh_token"].clone();
        world
            .send(refresh(&first))
            .await
            .refused(401, "unauthenticated", Some("ORG-6"));
        world
            .send(refresh(&second))
            .await
            .refused(401, "unauthenticated", Some("ORG-6"));
        let bearer = (
            "authorization",
            format!("Bearer {}", signed_in.text_of("/access_token")),
        );
        world
            .send(TestRequest::get().uri("/v1/me").insert_header(bearer))
            .await
            .refused(401, "unauthenticated", None);
    });
}

#[test]
fn org_6_an_access_token_expires_by_the_clock() {
    on_each_engine(async |world| {
        let token = world.token("claire").await;
        world.advance(TimeDelta::minutes(11));
        let bearer = ("authorization", format!("Bearer {token}"));
        world
            .send(TestRequest::get().uri("/v1/me").insert_header(bearer))
            .await
            .refused(401, "unauthenticated", None);
    });
}

#[test]
fn org_6_an_api_token_does_what_its_scopes_say_until_it_is_revoked() {
    on_each_engine(async |world| {
        let made = world
            .post(
                "claire",
                "/v1/me/api-tokens",
                json!({"name": "reader", "scopes": ["read"]}),
            )
            .await
            .expect(201);
        let bearer = (
            "authorization",
            format!("Bearer {}", made.text_of("/token")),
        );
        let me = || {
            TestRequest::get()
                .uri("/v1/me")
                .insert_header(bearer.clone())
        };
        world.send(me()).await.expect(200);
        let change = TestRequest::patch()
            .uri("/v1/me")
            .insert_header(bearer.clone())
            .set_json(json!({"name": "X"}));
        world
            .send(change)
            .await
            .refused(403, "insufficient_scope", Some("ORG-6"));
        let billing = json!({"name": "till", "scopes": ["billing"]});
        world
            .post("claire", "/v1/me/api-tokens", billing.clone())
            .await
            .refused(422, "invalid", Some("ORG-6"));
        world
            .post("tom", "/v1/me/api-tokens", billing)
            .await
            .expect(201);
        world
            .delete("claire", &format!("/v1/me/api-tokens/{}", made.id()))
            .await
            .expect(204);
        world.send(me()).await.refused(401, "unauthenticated", None);
    });
}

#[test]
fn org_7_the_password_changes_with_the_old_one_and_ends_other_sessions() {
    on_each_engine(async |world| {
        let other = world
            .send(login("claire@studio-lumen.example", mandat::demo::PASSWORD))
            .await
            .expect(200);
        let change = |old: &str, new: &str| json!({"current_password": old, "new_password": new});
        let path = "/v1/me/password";
        world
            .put("claire", path, change("wrong", "nine green kettles hum"))
            .await
            .refused(403, "wrong_password", Some("ORG-7"));
        world
            .put(
                "claire",
                path,
                change(mandat::demo::PASSWORD, "aaaaaaaaaaaa"),
            )
            .await
            .refused(422, "invalid", None);
        world
            .put(
                "claire",
                path,
                change(mandat::demo::PASSWORD, "nine green kettles hum"),
            )
            .await
            .expect(204);
        world.get("claire", "/v1/me").await.expect(200);
        let bearer = (
            "authorization",
            format!("Bearer {}", other.text_of("/access_token")),
        );
        world
            .send(TestRequest::get().uri("/v1/me").insert_header(bearer))
            .await
            .refused(401, "unauthenticated", None);
    });
}

#[test]
fn the_same_key_and_content_answer_as_the_first_time_without_the_secret() {
    on_each_engine(async |world| {
        let new = json!({"name": "reader", "scopes": ["read"]});
        let first = world
            .post_keyed("claire", "/v1/me/api-tokens", "k1", new.clone())
            .await
            .expect(201);
        let again = world
            .post_keyed("claire", "/v1/me/api-tokens", "k1", new)
            .await
            .expect(201);
        assert_eq!(
            again
                .headers
                .get("idempotency-replayed")
                .map(|value| value.as_bytes()),
            Some(&b"true"[..])
        );
        assert_eq!(first.id(), again.id());
        assert_eq!(again.body["token"], Value::Null);
        let other = json!({"name": "another", "scopes": ["read"]});
        world
            .post_keyed("claire", "/v1/me/api-tokens", "k1", other)
            .await
            .refused(422, "idempotency_key_reused", None);
    });
}

#[test]
fn a_wrong_method_names_those_that_are_allowed_and_a_wrong_kind_of_id_is_named() {
    on_each_engine(async |world| {
        let answer =
            world
                .delete("claire", "/v1/me")
                .await
                .refused(405, "method_not_allowed", None);
        assert_eq!(
            answer.headers.get("allow").map(|value| value.as_bytes()),
            Some(&b"GET, PATCH"[..])
        );
        let wrong = "/v1/me/sessions/org_01jd8xk3v9e6mbyg4q5r7s8t9v";
        world
            .delete("claire", wrong)
            .await
            .refused(404, "not_found", None);
        world
            .get("claire", "/v1/nothing")
            .await
            .refused(404, "unknown_path", None);
    });
}

#[test]
fn whoever_finds_a_hole_learns_whom_to_tell() {
    on_each_engine(async |world| {
        let path = "/.well-known/security.txt";
        let answer = world.send(TestRequest::get().uri(path)).await.expect(200);
        assert_eq!(
            answer.headers.get("content-type").map(|it| it.as_bytes()),
            Some(&b"text/plain; charset=utf-8"[..])
        );
        for field in ["Contact: mailto:", "Expires: 2", "Canonical: http://"] {
            assert!(answer.text.contains(field), "{}", answer.text);
        }
    });
}

#[test]
fn a_profile_changes_where_it_was_named_and_nowhere_else() {
    on_each_engine(async |world| {
        let changed = world
            .patch("claire", "/v1/me", json!({"name": "Claire Morel-Roux"}))
            .await
            .expect(200);
        assert_eq!(
            (
                changed.body["name"].as_str(),
                changed.body["language"].as_str()
            ),
            (Some("Claire Morel-Roux"), Some("fr"))
        );
        world
            .patch("claire", "/v1/me", json!({"nmae": "X"}))
            .await
            .refused(400, "unknown_field", None);
        let token = world.token("claire").await;
        let stale = TestRequest::patch()
            .uri("/v1/me")
            .insert_header(("authorization", format!("Bearer {token}")))
            .insert_header(("if-match", "\"1-0\""));
        world
            .send(stale.set_json(json!({"name": "Y"})))
            .await
            .refused(412, "version_mismatch", None);
    });
}
