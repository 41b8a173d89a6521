//! Signing in and out, and the published keys.
use super::evenly::Evenly;
use super::lockout::{self, Place};
use super::model::{self, Refreshed};
use super::totp::Shown;
use super::{password, sign_up, step_up};
use crate::api::caller::Origin;
use crate::api::jwt::{PublicKey, Signer};
use crate::api::{Reply, Valid};
use crate::config::Config;
use crate::db::Db;
use crate::db::record::Event;
use crate::domain::event::EventType;
use crate::domain::id::{SessionId, UserId};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::web::Data;
use actix_web::{get, post};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Who signs in.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The account's e-mail address.
    #[validate(length(min = 1, max = 254))]
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
    /// The account's password.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: String,
    /// A code of the authenticator app, where the account has a second factor.
    #[validate(length(min = 6, max = 8))]
    #[schema(example = "492039", nullable = false)]
    totp_code: Option<String>,
    /// A recovery code in place of it.
    #[validate(length(min = 16, max = 32))]
    #[schema(example = "k4xq-7mzt-p2wd-h3vs", nullable = false)]
    recovery_code: Option<String>,
}

/// A refresh token, shown once.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The newest refresh token of the session.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "bXkgcmVmcmVzaCB0b2tlbg")]
    refresh_token: String,
}

/// What a signed-in client holds.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub struct TokensView {
    /// A JWT for the `Authorization: Bearer` header.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 1, maximum = 86400, example = 600)]
    expires_in: i64,
    /// Good for one refresh; using it twice ends the session.
    #[schema(example = "bXkgcmVmcmVzaCB0b2tlbg")]
    refresh_token: String,
}

/// An access token alone.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub struct AccessTokenView {
    /// A JWT for the `Authorization: Bearer` header.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until it expires.
    #[schema(minimum = 1, maximum = 86400, example = 600)]
    expires_in: i64,
}

impl AccessTokenView {
    pub fn new(signer: &Signer, access_token: String) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: signer.lifetime(),
        }
    }
}

/// The keys that sign access tokens (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
pub struct KeySetView {
    /// All keys that are not retired.
    keys: Vec<PublicKey>,
}

fn tokens(
    signer: &Signer,
    db: &Db,
    user: UserId,
    session: SessionId,
    refresh_token: String,
) -> Result<TokensView> {
    Ok(TokensView {
        access_token: signer.sign(user, session, db.clock().now())?,
        token_type: "Bearer",
        expires_in: signer.lifetime(),
        refresh_token,
    })
}

/// Sign in.
///
/// Answers an access token and a refresh token. Unknown addresses and wrong passwords answer the same, in the same time; after five wrong passwords from one network an address waits there, longer each time, and after twenty from networks it was never used from, in all of those: nobody can keep its owner out (ORG-6). An account that was asked for and whose address is not confirmed answers `email_unverified` to whoever knows its password, and to nobody else. An account with a second factor answers `second_factor_required` until a code comes with the password; each code is good once.
#[utoipa::path(tag = "Sign-in", security(()), request_body = Login,
    responses((status = 200, body = TokensView, description = "Signed in.")),
    extensions(("x-problems" = json!(["wrong_credentials", "email_unverified", "second_factor_required", "wrong_second_factor", "locked_out", "too_many_requests"])), ("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/login")]
