//! How much one caller may ask, and whose pages may ask at all.
use crate::world::{Answer, World, on_each_engine, on_each_engine_with};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mandat::config::Config;
use std::collections::BTreeMap;

fn at_most(requests: u32) -> [(&'static str, String); 1] {
    [("MANDAT_RATE_LIMIT", requests.to_string())]
}

/// Asks with a credential that somebody made up, from an address.
async fn invented(world: &World, number: usize, from: &str) -> Answer {
    let request = TestRequest::get()
        .uri("/v1/me")
        .insert_header(("authorization", format!("Bearer mdt_{number}")))
        .peer_addr(from.parse().expect("an address"));
    world.send(request).await
}

#[test]
fn every_answer_says_how_much_is_left() {
    on_each_engine_with(&at_most(100), async |world| {
        for left in ["99", "98"] {
            let answer = world.get("claire", "/v1/me").await.expect(200);
            assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=100;w=60");
            let told = answer.header("ratelimit").to_owned();
            assert!(
                told.starts_with(&format!("\"default\";r={left};t=")),
                "{told}"
            );
        }
        let missing = world.get("claire", "/v1/nowhere").await.expect(404);
        assert!(missing.header("ratelimit").contains("r=97"), "{missing:?}");
        for free in ["/livez", "/readyz"] {
            let answer = world.send(TestRequest::get().uri(free)).await.expect(200);
            assert_eq!(answer.header("ratelimit"), "");
        }
    });
}

#[test]
fn one_request_too_many_is_refused_until_the_minute_is_over() {
    on_each_engine_with(&at_most(3), async |world| {
        for _ in 0..3 {
            world.get("claire", "/v1/me").await.expect(200);
        }
        let refused = world.get("claire", "/v1/me").await;
        let refused = refused.refused(429, "too_many_requests", None);
        let seconds: i64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=61).contains(&seconds), "{seconds}");
        let told = format!("\"default\";r=0;t={seconds}");
        assert_eq!(refused.header("ratelimit"), told);
        world.get("jonas", "/v1/me").await.expect(200);
        let alive = TestRequest::get().uri("/livez");
        world.send(alive).await.expect(200);
        world.clock.advance(TimeDelta::seconds(61));
        world.get("claire", "/v1/me").await.expect(200);
    });
}

#[test]
fn nobody_gets_more_by_inventing_credentials() {
    on_each_engine_with(&at_most(3), async |world| {
        let (here, there) = ("192.0.2.1:50000", "192.0.2.2:50000");
        for number in 0..3 {
            let stranger = invented(world, number, here).await;
            stranger.refused(401, "unauthenticated", None);
        }
        let refused = invented(world, 3, here).await;
        refused.refused(429, "too_many_requests", None);
        let elsewhere = invented(world, 4, there).await;
        elsewhere.refused(401, "unauthenticated", None);
    });
}

#[test]
fn who_has_shown_a_good_credential_is_not_locked_out_by_strangers_at_the_same_address() {
    on_each_engine_with(&at_most(5), async |world| {
        let here = "192.0.2.1:50000".parse().expect("an address");
        let claire = async |path: &'static str| {
            let request = TestRequest::get().uri(path).peer_addr(here);
            world.ask("claire", request).await
        };
        claire("/v1/me").await.expect(200);
        for number in 0..6 {
            // What needs no credential counts for the address, whatever is shown with it.
            let request = TestRequest::get()
                .uri("/v1/nowhere")
                .insert_header(("authorization", format!("Bearer mdt_{number}")))
                .peer_addr(here);
            let answer = world.send(request).await;
            assert_eq!(answer.status, if number < 5 { 404 } else { 429 });
        }
        claire("/v1/me").await.expect(200);
    });
}

#[test]
fn without_a_limit_nothing_is_said_of_one() {
    on_each_engine_with(&at_most(0), async |world| {
        let answer = world.get("claire", "/v1/me").await.expect(200);
        assert_eq!(answer.header("ratelimit"), "");
        assert_eq!(answer.header("ratelimit-policy"), "");
    });
}

const OURS: &str = "https://partners.example";

