//! What signs in for a person: API tokens for scripts, and sessions.
use crate::api::caller::TOKEN_PREFIX;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::{api_tokens, sessions};
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{ApiTokenId, SessionId, UserId};
use crate::domain::organization::OperatorRole;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::secret;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, post};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What an API token may do; never more than its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    Read,
    Write,
    Billing,
    Admin,
}

impl TokenScope {
    const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Billing, Self::Admin];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Billing => "billing",
            Self::Admin => "admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A token to make.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What it is for.
    #[validate(length(min = 1, max = 80))]
    #[schema(example = "nightly export")]
    pub name: String,
    /// What it may do.
    #[validate(length(min = 1, max = 4))]
    pub scopes: Vec<TokenScope>,
    /// Days until it expires; 90 unless said.
    #[validate(range(min = 1, max = 366))]
    #[schema(minimum = 1, maximum = 366, example = 90, nullable = false)]
    pub expires_in_days: Option<i32>,
}

/// An API token.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub struct ApiTokenView {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is for.
    #[schema(example = "nightly export")]
    pub name: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// The token itself: shown once, when it is made.
    #[schema(example = "mdt_kq3v9e6mbyg4q5r7s8t9vkq3v9e6mbyg4q5r7s8t9v")]
    pub token: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A signed-in client.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Its id.
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// What the client said it is.
    #[schema(example = "curl/8.5.0")]
    user_agent: Option<String>,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last refreshed.
    last_used_at: DateTime<Utc>,
    /// When it ends by itself.
    expires_at: DateTime<Utc>,
}

/// No filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilters {}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct Row {
    id: ApiTokenId,
    name: String,
    scopes: String,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    last_used_at: Option<NaiveDateTime>,
}

impl Row {
    fn view(self) -> ApiTokenView {
        let scopes = TokenScope::ALL.into_iter();
        ApiTokenView {
            id: self.id,
            name: self.name,
            scopes: scopes
                .filter(|scope| self.scopes.split(' ').any(|word| word == scope.as_str()))
                .collect(),
            token: None,
            created_at: self.created_at.and_utc(),
            expires_at: self.expires_at.and_utc(),
            last_used_at: self.last_used_at.map(|at| at.and_utc()),
        }
    }
}

/// Makes a token; the view is the only place where it is shown.
pub fn make(
    tx: &mut Tx,
    by: Option<&Identity>,
    user: UserId,
    operator: Option<OperatorRole>,
    new: &NewApiToken,
) -> Result<ApiTokenView> {
    if new.scopes.contains(&TokenScope::Billing)
        && !matches!(operator, Some(OperatorRole::Admin | OperatorRole::Billing))
    {
        return Err(Refusal::invalid(vec![Fault::new("/scopes", "invalid")])
            .rule("ORG-6")
            .into());
    }
    let (secret, _) = secret::new_token()?;
    let token = format!("{TOKEN_PREFIX}{secret}");
    let id: ApiTokenId = tx.new_id()?;
    let words: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    let expires_at = tx.now + TimeDelta::days(new.expires_in_days.unwrap_or(90).into());
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::id.eq(id),
            api_tokens::user_id.eq(user),
            api_tokens::name.eq(&new.name),
            api_tokens::hash.eq(secret::token_hash(&token)),
            api_tokens::scopes.eq(words.join(" ")),
            api_tokens::created_at.eq(tx.now),
            api_tokens::expires_at.eq(expires_at),
        ))
        .execute(tx.conn)?;
    tx.record(by, Event::new(EventType::ApiTokenCreated, id))?;
    let row = api_tokens::table
        .find(id)
        .select(Row::as_select())
        .first(tx.conn)?;
    Ok(ApiTokenView {
        token: Some(token),
        ..row.view()
    })
}

/// Revokes every token of a user that is still good.
pub fn revoke_all(tx: &mut Tx, by: Option<&Identity>, user: UserId) -> Result<()> {
    let good: Vec<ApiTokenId> = api_tokens::table
        .filter(api_tokens::user_id.eq(user))
        .filter(api_tokens::revoked_at.is_null())
        .filter(api_tokens::expires_at.gt(tx.now))
        .select(api_tokens::id)
        .load(tx.conn)?;
    diesel::update(api_tokens::table.filter(api_tokens::id.eq_any(&good)))
        .set(api_tokens::revoked_at.eq(tx.now))
        .execute(tx.conn)?;
    let revoked = good
        .iter()
        .map(|id| Event::new(EventType::ApiTokenRevoked, id));
    tx.record_all(by, revoked.collect())?;
    Ok(())
}