pub async fn login(
    db: Data<Db>,
    signer: Data<Signer>,
    config: Data<Config>,
    origin: Origin,
    login: Valid<Login>,
) -> Result<Reply<TokensView>> {
    let Login {
        email,
        password,
        totp_code,
        recovery_code,
    } = login.0;
    let shown = Shown::read(totp_code, recovery_code)?;
    let place = Place::of(&origin);
    let (wanted, from) = (email.clone(), place.clone());
    let (user, hash) = db
        .read(move |tx| {
            lockout::refuse_locked(tx, &wanted, &from)?;
            let user = model::user_by_email(tx, &wanted)?;
            let hash = match &user {
                Some(user) => user.password_hash.clone(),
                None => sign_up::pending_password(tx, &wanted)?,
            };
            Ok((user, hash))
        })
        .await?;
    let evenly = Evenly::begin();
    let right = password::verify(password, hash).await?;
    if right && user.is_none() {
        return Err(Refusal::by(Code::EmailUnverified, "ORG-6").into());
    }
    let Some(user) = user.filter(|_| right) else {
        db.write(move |tx| lockout::count_failure(tx, &email, &place))
            .await?;
        evenly.end().await;
        return Err(Refusal::by(Code::WrongCredentials, "ORG-6").into());
    };
    let lasts = TimeDelta::days(config.session_days);
    let (id, compared) = (user.id, user.password_hash);
    let (session, refresh_token) = db
        .write(move |tx| {
            let now = model::user(tx, id)?;
            if now.password_hash != compared {
                return Err(Refusal::by(Code::WrongCredentials, "ORG-6").into());
            }
            // Again, since many may have tried at once.
            lockout::refuse_locked(tx, &now.email, &place)?;
            if let Err(refusal) = step_up::second_factor(tx, &now, &shown, &place)? {
                return Ok(Err(refusal));
            }
            lockout::welcome(tx, &now, &place)?;
            let begun = model::begin_session(tx, id, &origin, lasts)?;
            tx.record(None, Event::new(EventType::UserSignedIn, id))?;
            Ok(Ok(begun))
        })
        .await??;
    Reply::ok(&tokens(&signer, &db, id, session, refresh_token)?)
}

/// Go on with a session.
///
/// Answers new tokens for the newest refresh token of a session. A refresh token is good once: using an old one again ends the session (ORG-6).
#[utoipa::path(tag = "Sign-in", security(()), request_body = RefreshToken,
    responses((status = 200, body = TokensView, description = "The session goes on.")),
    extensions(("x-problems" = json!(["unauthenticated"])), ("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/refresh")]
pub async fn refresh_session(
    db: Data<Db>,
    signer: Data<Signer>,
    given: Valid<RefreshToken>,
) -> Result<Reply<TokensView>> {
    let token = given.0.refresh_token;
    let refreshed = db
        .write(move |tx| {
            let refreshed = model::refresh(tx, &token)?;
            if let Refreshed::Reused { session } = &refreshed {
                tx.record(None, Event::new(EventType::SessionReuseDetected, session))?;
            }
            Ok(refreshed)
        })
        .await?;
    match refreshed {
        Refreshed::Rotated {
            user,
            session,
            token,
        } => Reply::ok(&tokens(&signer, &db, user, session, token)?),
        Refreshed::Reused { .. } | Refreshed::Unknown => {
            Err(Refusal::by(Code::Unauthenticated, "ORG-6").into())
        }
    }
}

/// Sign out.
///
/// Ends the session that the refresh token belongs to. An unknown token answers the same.
#[utoipa::path(tag = "Sign-in", security(()), request_body = RefreshToken,
    responses((status = 204, description = "The session has ended.")),
    extensions(("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/logout")]
pub async fn logout(db: Data<Db>, given: Valid<RefreshToken>) -> Result<Reply<()>> {
    let token = given.0.refresh_token;
    db.write(move |tx| match model::refresh(tx, &token)? {
        Refreshed::Rotated { session, .. } => {
            model::end_session(tx, session)?;
            tx.record(None, Event::new(EventType::SessionEnded, session))?;
            Ok(())
        }
        Refreshed::Reused { session } => {
            tx.record(None, Event::new(EventType::SessionReuseDetected, session))?;
            Ok(())
        }
        Refreshed::Unknown => Ok(()),
    })
    .await?;
    Ok(Reply::no_content())
}

/// The keys that sign access tokens.
///
/// A JSON Web Key Set (RFC 7517) for whoever verifies our tokens itself.
#[utoipa::path(tag = "Sign-in", security(()), responses((status = 200, body = KeySetView, description = "All keys that are not retired.")))]
#[get("/.well-known/jwks.json")]
pub async fn list_signing_keys(signer: Data<Signer>) -> Result<Reply<KeySetView>> {
    Reply::ok(&KeySetView {
        keys: signer.public_keys().to_vec(),
    })
}
