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
    match take(tx, limit, who)? {
        Room::Left => Ok(()),
        Room::Full { seconds } => Err(Refusal::by(Code::TooManyRequests, limit.rule)
            .with("seconds", seconds)
            .into()),
    }
}

/// The same, for a caller whose transaction has more to keep when there is no room.
pub fn take(tx: &mut Tx, limit: &Limit, who: &str) -> Result<Room> {
    // Who it was is kept as a MAC: an address is nobody's to read here.
    let parts: [&[u8]; 3] = [b"throttle", limit.what.as_bytes(), who.as_bytes()];
    let subject = tx.keys.mac(Purpose::Fingerprint, &parts)?.to_vec();
    let before: Option<(NaiveDateTime, i32)> = throttles::table
        .find(&subject)
        .select((throttles::since, throttles::hits))
        .first(tx.conn)
        .optional()?;
    match before {
        Some((since, hits)) if since + TimeDelta::seconds(limit.seconds) > tx.now => {
            if hits >= limit.times {
                let left = since + TimeDelta::seconds(limit.seconds) - tx.now;
                return Ok(Room::Full {
                    seconds: left.num_seconds() + 1,
                });
            }
            diesel::update(throttles::table.find(&subject))
                .set(throttles::hits.eq(hits + 1))
                .execute(tx.conn)?;
        }
        Some(_) => {
            diesel::update(throttles::table.find(&subject))
                .set((throttles::since.eq(tx.now), throttles::hits.eq(1)))
                .execute(tx.conn)?;
        }
        None => {
            forget_old(tx)?;
            diesel::insert_into(throttles::table)
                .values((
                    throttles::subject.eq(&subject),
                    throttles::since.eq(tx.now),
                    throttles::hits.eq(1),
                ))
                .execute(tx.conn)?;
        }
    }
    Ok(Room::Left)
}

/// No limit looks back further than this.
const LONGEST: i64 = 2;

fn forget_old(tx: &mut Tx) -> Result<()> {
    let old = throttles::since.lt(tx.now - TimeDelta::days(LONGEST));
    diesel::delete(throttles::table.filter(old)).execute(tx.conn)?;
    Ok(())
}
