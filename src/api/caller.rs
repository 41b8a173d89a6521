//! Who is calling: what the credential says, and nothing more. Rights are those of the transaction.
use super::jwt::Signer;
use super::oidc::{Holder, Issuer};
use crate::db::reads::Sightings;
use crate::db::turns::Turn;
use crate::db::witness::{self, Credential, Identity, Proof};
use crate::db::{Db, Tx, external};
use crate::domain::id::UserId;
use crate::domain::locale::Language;
use crate::domain::organization::OperatorRole;
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use crate::secret;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, USER_AGENT};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use chrono::NaiveDateTime;
use std::future::{Future, Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;

/// Every API token begins so, and no access token does.
pub const TOKEN_PREFIX: &str = "mdt_";

#[derive(Debug, Clone)]
pub struct Caller {
    credential: Credential,
    /// The scope that an API token needs for this request.
    scope: &'static str,
    about: Origin,
    sightings: Sightings,
}

/// Where a request came from.
#[derive(Debug, Clone)]
pub struct Origin {
    pub request_id: String,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// Somebody who may or may not be signed in: a credential that is shown must be a good one.
#[derive(Debug, Clone)]
pub struct Visitor(Option<Caller>);

impl Visitor {
    /// Who it is, if it says so.
    pub fn identify(&self, tx: &mut Tx) -> Result<Option<Identity>> {
        self.0
            .as_ref()
            .map(|caller| caller.identify(tx))
            .transpose()
    }
}

/// The reverse proxies whose word is believed about whom they forward.
pub struct Proxies(pub Vec<IpAddr>);

/// A credential was asked for and shown; unless the answer says otherwise, it was a good one.
pub struct Shown;

/// The id that the outermost layer gave this request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl Caller {
    /// The person behind the credential, as this transaction knows it.
    pub fn identify(&self, tx: &mut Tx) -> Result<Identity> {
        let known = witness::identify(tx, &self.credential)?;
        self.admit(known)
    }

    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Whose acts wait for each other where they would collide.
    pub fn turn(&self) -> Turn {
        match &self.credential {
            Credential::Session { user, .. } | Credential::External { user, .. } => {
                Turn::of(user.bytes())
            }
            Credential::Token(hash) => Turn::of(hash),
        }
    }

    /// The same, for who has found out about the credential together with something else.
    pub fn admit(
        &self,
        (user, language, operator, proof): (UserId, Language, Option<OperatorRole>, Proof),
    ) -> Result<Identity> {
        if let Proof::Token(_, scopes) = &proof
            && !scopes.split(' ').any(|scope| scope == self.scope)
        {
            return Err(Refusal::by(Code::InsufficientScope, "ORG-6")
                .with("scope", self.scope)
                .into());
        }
        Ok(Identity {
            user,
            language,
            operator,
            proof,
            authenticated_at: self.authenticated_at(),
            request_id: self.about.request_id.clone(),
            address: self.about.address.clone(),
            sightings: self.sightings.clone(),
        })
    }
}

impl Caller {
    fn authenticated_at(&self) -> Option<NaiveDateTime> {
        match &self.credential {
            Credential::Session {
                authenticated_at, ..
            }
            | Credential::External {
                authenticated_at, ..
            } => *authenticated_at,
            Credential::Token(_) => None,
        }
    }
}

impl Origin {
    pub fn of(request: &HttpRequest) -> Self {
        let agent = request.headers().get(USER_AGENT);
        Self {
            request_id: request
                .extensions()
                .get::<RequestId>()
                .map(|id| id.0.clone())
                .unwrap_or_default(),
            address: address(request).map(|address| address.to_string()),
            user_agent: agent
                .and_then(|agent| agent.to_str().ok())
                .map(|agent| agent.chars().take(200).collect()),
        }
    }
}

/// The nearest address that is no trusted proxy's. Each proxy appends whom it heard, so the header is
/// read from its end: what stands before an untrusted address is that one's own invention.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let mut nearest = request.peer_addr()?.ip().to_canonical();
    let trusted = request.app_data::<Data<Proxies>>();
    let headers = request.headers().get_all("x-forwarded-for");
    let hops: Vec<&str> = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in hops.iter().rev() {
        if !trusted.is_some_and(|trusted| trusted.0.contains(&nearest)) {
            break;
        }
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        nearest = address.to_canonical();
    }
    Some(nearest)
}

impl FromRequest for Origin {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { read(&request).await })
    }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match request.headers().contains_key(AUTHORIZATION) {
                true => Ok(Self(Some(read(&request).await?))),
                false => Ok(Self(None)),
            }
        })
    }
}

async fn read(request: &HttpRequest) -> Result<Caller> {
    let token = token(request).ok_or_else(nobody)?;
    let credential = credential(request, &token).await?;
    request.extensions_mut().insert(Shown);
    Ok(Caller {
        credential,
        scope: scope(request),
        about: Origin::of(request),
        sightings: sightings(request),
    })
}

fn nobody() -> Error {
    Refusal::new(Code::Unauthenticated).into()
}

pub(super) fn token(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    let bearer = scheme.eq_ignore_ascii_case("bearer");
    bearer.then(|| token.trim().to_owned())
}

async fn credential(request: &HttpRequest, token: &str) -> Result<Credential> {
    if token.starts_with(TOKEN_PREFIX) {
        return Ok(Credential::Token(secret::token_hash(token)));
    }
    let (Some(signer), Some(db)) = (
        request.app_data::<Data<Signer>>(),
        request.app_data::<Data<Db>>(),
    ) else {
        return Err(Error::internal(
            "the application lacks its signer or its database",
        ));
    };
    if let Some(ours) = signer.verify(token, db.clock().now()) {
        return Ok(ours);
    }
    match request.app_data::<Data<Issuer>>() {
        Some(issuer) => vouched_for(issuer, db, token).await,
        None => Err(nobody()),
    }
}

/// Whoever the external issuer vouches for, once it is bound to an account.
async fn vouched_for(issuer: &Issuer, db: &Db, token: &str) -> Result<Credential> {
    let holder = issuer.verify(token, db.clock().now()).await;
    let Holder {
        who,
        authenticated_at,
    } = holder.ok_or_else(nobody)?;
    let known = who.clone();
    let user = match db.read(move |tx| external::user_of(tx, &known)).await? {
        Some(user) => Some(user),
        None => db.write(move |tx| external::bind(tx, &who)).await?,
    };
    Ok(Credential::External {
        user: user.ok_or_else(nobody)?,
        authenticated_at,
    })
}

/// What the outermost layer finds again when the request is answered.
fn sightings(request: &HttpRequest) -> Sightings {
    let sightings = Sightings::default();
    request.extensions_mut().insert(sightings.clone());
    sightings
}

fn scope(request: &HttpRequest) -> &'static str {
    let path = request.path();
    if path.starts_with("/v1/admin/") {
        "admin"
    } else if request.method() == Method::POST && path.starts_with("/v1/billing-events") {
        "billing"
    } else if request.method() == Method::GET
        || request.method() == Method::HEAD
        || path.starts_with("/v1/access-checks")
    {
        "read"
    } else {
        "write"
    }
}
