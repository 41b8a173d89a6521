//! Whom to tell of a hole in the service (RFC 9116).
use crate::config::Config;
use crate::db::Db;
use crate::error::Result;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{NaiveTime, SecondsFormat, TimeDelta};

crate::api::room::room!(get_security_contact);

/// The file must be looked at again within a year; it is written anew every day.
const GOOD_FOR: TimeDelta = TimeDelta::days(180);

/// Whom to tell of a hole.
///
/// The `security.txt` of this service (RFC 9116).
#[utoipa::path(tag = "Service", security(()), responses((status = 200, body = String, content_type = "text/plain", description = "The contact.")))]
#[get("/.well-known/security.txt")]
pub async fn get_security_contact(db: Data<Db>, config: Data<Config>) -> Result<HttpResponse> {
    let expires = db.clock().now().date() + GOOD_FOR;
    let expires = expires.and_time(NaiveTime::MIN).and_utc();
    let text = format!(
        "Contact: {}\nExpires: {}\nPreferred-Languages: en, fr, de, it, es\nCanonical: {}/.well-known/security.txt\n",
        config.security_contact,
        expires.to_rfc3339_opts(SecondsFormat::Secs, true),
        config.public_url,
    );
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header(("cache-control", "public, max-age=86400"))
        .body(text))
}
