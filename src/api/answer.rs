//! The outermost layer: gives each request its id, writes what went wrong, and closes the answer
//! with the headers that every one carries.
use super::caller::RequestId;
use super::locale;
use super::paths::Paths;
use super::problem::{self, Asked};
use super::requests::{self, Requests};
use super::span;
use crate::db::Db;
use crate::db::reads::{Reads, Sightings};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{JsonPayloadError, PathError};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Wraps every request.
pub async fn layer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = request_id(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let trace = sane(request.headers(), &TRACEPARENT, 64);
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let span = span::of(&request, &id);
    // The request itself may not be held meanwhile: the router changes it.
    let answer = next.call(request).instrument(span.clone()).await?;
    let answer = answer.map_into_boxed_body();
    let asked = answer.request().clone();
    let mut answer = explain(answer, &asked, &id);
    if asked.method() == Method::GET
        && known.is_some()
        && known.as_ref() == answer.headers().get(ETAG)
    {
        let cache = answer.headers().get(CACHE_CONTROL).cloned();
        answer = instead(answer, HttpResponse::NotModified().finish());
        for (name, value) in [(ETAG, known.clone()), (CACHE_CONTROL, cache)] {
            if let Some(value) = value {
                answer.headers_mut().insert(name, value);
            }
        }
    }
    if [Method::GET, Method::HEAD].contains(asked.method())
        && answer.status().as_u16() < 400
        && let Err(error) = gather(&asked).await
    {
        // What cannot be recorded is not shown.
        tracing::error!(request_id = %id, %error, "the use of a support grant was not recorded");
        answer = instead(answer, document(&error.refusal(), &asked, &id));
    }
    close(answer.headers_mut(), &id, trace, asked.path());
    let (status, took) = (answer.status().as_u16(), started.elapsed());
    let route = requests::route(&asked);
    if let Some(requests) = asked.app_data::<Data<Requests>>() {
        requests.count(asked.method(), &route, status, took);
    }
    span::end(&span, status);
    tracing::info!(
        request_id = %id,
        method = %asked.method(),
        path = %route,
        status,
        micros = took.as_micros() as u64,
        "answered"
    );
    Ok(answer)
}

/// What was looked at on another's behalf goes to the audit log (AUD-1): by a support grant at once,
/// before the answer (SUP-4), all else within a second.
async fn gather(asked: &HttpRequest) -> crate::error::Result<()> {
    let sightings = asked.extensions_mut().remove::<Sightings>();
    let (Some(paths), Some(reads), Some(db)) = (
        asked.app_data::<Data<Paths>>(),
        asked.app_data::<Data<Reads>>(),
        asked.app_data::<Data<Db>>(),
    ) else {
        return Ok(());
    };
    let pattern = asked.match_pattern().unwrap_or_default();
    let (Some(sightings), Some(action)) = (sightings, paths.reading(&pattern)) else {
        return Ok(());
    };
    let (granted, others) = sightings.take();
    reads.gather(action, others, db.clock().now());
    if granted.is_empty() {
        return Ok(());
    }
    let (action, path) = (action.to_owned(), asked.path().to_owned());
    db.write(move |tx| tx.record_support_uses(&action, &path, &granted))
        .await
}

/// An error becomes a problem document in the reader's language.
fn explain(
    answer: ServiceResponse<BoxBody>,
    asked: &HttpRequest,
    id: &str,
) -> ServiceResponse<BoxBody> {
    let Some(error) = answer.response().error() else {
        return answer;
    };
    let refusal = match error.as_error::<Error>() {
        Some(ours) => {
            if ours.refusal().code == Code::Internal {
                tracing::error!(request_id = %id, error = %ours, "a request failed");
            }
            ours.refusal()
        }
        None => foreign(error),
    };
    let document = document(&refusal, asked, id);
    instead(answer, document)
}

/// Another response to the same request. What the layers below have told of the request itself stays:
/// what its caller has left, and who may read it (CORS).
fn instead(answer: ServiceResponse<BoxBody>, response: HttpResponse) -> ServiceResponse<BoxBody> {
    let told = |name: &HeaderName| {
        let of = ["access-control-", "ratelimit"];
        *name == VARY || of.iter().any(|begin| name.as_str().starts_with(begin))
    };
    let headers = answer.headers().iter();
    let kept: Vec<(HeaderName, HeaderValue)> = headers
        .filter(|(name, _)| told(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut answer = answer.into_response(response);
    for (name, value) in kept {
        answer.headers_mut().append(name, value);
    }
    answer
}

fn document(refusal: &Refusal, asked: &HttpRequest, id: &str) -> HttpResponse {
    let about = Asked {
        path: asked.path(),
        request_id: id,
        language: locale::accepted(asked),
    };
    problem::respond(refusal, &about)
}

/// The framework's own errors.
fn foreign(error: &actix_web::Error) -> Refusal {
    if let Some(error) = error.as_error::<PathError>() {
        return Refusal::not_found().with("note", error);
    }
    if error.as_error::<JsonPayloadError>().is_some() {
        return Refusal::new(Code::MalformedBody).with("reason", error);
    }
    match error.as_response_error().status_code().as_u16() {
        413 => Refusal::new(Code::PayloadTooLarge),
        status if status < 500 => Refusal::new(Code::InvalidParameter).with("reason", error),
        _ => {
            tracing::error!(%error, "the framework failed");
            Refusal::new(Code::Internal)
        }
    }
}

fn close(headers: &mut HeaderMap, id: &str, trace: Option<HeaderValue>, path: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(trace) = trace {
        headers.insert(TRACEPARENT, trace);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(if path.starts_with("/docs") {
            "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
        } else {
            "default-src 'none'; frame-ancestors 'none'"
        }),
    );
}

/// The caller's own id, if it is sane, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    sane(headers, &REQUEST_ID, 128)
        .and_then(|value| value.to_str().ok().map(str::to_owned))
        .unwrap_or_else(|| Uuid::now_v7().to_string())
}

fn sane(headers: &HeaderMap, name: &HeaderName, longest: usize) -> Option<HeaderValue> {
    let value = headers.get(name)?;
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let fits = !value.is_empty() && value.len() <= longest && value.as_bytes().iter().all(good);
    fits.then(|| value.clone())
}
