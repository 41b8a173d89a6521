//! A batch of reports, and the program killed in the middle of it: what was booked is whole, and sending the
//! batch again leaves what it would have left undisturbed (BIL-3).
use crate::program::Program;
use crate::reports::{event, with};
use crate::world::{World, on_each_engine};
use actix_web::test::TestRequest;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use futures_util::future::join;
use futures_util::stream::{StreamExt, iter, pending};
use mandat::db::schema::{billing_events, ledger_entries, products, unit_counters};
use mandat::domain::billing::EventKind;
use mandat::domain::id::{OrganizationId, PartnershipId};
use reqwest::{Body, Client};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

/// How many lines the batch has, and how many of them its sender holds back until the program is dead.
const LINES: usize = 3_000;
const HELD_BACK: usize = 100;
/// When the program is killed: once so many events are booked, and some milliseconds later.
const KILLS: [(i64, u64); 4] = [(0, 170), (1, 90), (900, 240), (1_700, 35)];

/// Orders of each family and side, and renewals of the products that are there, in one order.
async fn batch(world: &World) -> Vec<String> {
    let now = world.clock.now();
    let customers = [
        world.organization("Galerie Arno").await,
        world.organization("Praxis Weiss").await,
        world.organization("Velo Kurier").await,
    ];
    let arno = format!("/v1/organizations/{}/products", customers[0]);
    let hosting = world.get("sofia", &arno).await.expect(200);
    let hosting = hosting.body["items"].as_array().into_iter().flatten();
    let hosting = hosting
        .filter(|one| one["family"] == "web_hosting")
        .find_map(|one| one["id"].as_str())
        .expect("a hosting");
    let line = |index: usize| {
        let external = format!("shop-{index}");
        let at: NaiveDateTime = now - TimeDelta::milliseconds(index as i64 % 40);
        if index % 25 == 24 {
            // Of one product, a period after the other.
            let start = now.date() + chrono::Months::new(index as u32 / 25);
            let renewal = with(
                event(&external, &customers[0], 1, at),
                "kind",
                json!("renewal"),
            );
            let renewal = with(renewal, "product_id", json!(hosting));
            return with(renewal, "period_start", json!(start));
        }
        let customer = &customers[index % 3];
        let sold = event(&external, customer, index as i64 % 4 + 1, at);
        let sold = with(
            sold,
            "family",
            json!(["web_hosting", "mail", "backup"][index % 7 % 3]),
        );
        match index % 3 {
            // Who asks for what Velo Kurier buys is the customer: its access is limited.
            2 => sold,
            _ => with(sold, "initiator", json!(["customer", "partner"][index % 2])),
        }
    };
    (0..LINES)
        .map(|index| format!("{}\n", line(index)))
        .collect()
}

/// All that a batch leaves, but for the ids that it makes and when it was recorded.
async fn left_by(world: &World) -> BTreeSet<String> {
    let state = world.db.read(|tx| {
        let mut state = BTreeSet::new();
        type Event = (
            (Option<String>, Option<Vec<u8>>, EventKind, OrganizationId),
            (Option<OrganizationId>, Option<PartnershipId>, String, i64),
            (String, i64, i64, i64, i64, i64, i64),
            (chrono::NaiveDate, chrono::NaiveDate, NaiveDateTime, i64),
        );
        let booked: Vec<Event> = billing_events::table
            .select((
                (
                    billing_events::external_id,
                    billing_events::fingerprint,
                    billing_events::kind,
                    billing_events::customer_id,
                ),
                (
                    billing_events::partner_id,
                    billing_events::partnership_id,
                    billing_events::family,
                    billing_events::quantity,
                ),
                (
                    billing_events::settlement_rule,
                    billing_events::public_minor,
                    billing_events::partner_minor,
                    billing_events::charged_minor,
                    billing_events::cashback_minor,
                    billing_events::discount_minor,
                    billing_events::volume_rate_ppm,
                ),
                (
                    billing_events::period_start,
                    billing_events::period_end,
                    billing_events::occurred_at,
                    billing_events::units,
                ),
            ))
            .load(tx.conn)?;
        state.extend(booked.iter().map(|event| format!("{event:?}")));
        let entries: Vec<(String, Option<OrganizationId>, i64)> = ledger_entries::table
            .select((
                ledger_entries::account,
                ledger_entries::holder_id,
                ledger_entries::amount_minor,
            ))
            .load(tx.conn)?;
        let mut balances = BTreeMap::<_, (i64, usize)>::new();
        for (account, holder, minor) in entries {
            let (balance, count) = balances.entry((account, holder)).or_default();
            (*balance, *count) = (*balance + minor, *count + 1);
        }
        state.extend(balances.iter().map(|balance| format!("{balance:?}")));
        let units: Vec<(OrganizationId, String, i64)> = unit_counters::table.load(tx.conn)?;
        state.extend(units.iter().map(|units| format!("{units:?}")));
        let installed: i64 = products::table.count().get_result(tx.conn)?;
        state.insert(format!("{installed} products"));
        Ok(state)
    });
    state.await.expect("the state is read")
}

