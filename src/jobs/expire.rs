//! Sweeps away what nobody can use any more: stored answers after a day, sessions long dead, webhooks
//! delivered long ago.
use super::Next;
use crate::db::schema::{refresh_tokens, sessions, stored_answers};
use crate::db::{Tx, lease};
use crate::error::Result;
use crate::resources::webhooks;
use crate::service::Service;
use chrono::TimeDelta;
use diesel::prelude::*;

/// How long an idempotency key is remembered.
const ANSWERS: TimeDelta = TimeDelta::hours(24);
/// How long a session that has ended is kept, to be looked at after a theft.
const SESSIONS: TimeDelta = TimeDelta::days(30);

/// Sweeps once.
pub async fn step(service: Service) -> Result<Next> {
    let node = service.node;
    let swept = service.db.write_beside(move |tx| {
        if lease::take(tx, "expire", node, TimeDelta::minutes(5))? {
            sweep(tx)?;
        }
        Ok(Next::Rest)
    });
    swept.await
}

fn sweep(tx: &mut Tx) -> Result<()> {
    diesel::delete(stored_answers::table)
        .filter(stored_answers::created_at.lt(tx.now - ANSWERS))
        .execute(tx.conn)?;
    webhooks::outcome::sweep(tx)?;
    let long_ago = tx.now - SESSIONS;
    let dead = || {
        sessions::expires_at
            .lt(long_ago)
            .or(sessions::ended_at.lt(long_ago))
    };
    diesel::delete(refresh_tokens::table)
        .filter(
            refresh_tokens::session_id.eq_any(sessions::table.filter(dead()).select(sessions::id)),
        )
        .execute(tx.conn)?;
    diesel::delete(sessions::table)
        .filter(dead())
        .execute(tx.conn)?;
    Ok(())
}
