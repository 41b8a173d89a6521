//! Setting up the second factor of one's own account.
use super::model::{self, User};
use super::{mails, step_up, totp};
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::mail::MailTemplate;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::ToSchema;
use validator::Validate;

/// How an account's second factor stands.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactor)]
pub struct SecondFactorView {
    /// Whether signing in asks for it.
    enabled: bool,
    /// Since when.
    enabled_at: Option<DateTime<Utc>>,
    /// How many recovery codes are not used yet.
    #[schema(minimum = 0, maximum = 10, example = 10)]
    recovery_codes_left: i64,
}

/// What an authenticator app needs, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactorSecret)]
pub struct SecondFactorSecretView {
    /// The secret in base 32, to be typed.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: Option<String>,
    /// The same for a QR code.
    #[schema(
        format = "uri",
        example = "otpauth://totp/Mandat:claire%40atelier-lumen.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Mandat"
    )]
    uri: Option<String>,
}

/// Recovery codes, shown once: each signs in once in place of a code.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub struct RecoveryCodesView {
    /// Ten of them.
    #[schema(example = json!(["k4xq-7mzt-p2wd-h3vs"]))]
    recovery_codes: Option<Vec<String>>,
}

/// The password again.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordAgain {
    /// The caller's password; not needed with a token of a fresh re-authentication.
    #[validate(length(max = 256))]
    #[schema(example = "correct horse battery staple", nullable = false)]
    password: Option<String>,
}

/// A code that the authenticator app shows.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits.
    #[validate(length(min = 6, max = 8))]
    #[schema(example = "492039")]
    code: String,
}

/// How my second factor stands.
///
/// Whether signing in asks for a code, since when, and how many recovery codes are left.
#[utoipa::path(tag = "Me", responses((status = 200, body = SecondFactorView, description = "How it stands.")))]
#[get("/v1/me/second-factor")]
pub async fn get_second_factor(caller: Caller, db: Data<Db>) -> Result<Reply<SecondFactorView>> {
    db.read(move |tx| {
        let user = caller.identify(tx)?.user;
        let enabled_at = totp::find(tx, user)?.and_then(|factor| factor.confirmed_at);
        Reply::ok(&SecondFactorView {
            enabled: enabled_at.is_some(),
            enabled_at: enabled_at.map(|at| at.and_utc()),
            recovery_codes_left: totp::recovery_codes_left(tx, user)?,
        })
    })
    .await
}

