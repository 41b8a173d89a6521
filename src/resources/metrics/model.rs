//! What is due and not done, by queue: one statement each, over an index of what is open.
use crate::db::Tx;
use crate::db::schema::{audit_log, events, mails, webhook_deliveries, webhook_endpoints};
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;

/// How much of a kind is due, and for how many seconds the oldest has been.
pub struct Backlog {
    pub count: i64,
    pub seconds: i64,
}

pub type Backlogs = [(&'static str, Backlog); 4];

type Found = (i64, Option<NaiveDateTime>);

pub fn backlogs(tx: &mut Tx) -> Result<Backlogs> {
    Ok([
        ("mails", mails(tx)?),
        ("webhook_deliveries", deliveries(tx)?),
        ("events", unnumbered(tx)?),
        ("audit_log", unlinked(tx)?),
    ])
}

/// Without a mail server all of them stay.
fn mails(tx: &mut Tx) -> Result<Backlog> {
    let found: Found = mails::table
        .filter(mails::due_at.le(tx.now))
        .select((count_star(), min(mails::due_at)))
        .first(tx.conn)?;
    Ok(Backlog::of(found, tx.now))
}

/// What an endpoint that is disabled, or rests after failures, does not get is not late.
fn deliveries(tx: &mut Tx) -> Result<Backlog> {
    let served = webhook_endpoints::table.on(webhook_endpoints::id
        .eq(webhook_deliveries::endpoint_id)
        .and(webhook_endpoints::disabled.is_null())
        .and(webhook_endpoints::removed_at.is_null())
        .and(webhook_endpoints::rests_until.le(tx.now)));
    let found: Found = webhook_deliveries::table
        .inner_join(served)
        .filter(webhook_deliveries::finished_at.is_null())
        .filter(webhook_deliveries::due_at.le(tx.now))
        .select((count_star(), min(webhook_deliveries::due_at)))
        .first(tx.conn)?;
    Ok(Backlog::of(found, tx.now))
}

fn unnumbered(tx: &mut Tx) -> Result<Backlog> {
    let found: Found = events::table
        .filter(events::position.is_null())
        .select((count_star(), min(events::occurred_at)))
        .first(tx.conn)?;
    Ok(Backlog::of(found, tx.now))
}

fn unlinked(tx: &mut Tx) -> Result<Backlog> {
    let found: Found = audit_log::table
        .filter(audit_log::position.is_null())
        .select((count_star(), min(audit_log::recorded_at)))
        .first(tx.conn)?;
    Ok(Backlog::of(found, tx.now))
}

impl Backlog {
    fn of((count, oldest): Found, now: NaiveDateTime) -> Self {
        let age = oldest.map_or(0, |oldest| (now - oldest).num_seconds());
        Self {
            count,
            seconds: age.max(0),
        }
    }
}
