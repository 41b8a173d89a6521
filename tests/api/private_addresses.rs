//! Webhooks never go to private addresses, however those are written, named or hidden (NTF-3).
use crate::jobs::settle;
use crate::receiver::Receiver;
use crate::webhooks::{deliver, endpoints, happen, listen};
use crate::world::{World, on_each_engine};
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::Data;
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::BoxFuture;
use mandat::config::Config;
use mandat::db::schema::webhook_endpoints;
use mandat::jobs::{Next, deliver};
use mandat::resources::webhooks::send::{Lookup, Message, Sender, system};
use mandat::service::Service;
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The service as it is in production: webhooks never go to private addresses. Names are looked up so.
fn strict(world: &World, lookup: Lookup) -> Service {
    let config = Config {
        webhooks_private: false,
        ..world.service.config.as_ref().clone()
    };
    let mut service = world.service.clone();
    service.sender = Arc::new(Sender::open(&config, lookup).expect("a sender"));
    service.config = Data::new(config);
    service
}

#[test]
fn ntf_3_no_endpoint_is_made_at_a_private_address() {
    on_each_engine(async |world| {
        let app = init_service(strict(world, system()).app()).await;
        let (list, token) = (endpoints(world).await, world.token("claire").await);
        let made = json!({"url": "https://hooks.example.com/"});
        let made = world.post("claire", &list, made).await.expect(201).id();
        let changed = format!("{list}/{made}");
        for (url, fault) in [
            ("http://hooks.example.com/", "url_not_https"),
            ("ftp://hooks.example.com/", "url_not_https"),
            ("https://user:secret@hooks.example.com/", "url_credentials"),
            ("https://localhost/", "url_private"),
            ("https://a.localhost./", "url_private"),
            ("https://metadata.google.internal/", "url_private"),
            ("https://metadata/", "url_private"),
            ("https://printer.local/", "url_private"),
            ("https://127.0.0.1/", "url_private"),
            ("https://127.0.0.1./", "url_private"),
            ("https://127.1/", "url_private"),
            ("https://2130706433/", "url_private"),
            ("https://0x7f.1/", "url_private"),
            ("https://0x7F000001/", "url_private"),
            ("https://0177.0.0.1/", "url_private"),
            ("https://017700000001/", "url_private"),
            ("https://%31%32%37.0.0.1/", "url_private"),
            ("https://１２７.0.0.1/", "url_private"),
            ("https://127。0。0。1/", "url_private"),
            ("https://0/", "url_private"),
            ("https://0.0.0.0/", "url_private"),
            ("https://10.0.0.1/", "url_private"),
            ("https://10.1/", "url_private"),
            ("https://172.16.0.1/", "url_private"),
            ("https://192.168.1/", "url_private"),
            ("https://0xc0a80101/", "url_private"),
            ("https://100.64.0.1/", "url_private"),
            ("https://169.254.169.254/", "url_private"),
            ("https://2852039166/", "url_private"),
            ("https://0xa9fea9fe/", "url_private"),
            ("https://0251.0376.0251.0376/", "url_private"),
            ("https://192.0.0.192/", "url_private"),
            ("https://224.0.0.1/", "url_private"),
            ("https://255.255.255.255/", "url_private"),
            ("https://[::]/", "url_private"),
            ("https://[::1]/", "url_private"),
            ("https://[::127.0.0.1]/", "url_private"),
            ("https://[::ffff:127.0.0.1]/", "url_private"),
            ("https://[::ffff:a9fe:a9fe]/", "url_private"),
            ("https://[::ffff:0:7f00:1]/", "url_private"),
            ("https://[64:ff9b::7f00:1]/", "url_private"),
            ("https://[64:ff9b::169.254.169.254]/", "url_private"),
            ("https://[64:ff9b:1::a00:1]/", "url_private"),
            ("https://[2001::1]/", "url_private"),
            ("https://[2002:7f00:1::]/", "url_private"),
            ("https://[2002:a9fe:a9fe::1]/", "url_private"),
            ("https://[fc00::1]/", "url_private"),
            ("https://[fd00::1]/", "url_private"),
            ("https://[fd00:ec2::254]/", "url_private"),
            ("https://[fe80::1]/", "url_private"),
            ("https://[fec0::1]/", "url_private"),
            ("https://[ff02::1]/", "url_private"),
            ("https://169.254.169.254/latest/meta-data", "url_private"),
            ("nonsense", "invalid"),
        ] {
            for request in [
                TestRequest::post().uri(&list),
                TestRequest::patch().uri(&changed),
            ] {
                let request = request
                    .insert_header(("authorization", format!("Bearer {token}")))
                    .set_json(json!({"url": url}));
                let answer = call_service(&app, request.to_request()).await;
                assert_eq!(answer.status().as_u16(), 422, "{url}");
                let body: Value = read_body_json(answer).await;
                assert_eq!(body["errors"][0]["code"], fault, "{url}");
                assert_eq!(body["rule"], "NTF-3");
            }
        }
    });
}