/// Begin to set up a second factor.
///
/// Answers a secret for an authenticator app, shown this once. Nothing changes until a code confirms it; beginning again makes a new secret.
#[utoipa::path(tag = "Me", request_body = PasswordAgain,
    responses((status = 201, body = SecondFactorSecretView, description = "The secret.")),
    extensions(("x-problems" = json!(["second_factor_enabled", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/me/second-factor")]
pub async fn begin_second_factor(
    caller: Caller,
    db: Data<Db>,
    given: Post<PasswordAgain>,
) -> Result<Reply<SecondFactorSecretView>> {
    let proof = step_up::with_password(&db, &caller, given.body.password.as_deref()).await?;
    given
        .once(&db, caller, &["secret", "uri"], move |tx, identity, _| {
            proof.still_holds(tx, identity)?;
            let user = model::user(tx, identity.user)?;
            if totp::find(tx, user.id)?.is_some_and(|factor| factor.confirmed_at.is_some()) {
                return Err(Refusal::by(Code::SecondFactorEnabled, "ORG-6").into());
            }
            let secret = totp::begin(tx, user.id)?;
            let event = Event::new(EventType::SecondFactorBegun, user.id);
            tx.record(Some(identity), event)?;
            let view = SecondFactorSecretView {
                uri: Some(uri(&user.email, &secret)),
                secret: Some(secret),
            };
            Reply::created("/v1/me/second-factor".into(), &view)
        })
        .await
}

fn uri(email: &str, secret: &str) -> String {
    let label: String = form_urlencoded::byte_serialize(email.as_bytes()).collect();
    format!("otpauth://totp/Mandat:{label}?secret={secret}&issuer=Mandat")
}

/// Confirm my second factor.
///
/// With a code of the authenticator app. From then on signing in asks for one. Answers the recovery codes, shown this once.
#[utoipa::path(tag = "Me", request_body = TotpCode,
    responses((status = 200, body = RecoveryCodesView, description = "It is in use.")),
    extensions(("x-problems" = json!(["not_found", "second_factor_enabled", "session_required"]))))]
#[post("/v1/me/second-factor/confirm")]
pub async fn confirm_second_factor(
    caller: Caller,
    db: Data<Db>,
    given: Post<TotpCode>,
) -> Result<Reply<RecoveryCodesView>> {
    let secrets = &["recovery_codes"];
    given
        .once(&db, caller, secrets, |tx, identity, given| {
            step_up::session(identity)?;
            let user = model::user(tx, identity.user)?;
            let factor = totp::find(tx, user.id)?.ok_or_else(Refusal::not_found)?;
            if factor.confirmed_at.is_some() {
                return Err(Refusal::by(Code::SecondFactorEnabled, "ORG-6").into());
            }
            if !totp::spend(tx, user.id, &factor, &given.code)? {
                return Err(Refusal::fault("/code", "invalid", "ORG-6").into());
            }
            totp::confirm(tx, user.id)?;
            let event = Event::new(EventType::SecondFactorEnabled, user.id);
            let event = tx.record(Some(identity), event)?;
            mails::tell(tx, event, &user, MailTemplate::SecondFactorEnabled)?;
            let recovery_codes = Some(totp::renew_recovery_codes(tx, user.id)?);
            Reply::ok(&RecoveryCodesView { recovery_codes })
        })
        .await
}

/// Renew my recovery codes.
///
/// Those before are dead. Shown this once.
#[utoipa::path(tag = "Me", request_body = PasswordAgain,
    responses((status = 200, body = RecoveryCodesView, description = "The codes.")),
    extensions(("x-problems" = json!(["not_found", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/me/second-factor/recovery-codes")]
pub async fn renew_recovery_codes(
    caller: Caller,
    db: Data<Db>,
    given: Post<PasswordAgain>,
) -> Result<Reply<RecoveryCodesView>> {
    let proof = step_up::with_password(&db, &caller, given.body.password.as_deref()).await?;
    given
        .once(&db, caller, &["recovery_codes"], move |tx, identity, _| {
            proof.still_holds(tx, identity)?;
            let factor = totp::find(tx, identity.user)?;
            factor
                .and_then(|factor| factor.confirmed_at)
                .ok_or_else(Refusal::not_found)?;
            let event = Event::new(EventType::RecoveryCodesRenewed, identity.user);
            tx.record(Some(identity), event)?;
            let recovery_codes = Some(totp::renew_recovery_codes(tx, identity.user)?);
            Reply::ok(&RecoveryCodesView { recovery_codes })
        })
        .await
}

/// Disable my second factor.
///
/// With the password. Its recovery codes are dead too.
#[utoipa::path(tag = "Me", request_body = PasswordAgain,
    responses((status = 204, description = "Signing in asks for the password alone.")),
    extensions(("x-problems" = json!(["not_found", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/me/second-factor/disable")]
pub async fn disable_second_factor(
    caller: Caller,
    db: Data<Db>,
    given: Post<PasswordAgain>,
) -> Result<Reply<()>> {
    let proof = step_up::with_password(&db, &caller, given.body.password.as_deref()).await?;
    given
        .once(&db, caller, &[], move |tx, identity, _| {
            proof.still_holds(tx, identity)?;
            let user = model::user(tx, identity.user)?;
            totp::find(tx, user.id)?.ok_or_else(Refusal::not_found)?;
            remove(tx, identity, &user)?;
            Ok(Reply::no_content())
        })
        .await
}

/// Removes it and tells its owner, whoever does it.
pub fn remove(tx: &mut Tx, by: &Identity, user: &User) -> Result<()> {
    totp::remove(tx, user.id)?;
    let event = Event::new(EventType::SecondFactorDisabled, user.id);
    let event = tx.record(Some(by), event)?;
    mails::tell(tx, event, user, MailTemplate::SecondFactorDisabled)
}