async fn booked(world: &World) -> i64 {
    let counted = world
        .db
        .read(|tx| Ok(billing_events::table.count().get_result(tx.conn)?));
    counted.await.expect("events are counted")
}

#[test]
fn bil_3_a_batch_that_a_killed_program_left_is_sent_again_and_leaves_what_it_would_have_left() {
    // What it leaves undisturbed, on each engine.
    let undisturbed = RefCell::new(VecDeque::new());
    on_each_engine(async |world| {
        let batch = batch(world).await;
        let whole = TestRequest::post()
            .uri("/v1/billing-events/batch?only=refused")
            .insert_header(("content-type", "application/x-ndjson"))
            .set_payload(batch.concat());
        let answer = world.ask("tom", whole).await.expect(200);
        assert_eq!(answer.body["booked"], LINES, "{}", answer.text);
        let left = left_by(world).await;
        undisturbed.borrow_mut().push_back((batch, left));
    });
    on_each_engine(async |world| {
        let next = undisturbed.borrow_mut().pop_front();
        let (batch, expected) = next.expect("as many engines as before");
        let client = Client::builder().no_proxy().build().expect("a client");
        let token = world.token("tom").await;
        let send = |program: &Program, body: Body| {
            client
                .post(format!(
                    "{}/v1/billing-events/batch?only=refused",
                    program.url
                ))
                .bearer_auth(&token)
                .header("content-type", "application/x-ndjson")
                .body(body)
                .send()
        };
        for (reached, later) in KILLS {
            let program = Program::serve(world, &[]).await;
            let begun: Vec<Result<String, Infallible>> = batch
                .iter()
                .take(LINES - HELD_BACK)
                .cloned()
                .map(Ok)
                .collect();
            let endless = Body::wrap_stream(iter(begun).chain(pending()));
            let sent = send(&program, endless);
            let killed = async {
                while booked(world).await < reached {
                    actix_web::rt::time::sleep(Duration::from_millis(5)).await;
                }
                actix_web::rt::time::sleep(Duration::from_millis(later)).await;
                drop(program);
            };
            let (sent, ()) = join(sent, killed).await;
            assert!(sent.is_err(), "it was killed before the end: {sent:?}");
            Program::verify(world);
        }
        let before = booked(world).await;
        assert!((1..LINES as i64).contains(&before), "{before} were booked");
        let program = Program::serve(world, &[]).await;
        let answer = send(&program, batch.concat().into()).await;
        let answer = answer.expect("it answers").text().await.expect("whole");
        let counts: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(counts["refused"], 0, "{answer}");
        assert_eq!(counts["known"], before);
        assert_eq!(counts["booked"], LINES as i64 - before);
        drop(program);
        let left = left_by(world).await;
        let differing: Vec<&String> = left.symmetric_difference(&expected).collect();
        assert_eq!(differing, Vec::<&String>::new());
        Program::verify(world);
    });
}
