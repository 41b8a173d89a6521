//! Many values in one body: a JSON array, or NDJSON of any length, read while it arrives.
use super::body::{self, is_json};
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use validator::Validate;

/// The most that an array may hold, in bytes.
const ARRAY: usize = 16 << 20;
/// The most that a line may hold, in bytes.
const LINE: usize = 64 << 10;

/// A value, or why it cannot be read.
pub type Line<T> = Result<T, Refusal>;

/// The body of a request that brings many.
pub struct Lines<T> {
    is_array: bool,
    payload: Payload,
    source: Source,
    kind: PhantomData<fn() -> T>,
}

enum Source {
    Unread,
    Array(std::vec::IntoIter<Value>),
    Stream(Stream),
}

impl<T> FromRequest for Lines<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_array = is_json(request);
        ready(match is_array || is_lines(request) {
            true => Ok(Self {
                is_array,
                payload: payload.take(),
                source: Source::Unread,
                kind: PhantomData,
            }),
            false => Err(Refusal::new(Code::UnsupportedMediaType).into()),
        })
    }
}

fn is_lines(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    ["application/x-ndjson", "application/jsonl"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
}

impl<T: DeserializeOwned + Validate> Lines<T> {
    /// At most so many more; none at the end.
    pub async fn next(&mut self, most: usize) -> Result<Vec<Line<T>>> {
        let mut lines = Vec::new();
        while lines.len() < most {
            let line = match &mut self.source {
                Source::Unread => {
                    self.open().await?;
                    continue;
                }
                Source::Array(values) => match values.next() {
                    Some(value) => Some(parse(&serde_json::to_vec(&value)?)?),
                    None => None,
                },
                Source::Stream(stream) => match stream.next(&mut self.payload).await? {
                    Some(Ok(line)) => Some(parse(&line)?),
                    Some(Err(refusal)) => Some(Err(refusal)),
                    None => None,
                },
            };
            match line {
                Some(line) => lines.push(line),
                None => break,
            }
        }
        Ok(lines)
    }

    async fn open(&mut self) -> Result<()> {
        self.source = match self.is_array {
            true => {
                let payload = std::mem::replace(&mut self.payload, Payload::None);
                let whole = body::read_up_to(true, payload, ARRAY).await?;
                let values: Vec<Value> = serde_json::from_slice(&whole)
                    .map_err(|error| Refusal::new(Code::MalformedBody).with("reason", error))?;
                Source::Array(values.into_iter())
            }
            false => Source::Stream(Stream::default()),
        };
        Ok(())
    }
}

/// A value is refused by itself; what is our own fault fails the whole.
fn parse<T: DeserializeOwned + Validate>(text: &[u8]) -> Result<Line<T>> {
    match body::parse(text) {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Refused(refusal)) => Ok(Err(*refusal)),
        Err(failed) => Err(failed),
    }
}

/// What has arrived of a stream and was not read yet.
#[derive(Default)]
struct Stream {
    arrived: BytesMut,
    /// The line at the front is longer than a line may be, and is left out to its end.
    too_long: bool,
    ended: bool,
}

impl Stream {
    /// The next line that is not blank.
    async fn next(&mut self, payload: &mut Payload) -> Result<Option<Result<Bytes, Refusal>>> {
        loop {
            if let Some(end) = self.arrived.iter().position(|byte| *byte == b'\n') {
                let line = self.arrived.split_to(end + 1).freeze();
                match self.whole(line) {
                    Some(line) => return Ok(Some(line)),
                    None => continue,
                }
            }
            if self.arrived.len() > LINE {
                self.arrived.clear();
                self.too_long = true;
            }
            if self.ended {
                let line = self.arrived.split().freeze();
                return Ok(self.whole(line));
            }
            match payload.next().await {
                Some(chunk) => self.arrived.extend_from_slice(&chunk.map_err(|_| {
                    Refusal::new(Code::MalformedBody).with("reason", "the connection broke")
                })?),
                None => self.ended = true,
            }
        }
    }

    fn whole(&mut self, line: Bytes) -> Option<Result<Bytes, Refusal>> {
        if std::mem::take(&mut self.too_long) || line.len() > LINE {
            return Some(Err(Refusal::new(Code::PayloadTooLarge).with("limit", LINE)));
        }
        let blank = line.iter().all(u8::is_ascii_whitespace);
        (!blank).then_some(Ok(line))
    }
}
