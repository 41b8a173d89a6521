//! Who is calling: what the credential says, and nothing more. Rights are those of the transaction.
use super::jwt::Signer;
use crate::db::reads::Sightings;
use crate::db::witness::{self, Credential, Identity, Proof};
use crate::db::{Db, Tx};
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
use std::future::{Ready, ready};

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
            request_id: self.about.request_id.clone(),
            address: self.about.address.clone(),
            sightings: self.sightings.clone(),
        })
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
            address: request.peer_addr().map(|address| address.ip().to_string()),
            user_agent: agent
                .and_then(|agent| agent.to_str().ok())
                .map(|agent| agent.chars().take(200).collect()),
        }
    }
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
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.headers().contains_key(AUTHORIZATION) {
            true => read(request).map(|caller| Self(Some(caller))),
            false => Ok(Self(None)),
        })
    }
}

fn read(request: &HttpRequest) -> Result<Caller> {
    let nobody = || Refusal::new(Code::Unauthenticated);
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(nobody)?;
    let credential = if token.starts_with(TOKEN_PREFIX) {
        Credential::Token(secret::token_hash(token))
    } else {
        let (Some(signer), Some(db)) = (
            request.app_data::<Data<Signer>>(),
            request.app_data::<Data<Db>>(),
        ) else {
            return Err(Error::internal(
                "the application lacks its signer or its database",
            ));
        };
        signer.verify(token, db.clock().now()).ok_or_else(nobody)?
    };
    Ok(Caller {
        credential,
        scope: scope(request),
        about: Origin::of(request),
        sightings: sightings(request),
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
