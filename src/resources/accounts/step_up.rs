//! The password again, for the acts of ORG-7. An API token cannot do them.
//!
//! A front end may ask for it once for several acts: the token that a re-authentication answers
//! stands in for the password for five minutes. A token of an ordinary sign-in does not, however
//! young: whoever finds an open screen must not be able to end a partnership. Whoever signed in at the
//! external issuer has no password here, and needs a token of a sign-in at most as old (RFC 9470).
use super::lockout::{self, Place};
use super::sign_in::AccessTokenView;
use super::totp::{self, Shown, Verdict};
use super::{model, password};
use crate::api::jwt::Signer;
use crate::api::{Caller, Reply, Valid};
use crate::db::record::Event;
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::SessionId;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::post;
use actix_web::web::Data;
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// How long a re-authentication stands in for the password.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// Proof that it is the person who asks: the hash that the password was compared with, to be
/// compared again inside the act; none where a fresh re-authentication stands in for it.
#[derive(Clone)]
pub struct PasswordGiven(Option<String>);

/// The session of a caller that signed in here.
pub fn session(identity: &Identity) -> Result<SessionId> {
    match identity.proof {
        Proof::Session(session) => Ok(session),
        Proof::Token(..) | Proof::External => {
            Err(Refusal::by(Code::SessionRequired, "ORG-7").into())
        }
    }
}

/// Compares the password, before the act and outside of its transaction. A wrong one counts
/// towards the lock-out.
pub async fn with_password(db: &Db, caller: &Caller, given: Option<&str>) -> Result<PasswordGiven> {
    let (asking, is_given) = (caller.clone(), given.is_some());
    let asked = db.read(move |tx| {
        let identity = asking.identify(tx)?;
        let (fresh, external) = (
            is_fresh(&identity, tx),
            matches!(identity.proof, Proof::External),
        );
        if external && !fresh {
            let refusal = Refusal::by(Code::InsufficientUserAuthentication, "ORG-7");
            return Err(refusal.with("max_age", FRESH.num_seconds()).into());
        }
        if fresh && (external || !is_given) {
            return Ok(None);
        }
        let place = Place::Session(session(&identity)?);
        let user = model::user(tx, identity.user)?;
        lockout::refuse_locked(tx, &user.email, &place)?;
        Ok(Some((user, place)))
    });
    let Some((user, place)) = asked.await? else {
        return Ok(PasswordGiven(None));
    };
    let Some(given) = given else {
        return Err(Refusal::by(Code::PasswordRequired, "ORG-7").into());
    };
    if password::verify(given.to_owned(), user.password_hash.clone()).await? {
        return Ok(PasswordGiven(user.password_hash));
    }
    db.write(move |tx| lockout::count_failure(tx, &user.email, &place))
        .await?;
    Err(Refusal::by(Code::WrongPassword, "ORG-7").into())
}

fn is_fresh(identity: &Identity, tx: &Tx) -> bool {
    let proven = identity.authenticated_at;
    proven.is_some_and(|proven| proven + FRESH > tx.now)
}

impl PasswordGiven {
    /// The password must not have changed since it was compared.
    pub fn still_holds(&self, tx: &mut Tx, identity: &Identity) -> Result<()> {
        if self.0.is_none() && is_fresh(identity, tx) {
            return Ok(());
        }
        let user = model::user(tx, identity.user)?;
        if self.0.is_some() && user.password_hash == self.0 {
            Ok(())
        } else {
            Err(Refusal::by(Code::WrongPassword, "ORG-7").into())
        }
    }
}

/// Who one is, again.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reauthentication {
    /// The caller's password.
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

/// Prove again who I am.
///
/// Answers an access token of the same session that for five minutes stands in for the password where an act asks for it again (ORG-7). A token of an ordinary sign-in does not.
#[utoipa::path(tag = "Sign-in", request_body = Reauthentication,
    responses((status = 200, body = AccessTokenView, description = "The token.")),
    extensions(("x-problems" = json!(["wrong_password", "second_factor_required", "wrong_second_factor", "session_required", "locked_out"])), ("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/reauthenticate")]
pub async fn reauthenticate(
    caller: Caller,
    db: Data<Db>,
    signer: Data<Signer>,
    given: Valid<Reauthentication>,
) -> Result<Reply<AccessTokenView>> {
    let given = given.0;
    let shown = Shown::read(given.totp_code, given.recovery_code)?;
    let proof = with_password(&db, &caller, Some(&given.password)).await?;
    let (user, session) = db
        .write(move |tx| {
            let identity = caller.identify(tx)?;
            proof.still_holds(tx, &identity)?;
            let session = session(&identity)?;
            let user = model::user(tx, identity.user)?;
            if let Err(refusal) = second_factor(tx, &user, &shown, &Place::Session(session))? {
                return Ok(Err(refusal));
            }
            let event = Event::new(EventType::UserReauthenticated, user.id);
            tx.record(Some(&identity), event)?;
            Ok(Ok((user.id, session)))
        })
        .await??;
    let token = signer.sign_again(user, session, db.clock().now())?;
    Reply::ok(&AccessTokenView::new(&signer, token))
}

/// Judges the second factor; a wrong one counts towards the lock-out, so the refusal must not undo it.
pub fn second_factor(
    tx: &mut Tx,
    user: &model::User,
    shown: &Shown,
    place: &Place,
) -> Result<std::result::Result<(), Refusal>> {
    let code = match totp::judge(tx, user, shown)? {
        Verdict::Passed => return Ok(Ok(())),
        Verdict::Missing => Code::SecondFactorRequired,
        Verdict::Wrong => {
            lockout::count_failure(tx, &user.email, place)?;
            Code::WrongSecondFactor
        }
    };
    Ok(Err(Refusal::by(code, "ORG-6")))
}
