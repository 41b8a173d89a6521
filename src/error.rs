//! The one error of the crate.
use crate::domain::refusal::Refusal;

#[derive(Debug)]
pub enum Error {
    /// A rule said no.
    Refused(Box<Refusal>),
    /// The database said no.
    Database(diesel::result::Error),
    /// No connection, or no place in the queue, was free in time: to be tried again.
    Busy,
    /// The database does not answer.
    Unavailable(String),
    /// A rehearsal has gone well, and is undone.
    Rehearsed,
    /// What must not happen did; the text is for the log, never for the caller.
    Internal(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "refused: {}", refusal.code),
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Busy => write!(f, "busy"),
            Self::Rehearsed => write!(f, "rehearsed"),
            Self::Unavailable(why) => write!(f, "the database does not answer: {why}"),
            Self::Internal(what) => write!(f, "internal: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

impl From<aws_lc_rs::error::Unspecified> for Error {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::internal("a cryptographic operation failed")
    }
}
