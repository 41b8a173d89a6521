//! A new password for whoever reads the account's mail.
use super::evenly::Evenly;
use super::lockout::{self, Place};
use super::sign_up::dead_link;
use super::{mails, model, password, tokens};
use crate::api::caller::Origin;
use crate::api::{Reply, Valid, field};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::{password_resets, users};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, UserId};
use crate::domain::mail::MailTemplate;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::secret;
use actix_web::post;
use actix_web::web::Data;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

/// Whose password is forgotten.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgottenPassword {
    /// The account's e-mail address.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
}

/// A password that the link in a mail sets.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The token that the link in the mail carries.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "bXkgb25lIHRpbWUgdG9rZW4")]
    token: String,
    /// The password from now on: at least 12 characters, and not easy to guess.
    #[validate(length(min = 12, max = 256))]
    #[schema(example = "seven purple teapots sing")]
    new_password: String,
}

/// Ask for a new password.
///
/// Sends a link to the address, if it has an account. It answers the same, in the same time, whether or not it has. One address gets at most five such mails an hour.
#[utoipa::path(tag = "Sign-in", security(()), request_body = ForgottenPassword,
    responses((status = 204, description = "If the address has an account, a mail is on its way.")),
    extensions(("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/password-reset")]
pub async fn request_password_reset(
    db: Data<Db>,
    config: Data<Config>,
    given: Valid<ForgottenPassword>,
) -> Result<Reply<()>> {
    let evenly = Evenly::begin();
    let (email, minutes) = (given.0.email, config.password_reset_minutes);
    let asked = db.write(move |tx| ask(tx, &email, minutes)).await;
    evenly.end().await;
    asked?;
    Ok(Reply::no_content())
}

fn ask(tx: &mut Tx, email: &str, minutes: i64) -> Result<()> {
    let Some(user) = model::user_by_email(tx, email)? else {
        return Ok(());
    };
    if !mails::may_be_sent(tx, &user.email)? {
        return Ok(());
    }
    let token = Some(new_token(tx, user.id, TimeDelta::minutes(minutes))?);
    let event = Event::new(EventType::UserPasswordResetRequested, user.id);
    let event = tx.record(None, event)?;
    let arguments = json!({"minutes": minutes.to_string()});
    let to = (user.email.as_str(), user.language);
    mails::send(tx, event, to, MailTemplate::PasswordReset, arguments, token)
}

fn new_token(tx: &mut Tx, user: UserId, lasts: TimeDelta) -> Result<String> {
    let (token, hash) = secret::new_token()?;
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::hash.eq(hash),
            password_resets::user_id.eq(user),
            password_resets::expires_at.eq(tx.now + lasts),
        ))
        .execute(tx.conn)?;
    Ok(token)
}

/// The link by which someone for whom an account was made sets its first password.
pub fn send_first_link(tx: &mut Tx, event: EventId, user: &model::User, hours: i64) -> Result<()> {
    let token = Some(new_token(tx, user.id, TimeDelta::hours(hours))?);
    let arguments = json!({"hours": hours.to_string()});
    let to = (user.email.as_str(), user.language);
    mails::send(tx, event, to, MailTemplate::AccountMade, arguments, token)
}

/// Set a new password.
///
/// With the token that the link in the mail carries, good once. It proves the address, ends all sessions of the account, revokes its API tokens and kills its other links: whoever had got in is out. A second factor stays.
#[utoipa::path(tag = "Sign-in", security(()), request_body = PasswordReset,
    responses((status = 204, description = "The password is set: sign in.")),
    extensions(("x-problems" = json!(["link_dead"])), ("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/password-reset/confirm")]
pub async fn confirm_password_reset(
    db: Data<Db>,
    origin: Origin,
    given: Valid<PasswordReset>,
) -> Result<Reply<()>> {
    let place = Place::of(&origin);
    let PasswordReset {
        token,
        new_password,
    } = given.0;
    let token = secret::token_hash(&token);
    let wanted = token.clone();
    let user = db.read(move |tx| owner(tx, &wanted)).await?;
    if !password::is_strong(&new_password, &[&user.name, &user.email]) {
        return Err(Refusal::fault("/new_password", "weak", "ORG-6").into());
    }
    let hash = password::hash(new_password).await?;
    db.write(move |tx| {
        let user = owner(tx, &token)?;
        diesel::update(users::table.find(user.id))
            .set((
                users::password_hash.eq(&hash),
                users::verified_at.eq(user.verified_at.unwrap_or(tx.now)),
            ))
            .execute(tx.conn)?;
        forget(tx, user.id)?;
        model::end_sessions(tx, user.id, None)?;
        tokens::revoke_all(tx, None, user.id)?;
        lockout::welcome(tx, &user, &place)?;
        let event = tx.record(None, Event::new(EventType::UserPasswordReset, user.id))?;
        mails::tell(tx, event, &user, MailTemplate::PasswordSet)
    })
    .await?;
    Ok(Reply::no_content())
}

/// Kills the links that were sent so far.
pub fn forget(tx: &mut Tx, user: UserId) -> Result<()> {
    let sent = password_resets::table.filter(password_resets::user_id.eq(user));
    diesel::delete(sent).execute(tx.conn)?;
    Ok(())
}

fn owner(tx: &mut Tx, token: &[u8]) -> Result<model::User> {
    let id = password_resets::table
        .find(token)
        .filter(password_resets::expires_at.gt(tx.now))
        .select(password_resets::user_id)
        .first(tx.conn)
        .optional()?
        .ok_or_else(dead_link)?;
    model::user(tx, id)
}
