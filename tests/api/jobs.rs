//! What runs without a request: positions without gaps, leases, and what is swept away.
use crate::world::{World, on_each_engine};
use chrono::TimeDelta;
use diesel::prelude::*;
use mandat::db::lease;
use mandat::db::schema::{audit_log, events, refresh_tokens, sessions, stored_answers};
use mandat::domain::id::{EventId, NodeId};
use mandat::jobs::{Next, expire, sequence};
use serde_json::json;

/// Runs the sequencer until it has nothing to do.
pub async fn settle(world: &World) {
    while sequence::step(world.service.clone())
        .await
        .expect("the sequencer works")
        == Next::AtOnce
    {}
}

async fn positions(world: &World) -> Vec<(EventId, Option<i64>)> {
    let found = world.db.read(|tx| {
        Ok(events::table
            .order(events::id)
            .select((events::id, events::position))
            .load(tx.conn)?)
    });
    found.await.expect("events are read")
}

#[test]
fn ntf_1_what_was_committed_gets_positions_without_gaps() {
    on_each_engine(async |world| {
        settle(world).await;
        for _ in 0..3 {
            let body = json!({"name": "script", "scopes": ["read"]});
            world
                .post("claire", "/v1/me/api-tokens", body)
                .await
                .expect(201);
            settle(world).await;
        }
        let events = positions(world).await;
        let expected: Vec<Option<i64>> = (1..).map(Some).take(events.len()).collect();
        let given: Vec<Option<i64>> = events.iter().map(|(_, position)| *position).collect();
        assert_eq!(given, expected);
        let unnumbered = world.db.read(|tx| {
            let waiting = audit_log::table.filter(audit_log::position.is_null());
            Ok(waiting.count().get_result::<i64>(tx.conn)?)
        });
        assert_eq!(unnumbered.await.expect("rows are counted"), 0);
    });
}

#[test]
fn ntf_1_ids_of_one_transaction_rise_in_the_order_of_their_making() {
    on_each_engine(async |world| {
        let made = world.db.write(|tx| {
            let ids: mandat::error::Result<Vec<EventId>> = (0..200).map(|_| tx.new_id()).collect();
            ids
        });
        let made = made.await.expect("ids are made");
        assert!(made.is_sorted(), "{made:?}");
    });
}

#[test]
fn bil_8_a_lease_is_held_by_one_node_until_it_expires() {
    on_each_engine(async |world| {
        let node = |byte: u8| NodeId::from_bytes([byte; 16]);
        let take = async |who: NodeId| {
            let taken = world
                .db
                .write_beside(move |tx| lease::take(tx, "a test", who, TimeDelta::seconds(30)));
            taken.await.expect("the lease is asked for")
        };
        assert!(take(node(1)).await);
        assert!(take(node(1)).await, "the holder renews");
        assert!(!take(node(2)).await);
        world.advance(TimeDelta::seconds(31));
        assert!(take(node(2)).await);
        assert!(!take(node(1)).await);
    });
}

#[test]
fn org_6_dead_sessions_and_old_answers_are_swept_away() {
    on_each_engine(async |world| {
        let body = json!({"name": "script", "scopes": ["read"]});
        world
            .post_keyed("claire", "/v1/me/api-tokens", "once", body)
            .await
            .expect(201);
        let counts = async || {
            let counted = world.db.read(|tx| {
                Ok((
                    sessions::table.count().get_result::<i64>(tx.conn)?,
                    refresh_tokens::table.count().get_result::<i64>(tx.conn)?,
                    stored_answers::table.count().get_result::<i64>(tx.conn)?,
                ))
            });
            counted.await.expect("rows are counted")
        };
        let sweep = async || {
            expire::step(world.service.clone())
                .await
                .expect("the sweep works")
        };
        sweep().await;
        assert_eq!(counts().await, (1, 1, 1), "what lives stays");
        world.advance(TimeDelta::hours(25));
        sweep().await;
        assert_eq!(counts().await, (1, 1, 0));
        world.advance(TimeDelta::days(61));
        sweep().await;
        assert_eq!(counts().await, (0, 0, 0));
    });
}
