//! The rows of what is kept of a user.
use super::views::{
    ActivityView, ExternalIdentityView, IdentificationView, OwnTenderView, PastMembershipView,
    PastSessionView, PastTokenView, ReceivedInvitationView, SentMailView, ToldView,
};
use crate::db::Tx;
use crate::db::schema::{
    api_tokens, audit_log, external_identities, invitations, mails, member_invitations,
    memberships, notifications, organizations, sessions, support_identifications, tenders, users,
};
use crate::domain::id::{ApiTokenId, MemberId, OrganizationId, SessionId, UserId};
use crate::domain::organization::Role;
use crate::error::Result;
use crate::resources::tenders::model::Tender;
use crate::resources::users::forget::GONE;
use chrono::NaiveDateTime;
use diesel::prelude::*;

pub fn identities(tx: &mut Tx, user: UserId) -> Result<Vec<ExternalIdentityView>> {
    let rows: Vec<(String, String, NaiveDateTime)> = external_identities::table
        .filter(external_identities::user_id.eq(user))
        .select((
            external_identities::issuer,
            external_identities::subject,
            external_identities::bound_at,
        ))
        .load(tx.conn)?;
    let view = |(issuer, subject, bound_at): (_, _, NaiveDateTime)| ExternalIdentityView {
        issuer,
        subject,
        bound_at: bound_at.and_utc(),
    };
    Ok(rows.into_iter().map(view).collect())
}

type MembershipRow = (
    MemberId,
    OrganizationId,
    String,
    Role,
    bool,
    NaiveDateTime,
    Option<NaiveDateTime>,
);

pub fn past_memberships(tx: &mut Tx, user: UserId) -> Result<Vec<PastMembershipView>> {
    let rows: Vec<MembershipRow> = memberships::table
        .inner_join(organizations::table.on(organizations::id.eq(memberships::organization_id)))
        .filter(memberships::user_id.eq(user))
        .order(memberships::valid_from.desc())
        .select((
            memberships::id,
            organizations::id,
            organizations::name,
            memberships::role,
            memberships::may_order,
            memberships::valid_from,
            memberships::valid_to,
        ))
        .load(tx.conn)?;
    let view = |row: MembershipRow| PastMembershipView {
        member_id: row.0,
        organization_id: row.1,
        organization: row.2,
        role: row.3,
        may_order: row.4,
        valid_from: row.5.and_utc(),
        valid_to: row.6.map(|at| at.and_utc()),
    };
    Ok(rows.into_iter().map(view).collect())
}

type SessionRow = (
    SessionId,
    Option<String>,
    NaiveDateTime,
    NaiveDateTime,
    Option<NaiveDateTime>,
);

pub fn past_sessions(tx: &mut Tx, user: UserId) -> Result<Vec<PastSessionView>> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::user_id.eq(user))
        .order(sessions::id.desc())
        .select((
            sessions::id,
            sessions::user_agent,
            sessions::created_at,
            sessions::last_used_at,
            sessions::ended_at,
        ))
        .load(tx.conn)?;
    let view = |row: SessionRow| PastSessionView {
        id: row.0,
        user_agent: row.1,
        created_at: row.2.and_utc(),
        last_used_at: row.3.and_utc(),
        ended_at: row.4.map(|at| at.and_utc()),
    };
    Ok(rows.into_iter().map(view).collect())
}

type TokenRow = (
    ApiTokenId,
    String,
    String,
    NaiveDateTime,
    Option<NaiveDateTime>,
    Option<NaiveDateTime>,
);

pub fn past_tokens(tx: &mut Tx, user: UserId) -> Result<Vec<PastTokenView>> {
    let rows: Vec<TokenRow> = api_tokens::table
        .filter(api_tokens::user_id.eq(user))
        .order(api_tokens::id.desc())
        .select((
            api_tokens::id,
            api_tokens::name,
            api_tokens::scopes,
            api_tokens::created_at,
            api_tokens::last_used_at,
            api_tokens::revoked_at,
        ))
        .load(tx.conn)?;
    let view = |row: TokenRow| PastTokenView {
        id: row.0,
        name: row.1,
        scopes: row.2,
        created_at: row.3.and_utc(),
        last_used_at: row.4.map(|at| at.and_utc()),
        revoked_at: row.5.map(|at| at.and_utc()),
    };
    Ok(rows.into_iter().map(view).collect())
}

pub fn sent_mails(tx: &mut Tx, user: UserId) -> Result<Vec<SentMailView>> {
    let rows: Vec<(String, String, NaiveDateTime, Option<NaiveDateTime>)> = mails::table
        .inner_join(users::table.on(users::email.eq(mails::recipient)))
        .filter(users::id.eq(user))
        .order(mails::id.desc())
        .select((
            mails::template,
            mails::arguments,
            mails::created_at,
            mails::sent_at,
        ))
        .load(tx.conn)?;
    let view = |(template, arguments, created_at, sent_at): (
        _,
        _,
        NaiveDateTime,
        Option<NaiveDateTime>,
    )| SentMailView {
        template,
        arguments,
        created_at: created_at.and_utc(),
        sent_at: sent_at.map(|at| at.and_utc()),
    };
    Ok(rows.into_iter().map(view).collect())
}

