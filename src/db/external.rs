//! Who someone is at the external issuer: found by a proven address once, by the subject ever after.
use super::Tx;
use super::record::Event;
use super::schema::{external_identities, users};
use crate::domain::event::EventType;
use crate::domain::id::UserId;
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::prelude::*;

/// What the issuer says of whoever holds its token.
#[derive(Debug, Clone)]
pub struct Subject {
    pub issuer: String,
    pub subject: String,
    /// Only if the issuer has proven it.
    pub email: Option<String>,
}

pub fn user_of(tx: &mut Tx, who: &Subject) -> Result<Option<UserId>> {
    Ok(external_identities::table
        .find((&who.issuer, &who.subject))
        .select(external_identities::user_id)
        .first(tx.conn)
        .optional()?)
}

/// Binds the subject to the account that has its address; none where nobody has it, or another
/// subject has taken it already.
pub fn bind(tx: &mut Tx, who: &Subject) -> Result<Option<UserId>> {
    if let Some(user) = user_of(tx, who)? {
        return Ok(Some(user));
    }
    let Some(email) = &who.email else {
        return Ok(None);
    };
    let found: Option<(UserId, Option<NaiveDateTime>)> = users::table
        .filter(users::email.eq(email.trim().to_lowercase()))
        .select((users::id, users::verified_at))
        .first(tx.conn)
        .optional()?;
    let Some((user, verified_at)) = found else {
        return Ok(None);
    };
    let taken: i64 = external_identities::table
        .filter(external_identities::user_id.eq(user))
        .filter(external_identities::issuer.eq(&who.issuer))
        .count()
        .get_result(tx.conn)?;
    if taken > 0 {
        return Ok(None);
    }
    diesel::insert_into(external_identities::table)
        .values((
            external_identities::issuer.eq(&who.issuer),
            external_identities::subject.eq(&who.subject),
            external_identities::user_id.eq(user),
            external_identities::bound_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    diesel::update(users::table.find(user))
        .set(users::verified_at.eq(verified_at.unwrap_or(tx.now)))
        .execute(tx.conn)?;
    tx.record(None, Event::new(EventType::UserIdentityBound, user))?;
    Ok(Some(user))
}
