//! Answers out: a view with the status and headers that its kind of request gives it.
use super::page::Page;
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use crate::secret;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, LINK, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, dev::Payload};
use serde::Serialize;
use std::future::{Ready, ready};
use std::marker::PhantomData;

/// An answer whose body is a `T`.
pub struct Reply<T> {
    pub status: StatusCode,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub link: Option<String>,
    /// The body as it goes out, so that a stored answer is the same to the letter.
    pub body: String,
    pub replayed: bool,
    cache: &'static str,
    kind: PhantomData<fn() -> T>,
}

impl<T: Serialize> Reply<T> {
    pub fn ok(view: &T) -> Result<Self> {
        Ok(Self::stored(StatusCode::OK, serde_json::to_string(view)?))
    }

    pub fn created(location: String, view: &T) -> Result<Self> {
        Ok(Self {
            status: StatusCode::CREATED,
            location: Some(location),
            ..Self::ok(view)?
        })
    }

    /// With the `ETag` of this version.
    pub fn version(mut self, version: i32) -> Self {
        self.etag = Some(format!("\"{version}-{}\"", self.hash()));
        self
    }

    /// Anyone's to keep, who asks anew each time whether it still holds: what vanishes, vanishes at once.
    pub fn shared(mut self) -> Self {
        self.cache = "public, no-cache";
        self.etag = Some(format!("\"{}\"", self.hash()));
        self
    }

    fn hash(&self) -> String {
        let hash = secret::token_hash(&self.body);
        hash.iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl<T: Serialize> Reply<Page<T>> {
    pub fn page(page: &Page<T>) -> Result<Self> {
        Ok(Self {
            link: page
                .next_link
                .as_ref()
                .map(|next| format!("<{next}>; rel=\"next\"")),
            ..Self::ok(page)?
        })
    }
}

impl Reply<()> {
    pub fn no_content() -> Self {
        Self::stored(StatusCode::NO_CONTENT, String::new())
    }
}

impl<T> Reply<T> {
    pub fn stored(status: StatusCode, body: String) -> Self {
        Self {
            status,
            location: None,
            etag: None,
            link: None,
            body,
            replayed: false,
            cache: "private, no-cache",
            kind: PhantomData,
        }
    }
}

impl<T> Responder for Reply<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((CACHE_CONTROL, self.cache));
        for (name, value) in [
            (LOCATION, self.location),
            (ETAG, self.etag),
            (LINK, self.link),
        ] {
            if let Some(value) = value {
                answer.insert_header((name, value));
            }
        }
        if self.replayed {
            answer.insert_header(("Idempotency-Replayed", "true"));
        }
        if self.status == StatusCode::NO_CONTENT {
            return answer.finish();
        }
        answer.insert_header((CONTENT_TYPE, "application/json"));
        answer.body(self.body)
    }
}

/// The version that a change was made from.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Refuses a change that was made from another version; without the header nothing is compared.
    pub fn check(&self, version: i32) -> Result<()> {
        match &self.0 {
            Some(tags) if !matches(tags, version) => Err(Refusal::new(Code::VersionMismatch)
                .with("version", version)
                .into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Where two people edit the same thing the header is required.
    pub fn required(&self, version: i32) -> Result<()> {
        match self.0 {
            None => Err(Refusal::new(Code::IfMatchRequired).into()),
            Some(_) => self.check(version),
        }
    }
}

/// The version stands before the dash; a body hash behind it is not compared.
fn matches(tags: &str, version: i32) -> bool {
    tags.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag.split('-').next() == Some(version.to_string().as_str()))
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let tags = request
            .headers()
            .get(IF_MATCH)
            .and_then(|value| value.to_str().ok());
        ready(Ok(Self(tags.map(str::to_owned))))
    }
}
