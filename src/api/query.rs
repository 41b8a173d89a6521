//! Query parameters: typed, repeated for several values, and refused when unknown.
use super::body::{nearest, unknown};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::{Error, Result};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;
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

pub fn unknown_parameter(name: &str, known: &[String]) -> Refusal {
    let nearest = nearest(name, known);
    Refusal {
        faults: vec![Fault::new(name, "unknown_parameter").with("nearest", &nearest)],
        ..Refusal::new(Code::UnknownParameter)
            .with("parameter", name)
            .with("nearest", nearest)
    }
}
