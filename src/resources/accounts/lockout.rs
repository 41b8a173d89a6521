//! Wrong passwords make the next try wait, longer each time, and nobody can make an owner wait.
//!
//! Failures count for the address that was tried *and* where they came from. Those from places where
//! the account was never used count once more, all together: so guessing from a thousand places is
//! slowed as well, while the owner's own places wait for the owner's own mistakes only. An owner in a
//! new place whom strangers keep waiting sets a new password by mail, which makes the place known.
use super::model::{User, normal};
use crate::api::caller::Origin;
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{known_networks, password_failures, users};
use crate::domain::event::EventType;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::secret::Purpose;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use std::net::IpAddr;

/// Wrong passwords from one place that cost nothing yet.
const FREE_TRIES: i32 = 5;
/// The same from all unknown places together.
const FREE_TRIES_OF_STRANGERS: i32 = 20;
/// The longest that anyone waits, in seconds.
const LONGEST_LOCK: i64 = 900;
/// Failures older than this are forgotten.
const MEMORY: TimeDelta = TimeDelta::days(1);
/// A place where the account was not used for so long is unknown again.
const ACQUAINTANCE: TimeDelta = TimeDelta::days(90);

/// Where a try comes from.
#[derive(Clone)]
pub enum Place {
    /// Signing in: the network, in words.
    Network(String),
    /// The password again, by whoever holds this session: no stranger.
    Session(SessionId),
}

impl Place {
    /// An IPv4 address, or the /64 that one IPv6 customer has as a whole.
    pub fn of(origin: &Origin) -> Self {
        let address = origin.address.as_deref().map(str::parse);
        Self::Network(match address {
            Some(Ok(IpAddr::V4(address))) => address.to_string(),
            Some(Ok(IpAddr::V6(address))) => format!("{:x?}", &address.segments()[..4]),
            Some(Err(_)) | None => String::new(),
        })
    }

    fn subject(&self, tx: &Tx, email: &str) -> Result<Vec<u8>> {
        match self {
            Self::Network(network) => subject(tx, email, "network", network),
            Self::Session(session) => subject(tx, email, "session", &session.to_string()),
        }
    }
}

fn subject(tx: &Tx, email: &str, kind: &str, place: &str) -> Result<Vec<u8>> {
    let email = normal(email);
    let parts = ["password", &email, kind, place].map(str::as_bytes);
    Ok(tx.keys.mac(Purpose::Fingerprint, &parts)?.to_vec())
}

/// What this try counts for, and how many failures are free there.
fn counters(tx: &mut Tx, email: &str, place: &Place) -> Result<Vec<(Vec<u8>, i32)>> {
    let own = place.subject(tx, email)?;
    let known = match place {
        Place::Session(_) => true,
        Place::Network(_) => is_known(tx, &own)?,
    };
    let mut counters = vec![(own, FREE_TRIES)];
    if !known {
        let strangers = subject(tx, email, "strangers", "")?;
        counters.push((strangers, FREE_TRIES_OF_STRANGERS));
    }
    Ok(counters)
}

fn is_known(tx: &mut Tx, subject: &[u8]) -> Result<bool> {
    let seen: Option<NaiveDateTime> = known_networks::table
        .find(subject)
        .select(known_networks::seen_at)
        .first(tx.conn)
        .optional()?;
    Ok(seen.is_some_and(|seen| seen + ACQUAINTANCE > tx.now))
}

/// How long one waits after so many failures, of which some are free: twice as long each time.
fn lock(failures: i32, free: i32) -> TimeDelta {
    let beyond = u32::try_from(failures - free).ok();
    let seconds = beyond.map_or(0, |beyond| (1i64 << beyond.min(10)).min(LONGEST_LOCK));
    TimeDelta::seconds(seconds)
}

/// Refuses a try while it has to wait, whether or not anyone has the address.
pub fn refuse_locked(tx: &mut Tx, email: &str, place: &Place) -> Result<()> {
    let subjects: Vec<Vec<u8>> = counters(tx, email, place)?
        .into_iter()
        .map(|(subject, _)| subject)
        .collect();
    let until: Option<NaiveDateTime> = password_failures::table
        .filter(password_failures::subject.among(subjects))
        .select(diesel::dsl::max(password_failures::locked_until))
        .first(tx.conn)?;
    match until.filter(|until| *until > tx.now) {
        Some(until) => {
            let seconds = (until - tx.now).num_seconds() + 1;
            Err(Refusal::by(Code::LockedOut, "ORG-6")
                .with("seconds", seconds)
                .into())
        }
        None => Ok(()),
    }
}

/// Counts a failure, and records it where it is the one that begins a wait.
pub fn count_failure(tx: &mut Tx, email: &str, place: &Place) -> Result<()> {
    diesel::delete(password_failures::table)
        .filter(password_failures::last_failed_at.le(tx.now - MEMORY))
        .execute(tx.conn)?;
    let mut begins = false;
    for (subject, free) in counters(tx, email, place)? {
        begins |= count(tx, &subject, free)? == free;
    }
    let owner: Option<UserId> = users::table
        .filter(users::email.eq(normal(email)))
        .select(users::id)
        .first(tx.conn)
        .optional()?;
    if let Some(owner) = owner.filter(|_| begins) {
        tx.record(None, Event::new(EventType::UserLockedOut, owner))?;
    }
    Ok(())
}

fn count(tx: &mut Tx, subject: &[u8], free: i32) -> Result<i32> {
    let before: Option<i32> = password_failures::table
        .find(subject)
        .select(password_failures::failures)
        .first(tx.conn)
        .optional()?;
    let failures = before.unwrap_or(0) + 1;
    let values = (
        password_failures::failures.eq(failures),
        password_failures::last_failed_at.eq(tx.now),
        password_failures::locked_until.eq(tx.now + lock(failures, free)),
    );
    match before {
        Some(_) => diesel::update(password_failures::table.find(subject))
            .set(values)
            .execute(tx.conn)?,
        None => diesel::insert_into(password_failures::table)
            .values((password_failures::subject.eq(subject), values))
            .execute(tx.conn)?,
    };
    Ok(failures)
}

/// The owner was here: what failed in this place is forgotten, and what strangers do no longer counts in it.
pub fn welcome(tx: &mut Tx, user: &User, place: &Place) -> Result<()> {
    let subject = place.subject(tx, &user.email)?;
    diesel::delete(password_failures::table.find(&subject)).execute(tx.conn)?;
    let Place::Network(_) = place else {
        return Ok(());
    };
    let seen_at = known_networks::seen_at.eq(tx.now);
    let again = diesel::update(known_networks::table.find(&subject))
        .set(seen_at)
        .execute(tx.conn)?;
    if again == 0 {
        let new = (
            known_networks::subject.eq(&subject),
            known_networks::user_id.eq(user.id),
            seen_at,
        );
        diesel::insert_into(known_networks::table)
            .values(new)
            .execute(tx.conn)?;
    }
    Ok(())
}
