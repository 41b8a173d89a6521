//! What is removed with a person: every personal word, and the calls for help that led to that person.
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::schema::{
    api_tokens, audit_log, external_identities, invitations, known_networks, mails,
    member_invitations, notification_preferences, notifications, refresh_tokens, sessions,
    sign_ups, stored_answers, tenders, users,
};
use crate::db::witness::Identity;
use crate::domain::event::EventType;
use crate::domain::tender::TenderStatus;
use crate::error::Result;
use crate::resources::accounts::model::User;
use crate::resources::accounts::{reset, totp};
use crate::resources::tenders::model::{self as calls, Deed, Tender, proposals};
use diesel::prelude::*;

/// What stands where personal words stood.
const GONE: &str = "erased";

/// Cancels what is open of the person's tenders, and takes the contact from all of them.
pub fn tenders(tx: &mut Tx, by: &Identity, user: &User) -> Result<()> {
    let theirs = || {
        let author = tenders::author_id.eq(user.id);
        tenders::table.filter(author.or(tenders::contact_email.eq(&user.email)))
    };
    let all: Vec<Tender> = theirs().select(Tender::as_select()).load(tx.conn)?;
    for tender in &all {
        match tender.status_at(tx.now) {
            TenderStatus::PendingConfirmation | TenderStatus::Open => cancel(tx, by, tender)?,
            TenderStatus::Awarded
            | TenderStatus::Closed
            | TenderStatus::Expired
            | TenderStatus::Cancelled => {}
        }
    }
    diesel::update(theirs())
        .set((
            tenders::contact_name.eq(GONE),
            tenders::contact_email.eq(GONE),
            tenders::contact_phone.eq(GONE),
        ))
        .execute(tx.conn)?;
    Ok(())
}

fn cancel(tx: &mut Tx, by: &Identity, tender: &Tender) -> Result<()> {
    calls::act(tx, tender, &Deed::Cancel)?;
    proposals::settle(tx, tender.id, None)?;
    let event = Event::new(EventType::TenderCancelled, tender.id)
        .between(tender.organization_id, None)
        .by_rule("ERA-1");
    tx.record(Some(by), event)?;
    Ok(())
}

/// Removes every personal word; the account is left as an id that names nobody.
pub fn words(tx: &mut Tx, user: &User) -> Result<()> {
    let (id, email) = (user.id, &user.email);
    let mine = sessions::table.filter(sessions::user_id.eq(id));
    let tokens = refresh_tokens::session_id.eq_any(mine.select(sessions::id));
    diesel::delete(refresh_tokens::table.filter(tokens)).execute(tx.conn)?;
    diesel::update(mine)
        .set(sessions::user_agent.eq(None::<String>))
        .execute(tx.conn)?;
    diesel::update(api_tokens::table.filter(api_tokens::user_id.eq(id)))
        .set(api_tokens::name.eq(GONE))
        .execute(tx.conn)?;
    diesel::delete(external_identities::table.filter(external_identities::user_id.eq(id)))
        .execute(tx.conn)?;
    diesel::delete(known_networks::table.filter(known_networks::user_id.eq(id)))
        .execute(tx.conn)?;
    diesel::delete(notifications::table.filter(notifications::user_id.eq(id))).execute(tx.conn)?;
    let preferences = notification_preferences::user_id.eq(id);
    diesel::delete(notification_preferences::table.filter(preferences)).execute(tx.conn)?;
    reset::forget(tx, id)?;
    totp::remove(tx, id)?;
    addressed(tx, user)?;
    let named = stored_answers::body.like(format!("%{email}%"));
    diesel::delete(stored_answers::table.filter(stored_answers::user_id.eq(id).or(named)))
        .execute(tx.conn)?;
    diesel::update(audit_log::table.filter(audit_log::actor_id.eq(id)))
        .set((
            audit_log::address.eq(None::<String>),
            audit_log::salt.eq(None::<Vec<u8>>),
        ))
        .execute(tx.conn)?;
    diesel::update(users::table.find(id))
        .set((
            users::email.eq(nobody(user)),
            users::name.eq(GONE),
            users::password_hash.eq(None::<String>),
            users::erased_at.eq(tx.now),
            users::version.eq(user.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// No address, so that nobody can sign in with it, and no other's.
fn nobody(user: &User) -> String {
    format!("{GONE}:{}", user.id)
}

/// What was sent to the address, or asked for with it.
fn addressed(tx: &mut Tx, user: &User) -> Result<()> {
    let email = &user.email;
    diesel::delete(sign_ups::table.filter(sign_ups::email.eq(email))).execute(tx.conn)?;
    diesel::delete(mails::table.filter(mails::recipient.eq(email))).execute(tx.conn)?;
    diesel::update(invitations::table.filter(invitations::customer_email.eq(email)))
        .set(invitations::customer_email.eq(nobody(user)))
        .execute(tx.conn)?;
    diesel::update(member_invitations::table.filter(member_invitations::email.eq(email)))
        .set(member_invitations::email.eq(nobody(user)))
        .execute(tx.conn)?;
    Ok(())
}
