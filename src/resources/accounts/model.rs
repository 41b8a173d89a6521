//! Users, their sessions, and the count of wrong passwords.
use crate::api::caller::Origin;
use crate::db::Tx;
use crate::db::schema::{operator_roles, password_failures, refresh_tokens, sessions, users};
use crate::domain::id::{SessionId, UserId};
use crate::domain::locale::Language;
use crate::domain::organization::OperatorRole;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::secret::{self, Purpose};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = users)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub language: Language,
    pub password_hash: Option<String>,
    pub verified_at: Option<NaiveDateTime>,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

/// Addresses are compared without case.
pub fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

pub fn user(tx: &mut Tx, id: UserId) -> Result<User> {
    Ok(users::table
        .find(id)
        .select(User::as_select())
        .first(tx.conn)?)
}

pub fn user_by_email(tx: &mut Tx, email: &str) -> Result<Option<User>> {
    Ok(users::table
        .filter(users::email.eq(normal(email)))
        .select(User::as_select())
        .first(tx.conn)
        .optional()?)
}

pub struct NewUser<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub language: Language,
    pub password_hash: Option<&'a str>,
    pub verified: bool,
}

pub fn insert_user(tx: &mut Tx, new: &NewUser) -> Result<UserId> {
    let id = tx.new_id()?;
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::email.eq(normal(new.email)),
            users::name.eq(new.name),
            users::language.eq(new.language),
            users::password_hash.eq(new.password_hash),
            users::verified_at.eq(new.verified.then_some(tx.now)),
            users::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

/// Makes a user one of the operator's staff.
pub fn grant_operator_role(tx: &mut Tx, user: UserId, role: OperatorRole) -> Result<()> {
    diesel::insert_into(operator_roles::table)
        .values((
            operator_roles::user_id.eq(user),
            operator_roles::role.eq(role),
            operator_roles::valid_from.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

pub fn operator_role_of(tx: &mut Tx, user: UserId) -> Result<Option<OperatorRole>> {
    Ok(operator_roles::table
        .filter(operator_roles::user_id.eq(user))
        .filter(operator_roles::valid_to.is_null())
        .select(operator_roles::role)
        .first(tx.conn)
        .optional()?)
}

/// Wrong passwords that cost nothing yet.
const FREE_TRIES: i32 = 5;
/// The longest that an address is locked, in seconds.
const LONGEST_LOCK: i64 = 900;

/// How long one waits after so many wrong passwords: twice as long each time.
fn lock(failures: i32) -> TimeDelta {
    let beyond = u32::try_from(failures - FREE_TRIES)
        .ok()
        .map(|beyond| beyond.min(10));
    TimeDelta::seconds(beyond.map_or(0, |beyond| (1i64 << beyond).min(LONGEST_LOCK)))
}

fn subject(tx: &Tx, email: &str) -> Result<Vec<u8>> {
    Ok(tx
        .keys
        .mac(
            Purpose::Fingerprint,
            &[b"password", normal(email).as_bytes()],
        )?
        .to_vec())
}

/// Refuses an address while it is locked, whether or not anyone has it.
pub fn refuse_locked(tx: &mut Tx, email: &str) -> Result<()> {
    let until: Option<NaiveDateTime> = password_failures::table
        .find(subject(tx, email)?)
        .select(password_failures::locked_until)
        .first(tx.conn)
        .optional()?;
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

/// Counts a wrong password; answers how many there have been in a row.
pub fn count_failure(tx: &mut Tx, email: &str) -> Result<i32> {
    let subject = subject(tx, email)?;
    let before: Option<i32> = password_failures::table
        .find(&subject)
        .select(password_failures::failures)
        .first(tx.conn)
        .optional()?;
    let failures = before.unwrap_or(0) + 1;
    let locked_until = password_failures::locked_until.eq(tx.now + lock(failures));
    match before {
        Some(_) => diesel::update(password_failures::table.find(&subject))
            .set((password_failures::failures.eq(failures), locked_until))
            .execute(tx.conn)?,
        None => diesel::insert_into(password_failures::table)
            .values((
                password_failures::subject.eq(&subject),
                password_failures::failures.eq(failures),
                locked_until,
            ))
            .execute(tx.conn)?,
    };
    Ok(failures)
}

pub fn forget_failures(tx: &mut Tx, email: &str) -> Result<()> {
    let subject = subject(tx, email)?;
    diesel::delete(password_failures::table.find(subject)).execute(tx.conn)?;
    Ok(())
}

/// Whether this failure is the one that begins a lock.
pub fn begins_lock(failures: i32) -> bool {
    failures == FREE_TRIES
}

/// Begins a session; answers its id and its first refresh token.
pub fn begin_session(
    tx: &mut Tx,
    user: UserId,
    origin: &Origin,
    lasts: TimeDelta,
) -> Result<(SessionId, String)> {
    let id: SessionId = tx.new_id()?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(user),
            sessions::created_at.eq(tx.now),
            sessions::last_used_at.eq(tx.now),
            sessions::expires_at.eq(tx.now + lasts),
            sessions::user_agent.eq(&origin.user_agent),
        ))
        .execute(tx.conn)?;
    Ok((id, new_refresh_token(tx, id)?))
}

fn new_refresh_token(tx: &mut Tx, session: SessionId) -> Result<String> {
    let (token, hash) = secret::new_token()?;
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::hash.eq(hash),
            refresh_tokens::session_id.eq(session),
            refresh_tokens::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(token)
}

/// What became of a refresh token.
pub enum Refreshed {
    Rotated {
        user: UserId,
        session: SessionId,
        token: String,
    },
    /// It had been used before: the whole family is dead now (RFC 9700, 4.14.2).
    Reused {
        session: SessionId,
    },
    Unknown,
}

pub fn refresh(tx: &mut Tx, token: &str) -> Result<Refreshed> {
    let hash = secret::token_hash(token);
    let found: Option<(SessionId, UserId, Option<NaiveDateTime>)> = refresh_tokens::table
        .inner_join(sessions::table.on(sessions::id.eq(refresh_tokens::session_id)))
        .filter(refresh_tokens::hash.eq(&hash))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(tx.now))
        .select((sessions::id, sessions::user_id, refresh_tokens::used_at))
        .first(tx.conn)
        .optional()?;
    match found {
        None => Ok(Refreshed::Unknown),
        Some((session, _, Some(_))) => {
            end_session(tx, session)?;
            Ok(Refreshed::Reused { session })
        }
        Some((session, user, None)) => {
            diesel::update(refresh_tokens::table.find(&hash))
                .set(refresh_tokens::used_at.eq(tx.now))
                .execute(tx.conn)?;
            diesel::update(sessions::table.find(session))
                .set(sessions::last_used_at.eq(tx.now))
                .execute(tx.conn)?;
            let token = new_refresh_token(tx, session)?;
            Ok(Refreshed::Rotated {
                user,
                session,
                token,
            })
        }
    }
}

pub fn end_session(tx: &mut Tx, session: SessionId) -> Result<()> {
    diesel::update(sessions::table.find(session))
        .set(sessions::ended_at.eq(tx.now))
        .execute(tx.conn)?;
    Ok(())
}

/// Ends all of a user's sessions, or all but one.
pub fn end_sessions(tx: &mut Tx, user: UserId, but: Option<SessionId>) -> Result<()> {
    let ended = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null());
    let ended_at = sessions::ended_at.eq(tx.now);
    match but {
        Some(kept) => diesel::update(ended.filter(sessions::id.ne(kept)))
            .set(ended_at)
            .execute(tx.conn)?,
        None => diesel::update(ended).set(ended_at).execute(tx.conn)?,
    };
    Ok(())
}
