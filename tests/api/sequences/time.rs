//! Instants that the model knows from when an act was sent and answered, until they are seen.
use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: NaiveDateTime,
    pub to: NaiveDateTime,
}

impl Span {
    pub fn at(instant: NaiveDateTime) -> Self {
        Self {
            from: instant,
            to: instant,
        }
    }

    pub fn is_over(self, now: NaiveDateTime) -> bool {
        self.to <= now
    }

    /// What is to be read: what was, if it lies within, and from then on nothing else.
    pub fn settle(&mut self, read: &Value) -> Value {
        match instant(read) {
            Some(at) if self.from <= at && at <= self.to => {
                *self = Self::at(at);
                read.clone()
            }
            _ => json!(format!(
                "from {} to {}",
                written(self.from),
                written(self.to)
            )),
        }
    }
}

pub fn instant(read: &Value) -> Option<NaiveDateTime> {
    let read = DateTime::parse_from_rfc3339(read.as_str()?).ok()?;
    Some(read.naive_utc())
}

/// As answers have it: what is nothing but noughts at the end is not written.
pub fn written(at: NaiveDateTime) -> String {
    at.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
