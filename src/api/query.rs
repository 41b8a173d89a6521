//! Query parameters: typed, repeated for several values, and refused when unknown.
use super::body::{nearest, unknown};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::{Error, Result};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::future::{Ready, ready};
use std::ops::Deref;

/// The parameters of a request.
pub struct Query<T>(pub T);

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    serde_html_form::from_str(query).map_err(|error| {
        let reason = error.to_string();
        match unknown(&reason) {
            Some((name, known)) => unknown_parameter(&name, &known).into(),
            None => Refusal::new(Code::InvalidParameter)
                .with("reason", reason)
                .into(),
        }
    })
}

/// An instant; a day stands for its beginning.
pub fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = <Cow<'de, str>>::deserialize(from)?;
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    let instant = text.parse().ok().or_else(|| Some(day()?.and_utc()));
    instant.map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "expected 2026-01-31T12:00:00Z or 2026-01-31, not `{text}`"
        ))
    })
}

pub fn unknown_parameter(name: &str, known: &[String]) -> Refusal {
    let nearest = nearest(name, known);
    Refusal {
        faults: vec![Fault::new(name, "unknown_parameter").with("nearest", &nearest)],
        ..Refusal::new(Code::UnknownParameter)
            .with("parameter", name)
            .with("nearest", nearest)
    }
}
