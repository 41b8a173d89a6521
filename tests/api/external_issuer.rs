//! An external issuer that the configuration trusts (ORG-6, ORG-7): a real one, on a loopback port.
use crate::partnerships::partnership;
use crate::world::{Answer, World, on_each_engine_with};
use actix_web::test::TestRequest;
use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

const CLAIRE: &str = "claire@studio-lumen.example";

/// What the issuer's threads share with the test.
#[derive(Default)]
struct State {
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
    is_down: AtomicBool,
}

struct Issuer {
    url: String,
    state: Arc<State>,
}

struct Key {
    id: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
    public: Value,
}

impl Issuer {
    fn start() -> Self {
        let state = Arc::new(State::default());
        let (tell, told) = mpsc::channel();
        let shared = Data::from(state.clone());
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    let metadata = "/.well-known/openid-configuration";
                    App::new()
                        .app_data(shared.clone())
                        .route(metadata, web::get().to(describe))
                        .route("/keys", web::get().to(publish))
                };
                let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", 0));
                let server = server.expect("a free port");
                let url = format!("http://{}", server.addrs()[0]);
                tell.send(url).expect("the test waits");
                server.run().await
            })
        });
        let url = told.recv().expect("the issuer runs");
        Self { url, state }
    }

    fn publish(&self, keys: &[&Key]) {
        let public = keys.iter().map(|key| key.public.clone()).collect();
        *self.state.keys.lock().expect("nobody panicked") = public;
    }

    fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("MANDAT_OIDC_ISSUER", self.url.clone()),
            ("MANDAT_OIDC_AUDIENCE", "partners".to_owned()),
        ]
    }

    /// A token of Claire's, in whose claims some are replaced; null leaves one out.
    fn token(&self, world: &World, key: &Key, change: Value) -> String {
        let now = world.clock.now().and_utc().timestamp();
        let mut claims = json!({
            "iss": self.url, "aud": "partners", "sub": "248289761001", "exp": now + 300,
            "email": CLAIRE, "email_verified": true,
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let claims = claims.as_object_mut().expect("an object");
        claims.retain(|_, value| !value.is_null());
        let header = Header {
            kid: Some(key.id.to_owned()),
            ..Header::new(key.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &key.private).expect("a token")
    }
}

async fn describe(request: HttpRequest) -> Json<Value> {
    let url = format!("http://{}", request.connection_info().host());
    Json(json!({"issuer": url, "jwks_uri": format!("{url}/keys")}))
}

async fn publish(state: Data<State>) -> HttpResponse {
    state.asked.fetch_add(1, Ordering::Relaxed);
    if state.is_down.load(Ordering::Relaxed) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let keys = state.keys.lock().expect("nobody panicked").clone();
    HttpResponse::Ok().json(json!({"keys": keys}))
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn eddsa(id: &'static str) -> Key {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let private = pair.to_pkcs8v1().expect("its private half");
    let x = text(pair.public_key().as_ref());
    Key {
        id,
        algorithm: Algorithm::EdDSA,
        private: EncodingKey::from_ed_der(private.as_ref()),
        public: json!({"kid": id, "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig"}),
    }
}

fn es256(id: &'static str) -> Key {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    let pair = EcKey::generate(&group).expect("a key");
    let (mut x, mut y) = (BigNum::new().expect("x"), BigNum::new().expect("y"));
    let mut context = BigNumContext::new().expect("a context");
    let point = pair.public_key();
    point
        .affine_coordinates(&group, &mut x, &mut y, &mut context)
        .expect("a point");
    let coordinate = |value: BigNum| text(&value.to_vec_padded(32).expect("32 bytes"));
    let public = json!({"kid": id, "kty": "EC", "crv": "P-256", "x": coordinate(x), "y": coordinate(y), "alg": "ES256"});
    let private = PKey::from_ec_key(pair).and_then(|key| key.private_key_to_pkcs8());
    Key {
        id,
        algorithm: Algorithm::ES256,
        private: EncodingKey::from_ec_der(&private.expect("its private half")),
        public,
    }
}

fn rs256(id: &'static str) -> Key {
    let pair = Rsa::generate(2048).expect("a key");
    let public = json!({"kid": id, "kty": "RSA", "n": text(&pair.n().to_vec()), "e": text(&pair.e().to_vec()), "alg": "RS256"});
    let private = pair.private_key_to_der().expect("its private half");
    Key {
        id,
        algorithm: Algorithm::RS256,
        private: EncodingKey::from_rsa_der(&private),
        public,
    }
}

async fn me(world: &World, token: &str) -> Answer {
    let bearer = ("authorization", format!("Bearer {token}"));
    world
        .send(TestRequest::get().uri("/v1/me").insert_header(bearer))
        .await
}

#[test]
fn org_6_an_external_issuers_tokens_are_trusted_in_each_algorithm() {
    let issuer = Issuer::start();
    let keys = [eddsa("a"), es256("b"), rs256("c")];
    issuer.publish(&keys.each_ref());
    on_each_engine_with(&issuer.settings(), async |world| {
        for key in &keys {
            let token = issuer.token(world, key, json!({}));
            let me = me(world, &token).await.expect(200);
            assert_eq!(me.body["email"], CLAIRE);
        }
        // Those of our own are good beside them.
        world.get("anna", "/v1/me").await.expect(200);
    });
}

#[test]
fn org_6_a_token_that_says_anything_else_is_none() {
    let issuer = Issuer::start();
    let (key, other) = (eddsa("a"), eddsa("a"));
    issuer.publish(&[&key]);
    on_each_engine_with(&issuer.settings(), async |world| {
        let past = world.clock.now().and_utc().timestamp() - 60;
        for change in [
            json!({"iss": "https://id.example"}),
            json!({"aud": "others"}),
            json!({"aud": null}),
            json!({"sub": null}),
            json!({"exp": past}),
            json!({"exp": null}),
            json!({"nbf": past + 300}),
            json!({"email_verified": false}),
            json!({"email_verified": null}),
            json!({"email": "nobody@studio-lumen.example"}),
        ] {
            let token = issuer.token(world, &key, change.clone());
            let answer = me(world, &token).await;
            assert_eq!(answer.status, 401, "{change}: {}", answer.text);
        }
        let forged = issuer.token(world, &other, json!({}));
        me(world, &forged)
            .await
            .refused(401, "unauthenticated", None);
        // A public key is no shared secret.
        let secret = Key {
            id: "a",
            algorithm: Algorithm::HS256,
            private: EncodingKey::from_secret(key.public["x"].to_string().as_bytes()),
            public: Value::Null,
        };
        let forged = issuer.token(world, &secret, json!({}));
        me(world, &forged)
            .await
            .refused(401, "unauthenticated", None);
        let good = issuer.token(world, &key, json!({}));
        me(world, &good).await.expect(200);
    });
}

#[test]
fn org_6_a_subject_is_bound_to_the_account_whose_address_it_proved_first() {
    let issuer = Issuer::start();
    let key = eddsa("a");
    issuer.publish(&[&key]);
    on_each_engine_with(&issuer.settings(), async |world| {
        let first = issuer.token(world, &key, json!({}));
        me(world, &first).await.expect(200);
        let moved = json!({"email": "anna@baeckerei-sommer.example"});
        let moved = issuer.token(world, &key, moved);
        assert_eq!(me(world, &moved).await.expect(200).body["email"], CLAIRE);
        let silent = issuer.token(world, &key, json!({"email": null}));
        assert_eq!(me(world, &silent).await.expect(200).body["email"], CLAIRE);
        let another = issuer.token(world, &key, json!({"sub": "another"}));
        me(world, &another)
            .await
            .refused(401, "unauthenticated", None);
    });
}

#[test]
fn org_6_keys_rotate_and_unknown_ones_do_not_make_us_ask_at_will() {
    let issuer = Issuer::start();
    let (old, new) = (eddsa("old"), eddsa("new"));
    on_each_engine_with(&issuer.settings(), async |world| {
        let asked = || issuer.state.asked.load(Ordering::Relaxed);
        let status = async |key: &Key| me(world, &issuer.token(world, key, json!({}))).await.status;
        issuer.publish(&[&old]);
        let before = asked();
        assert_eq!(status(&old).await, 200);
        for _ in 0..5 {
            assert_eq!(status(&new).await, 401);
        }
        assert_eq!(asked() - before, 1);
        issuer.publish(&[&new]);
        world.advance(TimeDelta::minutes(1));
        assert_eq!(status(&new).await, 200);
        assert_eq!(status(&old).await, 401);
        // What was last seen holds while the issuer does not answer.
        issuer.state.is_down.store(true, Ordering::Relaxed);
        world.advance(TimeDelta::hours(2));
        assert_eq!(status(&new).await, 200);
        issuer.state.is_down.store(false, Ordering::Relaxed);
    });
}

#[test]
fn org_7_an_external_sign_in_must_be_fresh_where_the_password_is_asked_for() {
    let issuer = Issuer::start();
    let key = es256("a");
    issuer.publish(&[&key]);
    on_each_engine_with(&issuer.settings(), async |world| {
        let id = partnership(world, "ben", "Velo Kurier").await;
        let end = async |change: Value| {
            let bearer = format!("Bearer {}", issuer.token(world, &key, change));
            let request = TestRequest::post()
                .uri(&format!("/v1/partnerships/{id}/end"))
                .insert_header(("authorization", bearer));
            world.send(request.set_json(json!({}))).await
        };
        let now = world.clock.now().and_utc().timestamp();
        for stale in [json!({}), json!({"auth_time": now - 301})] {
            let refused = end(stale).await;
            let refused = refused.refused(401, "insufficient_user_authentication", Some("ORG-7"));
            let challenge = refused.headers.get("www-authenticate");
            assert_eq!(
                challenge.map(|value| value.as_bytes()),
                Some(
                    &b"Bearer realm=\"mandat\", error=\"insufficient_user_authentication\", max_age=\"300\""[..]
                )
            );
        }
        end(json!({"auth_time": now - 200})).await.expect(200);
    });
}
