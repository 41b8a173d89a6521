//! What is removed with a person: every personal word, and the calls for help that led to that person.
//!
//! What people wrote for their organizations stays, as it is the organization's; the person's address
//! goes from it too. `tests/house/personal.rs` asks it of every column that holds words.
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::schema::{
    api_tokens, audit_log, events, external_identities, invitations, known_networks, mails,
    member_invitations, memberships, notification_preferences, notifications, organizations,
    proposals as proposed, refresh_tokens, sessions, sign_ups, stored_answers, tender_questions,
    tenders, users,
};
use crate::db::witness::Identity;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId, ProposalId, TenderId};
use crate::domain::organization::Role;
use crate::domain::tender::TenderStatus;
use crate::error::Result;
use crate::resources::accounts::model::User;
use crate::resources::accounts::{reset, totp};
use crate::resources::support::model as support;
use crate::resources::tenders::model::{self as calls, Deed, Tender, proposals};
use diesel::prelude::*;

/// What stands where personal words stood.
pub const GONE: &str = "erased";

/// Where people and their receivers write what they like: anyone's address may stand in it.
const FREE_TEXTS: [(&str, &str); 28] = [
    ("api_tokens", "name"),
    ("backup_units", "group_name"),
    ("backup_units", "name"),
    ("enrolment_states", "reason"),
    ("exit_reports", "report"),
    ("invitations", "message"),
    ("mails", "arguments"),
    ("mails", "failure"),
    ("notifications", "arguments"),
    ("organizations", "name"),
    ("partner_profile_items", "item"),
    ("partner_profiles", "description"),
    ("partnerships", "end_reason"),
    ("payment_methods", "label"),
    ("payment_mode_proposals", "message"),
    ("payouts", "failure"),
    ("products", "name"),
    ("proposals", "text"),
    ("quotes", "settled"),
    ("support_grants", "reason"),
    ("teams", "name"),
    ("tender_questions", "answer"),
    ("tender_questions", "text"),
    ("tenders", "description"),
    ("tenders", "subject"),
    ("webhook_attempts", "answer"),
    ("webhook_endpoints", "description"),
    ("webhook_endpoints", "url"),
];

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
    let private = all.iter().filter(|tender| tender.organization_id.is_none());
    words_of(tx, &private.map(|tender| tender.id).collect::<Vec<_>>())
}

/// A tender that is of no organization was the person's alone: its words go, wherever they were sent.
fn words_of(tx: &mut Tx, private: &[TenderId]) -> Result<()> {
    if private.is_empty() {
        return Ok(());
    }
    diesel::update(tenders::table.filter(tenders::id.eq_any(private)))
        .set((tenders::subject.eq(GONE), tenders::description.eq(GONE)))
        .execute(tx.conn)?;
    let answered = tender_questions::table
        .filter(tender_questions::tender_id.eq_any(private))
        .filter(tender_questions::answer.is_not_null());
    diesel::update(answered)
        .set(tender_questions::answer.eq(GONE))
        .execute(tx.conn)?;
    let proposals: Vec<ProposalId> = proposed::table
        .filter(proposed::tender_id.eq_any(private))
        .select(proposed::id)
        .load(tx.conn)?;
    let tenders = private.iter().map(ToString::to_string);
    let about = tenders.chain(proposals.iter().map(ToString::to_string));
    let told = events::table.filter(events::subject.eq_any(about.collect::<Vec<_>>()));
    let told: Vec<EventId> = told.select(events::id).load(tx.conn)?;
    diesel::delete(mails::table.filter(mails::event_id.eq_any(&told))).execute(tx.conn)?;
    diesel::delete(notifications::table.filter(notifications::event_id.eq_any(&told)))
        .execute(tx.conn)?;
    Ok(())
}

/// An organization that was written to at the person's address is written to at that of another of its
/// legal representatives.
pub fn contacts(tx: &mut Tx, by: &Identity, user: &User) -> Result<()> {
    let reached: Vec<OrganizationId> = organizations::table
        .filter(organizations::email.eq(&user.email))
        .select(organizations::id)
        .load(tx.conn)?;
    for organization in reached {
        let other: Option<String> = memberships::table
            .inner_join(users::table.on(users::id.eq(memberships::user_id)))
            .filter(memberships::organization_id.eq(organization))
            .filter(memberships::role.eq(Role::LegalRepresentative))
            .filter(memberships::valid_to.is_null())
            .filter(users::id.ne(user.id))
            .order(memberships::valid_from)
            .select(users::email)
            .first(tx.conn)
            .optional()?;
        diesel::update(organizations::table.find(organization))
            .set((
                organizations::email.eq(other.unwrap_or_else(|| nobody(user))),
                organizations::version.eq(organizations::version + 1),
            ))
            .execute(tx.conn)?;
        let event = Event::new(EventType::OrganizationChanged, organization);
        tx.record(Some(by), event.of(organization).by_rule("ERA-1"))?;
    }
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
    support::forget_codes(tx, id)?;
    support::forget_manager(tx, email)?;
    addressed(tx, user)?;
    // An answer that shows a person shows the id as well.
    let named = stored_answers::body.like(format!("%{email}%"));
    let shown = stored_answers::body.like(format!("%{id}%"));
    let answers = stored_answers::user_id.eq(id).or(named).or(shown);
    diesel::delete(stored_answers::table.filter(answers)).execute(tx.conn)?;
    tx.rewrite(&FREE_TEXTS, email, |text| without(text, email))?;
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

/// A text without an address, however it is written there; another's that ends or begins like it stays.
fn without(text: &str, email: &str) -> String {
    let (lower, email) = (text.to_ascii_lowercase(), email.to_ascii_lowercase());
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let (mut kept, mut from) = (String::new(), 0);
    for (at, _) in lower.match_indices(&email) {
        let (before, behind) = (
            &lower.as_bytes()[..at],
            &lower.as_bytes()[at + email.len()..],
        );
        let goes_on = match behind {
            [b'.' | b'-', next, ..] => next.is_ascii_alphanumeric(),
            [next, ..] => next.is_ascii_alphanumeric(),
            [] => false,
        };
        if before.last().is_some_and(local) || goes_on {
            continue;
        }
        kept.push_str(&text[from..at]);
        kept.push_str(GONE);
        from = at + email.len();
    }
    kept.push_str(&text[from..]);
    kept
}

/// No address, so that nobody can sign in with it, and no other's.
fn nobody(user: &User) -> String {
    format!("{GONE}:{}", user.id)
}

/// What was sent to the address, or asked for with it.
fn addressed(tx: &mut Tx, user: &User) -> Result<()> {
    let email = &user.email;
    diesel::delete(sign_ups::table.filter(sign_ups::email.eq(email))).execute(tx.conn)?;
    let theirs = mails::recipient.eq(email).or(mails::user_id.eq(user.id));
    diesel::delete(mails::table.filter(theirs)).execute(tx.conn)?;
    diesel::update(invitations::table.filter(invitations::customer_email.eq(email)))
        .set(invitations::customer_email.eq(nobody(user)))
        .execute(tx.conn)?;
    diesel::update(member_invitations::table.filter(member_invitations::email.eq(email)))
        .set(member_invitations::email.eq(nobody(user)))
        .execute(tx.conn)?;
    Ok(())
}