/// List my API tokens.
///
/// Those that are neither revoked nor expired, the newest first. The tokens themselves are not shown.
#[utoipa::path(tag = "Me", params(crate::api::page::Paging), responses((status = 200, body = Page<ApiTokenView>, description = "A page of tokens.")))]
#[get("/v1/me/api-tokens")]
pub async fn list_api_tokens(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<ApiTokenView>>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let mine = || {
            api_tokens::table
                .filter(api_tokens::user_id.eq(identity.user))
                .filter(api_tokens::revoked_at.is_null())
                .filter(api_tokens::expires_at.gt(tx.now))
        };
        let total = listing.total(|| mine().count().get_result(tx.conn))?;
        let rows = mine()
            .filter(api_tokens::id.lt(listing.before()))
            .order(api_tokens::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        Reply::page(&listing.page(tx.keys, rows, total, |row: &Row| row.id, Row::view)?)
    })
    .await
}

/// Make an API token.
///
/// A named, scoped, expiring token for scripts. It is shown once, here. `billing` is for the operator's billing staff and administrators only. An API token cannot make another.
#[utoipa::path(tag = "Me", request_body = NewApiToken,
    responses((status = 201, body = ApiTokenView, description = "The token, shown this once.")),
    extensions(("x-problems" = json!(["session_required"]))))]
#[post("/v1/me/api-tokens")]
pub async fn create_api_token(
    caller: Caller,
    db: Data<Db>,
    new: Post<NewApiToken>,
) -> Result<Reply<ApiTokenView>> {
    new.once(&db, caller, &["token"], |tx, identity, new| {
        if let Proof::Token(..) = identity.proof {
            return Err(Refusal::by(Code::SessionRequired, "ORG-6").into());
        }
        let made = make(tx, Some(identity), identity.user, identity.operator, new)?;
        Reply::created(format!("/v1/me/api-tokens/{}", made.id), &made)
    })
    .await
}

/// Revoke an API token.
///
/// It stops working with this answer.
#[utoipa::path(tag = "Me", params(("id" = ApiTokenId, Path, description = "The token.")), responses((status = 204, description = "Revoked.")))]
#[delete("/v1/me/api-tokens/{id}")]
pub async fn revoke_api_token(
    caller: Caller,
    db: Data<Db>,
    id: Path<ApiTokenId>,
) -> Result<Reply<()>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let revoked = diesel::update(api_tokens::table.find(*id))
            .filter(api_tokens::user_id.eq(identity.user))
            .filter(api_tokens::revoked_at.is_null())
            .set(api_tokens::revoked_at.eq(tx.now))
            .execute(tx.conn)?;
        if revoked == 0 {
            return Err(Refusal::not_found().into());
        }
        tx.record(Some(&identity), Event::new(EventType::ApiTokenRevoked, *id))?;
        Ok(Reply::no_content())
    })
    .await
}

type SessionRow = (
    SessionId,
    Option<String>,
    NaiveDateTime,
    NaiveDateTime,
    NaiveDateTime,
);

/// List my sessions.
///
/// Where this account is signed in, the newest first.
#[utoipa::path(tag = "Me", params(crate::api::page::Paging), responses((status = 200, body = Page<SessionView>, description = "A page of sessions.")))]
#[get("/v1/me/sessions")]
pub async fn list_sessions(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<SessionView>>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let mine = || {
            sessions::table
                .filter(sessions::user_id.eq(identity.user))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(tx.now))
        };
        let total = listing.total(|| mine().count().get_result(tx.conn))?;
        let rows: Vec<SessionRow> = mine()
            .filter(sessions::id.lt(listing.before()))
            .order(sessions::id.desc())
            .limit(listing.fetch())
            .select((
                sessions::id,
                sessions::user_agent,
                sessions::created_at,
                sessions::last_used_at,
                sessions::expires_at,
            ))
            .load(tx.conn)?;
        let view =
            |(id, user_agent, created_at, last_used_at, expires_at): SessionRow| SessionView {
                id,
                current: matches!(identity.proof, Proof::Session(current) if current == id),
                user_agent,
                created_at: created_at.and_utc(),
                last_used_at: last_used_at.and_utc(),
                expires_at: expires_at.and_utc(),
            };
        Reply::page(&listing.page(tx.keys, rows, total, |row: &SessionRow| row.0, view)?)
    })
    .await
}

/// End a session.
///
/// Its tokens stop working with this answer.
#[utoipa::path(tag = "Me", params(("id" = SessionId, Path, description = "The session.")), responses((status = 204, description = "Ended.")))]
#[delete("/v1/me/sessions/{id}")]
pub async fn end_session(caller: Caller, db: Data<Db>, id: Path<SessionId>) -> Result<Reply<()>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let ended = diesel::update(sessions::table.find(*id))
            .filter(sessions::user_id.eq(identity.user))
            .filter(sessions::ended_at.is_null())
            .set(sessions::ended_at.eq(tx.now))
            .execute(tx.conn)?;
        if ended == 0 {
            return Err(Refusal::not_found().into());
        }
        tx.record(Some(&identity), Event::new(EventType::SessionEnded, *id))?;
        Ok(Reply::no_content())
    })
    .await
}