type ActivityRow = (
    String,
    String,
    Option<OrganizationId>,
    Option<String>,
    NaiveDateTime,
);

pub fn activity(tx: &mut Tx, user: UserId) -> Result<Vec<ActivityView>> {
    let rows: Vec<ActivityRow> = audit_log::table
        .filter(audit_log::actor_id.eq(user))
        .order(audit_log::id.desc())
        .select((
            audit_log::action,
            audit_log::subject,
            audit_log::organization_id,
            audit_log::address,
            audit_log::recorded_at,
        ))
        .load(tx.conn)?;
    let view = |row: ActivityRow| ActivityView {
        action: row.0,
        subject: row.1,
        organization_id: row.2,
        address: row.3,
        recorded_at: row.4.and_utc(),
    };
    Ok(rows.into_iter().map(view).collect())
}

type NotificationRow = (String, String, NaiveDateTime, Option<NaiveDateTime>);

pub fn notifications(tx: &mut Tx, user: UserId) -> Result<Vec<ToldView>> {
    let rows: Vec<NotificationRow> = notifications::table
        .filter(notifications::user_id.eq(user))
        .order(notifications::id.desc())
        .select((
            notifications::template,
            notifications::arguments,
            notifications::created_at,
            notifications::read_at,
        ))
        .load(tx.conn)?;
    let view = |row: NotificationRow| ToldView {
        template: row.0,
        arguments: row.1,
        created_at: row.2.and_utc(),
        read_at: row.3.map(|at| at.and_utc()),
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Those of the person's account, and those that lead to the person's address; none once it is erased.
pub fn tenders(tx: &mut Tx, user: UserId) -> Result<Vec<OwnTenderView>> {
    let address = users::table.find(user).select(users::email);
    let theirs = tenders::contact_email.eq_any(address);
    let rows: Vec<Tender> = tenders::table
        .filter(tenders::author_id.eq(user).or(theirs))
        .filter(tenders::contact_email.ne(GONE))
        .order(tenders::id.desc())
        .select(Tender::as_select())
        .load(tx.conn)?;
    let view = |row: Tender| OwnTenderView {
        id: row.id,
        subject: row.subject,
        description: row.description,
        contact_name: row.contact_name,
        contact_email: row.contact_email,
        contact_phone: row.contact_phone,
        created_at: row.created_at.and_utc(),
    };
    Ok(rows.into_iter().map(view).collect())
}

pub fn invitations(tx: &mut Tx, user: UserId) -> Result<Vec<ReceivedInvitationView>> {
    let address: String = users::table
        .find(user)
        .filter(users::erased_at.is_null())
        .select(users::email)
        .first(tx.conn)
        .optional()?
        .unwrap_or_default();
    let partners: Vec<(OrganizationId, Option<String>, NaiveDateTime)> = invitations::table
        .filter(invitations::customer_email.eq(&address))
        .order(invitations::id.desc())
        .select((
            invitations::partner_id,
            invitations::message,
            invitations::created_at,
        ))
        .load(tx.conn)?;
    let offers: Vec<(OrganizationId, Role, NaiveDateTime)> = member_invitations::table
        .filter(member_invitations::email.eq(&address))
        .order(member_invitations::id.desc())
        .select((
            member_invitations::organization_id,
            member_invitations::role,
            member_invitations::created_at,
        ))
        .load(tx.conn)?;
    let asked = partners
        .into_iter()
        .map(|(organization_id, message, at)| ReceivedInvitationView {
            organization_id,
            role: None,
            message,
            created_at: at.and_utc(),
        });
    let offered = offers
        .into_iter()
        .map(|(organization_id, role, at)| ReceivedInvitationView {
            organization_id,
            role: Some(role),
            message: None,
            created_at: at.and_utc(),
        });
    Ok(asked.chain(offered).collect())
}

pub fn identifications(tx: &mut Tx, user: UserId) -> Result<Vec<IdentificationView>> {
    let rows: Vec<(UserId, NaiveDateTime)> = support_identifications::table
        .filter(support_identifications::user_id.eq(user))
        .order(support_identifications::id.desc())
        .select((
            support_identifications::staff_id,
            support_identifications::submitted_at,
        ))
        .load(tx.conn)?;
    let view = |(staff_id, at): (UserId, NaiveDateTime)| IdentificationView {
        staff_id,
        submitted_at: at.and_utc(),
    };
    Ok(rows.into_iter().map(view).collect())
}
