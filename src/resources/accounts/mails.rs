//! The mails about an account. One address gets few of them in an hour, whoever asks: this is no mail cannon.
use crate::db::Tx;
use crate::db::record::Mail;
use crate::db::schema::mails;
use crate::domain::id::EventId;
use crate::domain::locale::Language;
use crate::error::Result;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

pub const SIGN_UP: &str = "mail-sign-up";
pub const ACCOUNT_EXISTS: &str = "mail-account-exists";
pub const PASSWORD_RESET: &str = "mail-password-reset";
const PASSWORD_CHANGED: &str = "mail-password-changed";

/// What anyone can make us send.
const ASKED_FOR: [&str; 3] = [SIGN_UP, ACCOUNT_EXISTS, PASSWORD_RESET];
const MOST_AN_HOUR: i64 = 5;

/// Whether this address may get another mail that anyone can ask for.
pub fn may_be_sent(tx: &mut Tx, recipient: &str) -> Result<bool> {
    let lately: i64 = mails::table
        .filter(mails::recipient.eq(recipient))
        .filter(mails::template.eq_any(ASKED_FOR))
        .filter(mails::created_at.gt(tx.now - TimeDelta::hours(1)))
        .count()
        .get_result(tx.conn)?;
    Ok(lately < MOST_AN_HOUR)
}

pub fn send(
    tx: &mut Tx,
    event: EventId,
    (recipient, language): (&str, Language),
    template: &'static str,
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

/// Tells the owner, who may not be the one that did it.
pub fn password_changed(tx: &mut Tx, event: EventId, to: (&str, Language)) -> Result<()> {
    send(tx, event, to, PASSWORD_CHANGED, json!({}), None)
}
