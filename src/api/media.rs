//! In which form the caller would rather have an answer.
use super::reply::Reply;
use crate::error::Error;
use actix_web::http::header::{
    Accept, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, Header, VARY,
};
use actix_web::{
    Either, FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, dev::Payload,
};
use std::future::{Ready, ready};

/// The forms that answers come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Json,
    Csv,
    Pdf,
}

impl Media {
    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Csv => ("text", "csv"),
            Self::Pdf => ("application", "pdf"),
        }
    }
}

/// The answer as JSON, or in another form.
pub type Formed<T> = Either<Reply<T>, HttpResponse>;

/// An answer that is kept as a file of this name.
pub fn download(kind: &str, file: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((VARY, "accept"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ));
    answer
}

/// What the `Accept` header asks for: kinds and their subtypes, the most wanted first.
#[derive(Debug, Clone)]
pub struct Accepts(Vec<(String, String)>);

impl Accepts {
    pub fn of(request: &HttpRequest) -> Self {
        let wanted = match Accept::parse(request) {
            Ok(accept) => accept.ranked(),
            // What cannot be read asks for nothing in particular.
            Err(_) => Vec::new(),
        };
        let names = wanted
            .iter()
            .map(|range| (range.type_().to_string(), range.subtype().to_string()));
        Self(names.collect())
    }

    /// The most wanted of what is offered; the first where nothing is.
    pub fn choose(&self, offered: &[Media]) -> Media {
        let fits = |(kind, subtype): &(String, String)| {
            offered.iter().copied().find(|media| {
                let name = media.name();
                (kind == "*" || kind == name.0) && (subtype == "*" || subtype == name.1)
            })
        };
        let first = offered.first().copied().unwrap_or(Media::Json);
        self.0.iter().find_map(fits).unwrap_or(first)
    }
}

impl FromRequest for Accepts {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
