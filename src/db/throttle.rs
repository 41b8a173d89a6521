//! How often something may happen: counted in the database, so that it holds over several nodes.
use super::Tx;
use super::schema::throttles;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::secret::Purpose;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

/// So many times within so many seconds, counted from the first.
pub struct Limit {
    pub what: &'static str,
    pub times: i32,
    pub seconds: i64,
    /// The rule that asks for it.
    pub rule: &'static str,
}

/// Whether there is room for one more; how long to wait if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Left,
    Full { seconds: i64 },
}

/// Counts one more, or refuses the one too many and says when to come again.
pub fn count(tx: &mut Tx, limit: &Limit, who: &str) -> Result<()> {
    match room(tx, limit, who)? {
        Room::Left => add(tx, limit, who),
        Room::Full { seconds } => Err(Refusal::by(Code::TooManyRequests, limit.rule)
            .with("seconds", seconds)
            .into()),
    }
}

pub fn room(tx: &mut Tx, limit: &Limit, who: &str) -> Result<Room> {
    let subject = subject(tx, limit, who)?;
    Ok(match counted(tx, limit, &subject)? {
        Some((since, hits)) if hits >= limit.times => {
            let left = since + TimeDelta::seconds(limit.seconds) - tx.now;
            Room::Full {
                seconds: left.num_seconds() + 1,
            }
        }
        Some(_) | None => Room::Left,
    })
}

/// Counts one more, whether or not there is room.
pub fn add(tx: &mut Tx, limit: &Limit, who: &str) -> Result<()> {
    let subject = subject(tx, limit, who)?;
    let (since, hits) = counted(tx, limit, &subject)?.unwrap_or((tx.now, 0));
    let values = (throttles::since.eq(since), throttles::hits.eq(hits + 1));
    let known = diesel::update(throttles::table.find(&subject))
        .set(values)
        .execute(tx.conn)?;
    if known == 0 {
        forget_old(tx)?;
        diesel::insert_into(throttles::table)
            .values((throttles::subject.eq(&subject), values))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// Who it was is kept as a MAC: an address is nobody's to read here.
fn subject(tx: &Tx, limit: &Limit, who: &str) -> Result<Vec<u8>> {
    let parts: [&[u8]; 3] = [b"throttle", limit.what.as_bytes(), who.as_bytes()];
    Ok(tx.keys.mac(Purpose::Fingerprint, &parts)?.to_vec())
}

/// Since when, and how often, within the time that still counts.
fn counted(tx: &mut Tx, limit: &Limit, subject: &[u8]) -> Result<Option<(NaiveDateTime, i32)>> {
    let from = tx.now - TimeDelta::seconds(limit.seconds);
    Ok(throttles::table
        .find(subject)
        .filter(throttles::since.gt(from))
        .select((throttles::since, throttles::hits))
        .first(tx.conn)
        .optional()?)
}

/// No limit looks back further than this.
const LONGEST: i64 = 2;

fn forget_old(tx: &mut Tx) -> Result<()> {
    let old = throttles::since.lt(tx.now - TimeDelta::days(LONGEST));
    diesel::delete(throttles::table.filter(old)).execute(tx.conn)?;
    Ok(())
}
