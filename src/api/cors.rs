//! Which other sites' pages may call the service from a browser (CORS): none, unless the configuration
//! names them. A bearer token is all they need, so there are no cookies to let through.
use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE};
use actix_web::middleware::Condition;

/// How long a browser may trust the answer, in seconds.
const TRUSTED: usize = 3600;

/// What a page may send besides what every page may.
const SENT: [&str; 6] = [
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "tracestate",
    "x-request-id",
];

/// What a page may read of an answer: without it a browser shows none of them.
const SHOWN: [&str; 13] = [
    "allow",
    "content-disposition",
    "content-language",
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "traceparent",
    "www-authenticate",
    "x-request-id",
];

/// Lets through these origins; `*` is all of them.
pub fn of(origins: &[String]) -> Condition<Cors> {
    let cors = Cors::default()
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers([ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE])
        .allowed_headers(SENT)
        .expose_headers(SHOWN)
        .max_age(TRUSTED);
    let cors = match origins.iter().any(|origin| origin == "*") {
        true => cors.allow_any_origin().send_wildcard(),
        false => origins
            .iter()
            .fold(cors, |cors, origin| cors.allowed_origin(origin)),
    };
    Condition::new(!origins.is_empty(), cors)
}
