//! Webhooks end to end: a receiver of our own, and what is sent to it (NTF-3).
use crate::invitations::{accept, ask, full};
use crate::jobs::settle;
use crate::receiver::{Receiver, Taken};
use crate::world::{Answer, World, on_each_engine};
use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::record::Event;
use mandat::db::schema::webhook_endpoints;
use mandat::domain::event::EventType;
use mandat::domain::id::{NodeId, OrganizationId};
use mandat::jobs::{Next, deliver};
use openssl::pkey::{Id, PKey};
use openssl::sign::Verifier;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Delivers until nothing is due.
pub async fn deliver(world: &World) {
    settle(world).await;
    let step = || deliver::step(world.service.clone());
    while step().await.expect("webhooks are delivered") == Next::AtOnce {}
}

/// Claire's organization's endpoints.
pub async fn endpoints(world: &World) -> String {
    let org = world.organization("Studio Lumen").await;
    format!("/v1/organizations/{org}/webhook-endpoints")
}

/// Makes an endpoint there that listens to invitations.
pub async fn listen(world: &World, to: &Receiver) -> Answer {
    let new = json!({"url": to.url, "event_types": ["invitation.created", "invitation.declined", "webhook_endpoint.tested"]});
    let list = endpoints(world).await;
    world.post("claire", &list, new).await.expect(201)
}

async fn invite(world: &World) -> String {
    let access = full("customer");
    let sent = ask(world, "jonas", "Nordwerk", "Studio Lumen", access).await;
    sent.expect(201).id()
}

/// Records some events of Studio Lumen about one thing.
pub async fn happen(world: &World, subject: &'static str, times: usize) {
    let org: OrganizationId = world
        .organization("Studio Lumen")
        .await
        .parse()
        .expect("an id");
    for _ in 0..times {
        let happened = world.db.write(move |tx| {
            let event = Event::new(EventType::InvitationCreated, subject).of(org);
            tx.record(None, event)
        });
        happened.await.expect("an event is recorded");
    }
}

fn verified(taken: &Taken, secret: &str) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
    webhook
        .verify(taken.body.as_bytes(), &taken.headers)
        .is_ok()
}

/// Whether one of the `v1a` signatures is this key's.
fn verified_by_key(taken: &Taken, key: &str) -> bool {
    let raw = STANDARD.decode(key.strip_prefix("whpk_").expect("the prefix"));
    let key = PKey::public_key_from_raw_bytes(&raw.expect("base64"), Id::ED25519).expect("a key");
    let signed = format!(
        "{}.{}.{}",
        taken.header("webhook-id"),
        taken.header("webhook-timestamp"),
        taken.body
    );
    let signatures = taken.header("webhook-signature");
    signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1a,"))
        .any(|one| {
            let signature = STANDARD.decode(one).expect("base64");
            let mut verifier = Verifier::new_without_digest(&key).expect("a verifier");
            verifier
                .verify_oneshot(&signature, signed.as_bytes())
                .expect("it is judged")
        })
}

#[test]
fn ntf_3_events_arrive_signed_after_standard_webhooks() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let made = listen(world, &receiver).await;
        let invitation = invite(world).await;
        deliver(world).await;
        let taken = receiver.taken();
        assert_eq!(taken.len(), 1, "only the types it listens to");
        let body: Value = serde_json::from_str(&taken[0].body).expect("JSON");
        assert_eq!(body["type"], "invitation.created");
        assert_eq!(body["subject_id"], invitation);
        assert_eq!(taken[0].header("webhook-id"), body["id"]);
        assert!(verified(&taken[0], &made.text_of("/secret")));
        assert!(verified_by_key(&taken[0], &made.text_of("/public_key")));
        let org = world.organization("Studio Lumen").await;
        let id = body["id"].as_str().expect("an id");
        let path = format!("/v1/organizations/{org}/events/{id}");
        let read = world.get("claire", &path).await.expect(200);
        assert_eq!(read.body, body, "the same as by request");
        deliver(world).await;
        assert_eq!(
            receiver.taken().len(),
            1,
            "what has arrived is not sent again"
        );
    });
}

#[test]
fn ntf_1_nothing_is_sent_of_what_was_rolled_back() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        listen(world, &receiver).await;
        let org: OrganizationId = world
            .organization("Studio Lumen")
            .await
            .parse()
            .expect("an id");
        let failed = world.db.write(move |tx| {
            tx.record(
                None,
                Event::new(EventType::InvitationCreated, "nothing").of(org),
            )?;
            Err::<(), _>(mandat::error::Error::internal("it fails after all"))
        });
        failed.await.expect_err("it fails");
        deliver(world).await;
        assert!(receiver.taken().is_empty());
    });
}

