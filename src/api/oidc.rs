//! Access tokens of an external OpenID Connect issuer that the configuration trusts (ORG-6).
use crate::db::external::Subject;
use crate::error::{Error, Result};
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::sync::{Mutex, RwLock};

/// What a token may be signed with; never a shared secret.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256];
/// What a token may say it is (RFC 9068, and what issuers say that do not know it).
const KINDS: [&str; 2] = ["at+jwt", "jwt"];
/// How far its clock may be from ours, in seconds.
const LEEWAY: i64 = 30;
/// An unknown key makes us look again, but not more often than so: anyone can name one.
const AT_MOST_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Keys are looked at again after so long, so that a withdrawn one is not trusted for ever.
const GOOD_FOR: TimeDelta = TimeDelta::hours(1);
const PATIENCE: Duration = Duration::from_secs(5);

/// The issuer, and its keys as they were last seen.
pub struct Issuer {
    issuer: String,
    audience: String,
    jwks_url: Option<String>,
    http: reqwest::Client,
    keys: RwLock<Keys>,
    /// One asks at a time; whoever knows the key already does not wait for it.
    asking: Mutex<()>,
}

struct Keys {
    set: JwkSet,
    asked_at: Option<NaiveDateTime>,
}

impl Keys {
    /// The key of this name, and whether it is time to ask the issuer for them again.
    fn seen(&self, id: &str, now: NaiveDateTime) -> (Option<Jwk>, bool) {
        let key = self.set.find(id).cloned();
        let holds = if key.is_some() {
            GOOD_FOR
        } else {
            AT_MOST_EVERY
        };
        let due = self.asked_at.is_none_or(|asked| now - asked >= holds);
        (key, due)
    }
}

/// What a good token says.
pub struct Holder {
    pub who: Subject,
    /// When the person signed in there.
    pub authenticated_at: Option<NaiveDateTime>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    auth_time: Option<i64>,
}

/// The part of a provider's metadata that matters here (OpenID Connect Discovery 1.0).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// An empty URL of the keys is discovered when they are first needed.
    pub fn new(issuer: &str, audience: &str, jwks_url: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            jwks_url: Some(jwks_url.to_owned()).filter(|url| !url.is_empty()),
            http: http.build().map_err(Error::internal)?,
            keys: RwLock::new(Keys {
                set: JwkSet { keys: Vec::new() },
                asked_at: None,
            }),
            asking: Mutex::new(()),
        })
    }

    /// Who holds the token, if it is good; nothing of why a bad one is bad.
    pub async fn verify(&self, token: &str, now: NaiveDateTime) -> Option<Holder> {
        let header = decode_header(token).ok()?;
        let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
        if !ALGORITHMS.contains(&header.alg)
            || kind.is_some_and(|kind| !KINDS.contains(&kind.as_str()))
        {
            return None;
        }
        let key = self.key(header.kid.as_deref()?, now).await?;
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By our own clock, below.
        rules.validate_exp = false;
        let key = DecodingKey::from_jwk(&key).ok()?;
        let claims = decode::<Claims>(token, &key, &rules).ok()?.claims;
        let instant = now.and_utc().timestamp();
        let begun = claims.nbf.is_none_or(|nbf| nbf <= instant + LEEWAY);
        (begun && instant < claims.exp + LEEWAY).then_some(())?;
        Some(Holder {
            who: Subject {
                issuer: self.issuer.clone(),
                subject: claims.sub,
                email: claims.email.filter(|_| claims.email_verified),
            },
            // A sign-in in the future is none.
            authenticated_at: claims
                .auth_time
                .filter(|at| *at <= instant + LEEWAY)
                .and_then(|at| DateTime::from_timestamp(at, 0))
                .map(|at| at.naive_utc()),
        })
    }

    /// The key of this name; an unknown one may be new. While the issuer does not answer, the keys
    /// that were last seen hold.
    async fn key(&self, id: &str, now: NaiveDateTime) -> Option<Jwk> {
        let (key, due) = self.keys.read().await.seen(id, now);
        if !due {
            return key;
        }
        let _turn = self.asking.lock().await;
        // Whoever had the turn before may have asked already.
        let (_, due) = self.keys.read().await.seen(id, now);
        if due {
            let fetched = self.fetch().await;
            let mut keys = self.keys.write().await;
            keys.asked_at = Some(now);
            match fetched {
                Ok(set) => keys.set = set,
                Err(error) => tracing::warn!(%error, "the external issuer's keys cannot be read"),
            }
        }
        self.keys.read().await.seen(id, now).0
    }

    async fn fetch(&self) -> Result<JwkSet> {
        let url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => {
                let issuer = self.issuer.trim_end_matches('/');
                let place = format!("{issuer}/.well-known/openid-configuration");
                let metadata: Metadata = self.get(&place).await?;
                if metadata.issuer != self.issuer {
                    let other = metadata.issuer;
                    return Err(Error::internal(format!("{place} is of {other}")));
                }
                metadata.jwks_uri
            }
        };
        self.get(&url).await
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T> {
        let answer = self.http.get(url).send().await.map_err(Error::internal)?;
        let answer = answer.error_for_status().map_err(Error::internal)?;
        answer.json().await.map_err(Error::internal)
    }
}
