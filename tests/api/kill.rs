//! The program itself, killed in the middle of its work: nothing committed is lost or left unsent.
use crate::jobs::settle;
use crate::receiver::Receiver;
use crate::world::{World, on_each_engine};
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::schema::events;
use mandat::domain::event::EventType;
use mandat::domain::id::EventId;
use mandat::jobs::{Next, deliver};
use reqwest::Client;
use serde_json::json;
use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program at work on the world's database, until it is killed.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn command(world: &World) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mandat"));
        command
            .current_dir(std::env::temp_dir())
            .envs(world.settings())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    async fn start(world: &World, client: &Client) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let listen = free.local_addr().expect("an address").to_string();
        drop(free);
        let child = Self::command(world)
            .env("MANDAT_LISTEN", &listen)
            .arg("serve")
            .spawn()
            .expect("the program starts");
        let started = Self {
            child,
            url: format!("http://{listen}"),
        };
        let begun = Instant::now();
        while client
            .get(format!("{}/readyz", started.url))
            .send()
            .await
            .is_err()
        {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "it does not answer"
            );
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        started
    }
}

impl Drop for Program {
    /// SIGKILL: no farewell, nothing flushed.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The ids of the changes that are committed.
async fn committed(world: &World) -> BTreeSet<String> {
    let found = world.db.read(|tx| {
        let ids: Vec<EventId> = events::table
            .filter(events::kind.eq(EventType::WebhookEndpointChanged))
            .select(events::id)
            .load(tx.conn)?;
        Ok(ids.iter().map(EventId::to_string).collect())
    });
    found.await.expect("events are read")
}

#[test]
fn ntf_1_a_killed_program_loses_nothing_and_sends_all_that_was_committed() {
    on_each_engine(async |world| {
        let receiver = Receiver::start().await;
        let client = Client::builder().no_proxy().build().expect("a client");
        let org = world.organization("Studio Lumen").await;
        let list = format!("/v1/organizations/{org}/webhook-endpoints");
        let new = json!({"url": receiver.url, "event_types": ["webhook_endpoint.changed"]});
        let id = world.post("claire", &list, new).await.expect(201).id();
        let (token, path) = (world.token("claire").await, format!("{list}/{id}"));
        let mut acknowledged = 0;
        for round in 0..3u64 {
            let program = Program::start(world, &client).await;
            let url = format!("{}{path}", program.url);
            let change = async |number: usize| {
                let body = json!({"description": format!("change {round}.{number}")});
                let sent = client
                    .patch(&url)
                    .bearer_auth(&token)
                    .json(&body)
                    .send()
                    .await;
                sent.is_ok_and(|answer| answer.status().is_success())
            };
            let until = Instant::now() + Duration::from_millis(400 + 350 * round);
            let mut number = 0;
            while Instant::now() < until {
                let some = (number..number + 4).map(&change);
                let done = futures_util::future::join_all(some).await;
                acknowledged += done.iter().filter(|done| **done).count();
                number += 4;
            }
            // Killed while some are under way.
            let late = futures_util::future::join_all((0..8).map(|late| change(1000 + late)));
            let killed = async {
                actix_web::rt::time::sleep(Duration::from_millis(3 * round + 1)).await;
                drop(program);
            };
            let (late, ()) = futures_util::future::join(late, killed).await;
            acknowledged += late.iter().filter(|done| **done).count();
        }
        assert!(acknowledged > 0, "no change was made at all");
        // What the dead held is free again, and the next node goes on.
        world.clock.advance(TimeDelta::minutes(5));
        settle(world).await;
        while deliver::step(world.service.clone())
            .await
            .expect("webhooks are delivered")
            == Next::AtOnce
        {}
        let committed = committed(world).await;
        assert!(
            committed.len() >= acknowledged,
            "an acknowledged change is lost"
        );
        let taken: BTreeSet<String> = receiver
            .taken()
            .iter()
            .map(|one| one.header("webhook-id"))
            .collect();
        assert_eq!(taken, committed);
        let proof = Program::command(world).arg("verify").status();
        assert!(
            proof.expect("the program runs").success(),
            "books and chain are right"
        );
    });
}
