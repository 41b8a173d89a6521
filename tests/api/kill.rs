//! The program itself, killed in the middle of its work: nothing committed is lost or left unsent, and
//! nothing is sent that was not committed (NTF-1).
use crate::chance::Lcg;
use crate::jobs::settle;
use crate::mail;
use crate::program::{Program, told};
use crate::receiver::{Receiver, Taken};
use crate::world::{World, on_each_engine};
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::{join, join_all};
use mandat::db::schema::{leases, webhook_endpoints};
use mandat::jobs::{Next, deliver};
use reqwest::Client;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many work at the same time, each on a team of its own.
const HANDS: usize = 8;
/// How often the program is killed.
const KILLS: usize = 5;
/// Each so many changes somebody is invited, by mail.
const A_MAIL: usize = 20;

/// What the hands have done, and were told of.
#[derive(Default)]
struct Deeds {
    tried: Cell<usize>,
    acknowledged: Cell<usize>,
    /// Of each team, how many changes.
    changes: RefCell<BTreeMap<String, i64>>,
    invited: RefCell<Vec<String>>,
}

impl Deeds {
    /// Changes a team, or invites somebody, over and over, until told to stop.
    async fn work(&self, client: &Client, at: &str, token: &str, team: &str, stop: &Cell<bool>) {
        while !stop.get() {
            let number = self.tried.get();
            self.tried.set(number + 1);
            let (request, email) = match number % A_MAIL {
                0 => {
                    let email = format!("guest{number}@example.org");
                    let new = json!({"email": email, "role": "administrator"});
                    (client.post(format!("{at}/members")).json(&new), Some(email))
                }
                _ => {
                    let change = json!({"name": format!("Team {number}")});
                    let request = client.patch(format!("{at}/teams/{team}"));
                    (request.header("if-match", "*").json(&change), None)
                }
            };
            let answer = request.bearer_auth(token).send().await;
            let Some(answer) = answer.ok().filter(|answer| answer.status().is_success()) else {
                // Refused or not answered: nothing is said to have happened.
                actix_web::rt::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            drop(answer);
            self.acknowledged.set(self.acknowledged.get() + 1);
            match email {
                Some(email) => self.invited.borrow_mut().push(email),
                None => *self.changes.borrow_mut().entry(team.into()).or_default() += 1,
            }
        }
    }
}

/// What a dead node held is free after a minute: here at once.
async fn a_minute_passes(world: &World) {
    let passed = world.db.write(|tx| {
        diesel::update(webhook_endpoints::table)
            .set(webhook_endpoints::leased_until.eq(tx.now))
            .execute(tx.conn)?;
        diesel::update(leases::table)
            .set(leases::expires_at.eq(tx.now))
            .execute(tx.conn)?;
        Ok(())
    });
    passed.await.expect("the leases end");
}

/// The organization's events after a position, as its people read them.
async fn events(world: &World, who: &str, org: &str, after: i64) -> BTreeMap<String, Value> {
    let mut events = BTreeMap::new();
    let first = format!("/v1/organizations/{org}/events?after={after}&limit=200");
    let mut path = first.clone();
    loop {
        let page = world.get(who, &path).await.expect(200);
        for event in page.body["items"].as_array().expect("items") {
            let id = event["id"].as_str().expect("an id");
            events.insert(id.to_owned(), event.clone());
        }
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return events,
        }
    }
}

/// Each resource's events arrived in order, those that came again left aside.
pub fn in_order(taken: &[Taken]) {
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for one in taken.iter().filter(|one| one.status < 300) {
        if seen.insert(one.header("webhook-id")) {
            let (subject, position) = (one.subject(), one.position());
            let before = last.insert(subject.clone(), position).unwrap_or(0);
            assert!(before < position, "{subject}: {position} after {before}");
        }
    }
}

