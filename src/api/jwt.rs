//! Access tokens: short-lived JWTs (RFC 9068) signed with EdDSA; the keys lie sealed in the database.
use crate::db::Tx;
use crate::db::schema::signing_keys;
use crate::db::witness::Credential;
use crate::domain::id::{SessionId, UserId};
use crate::error::{Error, Result};
use crate::secret::{self, Purpose};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const AUDIENCE: &str = "mandat";
const KIND: &str = "at+jwt";

/// Signs access tokens with the newest key and verifies those of every key that is not retired.
pub struct Signer {
    issuer: String,
    lifetime: TimeDelta,
    current: String,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
    public: Vec<PublicKey>,
    /// The tokens whose signature was found good, by their hash: a signature costs as much as a read.
    /// What a token is good for is judged anew each time.
    verified: Mutex<HashMap<Vec<u8>, Verified>>,
}

/// What a well-signed token says.
#[derive(Debug, Clone)]
struct Verified {
    holder: Credential,
    not_before: i64,
    expires: i64,
}

/// How many tokens are remembered before all are forgotten.
const REMEMBERED: usize = 10_000;

/// A key of the published set (RFC 7517, RFC 8037).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = JsonWebKey)]
pub struct PublicKey {
    /// Which key a token names.
    #[schema(example = "6f1c2e0a")]
    pub kid: String,
    /// Always `OKP`.
    #[schema(example = "OKP")]
    pub kty: &'static str,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    pub crv: &'static str,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    pub alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub usage: &'static str,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// When the person proved again who it is (RFC 9470); tokens of an ordinary sign-in have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

impl Signer {
    /// Reads the keys, and makes the first one where there is none.
    pub fn load(tx: &mut Tx, issuer: &str, lifetime: TimeDelta) -> Result<Self> {
        let mut rows = keys(tx)?;
        if rows.is_empty() {
            make_key(tx)?;
            rows = keys(tx)?;
        }
        let (current, sealed) = rows
            .first()
            .map(|(id, sealed, _)| (id.clone(), sealed))
            .ok_or_else(|| Error::internal("there is no signing key"))?;
        let private = tx.keys.open(Purpose::SigningKey, sealed)?;
        Ok(Self {
            issuer: issuer.into(),
            lifetime,
            signing: EncodingKey::from_ed_der(&private),
            verifying: rows
                .iter()
                .map(|(id, _, public)| (id.clone(), DecodingKey::from_ed_der(public)))
                .collect(),
            public: rows
                .iter()
                .map(|(id, _, public)| PublicKey::new(id, public))
                .collect(),
            verified: Mutex::default(),
            current,
        })
    }

    pub fn public_keys(&self) -> &[PublicKey] {
        &self.public
    }

    /// Seconds for which a token is good.
    pub fn lifetime(&self) -> i64 {
        self.lifetime.num_seconds()
    }

    pub fn sign(&self, user: UserId, session: SessionId, now: NaiveDateTime) -> Result<String> {
        self.sign_with(user, session, now, None)
    }

    /// For a person that has just proved again who it is.
    pub fn sign_again(
        &self,
        user: UserId,
        session: SessionId,
        now: NaiveDateTime,
    ) -> Result<String> {
        self.sign_with(user, session, now, Some(now.and_utc().timestamp()))
    }

    fn sign_with(
        &self,
        user: UserId,
        session: SessionId,
        now: NaiveDateTime,
        auth_time: Option<i64>,
    ) -> Result<String> {
        let issued = now.and_utc().timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.into(),
            sub: user.to_string(),
            sid: session.to_string(),
            iat: issued,
            nbf: issued,
            exp: issued + self.lifetime(),
            auth_time,
        };
        let header = Header {
            typ: Some(KIND.into()),
            kid: Some(self.current.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(Error::internal)
    }

    /// What a good token says; nothing of why a bad one is bad. The expiry is judged by our own
    /// clock, which tests move.
    pub fn verify(&self, token: &str, now: NaiveDateTime) -> Option<Credential> {
        let hash = secret::token_hash(token);
        let remembered = self.verified.lock().get(&hash).cloned();
        let verified = match remembered {
            Some(verified) => verified,
            None => {
                let verified = self.well_signed(token)?;
                let mut all = self.verified.lock();
                if all.len() >= REMEMBERED {
                    all.clear();
                }
                all.insert(hash, verified.clone());
                verified
            }
        };
        let instant = now.and_utc().timestamp();
        (verified.not_before <= instant && instant < verified.expires).then_some(verified.holder)
    }

    fn well_signed(&self, token: &str) -> Option<Verified> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(KIND) {
            return None;
        }
        let key = self.verifying.get(header.kid.as_deref()?)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[&self.issuer]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &rules)
            .ok()?
            .claims;
        Some(Verified {
            holder: Credential::Session {
                user: claims.sub.parse().ok()?,
                session: claims.sid.parse().ok()?,
                authenticated_at: claims.auth_time.and_then(instant_of),
            },
            not_before: claims.nbf,
            expires: claims.exp,
        })
    }
}

fn instant_of(timestamp: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(timestamp, 0).map(|at| at.naive_utc())
}

impl PublicKey {
    fn new(id: &str, public: &[u8]) -> Self {
        Self {
            kid: id.into(),
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            x: URL_SAFE_NO_PAD.encode(public),
        }
    }
}

/// A key's id, its sealed private half and its public half.
type Key = (String, Vec<u8>, Vec<u8>);

/// The keys that are not retired, the newest first.
fn keys(tx: &mut Tx) -> Result<Vec<Key>> {
    Ok(signing_keys::table
        .filter(signing_keys::retired_at.is_null())
        .order((signing_keys::created_at.desc(), signing_keys::id))
        .select((
            signing_keys::id,
            signing_keys::sealed,
            signing_keys::public_key,
        ))
        .load(tx.conn)?)
}

fn make_key(tx: &mut Tx) -> Result<()> {
    let pair = Ed25519KeyPair::generate().map_err(Error::from)?;
    let private = pair.to_pkcs8v1().map_err(Error::from)?;
    let id = URL_SAFE_NO_PAD.encode(secret::random::<9>()?);
    diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::id.eq(id),
            signing_keys::sealed.eq(tx.keys.seal(Purpose::SigningKey, private.as_ref())?),
            signing_keys::public_key.eq(pair.public_key().as_ref()),
            signing_keys::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}
