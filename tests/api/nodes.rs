//! Two programs on one database server: what they deliver together (NTF-1, NTF-3).
use crate::kill::in_order;
use crate::program::{Program, told};
use crate::receiver::Receiver;
use crate::world::on_each_engine;
use mandat::db::record::Event;
use mandat::domain::event::EventType;
use mandat::domain::id::OrganizationId;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How many things the events happen to.
const SUBJECTS: usize = 100;
/// How many events one transaction records.
const TOGETHER: usize = 50;

#[test]
fn ntf_3_two_programs_on_one_server_lose_nothing_and_keep_the_order() {
    let wanted = told("TEST_EVENTS", 1000);
    on_each_engine(async |world| {
        if world.db.connector().embedded().is_some() {
            return;
        }
        let receiver = Receiver::start().await;
        // Accepts nothing, answers nothing, and must delay nobody.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let dead = format!("http://{}/", silent.local_addr().expect("an address"));
        let org = world.organization("Studio Lumen").await;
        let list = format!("/v1/organizations/{org}/webhook-endpoints");
        for url in [&dead, &receiver.url] {
            let new = json!({"url": url, "event_types": ["invitation.created"]});
            world.post("claire", &list, new).await.expect(201);
        }
        let _nodes = [Program::work(world), Program::work(world)];
        let org: OrganizationId = org.parse().expect("an id");
        let begun = Instant::now();
        for first in (0..wanted).step_by(TOGETHER) {
            let recorded = world.db.write(move |tx| {
                let some = first..wanted.min(first + TOGETHER);
                let happened = some.map(|number| {
                    let subject = format!("thing {}", number % SUBJECTS);
                    Event::new(EventType::InvitationCreated, subject).of(org)
                });
                tx.record_all(None, happened.collect())
            });
            recorded.await.expect("events are recorded");
        }
        let recorded = begun.elapsed();
        let arrived = || -> BTreeSet<String> {
            let taken = receiver.taken();
            taken.iter().map(|one| one.header("webhook-id")).collect()
        };
        while receiver.count() < wanted || arrived().len() < wanted {
            assert!(
                begun.elapsed() < Duration::from_secs(180),
                "of {wanted} events {} have arrived",
                arrived().len()
            );
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        let whole = begun.elapsed();
        let taken = receiver.taken();
        in_order(&taken);
        let doubles = taken.len() - wanted;
        assert!(doubles * 100 < wanted, "{doubles} came twice");
        eprintln!(
            "{wanted} events recorded in {recorded:?}, delivered in {whole:?}: {:.0} a second, {doubles} doubles",
            wanted as f64 / whole.as_secs_f64()
        );
    });
}
