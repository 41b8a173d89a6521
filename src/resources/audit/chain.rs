//! The chain of the audit log: each row is linked to the one before by a keyed hash, and where the
//! chain ends is signed (AUD-1).
use crate::db::Tx;
use crate::db::schema::{audit_heads, audit_log};
use crate::domain::id::{EntryId, EventId, OrganizationId, PartnershipId, UserId};
use crate::error::{Error, Result};
use crate::secret::{Keyring, Purpose};
use aws_lc_rs::signature::{ED25519, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use std::fmt;
use std::str::FromStr;

/// What a link covers. The address itself is not among it: its digest is.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub struct Linked {
    pub id: EntryId,
    event_id: Option<EventId>,
    actor_id: Option<UserId>,
    credential: Option<String>,
    organization_id: Option<OrganizationId>,
    partner_id: Option<OrganizationId>,
    partnership_id: Option<PartnershipId>,
    action: String,
    rule: Option<String>,
    subject: String,
    detail: String,
    before: Option<String>,
    after: Option<String>,
    request_id: Option<String>,
    pub address_digest: Option<Vec<u8>>,
    recorded_at: NaiveDateTime,
}

impl Linked {
    /// The link of this row at this position after that link.
    pub fn link(&self, keys: &Keyring, previous: &[u8], position: i64) -> Result<Vec<u8>> {
        let instant = self.recorded_at.and_utc().timestamp_micros();
        let fields = [
            Some(self.id.bytes().as_slice()),
            bytes(&self.event_id),
            bytes(&self.actor_id),
            text(&self.credential),
            bytes(&self.organization_id),
            bytes(&self.partner_id),
            bytes(&self.partnership_id),
            Some(self.action.as_bytes()),
            text(&self.rule),
            Some(self.subject.as_bytes()),
            Some(self.detail.as_bytes()),
            text(&self.before),
            text(&self.after),
            text(&self.request_id),
            self.address_digest.as_deref(),
        ];
        let (position, instant) = (position.to_be_bytes(), instant.to_be_bytes());
        let mut parts: Vec<&[u8]> = vec![previous, &position, &instant];
        for field in fields {
            // Nothing is not the same as nothing written.
            parts.extend(match field {
                Some(field) => [b"some", field],
                None => [b"none".as_slice(), b""],
            });
        }
        Ok(keys.mac(Purpose::AuditChain, &parts)?.to_vec())
    }
}

fn bytes<K>(id: &Option<crate::domain::id::Id<K>>) -> Option<&[u8]> {
    id.as_ref().map(|id| id.bytes().as_slice())
}

fn text(field: &Option<String>) -> Option<&[u8]> {
    field.as_deref().map(str::as_bytes)
}

/// Where the chain ends, signed; written as one word, to be kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = audit_heads)]
pub struct Head {
    pub position: i64,
    pub link: Vec<u8>,
    pub signature: Vec<u8>,
}

const MARK: &str = "mandat-audit-1";

impl Head {
    fn sign(keys: &Keyring, position: i64, link: Vec<u8>) -> Result<Self> {
        let signer = keys.signer(Purpose::AuditHead, b"")?;
        let signature = signer.sign(&message(position, &link)).as_ref().to_vec();
        Ok(Self {
            position,
            link,
            signature,
        })
    }

    /// Whether this service signed it.
    pub fn is_ours(&self, keys: &Keyring) -> Result<bool> {
        let key = UnparsedPublicKey::new(&ED25519, public_key(keys)?);
        let said = message(self.position, &self.link);
        Ok(key.verify(&said, &self.signature).is_ok())
    }
}

/// What anyone can check a head's signature with.
pub fn public_key(keys: &Keyring) -> Result<Vec<u8>> {
    let signer = keys.signer(Purpose::AuditHead, b"")?;
    Ok(signer.public_key().as_ref().to_vec())
}

/// What is signed: the word without its signature.
fn message(position: i64, link: &[u8]) -> Vec<u8> {
    format!("{MARK}:{position}:{}", URL_SAFE_NO_PAD.encode(link)).into_bytes()
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (link, signature) = (
            URL_SAFE_NO_PAD.encode(&self.link),
            URL_SAFE_NO_PAD.encode(&self.signature),
        );
        write!(f, "{MARK}:{}:{link}:{signature}", self.position)
    }
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        let wrong = || Error::internal("this is no head of an audit log");
        let parts: Vec<&str> = word.trim().split(':').collect();
        let [MARK, position, link, signature] = parts.as_slice() else {
            return Err(wrong());
        };
        Ok(Self {
            position: position.parse().map_err(|_| wrong())?,
            link: URL_SAFE_NO_PAD.decode(link).map_err(|_| wrong())?,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong())?,
        })
    }
}

/// Where the chain ends now; none where it has not begun.
pub fn head(tx: &mut Tx) -> Result<Option<Head>> {
    Ok(audit_heads::table
        .order(audit_heads::position.desc())
        .select(Head::as_select())
        .first(tx.conn)
        .optional()?)
}

/// Links rows that have been committed, at most so many, and signs where the chain ends. It goes on
/// from the signed head and not from the last row, so that what was cut off leaves a gap. How many.
pub fn extend(tx: &mut Tx, most: i64) -> Result<usize> {
    let waiting: Vec<Linked> = audit_log::table
        .filter(audit_log::position.is_null())
        .order(audit_log::id)
        .limit(most)
        .select(Linked::as_select())
        .load(tx.conn)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (mut position, mut link) = match head(tx)? {
        None => (0, Vec::new()),
        Some(head) if head.is_ours(tx.keys)? => (head.position, head.link),
        Some(head) => {
            return Err(Error::internal(format!(
                "the audit log's head at {} is not signed by this service",
                head.position
            )));
        }
    };
    for row in &waiting {
        position += 1;
        link = row.link(tx.keys, &link, position)?;
        diesel::update(audit_log::table.find(row.id))
            .set((audit_log::position.eq(position), audit_log::link.eq(&link)))
            .execute(tx.conn)?;
    }
    keep(tx, &Head::sign(tx.keys, position, link)?)?;
    Ok(waiting.len())
}

/// One head a day, the last of it.
fn keep(tx: &mut Tx, head: &Head) -> Result<()> {
    let day = tx.now.date();
    let content = (
        audit_heads::position.eq(head.position),
        audit_heads::link.eq(&head.link),
        audit_heads::signature.eq(&head.signature),
        audit_heads::signed_at.eq(tx.now),
    );
    let known = diesel::update(audit_heads::table.find(day))
        .set(content)
        .execute(tx.conn)?;
    if known == 0 {
        diesel::insert_into(audit_heads::table)
            .values((audit_heads::day.eq(day), content))
            .execute(tx.conn)?;
    }
    Ok(())
}
