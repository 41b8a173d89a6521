//! Making an account. It exists once its address is proven, so that nobody can sit on another's.
use super::evenly::Evenly;
use super::model::{self, NewUser, normal};
use super::{mails, password};
use crate::api::{Reply, Valid, field};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::sign_ups;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::SignUpId;
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::secret;
use actix_web::post;
use actix_web::web::Data;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

/// Who wants an account.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The person's name.
    #[validate(length(min = 1, max = 120), custom(function = "field::not_blank"))]
    #[schema(example = "Claire Morel")]
    name: String,
    /// The address to sign in with; a link goes to it.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
    /// At least 12 characters, and not easy to guess.
    #[validate(length(min = 12, max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: String,
    /// The language of mails to this person; English unless said.
    #[schema(nullable = false)]
    language: Option<Language>,
}

/// What the link in a mail carries.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailedToken {
    /// The token that the link in the mail carries.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "bXkgb25lIHRpbWUgdG9rZW4")]
    token: String,
}

/// Whoever made a link dead does not matter: it has been used, has expired, or was none.
pub fn dead_link() -> Refusal {
    Refusal::by(Code::LinkDead, "ORG-6")
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sign_ups)]
struct Row {
    email: String,
    name: String,
    language: Language,
    password_hash: String,
}

/// Sign up.
///
/// Sends a link to the address; the account exists once it is followed. An address that has an account already answers the same, in the same time, and its owner is told by mail. One address gets at most five such mails an hour.
#[utoipa::path(tag = "Sign-in", security(()), request_body = NewAccount,
    responses((status = 204, description = "If the address can get an account, a mail is on its way.")),
    extensions(("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/sign-up")]
pub async fn sign_up(
    db: Data<Db>,
    config: Data<Config>,
    new: Valid<NewAccount>,
) -> Result<Reply<()>> {
    let new = new.0;
    if !password::is_strong(&new.password, &[&new.name, &new.email]) {
        return Err(Refusal::fault("/password", "weak", "ORG-6").into());
    }
    let evenly = Evenly::begin();
    let row = Row {
        email: normal(&new.email),
        name: new.name,
        language: new.language.unwrap_or(Language::English),
        password_hash: password::hash(new.password).await?,
    };
    let hours = config.sign_up_hours;
    let asked = db.write(move |tx| ask(tx, &row, hours)).await;
    evenly.end().await;
    asked?;
    Ok(Reply::no_content())
}

fn ask(tx: &mut Tx, new: &Row, hours: i64) -> Result<()> {
    diesel::delete(sign_ups::table.filter(sign_ups::expires_at.le(tx.now))).execute(tx.conn)?;
    if !mails::may_be_sent(tx, &new.email)? {
        return Ok(());
    }
    if let Some(user) = model::user_by_email(tx, &new.email)? {
        let event = Event::new(EventType::UserSignUpRequested, user.id);
        let event = tx.record(None, event)?;
        return mails::tell(tx, event, &user, MailTemplate::AccountExists);
    }
    let (token, hash) = secret::new_token()?;
    diesel::insert_into(sign_ups::table)
        .values((
            sign_ups::hash.eq(hash),
            sign_ups::email.eq(&new.email),
            sign_ups::name.eq(&new.name),
            sign_ups::language.eq(new.language),
            sign_ups::password_hash.eq(&new.password_hash),
            sign_ups::created_at.eq(tx.now),
            sign_ups::expires_at.eq(tx.now + TimeDelta::hours(hours)),
        ))
        .execute(tx.conn)?;
    let id: SignUpId = tx.new_id()?;
    let event = tx.record(None, Event::new(EventType::UserSignUpRequested, id))?;
    let arguments = json!({"hours": hours.to_string()});
    let to = (new.email.as_str(), new.language);
    mails::send(tx, event, to, MailTemplate::SignUp, arguments, Some(token))
}

/// Confirm an address.
///
/// Makes the account that was asked for, with the token that the link in the mail carries. A token is good once.
#[utoipa::path(tag = "Sign-in", security(()), request_body = EmailedToken,
    responses((status = 204, description = "The account exists: sign in.")),
    extensions(("x-problems" = json!(["link_dead"])), ("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/verify-email")]
pub async fn verify_email(db: Data<Db>, given: Valid<EmailedToken>) -> Result<Reply<()>> {
    let hash = secret::token_hash(&given.token);
    db.write(move |tx| {
        let asked: Option<Row> = open(tx.now)
            .filter(sign_ups::hash.eq(&hash))
            .select(Row::as_select())
            .first(tx.conn)
            .optional()?;
        let asked = asked.ok_or_else(dead_link)?;
        if model::user_by_email(tx, &asked.email)?.is_some() {
            return Err(dead_link().into());
        }
        let new = NewUser {
            email: &asked.email,
            name: &asked.name,
            language: asked.language,
            password_hash: Some(&asked.password_hash),
            verified: true,
        };
        let id = model::insert_user(tx, &new)?;
        diesel::delete(sign_ups::table.filter(sign_ups::email.eq(&asked.email)))
            .execute(tx.conn)?;
        tx.record(None, Event::new(EventType::UserCreated, id))?;
        Ok(())
    })
    .await?;
    Ok(Reply::no_content())
}

/// The password of the newest account that was asked for with this address.
pub fn pending_password(tx: &mut Tx, email: &str) -> Result<Option<String>> {
    Ok(open(tx.now)
        .filter(sign_ups::email.eq(normal(email)))
        .order(sign_ups::created_at.desc())
        .select(sign_ups::password_hash)
        .first(tx.conn)
        .optional()?)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn open(now: NaiveDateTime) -> _ {
    sign_ups::table.filter(sign_ups::expires_at.gt(now))
}
