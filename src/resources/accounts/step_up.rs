//! The password again, for the acts of ORG-7. An API token cannot do them.
use super::{model, password};
use crate::api::Caller;
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;

/// Proof that the caller gave its password in this request; the hash it was compared with is
/// compared again inside the act.
#[derive(Clone)]
pub struct PasswordGiven(String);

/// Compares the password, before the act and outside of its transaction. A wrong one counts
/// towards the lock-out.
pub async fn with_password(db: &Db, caller: &Caller, given: Option<&str>) -> Result<PasswordGiven> {
    let asking = caller.clone();
    let user = db
        .read(move |tx| {
            let identity = asking.identify(tx)?;
            let Proof::Session(_) = identity.proof else {
                return Err(Refusal::by(Code::SessionRequired, "ORG-7").into());
            };
            let user = model::user(tx, identity.user)?;
            model::refuse_locked(tx, &user.email)?;
            Ok(user)
        })
        .await?;
    let Some(given) = given else {
        return Err(Refusal::by(Code::PasswordRequired, "ORG-7").into());
    };
    if password::verify(given.to_owned(), user.password_hash.clone()).await? {
        return Ok(PasswordGiven(user.password_hash.unwrap_or_default()));
    }
    db.write(move |tx| model::count_failure(tx, &user.email))
        .await?;
    Err(Refusal::by(Code::WrongPassword, "ORG-7").into())
}

impl PasswordGiven {
    /// The password must not have changed since it was compared.
    pub fn still_holds(&self, tx: &mut Tx, identity: &Identity) -> Result<()> {
        let user = model::user(tx, identity.user)?;
        if user.password_hash.as_deref() == Some(self.0.as_str()) {
            Ok(())
        } else {
            Err(Refusal::by(Code::WrongPassword, "ORG-7").into())
        }
    }
}