#[test]
fn ntf_3_what_fails_is_tried_again_and_later_events_of_the_same_thing_wait() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        listen(world, &receiver).await;
        happen(world, "first", 2).await;
        happen(world, "second", 1).await;
        receiver.answer(500, None);
        deliver(world).await;
        let subjects =
            |taken: &[Taken]| -> Vec<String> { taken.iter().map(Taken::subject).collect() };
        assert_eq!(
            subjects(&receiver.taken()),
            ["first", "second"],
            "one waits for the other"
        );
        world.advance(TimeDelta::seconds(7));
        deliver(world).await;
        let taken = receiver.taken();
        assert_eq!(subjects(&taken), ["first", "second", "first", "first"]);
        assert_eq!(taken[0].header("webhook-id"), taken[2].header("webhook-id"));
        assert!(taken[2].position() < taken[3].position());
    });
}

#[test]
fn ntf_3_a_receiver_that_asks_for_patience_gets_it() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        listen(world, &receiver).await;
        happen(world, "first", 1).await;
        happen(world, "second", 1).await;
        receiver.answer(503, Some("120"));
        deliver(world).await;
        world.advance(TimeDelta::seconds(100));
        deliver(world).await;
        assert_eq!(
            receiver.taken().len(),
            1,
            "nothing at all is sent meanwhile"
        );
        world.advance(TimeDelta::seconds(30));
        deliver(world).await;
        assert_eq!(receiver.taken().len(), 3);
    });
}

#[test]
fn ntf_3_an_endpoint_that_is_gone_gets_nothing_more_and_its_owner_is_told() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let id = listen(world, &receiver).await.id();
        happen(world, "first", 3).await;
        receiver.answer(410, None);
        deliver(world).await;
        assert_eq!(receiver.taken().len(), 1);
        let path = format!("{}/{id}", endpoints(world).await);
        let seen = world.get("claire", &path).await.expect(200);
        assert_eq!(seen.body["enabled"], false);
        assert_eq!(seen.body["disabled_reason"], "gone");
        let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
        assert!(outbox.text.contains("127.0.0.1"), "{}", outbox.text);
        world
            .post("claire", &format!("{path}/test"), json!({}))
            .await
            .refused(409, "endpoint_disabled", Some("NTF-3"));
        let again = world
            .patch("claire", &path, json!({"enabled": true}))
            .await
            .expect(200);
        assert_eq!(again.body["disabled_reason"], Value::Null);
        world.advance(TimeDelta::seconds(7));
        deliver(world).await;
        assert_eq!(receiver.taken().len(), 4, "what waited is sent");
    });
}

#[test]
fn ntf_3_an_endpoint_that_fails_for_days_is_disabled() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let id = listen(world, &receiver).await.id();
        happen(world, "first", 1).await;
        receiver.always(500);
        for _ in 0..9 {
            deliver(world).await;
            world.advance(TimeDelta::hours(29));
        }
        let path = format!("{}/{id}", endpoints(world).await);
        let seen = world.get("claire", &path).await.expect(200);
        assert_eq!(seen.body["disabled_reason"], "failing", "{}", seen.text);
        let tried = receiver.taken().len();
        assert!((5..=7).contains(&tried), "{tried} attempts in five days");
        let list = world
            .get("claire", &format!("{path}/deliveries"))
            .await
            .expect(200);
        let attempts = list.body["items"][0]["attempts"]
            .as_array()
            .expect("attempts");
        assert_eq!(attempts.len(), tried);
        assert_eq!(attempts[0]["status"], 500);
        assert_eq!(attempts[0]["answer"], "no");
    });
}

#[test]
fn ntf_3_a_new_secret_signs_beside_the_old_one_for_a_day() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let made = listen(world, &receiver).await;
        let (old, path) = (
            made.text_of("/secret"),
            format!("{}/{}", endpoints(world).await, made.id()),
        );
        let plain = world.get("claire", &path).await.expect(200);
        assert_eq!(plain.body["secret"], Value::Null, "shown once");
        let rotated = world
            .post("claire", &format!("{path}/rotate-secret"), json!({}))
            .await
            .expect(200);
        let new = rotated.text_of("/secret");
        assert_ne!(old, new);
        happen(world, "first", 1).await;
        deliver(world).await;
        let taken = receiver.taken().remove(0);
        assert!(verified(&taken, &old) && verified(&taken, &new));
        assert!(verified_by_key(&taken, &made.text_of("/public_key")));
        assert!(verified_by_key(&taken, &rotated.text_of("/public_key")));
        world.advance(TimeDelta::hours(25));
        happen(world, "first", 1).await;
        deliver(world).await;
        let signatures = receiver.taken().remove(1).header("webhook-signature");
        assert_eq!(
            signatures.split(' ').count(),
            2,
            "one secret's two signatures"
        );
    });
}

