//! The second factor: codes that change every 30 seconds (RFC 6238), and recovery codes for whoever has lost them.
use super::mails;
use super::model::User;
use crate::db::record::Event;
use crate::db::schema::{recovery_codes, second_factors};
use crate::db::{Tx, insert_all};
use crate::domain::event::EventType;
use crate::domain::id::UserId;
use crate::domain::mail::MailTemplate;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::{Error, Result};
use crate::secret::{self, Purpose};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use totp_rs::Builder;

const RECOVERY_CODES: usize = 10;

#[derive(Queryable, Selectable)]
#[diesel(table_name = second_factors)]
pub struct Factor {
    sealed: Vec<u8>,
    last_step: i64,
    pub confirmed_at: Option<NaiveDateTime>,
}

/// What came with the password.
#[derive(Clone)]
pub enum Shown {
    Nothing,
    Code(String),
    RecoveryCode(String),
}

impl Shown {
    pub fn read(code: Option<String>, recovery_code: Option<String>) -> Result<Self> {
        match (code, recovery_code) {
            (None, None) => Ok(Self::Nothing),
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(code)) => Ok(Self::RecoveryCode(code)),
            (Some(_), Some(_)) => {
                let names = "totp_code, recovery_code";
                let fault = |at| Fault::new(at, "only_one").with("names", names);
                let faults = vec![fault("/totp_code"), fault("/recovery_code")];
                Err(Refusal::invalid(faults).rule("ORG-6").into())
            }
        }
    }
}

pub enum Verdict {
    Passed,
    Missing,
    Wrong,
}

/// A user's factor, whether or not it is confirmed yet.
pub fn find(tx: &mut Tx, user: UserId) -> Result<Option<Factor>> {
    Ok(second_factors::table
        .find(user)
        .select(Factor::as_select())
        .first(tx.conn)
        .optional()?)
}

/// Judges what came with the right password. A code that passes is spent.
pub fn judge(tx: &mut Tx, user: &User, shown: &Shown) -> Result<Verdict> {
    let factor = find(tx, user.id)?.filter(|factor| factor.confirmed_at.is_some());
    let Some(factor) = factor else {
        return Ok(Verdict::Passed);
    };
    let passed = match shown {
        Shown::Nothing => return Ok(Verdict::Missing),
        Shown::Code(code) => spend(tx, user.id, &factor, code)?,
        Shown::RecoveryCode(code) => spend_recovery_code(tx, user, code)?,
    };
    Ok(if passed {
        Verdict::Passed
    } else {
        Verdict::Wrong
    })
}

/// No code passes twice, nor one older than the last that passed (RFC 6238, 5.2).
pub fn spend(tx: &mut Tx, user: UserId, factor: &Factor, code: &str) -> Result<bool> {
    let secret = tx.keys.open(Purpose::SecondFactor, &factor.sealed)?;
    let secret = <[u8; 20]>::try_from(secret.as_slice()).map_err(Error::internal)?;
    let codes = Builder::new().with_secret(secret).build();
    let codes = codes.map_err(Error::internal)?;
    let seconds = u64::try_from(tx.now.and_utc().timestamp()).map_err(Error::internal)?;
    let Some(step) = codes.check(code, seconds) else {
        return Ok(false);
    };
    let step = i64::try_from(step).map_err(Error::internal)?;
    if step <= factor.last_step {
        return Ok(false);
    }
    diesel::update(second_factors::table.find(user))
        .set(second_factors::last_step.eq(step))
        .execute(tx.conn)?;
    Ok(true)
}

fn spend_recovery_code(tx: &mut Tx, user: &User, code: &str) -> Result<bool> {
    let hash = recovery_hash(tx, user.id, code)?;
    let spent = diesel::update(recovery_codes::table.find(hash))
        .filter(recovery_codes::used_at.is_null())
        .set(recovery_codes::used_at.eq(tx.now))
        .execute(tx.conn)?;
    if spent == 0 {
        return Ok(false);
    }
    let event = tx.record(None, Event::new(EventType::RecoveryCodeUsed, user.id))?;
    mails::tell(tx, event, user, MailTemplate::RecoveryCodeUsed)?;
    Ok(true)
}

/// Written as people like: with or without dashes, in either case.
fn recovery_hash(tx: &Tx, user: UserId, code: &str) -> Result<Vec<u8>> {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    let code: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    let parts = [user.bytes().as_slice(), code.as_bytes()];
    Ok(tx.keys.mac(Purpose::SecondFactor, &parts)?.to_vec())
}

/// Begins anew with a secret of 160 bits; answers it in base 32.
pub fn begin(tx: &mut Tx, user: UserId) -> Result<String> {
    let secret = secret::random::<20>()?;
    let sealed = tx.keys.seal(Purpose::SecondFactor, &secret)?;
    remove(tx, user)?;
    diesel::insert_into(second_factors::table)
        .values((
            second_factors::user_id.eq(user),
            second_factors::sealed.eq(sealed),
            second_factors::last_step.eq(0),
            second_factors::begun_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(secret::base32(&secret))
}

pub fn confirm(tx: &mut Tx, user: UserId) -> Result<()> {
    diesel::update(second_factors::table.find(user))
        .set(second_factors::confirmed_at.eq(tx.now))
        .execute(tx.conn)?;
    Ok(())
}

pub fn remove(tx: &mut Tx, user: UserId) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)))
        .execute(tx.conn)?;
    diesel::delete(second_factors::table.find(user)).execute(tx.conn)?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = recovery_codes, treat_none_as_default_value = false)]
struct RecoveryRow {
    hash: Vec<u8>,
    user_id: UserId,
}

/// New recovery codes of 80 bits; those before are dead.
pub fn renew_recovery_codes(tx: &mut Tx, user: UserId) -> Result<Vec<String>> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)))
        .execute(tx.conn)?;
    let codes = (0..RECOVERY_CODES).map(|_| recovery_code());
    let codes = codes.collect::<Result<Vec<String>>>()?;
    let rows = codes.iter().map(|code| {
        let hash = recovery_hash(tx, user, code)?;
        Ok(RecoveryRow {
            hash,
            user_id: user,
        })
    });
    let rows = rows.collect::<Result<Vec<RecoveryRow>>>()?;
    insert_all!(tx, recovery_codes::table, rows);
    Ok(codes)
}

/// Like `abcd-efgh-ijkl-mnop`.
fn recovery_code() -> Result<String> {
    let letters = secret::base32(&secret::random::<10>()?).to_ascii_lowercase();
    let groups: Vec<&str> = (0..letters.len())
        .step_by(4)
        .filter_map(|at| letters.get(at..at + 4))
        .collect();
    Ok(groups.join("-"))
}

pub fn recovery_codes_left(tx: &mut Tx, user: UserId) -> Result<i64> {
    Ok(recovery_codes::table
        .filter(recovery_codes::user_id.eq(user))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(tx.conn)?)
}
