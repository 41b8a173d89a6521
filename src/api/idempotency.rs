//! POSTs that may be sent twice: the same key and content answer as the first time.
use super::body::{self, is_json};
use super::caller::Caller;
use super::query;
use super::reply::Reply;
use crate::db::schema::stored_answers;
use crate::db::turns::Turn;
use crate::db::witness::Identity;
use crate::db::{Db, Tx, directly};
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::{Error, Result};
use crate::secret::{self, Purpose};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use validator::Validate;

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// The body of a POST with its idempotency key.
pub struct Post<T> {
    pub body: T,
    once: Once,
    /// `?dry_run=true`: all checks, the answer, no effect.
    rehearsal: bool,
    /// What it is known to change beside others.
    turns: BTreeSet<Turn>,
}

/// What tells one act from another.
#[derive(Clone)]
struct Once {
    key: Option<String>,
    /// Method, path and body: what the same key must come with again.
    content: Vec<u8>,
}

/// A POST whose body says nothing.
#[derive(serde::Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: Clone + Send + Sync + 'static> Post<T> {
    /// Refuses a request without a key: for what moves money.
    pub fn keyed(self) -> Result<Self> {
        match self.once.key {
            Some(_) => Ok(self),
            None => Err(Refusal::new(Code::IdempotencyKeyRequired).into()),
        }
    }

    /// Takes turns with other acts of this organization, and with others of the same credential: they
    /// would change the same rows.
    pub fn in_turn(mut self, organization: OrganizationId) -> Self {
        self.turns.insert(Turn::of(organization.bytes()));
        self
    }

    /// Runs the act in one write, or answers as the first time. `secrets` name the fields that are
    /// shown once and are null in a replay.
    pub async fn once<V: 'static>(
        self,
        db: &Db,
        caller: Caller,
        secrets: &'static [&'static str],
        act: impl Fn(&mut Tx, &Identity, &T) -> Result<Reply<V>> + Send + 'static,
    ) -> Result<Reply<V>> {
        let Self {
            body,
            once,
            rehearsal,
            mut turns,
        } = self;
        if rehearsal {
            return rehearse(db, caller, body, act).await;
        }
        if !turns.is_empty() {
            turns.insert(caller.turn());
        }
        db.write_in_turn(&turns, move |tx| {
            let identity = caller.identify(tx)?;
            let Some(key) = &once.key else {
                return act(tx, &identity, &body);
            };
            let fingerprint = tx
                .keys
                .mac(Purpose::Fingerprint, &[&once.content])?
                .to_vec();
            if let Some(answer) = find(tx, identity.user, key, &fingerprint)? {
                return Ok(answer);
            }
            let answer = act(tx, &identity, &body)?;
            keep(tx, identity.user, key, fingerprint, &answer, secrets)?;
            Ok(answer)
        })
        .await
    }
}

/// Does it all and keeps nothing; what it would have made has no address.
async fn rehearse<T: Send + 'static, V: 'static>(
    db: &Db,
    caller: Caller,
    body: T,
    act: impl Fn(&mut Tx, &Identity, &T) -> Result<Reply<V>> + Send + 'static,
) -> Result<Reply<V>> {
    let answered = Arc::new(Mutex::new(None));
    let answer = answered.clone();
    let undone = db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let made = act(tx, &identity, &body)?;
        *answer.lock().map_err(Error::internal)? = Some(made);
        Err::<(), Error>(Error::Rehearsed)
    });
    match undone.await {
        Err(Error::Rehearsed) | Ok(()) => {
            let made = answered.lock().map_err(Error::internal)?.take();
            let mut made = made.ok_or_else(|| Error::internal("a rehearsal did not answer"))?;
            (made.location, made.etag) = (None, None);
            Ok(made)
        }
        Err(failed) => Err(failed),
    }
}

impl Clone for Nothing {
    fn clone(&self) -> Self {
        Self {}
    }
}

type Stored = (Vec<u8>, i32, Option<String>, Option<String>, String);

fn find<V>(tx: &mut Tx, user: UserId, key: &str, fingerprint: &[u8]) -> Result<Option<Reply<V>>> {
    let stored: Option<Stored> = directly!(tx, |conn| stored_answers::table
        .find((user, key))
        .select((
            stored_answers::fingerprint,
            stored_answers::status,
            stored_answers::location,
            stored_answers::etag,
            stored_answers::body,
        ))
        .first(conn))
    .optional()?;
    let Some((known, status, location, etag, body)) = stored else {
        return Ok(None);
    };
    if !secret::same(&known, fingerprint) {
        return Err(Refusal::new(Code::IdempotencyKeyReused).into());
    }
    let status = u16::try_from(status).map_err(Error::internal)?;
    let status = StatusCode::from_u16(status).map_err(Error::internal)?;
    let mut answer = Reply::stored(status, body);
    (answer.location, answer.etag, answer.replayed) = (location, etag, true);
    Ok(Some(answer))
}

fn keep<V>(
    tx: &mut Tx,
    user: UserId,
    key: &str,
    fingerprint: Vec<u8>,
    answer: &Reply<V>,
    secrets: &[&str],
) -> Result<()> {
    diesel::insert_into(stored_answers::table)
        .values((
            stored_answers::user_id.eq(user),
            stored_answers::key.eq(key),
            stored_answers::fingerprint.eq(fingerprint),
            stored_answers::status.eq(i32::from(answer.status.as_u16())),
            stored_answers::location.eq(&answer.location),
            stored_answers::etag.eq(&answer.etag),
            stored_answers::body.eq(without(&answer.body, secrets)?),
            stored_answers::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

fn without(body: &str, secrets: &[&str]) -> Result<String> {
    if secrets.is_empty() {
        return Ok(body.to_owned());
    }
    let mut value: Value = serde_json::from_str(body)?;
    for name in secrets {
        if let Some(field) = value.get_mut(*name) {
            *field = Value::Null;
        }
    }
    Ok(value.to_string())
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Post<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (key, is_json, payload) = (key(request), is_json(request), payload.take());
        let act = format!("{} {}\n", request.method(), request.uri());
        let rehearsal = rehearsal(request);
        Box::pin(async move {
            let body = body::read(is_json, payload).await?;
            let content = [act.as_bytes(), &body].concat();
            // A POST that needs no words may come without a body.
            let body = if body.is_empty() {
                Bytes::from_static(b"{}")
            } else {
                body
            };
            Ok(Self {
                body: body::parse(&body)?,
                once: Once { key: key?, content },
                rehearsal: rehearsal?,
                turns: BTreeSet::new(),
            })
        })
    }
}

/// Quoted, as the draft has it, or bare, as clients send it.
fn key(request: &HttpRequest) -> Result<Option<String>> {
    let Some(value) = request.headers().get(HEADER) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim_matches('"');
    if key.is_empty() || key.len() > LONGEST {
        return Err(Refusal::new(Code::IdempotencyKeyInvalid)
            .with("max", LONGEST)
            .into());
    }
    Ok(Some(key.to_owned()))
}

fn rehearsal(request: &HttpRequest) -> Result<bool> {
    let asked = query::parse::<Vec<(String, String)>>(request.query_string())?;
    match asked.iter().find(|(name, _)| name == "dry_run") {
        None => Ok(false),
        Some((_, value)) => value.parse().map_err(|_| {
            let fault = Fault::new("dry_run", "invalid");
            Error::from(Refusal {
                faults: vec![fault],
                ..Refusal::new(Code::InvalidParameter).with("reason", "dry_run")
            })
        }),
    }
}