#[test]
fn ntf_3_a_secret_is_null_in_a_replay_and_sealed_at_rest() {
    on_each_engine(async |world| {
        let list = endpoints(world).await;
        let new = json!({"url": "http://127.0.0.1:9/hook"});
        let first = world
            .post_keyed("claire", &list, "once", new.clone())
            .await
            .expect(201);
        let again = world
            .post_keyed("claire", &list, "once", new)
            .await
            .expect(201);
        assert!(first.text_of("/secret").starts_with("whsec_"));
        assert_eq!(again.body["secret"], Value::Null);
        assert_eq!(again.id(), first.id());
        let raw = STANDARD
            .decode(first.text_of("/secret").trim_start_matches("whsec_"))
            .expect("base64");
        let kept = world.db.read(|tx| {
            let kept: Vec<u8> = webhook_endpoints::table
                .select(webhook_endpoints::secret)
                .first(tx.conn)?;
            Ok(kept)
        });
        let kept = kept.await.expect("the row is there");
        assert!(!kept.windows(raw.len()).any(|part| part == raw));
    });
}

#[test]
fn ntf_3_tests_and_replays_are_sent_on_demand() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let id = listen(world, &receiver).await.id();
        let path = format!("{}/{id}", endpoints(world).await);
        let sent = world
            .post("claire", &format!("{path}/test"), json!({}))
            .await
            .expect(202);
        assert_eq!(sent.body["event_type"], "webhook_endpoint.tested");
        deliver(world).await;
        assert_eq!(
            receiver.taken().len(),
            1,
            "once, though it listens to tests"
        );
        happen(world, "first", 3).await;
        deliver(world).await;
        let deliveries = format!("{path}/deliveries");
        let list = world
            .get(
                "claire",
                &format!("{deliveries}?state=delivered&include=total"),
            )
            .await
            .expect(200);
        assert_eq!(list.body["total"], 4);
        let one = |at: usize| list.text_of(&format!("/items/{at}/id"));
        let again = format!("{deliveries}/{}/redeliver", one(1));
        let answer = world.post("claire", &again, json!({})).await.expect(202);
        assert_eq!(answer.body["queued"], 1);
        deliver(world).await;
        assert_eq!(receiver.taken().len(), 5);
        let range = format!("{deliveries}/{}/redeliver", one(2));
        let answer = world
            .post("claire", &range, json!({"through": one(0)}))
            .await
            .expect(202);
        assert_eq!(answer.body["queued"], 3);
        deliver(world).await;
        let taken = receiver.taken();
        assert_eq!(taken.len(), 8);
        let ids = |some: &[Taken]| -> Vec<String> {
            some.iter().map(|one| one.header("webhook-id")).collect()
        };
        assert_eq!(
            ids(&taken[5..]),
            ids(&taken[1..4]),
            "in order, with the ids they had"
        );
        world
            .post(
                "claire",
                &format!("{deliveries}/delivery_01jd8xk3v9e6mbyg4q5r7s8t9v/redeliver"),
                json!({}),
            )
            .await
            .refused(404, "not_found", None);
    });
}

#[test]
fn ntf_3_endpoints_are_their_organizations_administrators() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let id = listen(world, &receiver).await.id();
        let list = endpoints(world).await;
        let path = format!("{list}/{id}");
        for act in ["", "/test", "/rotate-secret"] {
            let (at, body) = match act {
                "" => (list.clone(), json!({"url": "https://hooks.example.com"})),
                act => (format!("{path}{act}"), json!({})),
            };
            world
                .post("maya", &at, body.clone())
                .await
                .refused(403, "forbidden", Some("ORG-4"));
            world
                .post("ben", &at, body)
                .await
                .refused(404, "not_found", None);
        }
        for path in [&list, &path, &format!("{path}/deliveries")] {
            world
                .get("maya", path)
                .await
                .refused(403, "forbidden", Some("ORG-4"));
            world.get("ben", path).await.refused(404, "not_found", None);
        }
        let own = world.organization("Velo Kurier").await;
        let through_own = format!("/v1/organizations/{own}/webhook-endpoints/{id}");
        world
            .get("ben", &through_own)
            .await
            .refused(404, "not_found", None);
        world
            .patch("ben", &through_own, json!({"enabled": false}))
            .await
            .refused(404, "not_found", None);
        world
            .delete("ben", &through_own)
            .await
            .refused(404, "not_found", None);
        world
            .patch("maya", &path, json!({"enabled": false}))
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        world
            .delete("maya", &path)
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        let redeliver = format!("{path}/deliveries/delivery_01jd8xk3v9e6mbyg4q5r7s8t9v/redeliver");
        world
            .post("maya", &redeliver, json!({}))
            .await
            .refused(403, "forbidden", Some("ORG-4"));
        let stale = TestRequest::patch()
            .uri(&path)
            .insert_header(("if-match", "\"9\""))
            .set_json(json!({"enabled": false}));
        world
            .ask("claire", stale)
            .await
            .refused(412, "version_mismatch", None);
        world.delete("claire", &path).await.expect(204);
        world
            .get("claire", &path)
            .await
            .refused(404, "not_found", None);
        happen(world, "first", 1).await;
        deliver(world).await;
        assert!(
            receiver.taken().is_empty(),
            "nothing goes to what was removed"
        );
    });
}

