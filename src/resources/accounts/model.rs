//! Users and their sessions.
use crate::api::caller::Origin;
use crate::db::Tx;
use crate::db::schema::{operator_roles, refresh_tokens, sessions, users};
use crate::domain::id::{SessionId, UserId};
use crate::domain::locale::Language;
use crate::domain::organization::OperatorRole;
use crate::error::Result;
use crate::secret;
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
    pub erased_at: Option<NaiveDateTime>,
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

/// Whether there is such a person, who has not been erased.
pub fn active_user(tx: &mut Tx, id: UserId) -> Result<Option<UserId>> {
    Ok(users::table
        .find(id)
        .filter(users::erased_at.is_null())
        .select(users::id)
        .first(tx.conn)
        .optional()?)
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

/// Gives, changes or takes a role among the operator's staff, from now on.
pub fn change_operator_role(tx: &mut Tx, user: UserId, role: Option<OperatorRole>) -> Result<()> {
    let open = operator_roles::table
        .filter(operator_roles::user_id.eq(user))
        .filter(operator_roles::valid_to.is_null());
    let before: Option<(OperatorRole, NaiveDateTime)> = open
        .select((operator_roles::role, operator_roles::valid_from))
        .first(tx.conn)
        .optional()?;
    if before.map(|(role, _)| role) == role {
        return Ok(());
    }
    let from = tx.after(before.map(|(_, from)| from));
    diesel::update(open)
        .set(operator_roles::valid_to.eq(from))
        .execute(tx.conn)?;
    if let Some(role) = role {
        diesel::insert_into(operator_roles::table)
            .values((
                operator_roles::user_id.eq(user),
                operator_roles::role.eq(role),
                operator_roles::valid_from.eq(from),
            ))
            .execute(tx.conn)?;
    }
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