fn allowed() -> [(&'static str, String); 2] {
    let origins = format!("{OURS}, http://localhost:5173/");
    [
        ("MANDAT_CORS_ORIGINS", origins),
        ("MANDAT_RATE_LIMIT", "5".to_owned()),
    ]
}

/// What a browser asks before a page may order something.
async fn preflight(world: &World, origin: &str) -> Answer {
    let request = TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/v1/me")
        .insert_header(("origin", origin))
        .insert_header(("access-control-request-method", "PATCH"))
        .insert_header((
            "access-control-request-headers",
            "authorization,content-type,if-match",
        ));
    world.send(request).await
}

async fn get(world: &World, who: &str, origin: &str, more: (&str, &str)) -> Answer {
    let request = TestRequest::get().uri("/v1/me");
    let request = request.insert_header(("origin", origin));
    world.ask(who, request.insert_header(more)).await
}

#[test]
fn a_page_of_an_allowed_site_may_call_and_read_all_that_counts() {
    on_each_engine_with(&allowed(), async |world| {
        for origin in [OURS, "http://localhost:5173"] {
            for _ in 0..10 {
                let asked = preflight(world, origin).await.expect(200);
                let told = |name: &str| asked.header(name).to_lowercase();
                assert_eq!(told("access-control-allow-origin"), origin);
                assert!(told("access-control-allow-methods").contains("patch"));
                for name in ["authorization", "idempotency-key", "if-match"] {
                    assert!(told("access-control-allow-headers").contains(name));
                }
                assert_eq!(told("access-control-max-age"), "3600");
                assert!(!asked.header("x-request-id").is_empty());
                assert_eq!(told("access-control-allow-credentials"), "");
            }
        }
        let read = get(world, "claire", OURS, ("accept", "*/*"))
            .await
            .expect(200);
        let etag = read.header("etag").to_owned();
        let unchanged = get(world, "claire", OURS, ("if-none-match", &etag)).await;
        let nobody = TestRequest::get().uri("/v1/me");
        let nobody = world.send(nobody.insert_header(("origin", OURS))).await;
        let mut answers = vec![read, unchanged.expect(304), nobody.expect(401)];
        for _ in 0..4 {
            answers.push(get(world, "claire", OURS, ("accept", "*/*")).await);
        }
        assert_eq!(answers.last().map(|last| last.status), Some(429));
        for answer in &answers {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                OURS,
                "{answer:?}"
            );
            let shown = answer
                .header("access-control-expose-headers")
                .to_lowercase();
            for name in [
                "etag",
                "link",
                "location",
                "ratelimit",
                "retry-after",
                "x-request-id",
            ] {
                assert!(shown.contains(name), "{name}: {answer:?}");
            }
            let varies = answer.headers.get_all("vary");
            let varies: Vec<_> = varies.filter_map(|value| value.to_str().ok()).collect();
            assert!(
                varies.join(",").to_lowercase().contains("origin"),
                "{varies:?}"
            );
        }
    });
}

#[test]
fn a_page_of_another_site_may_not() {
    on_each_engine_with(&allowed(), async |world| {
        for origin in [
            "https://evil.example",
            "https://partners.example.evil.example",
            "null",
        ] {
            let refused = preflight(world, origin).await;
            let refused = refused.refused(400, "invalid_parameter", None);
            assert_eq!(refused.header("access-control-allow-origin"), "");
            let read = get(world, "claire", origin, ("accept", "*/*")).await;
            assert_eq!(read.expect(200).header("access-control-allow-origin"), "");
        }
    });
}

#[test]
fn without_configuration_no_page_may() {
    on_each_engine(async |world| {
        let asked = preflight(world, OURS).await;
        let asked = asked.refused(405, "method_not_allowed", None);
        assert_eq!(asked.header("access-control-allow-origin"), "");
        let read = get(world, "claire", OURS, ("accept", "*/*")).await;
        assert_eq!(read.expect(200).header("access-control-allow-origin"), "");
    });
}

#[test]
fn an_origin_is_a_scheme_a_host_and_a_port() {
    let set = |origins: &str| {
        let name = "MANDAT_CORS_ORIGINS".to_owned();
        Config::from(&BTreeMap::from([(name, origins.to_owned())]))
    };
    let read = set("https://Partners.example:443, http://localhost:5173/").map(|c| c.cors_origins);
    let read = read.expect_err("a default port is not written by browsers");
    assert!(read.to_string().contains("443"), "{read}");
    let read = set("https://Partners.example").map(|config| config.cors_origins);
    assert_eq!(read.expect("it is an origin"), [OURS]);
    assert_eq!(set("*").expect("all").cors_origins, ["*"]);
    for wrong in [
        "partners.example",
        "https://partners.example/app",
        "ftp://partners.example",
    ] {
        let fault = set(wrong).map(|config| config.cors_origins);
        let fault = fault.expect_err("no origin");
        assert!(fault.to_string().contains("MANDAT_CORS_ORIGINS"), "{fault}");
    }
}