#[test]
fn ntf_3_an_organization_has_a_limited_number_of_endpoints() {
    on_each_engine(async |world| {
        let list = endpoints(world).await;
        let new = || json!({"url": "http://127.0.0.1:9/hook"});
        for _ in 0..20 {
            world.post("claire", &list, new()).await.expect(201);
        }
        world
            .post("claire", &list, new())
            .await
            .refused(409, "too_many_endpoints", Some("NTF-3"));
    });
}

#[test]
fn ntf_3_an_endpoint_that_does_not_answer_delays_no_other() {
    on_each_engine(async |world| {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", silent.local_addr().expect("an address"));
        let list = endpoints(world).await;
        world
            .post("claire", &list, json!({"url": url}))
            .await
            .expect(201);
        happen(world, "first", 1).await;
        settle(world).await;
        let stuck = actix_web::rt::spawn(deliver::step(world.service.clone()));
        actix_web::rt::time::sleep(Duration::from_millis(500)).await;
        let receiver = Receiver::start().await;
        listen(world, &receiver).await;
        happen(world, "first", 5).await;
        settle(world).await;
        let begun = std::time::Instant::now();
        while receiver.taken().len() < 5 {
            deliver::step(world.service.clone())
                .await
                .expect("webhooks are delivered");
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the dead one holds it up"
            );
        }
        stuck.abort();
    });
}

#[test]
fn ntf_3_two_nodes_lose_nothing_and_keep_the_order() {
    on_each_engine(async |world| {
        const SUBJECTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
        let receiver = Receiver::start().await;
        listen(world, &receiver).await;
        // Some fail on the way.
        for _ in 0..3 {
            receiver.answer(500, None);
        }
        let mut other = world.service.clone();
        other.node = NodeId::from_bytes([7; 16]);
        let workers: Vec<_> = [
            world.service.clone(),
            world.service.clone(),
            other.clone(),
            other,
        ]
        .into_iter()
        .map(|service| {
            actix_web::rt::spawn(async move {
                loop {
                    mandat::jobs::sequence::step(service.clone())
                        .await
                        .expect("positions are given");
                    deliver::step(service.clone())
                        .await
                        .expect("webhooks are delivered");
                    actix_web::rt::time::sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
        let writers = SUBJECTS.map(|subject| happen(world, subject, 40));
        futures_util::future::join_all(writers).await;
        let begun = std::time::Instant::now();
        let by_subject = loop {
            let mut seen: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            for taken in receiver.taken().iter().filter(|one| one.status < 300) {
                seen.entry(taken.subject())
                    .or_default()
                    .push(taken.position());
            }
            let arrived = |places: &Vec<i64>| {
                places
                    .iter()
                    .collect::<std::collections::BTreeSet<_>>()
                    .len()
                    == 40
            };
            if seen.len() == SUBJECTS.len() && seen.values().all(arrived) {
                break seen;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "events are missing: {seen:?}"
            );
            // What failed is due some seconds later.
            world.advance(TimeDelta::seconds(2));
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        };
        workers.iter().for_each(|worker| worker.abort());
        for (subject, places) in by_subject {
            let mut first = places.clone();
            first.dedup();
            assert!(first.is_sorted(), "{subject}: {places:?}");
        }
    });
}

#[test]
fn ntf_1_a_declined_invitation_follows_its_making() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        listen(world, &receiver).await;
        let id = invite(world).await;
        world
            .post(
                "claire",
                &format!("/v1/invitations/{id}/decline"),
                json!({}),
            )
            .await
            .expect(200);
        accept(world, "claire", &id, json!({})).await.refused(
            409,
            "already_answered",
            Some("INV-7"),
        );
        deliver(world).await;
        let kinds: Vec<String> = receiver.taken().iter().map(Taken::kind).collect();
        assert_eq!(kinds, ["invitation.created", "invitation.declined"]);
    });
}
