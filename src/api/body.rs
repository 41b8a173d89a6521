//! Bodies in: JSON only, unknown fields refused, every fault of a readable body named at once.
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::{Error, Result};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// The most that a body may hold, in bytes.
const LIMIT: usize = 1 << 20;

/// A body that could be read and is valid as far as it can be judged alone.
pub struct Valid<T>(pub T);

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Valid<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (is_json, payload) = (is_json(request), payload.take());
        Box::pin(async move { Ok(Self(parse(&read(is_json, payload).await?)?)) })
    }
}

/// Merge patches are JSON too (RFC 7396).
pub fn is_json(request: &HttpRequest) -> bool {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence == "application/merge-patch+json"
}

pub async fn read(is_json: bool, payload: Payload) -> Result<Bytes> {
    read_up_to(is_json, payload, LIMIT).await
}

/// Of at most so many bytes.
pub async fn read_up_to(is_json: bool, mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Refusal::new(Code::MalformedBody).with("reason", "the connection broke")
        })?;
        if body.len() + chunk.len() > limit {
            return Err(Refusal::new(Code::PayloadTooLarge)
                .with("limit", limit)
                .into());
        }
        body.extend_from_slice(&chunk);
    }
    if !is_json && !body.is_empty() {
        return Err(Refusal::new(Code::UnsupportedMediaType).into());
    }
    Ok(body.freeze())
}

pub fn parse<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value: T =
        serde_path_to_error::deserialize(&mut json).map_err(|error| unreadable(&error))?;
    json.end()
        .map_err(|error| Refusal::new(Code::MalformedBody).with("reason", error))?;
    value
        .validate()
        .map_err(|errors| Refusal::invalid(faults(&errors)))?;
    Ok(value)
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let reason = error.inner().to_string();
    let pointer = pointer(error.path());
    match unknown(&reason) {
        Some((name, known)) => Refusal {
            faults: vec![
                Fault::new(
                    format!("{}/{name}", parent(&pointer, &name)),
                    "unknown_field",
                )
                .with("nearest", nearest(&name, &known)),
            ],
            ..Refusal::new(Code::UnknownField)
                .with("field", &name)
                .with("nearest", nearest(&name, &known))
        },
        None => Refusal {
            faults: vec![Fault::new(pointer, "unreadable").with("reason", &reason)],
            ..Refusal::new(Code::MalformedBody).with("reason", reason)
        },
    }
}

/// Whether the path already ends in the field that is unknown depends on the shape around it.
fn parent<'p>(pointer: &'p str, name: &str) -> &'p str {
    pointer.strip_suffix(&format!("/{name}")).unwrap_or(pointer)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment::*;
    path.iter()
        .map(|segment| match segment {
            Seq { index } => format!("/{index}"),
            Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Enum { .. } | Unknown => String::new(),
        })
        .collect()
}

/// Reads serde's own words: "unknown field `x`, expected one of `a`, `b`".
pub fn unknown(reason: &str) -> Option<(String, Vec<String>)> {
    let rest = reason.strip_prefix("unknown field `")?;
    let mut ticked = rest.split('`').step_by(2).map(str::to_owned);
    Some((ticked.next()?, ticked.collect()))
}

/// The known name that is nearest to a wrong one.
pub fn nearest(wrong: &str, known: &[String]) -> String {
    known
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(wrong, a).total_cmp(&strsim::jaro_winkler(wrong, b)))
        .cloned()
        .unwrap_or_default()
}

/// The validator's tree as JSON Pointers.
pub fn faults(errors: &ValidationErrors) -> Vec<Fault> {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

fn collect(errors: &ValidationErrors, at: &str, found: &mut Vec<Fault>) {
    for (field, kind) in errors.errors() {
        let here = if field == "__all__" {
            at.to_owned()
        } else {
            format!("{at}/{field}")
        };
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &here, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{here}/{index}"), found);
                }
            }
            ValidationErrorsKind::Field(faults) => found.extend(faults.iter().map(|fault| {
                let code = CODES
                    .iter()
                    .find(|code| **code == fault.code)
                    .copied()
                    .unwrap_or("invalid");
                ["min", "max", "equal"]
                    .into_iter()
                    .fold(Fault::new(&here, code), |named, name| {
                        match fault.params.get(name) {
                            Some(value) => named.with(name, value),
                            None => named,
                        }
                    })
            })),
        }
    }
}

/// The validator's codes that have a sentence.
const CODES: &[&str] = &[
    "length",
    "range",
    "email",
    "url",
    "required",
    "blank",
    "amount",
    "rate",
    "country",
    "vat_number",
    "account_number",
];
