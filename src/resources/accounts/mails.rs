//! The mails about an account. One address gets few of them in an hour, whoever asks: this is no mail cannon.
use super::model::User;
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::record::Mail;
use crate::db::schema::mails;
use crate::domain::id::EventId;
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::error::Result;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

/// What anyone can make us send.
const ASKED_FOR: [MailTemplate; 3] = [
    MailTemplate::SignUp,
    MailTemplate::AccountExists,
    MailTemplate::PasswordReset,
];
const MOST_AN_HOUR: i64 = 5;

/// Whether this address may get another mail that anyone can ask for.
pub fn may_be_sent(tx: &mut Tx, recipient: &str) -> Result<bool> {
    let lately: i64 = mails::table
        .filter(mails::recipient.eq(recipient))
        .filter(mails::template.among(ASKED_FOR))
        .filter(mails::created_at.gt(tx.now - TimeDelta::hours(1)))
        .count()
        .get_result(tx.conn)?;
    Ok(lately < MOST_AN_HOUR)
}

pub fn send(
    tx: &mut Tx,
    event: EventId,
    (recipient, language): (&str, Language),
    template: MailTemplate,
    arguments: Value,
    token: Option<String>,
) -> Result<()> {
    let mail = Mail {
        recipient: recipient.to_owned(),
        language,
        template,
        arguments,
        token,
    };
    tx.mail(event, &mail)
}

/// Tells the owner what was done to the account, since it may not be the owner who did it.
pub fn tell(tx: &mut Tx, event: EventId, user: &User, template: MailTemplate) -> Result<()> {
    let to = (user.email.as_str(), user.language);
    send(tx, event, to, template, json!({}), None)
}
