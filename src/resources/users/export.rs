//! Everything that is kept of a user, for that user (ERA-1).
use super::model::{self, UserView};
use crate::api::{Caller, Reply};
use crate::db::record::Event;
use crate::db::schema::{
    api_tokens, audit_log, external_identities, mails, memberships, organizations, sessions, users,
};
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{ApiTokenId, MemberId, OrganizationId, SessionId, UserId};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// Everything that is kept of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = UserData)]
pub struct UserDataView {
    /// When this was read.
    exported_at: DateTime<Utc>,
    /// The account.
    user: UserView,
    /// The identities at the external issuer.
    external_identities: Vec<ExternalIdentityView>,
    /// Every membership, past ones too.
    memberships: Vec<PastMembershipView>,
    /// Every session, past ones too.
    sessions: Vec<PastSessionView>,
    /// Every API token, dead ones too, never the token itself.
    api_tokens: Vec<PastTokenView>,
    /// The mails to this person.
    mails: Vec<SentMailView>,
    /// What this person did, and from where.
    activity: Vec<ActivityView>,
}

/// Who a person is at the external issuer.
#[derive(Serialize, ToSchema)]
#[schema(as = ExternalIdentity)]
pub struct ExternalIdentityView {
    /// The issuer.
    #[schema(format = "uri", example = "https://id.example")]
    issuer: String,
    /// What it calls this person.
    #[schema(example = "248289761001")]
    subject: String,
    /// When it was bound to this account.
    bound_at: DateTime<Utc>,
}

/// A membership as it was for some time.
#[derive(Serialize, ToSchema)]
#[schema(as = PastMembership)]
pub struct PastMembershipView {
    /// The membership.
    member_id: MemberId,
    /// The organization.
    organization_id: OrganizationId,
    /// Its name.
    #[schema(example = "Atelier Lumen SA")]
    organization: String,
    /// The role.
    role: Role,
    /// Whether a collaborator may order and renew.
    may_order: bool,
    /// From when.
    valid_from: DateTime<Utc>,
    /// Until when; null while it lasts.
    valid_to: Option<DateTime<Utc>>,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = PastSession)]
pub struct PastSessionView {
    /// Its id.
    id: SessionId,
    /// What the client said it is.
    #[schema(example = "curl/8.5.0")]
    user_agent: Option<String>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last refreshed.
    last_used_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
}

/// An API token.
#[derive(Serialize, ToSchema)]
#[schema(as = PastApiToken)]
pub struct PastTokenView {
    /// Its id.
    id: ApiTokenId,
    /// What it is for.
    #[schema(example = "nightly export")]
    name: String,
    /// What it may do, in words.
    #[schema(example = "read write")]
    scopes: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last used.
    last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

/// A mail to a person, as it lies in the outbox.
#[derive(Serialize, ToSchema)]
#[schema(as = SentMail)]
pub struct SentMailView {
    /// What kind of mail it is.
    #[schema(example = "mail-invitation")]
    template: String,
    /// What it names, as JSON.
    #[schema(example = "{}")]
    arguments: String,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// When it was sent.
    sent_at: Option<DateTime<Utc>>,
}

/// One thing that a person did.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityView {
    /// What was done.
    #[schema(example = "user.signed_in")]
    action: String,
    /// To what.
    #[schema(example = "user_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    subject: String,
    /// For which organization.
    organization_id: Option<OrganizationId>,
    /// From which network address.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// When.
    recorded_at: DateTime<Utc>,
}

/// Read everything that is kept of me.
///
/// Account, memberships, sessions, tokens, mails and what I did. It is recorded that it was read. Needs a sign-in, not an API token.
#[utoipa::path(tag = "Me", responses((status = 200, body = UserDataView, description = "Everything.")), extensions(("x-problems" = json!(["session_required"]))))]
#[get("/v1/me/data-export")]
pub async fn export_my_data(caller: Caller, db: Data<Db>) -> Result<Reply<UserDataView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        if let Proof::Token(..) = identity.proof {
            return Err(Refusal::by(Code::SessionRequired, "ERA-1").into());
        }
        export(tx, &identity, identity.user)
    })
    .await
}

/// Read everything that is kept of a user.
///
/// To answer a request for access. It is recorded that it was read. For the operator's administrators.
#[utoipa::path(tag = "Admin", params(("id" = UserId, Path, description = "The user.")), responses((status = 200, body = UserDataView, description = "Everything.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/users/{id}/data-export")]
pub async fn export_user_data(
    caller: Caller,
    db: Data<Db>,
    id: Path<UserId>,
) -> Result<Reply<UserDataView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        policy::allow_staff(identity.operator, Action::ManageUsers)?;
        export(tx, &identity, *id)
    })
    .await
}

fn export(tx: &mut Tx, by: &Identity, id: UserId) -> Result<Reply<UserDataView>> {
    let user = model::view(tx, id)?;
    tx.record(Some(by), Event::new(EventType::UserDataExported, id))?;
    Reply::ok(&UserDataView {
        exported_at: tx.now.and_utc(),
        external_identities: identities(tx, id)?,
        memberships: past_memberships(tx, id)?,
        sessions: past_sessions(tx, id)?,
        api_tokens: past_tokens(tx, id)?,
        mails: sent_mails(tx, id)?,
        activity: activity(tx, id)?,
        user,
    })
}

fn identities(tx: &mut Tx, user: UserId) -> Result<Vec<ExternalIdentityView>> {
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

fn past_memberships(tx: &mut Tx, user: UserId) -> Result<Vec<PastMembershipView>> {
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

fn past_sessions(tx: &mut Tx, user: UserId) -> Result<Vec<PastSessionView>> {
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

fn past_tokens(tx: &mut Tx, user: UserId) -> Result<Vec<PastTokenView>> {
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

fn sent_mails(tx: &mut Tx, user: UserId) -> Result<Vec<SentMailView>> {
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

fn activity(tx: &mut Tx, user: UserId) -> Result<Vec<ActivityView>> {
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