#[test]
fn ntf_3_nothing_is_sent_to_a_private_address() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let id = listen(world, &receiver).await.id();
        happen(world, "first", 1).await;
        settle(world).await;
        let port = receiver.port;
        // A name that is not local by its looks, and that the machine resolves to itself.
        let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        for url in [
            format!("https://127.0.0.1:{port}/"),
            format!("https://[::ffff:7f00:1]:{port}/"),
            format!("http://127.0.0.1:{port}/"),
            format!("https://localhost:{port}/"),
            format!("https://{}:{port}/", machine.trim()),
        ] {
            let tamper = world.db.write(move |tx| {
                diesel::update(webhook_endpoints::table)
                    .set((
                        webhook_endpoints::url.eq(&url),
                        webhook_endpoints::failing_since.eq(None::<chrono::NaiveDateTime>),
                    ))
                    .execute(tx.conn)?;
                Ok(())
            });
            tamper.await.expect("the row is changed");
            let step = deliver::step(strict(world, system()))
                .await
                .expect("the step ends");
            assert_eq!(step, Next::AtOnce, "it is tried");
            world.advance(TimeDelta::days(2));
        }
        assert!(receiver.taken().is_empty());
        let path = format!("{}/{id}/deliveries", endpoints(world).await);
        let list = world.get("claire", &path).await.expect(200);
        let attempts = list.body["items"][0]["attempts"]
            .as_array()
            .expect("attempts");
        assert_eq!(attempts.len(), 5);
        assert!(attempts.iter().all(|one| one["status"] == Value::Null));
    });
}

#[test]
fn ntf_3_a_redirect_is_not_followed() {
    on_each_engine(async |world| {
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        listen(world, &receiver).await;
        happen(world, "first", 1).await;
        receiver.redirect(&other.url);
        deliver(world).await;
        assert_eq!(receiver.taken().len(), 1);
        assert!(other.taken().is_empty());
    });
}

/// A name that leads to these addresses at its first look-up, to those at its second, and so on.
fn leading_to(answers: &[&[&str]]) -> (Lookup, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let parsed = |address: &&str| -> SocketAddr {
        (address.parse::<IpAddr>().expect("an address"), 0).into()
    };
    let answers: Vec<Vec<SocketAddr>> = answers
        .iter()
        .map(|some| some.iter().map(parsed).collect())
        .collect();
    let counted = asked.clone();
    let lookup = move |_| -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let answer = answers.get(number).or(answers.last()).cloned();
        Box::pin(async move { Ok(answer.unwrap_or_default()) })
    };
    (Arc::new(lookup), asked)
}

fn message() -> Message {
    Message {
        id: "event".into(),
        timestamp: "0".into(),
        signature: "v1,".into(),
        body: "{}".into(),
    }
}

#[test]
fn ntf_3_a_name_that_leads_to_a_private_address_gets_nothing() {
    on_each_engine(async |world| {
        let port = Receiver::start().await.port;
        let url = format!("https://hooks.example.com:{port}/");
        let now = world.clock.now();
        for addresses in [
            &["127.0.0.1"][..],
            &["0.0.0.0"],
            &["10.0.0.1"],
            &["100.64.0.1"],
            &["169.254.169.254"],
            &["224.0.0.1"],
            &["255.255.255.255"],
            &["::1"],
            &["::ffff:127.0.0.1"],
            &["64:ff9b::7f00:1"],
            &["2002:7f00:1::"],
            &["fd00:ec2::254"],
            &["fe80::1"],
            &["8.8.8.8", "127.0.0.1"],
            &["127.0.0.1", "8.8.8.8"],
        ] {
            let (lookup, _) = leading_to(&[addresses]);
            let sender = strict(world, lookup).sender;
            let attempt = sender.send(&url, message(), now).await;
            assert_eq!(attempt.status, None, "{addresses:?}");
            assert_eq!(attempt.answer, "url_private", "{addresses:?}");
        }
        let (nowhere, _) = leading_to(&[&[]]);
        let sender = strict(world, nowhere).sender;
        let attempt = sender.send(&url, message(), now).await;
        assert_eq!(attempt.answer, "the name has no address");
    });
}

#[test]
fn ntf_3_a_name_that_changes_between_check_and_use_gains_nothing() {
    on_each_engine(async |world| {
        let inside = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        inside.set_nonblocking(true).expect("it does not wait");
        let port = inside.local_addr().expect("an address").port();
        let url = format!("https://hooks.example.com:{port}/");
        let list = endpoints(world).await;
        let new = json!({"url": url, "event_types": ["invitation.created"]});
        let id = world.post("claire", &list, new).await.expect(201).id();
        happen(world, "first", 1).await;
        settle(world).await;
        // Public at the first look, though nobody is there; private at every later one.
        let (lookup, asked) = leading_to(&[&["3ffe::1"], &["127.0.0.1"]]);
        let service = strict(world, lookup);
        for looks in 1..=2 {
            let step = deliver::step(service.clone()).await.expect("the step ends");
            assert_eq!(step, Next::AtOnce, "it is tried");
            assert_eq!(asked.load(Ordering::SeqCst), looks, "one look an attempt");
            world.advance(TimeDelta::hours(1));
        }
        assert!(inside.accept().is_err(), "somebody has come in");
        let made = format!("{list}/{id}/deliveries");
        let made = world.get("claire", &made).await.expect(200);
        let attempts = &made.body["items"][0]["attempts"];
        assert_eq!(attempts[0]["answer"], "url_private", "{attempts}");
        assert_ne!(attempts[1]["answer"], "url_private", "{attempts}");
    });
}