#[test]
fn ntf_1_a_killed_program_loses_nothing_and_sends_what_was_committed_alone() {
    let wanted = told("TEST_CHANGES", 500);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("after 1970").subsec_nanos();
    let seed = told("TEST_SEED", now as usize) as u64;
    eprintln!("seed {seed}");
    on_each_engine(async |world| {
        let mut chance = Lcg(seed);
        let receivers = [Receiver::start().await, Receiver::start().await];
        let (mails, smtp) = mail::Server::start("250 ok").await;
        let org = world.organization("Bäckerei Sommer").await;
        let at = format!("/v1/organizations/{org}");
        let mut teams = Vec::new();
        for number in 0..HANDS {
            let new = json!({"name": format!("Hand {number}")});
            let made = world.post("anna", &format!("{at}/teams"), new).await;
            teams.push(made.expect(201).id());
        }
        settle(world).await;
        let before = events(world, "anna", &org, 0).await;
        let positions = before.values().filter_map(|one| one["position"].as_i64());
        let before = positions.max().unwrap_or(0);
        for receiver in &receivers {
            let list = format!("{at}/webhook-endpoints");
            let new = json!({"url": receiver.url});
            world.post("anna", &list, new).await.expect(201);
        }
        let token = world.token("anna").await;
        let client = Client::builder().no_proxy().build().expect("a client");
        let deeds = Deeds::default();
        for kill in 1..=KILLS {
            let settings = [("MANDAT_SMTP_URL", format!("smtp://{smtp}"))];
            let program = Program::serve(world, &settings).await;
            let url = format!("{}{at}", program.url);
            let stop = Cell::new(false);
            let work = teams
                .iter()
                .map(|team| deeds.work(&client, &url, &token, team, &stop));
            let killed = async {
                // At the same share of all changes, and then by chance.
                while deeds.acknowledged.get() < wanted * kill / KILLS {
                    actix_web::rt::time::sleep(Duration::from_millis(5)).await;
                }
                let late = u64::try_from(chance.between(0, 300)).expect("not negative");
                actix_web::rt::time::sleep(Duration::from_millis(late)).await;
                drop(program);
                actix_web::rt::time::sleep(Duration::from_millis(20)).await;
                stop.set(true);
            };
            join(join_all(work), killed).await;
            a_minute_passes(world).await;
        }
        let by_the_program: Vec<usize> = receivers.iter().map(Receiver::count).collect();
        assert!(
            by_the_program.iter().all(|count| *count > 0) && !mails.taken().is_empty(),
            "nothing was under way when it was killed"
        );
        // The next node goes on; what mails the dead had claimed are free after five minutes.
        world.advance(TimeDelta::minutes(6));
        settle(world).await;
        while deliver::step(world.service.clone()).await.expect("sent") == Next::AtOnce {}
        let service = mail::with_server(world, &smtp);
        while mail::step(&service).await == Next::AtOnce {}

        let events = events(world, "anna", &org, before).await;
        for (team, acknowledged) in deeds.changes.take() {
            let of_it = events.values().filter(|one| one["subject_id"] == team);
            let happened = i64::try_from(of_it.count()).expect("a count");
            assert!(happened >= acknowledged, "a change of {team} is lost");
            let read = world.get("anna", &format!("{at}/teams/{team}")).await;
            assert_eq!(read.expect(200).body["version"], happened + 1);
        }
        for receiver in &receivers {
            let taken = receiver.taken();
            let mut arrived = BTreeMap::new();
            for one in &taken {
                let body: Value = serde_json::from_str(&one.body).expect("JSON");
                arrived.insert(one.header("webhook-id"), body);
            }
            assert!(arrived == events, "what arrived is not what happened");
            in_order(&taken);
        }
        let reached: Vec<String> = mails.taken().into_iter().map(|(to, _)| to).collect();
        for guest in deeds.invited.borrow().iter() {
            assert!(reached.contains(guest), "no mail went to {guest}");
        }
        Program::verify(world);
        eprintln!(
            "seed {seed}: {} changes acknowledged, {} events to each of two receivers, {by_the_program:?} of them by programs that were killed {KILLS} times, {:?} messages taken, {} mails for {} invitations",
            deeds.acknowledged.get(),
            events.len(),
            receivers.iter().map(Receiver::count).collect::<Vec<_>>(),
            reached.len(),
            deeds.invited.borrow().len(),
        );
    });
}
