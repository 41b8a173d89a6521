//! One attempt: resolve the receiver once, check every address, connect to those and no other.
use crate::domain::webhook::{is_local_name, is_public};
use chrono::{DateTime, NaiveDateTime};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use url::{Host, Url};

/// How long connecting may take, and all of it.
const CONNECT: Duration = Duration::from_secs(5);
pub const WHOLE: Duration = Duration::from_secs(15);
/// How much of an answer is kept, in bytes.
const KEPT: usize = 1024;
/// The longest that a receiver may put us off, in seconds.
const LONGEST_WAIT: i64 = 86_400;

/// A message as it goes out.
pub struct Message {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: String,
}

/// What came of an attempt.
pub struct Attempt {
    /// None if there was no answer at all.
    pub status: Option<u16>,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// Seconds for which the receiver does not want to be asked.
    pub wait: Option<i64>,
}

impl Attempt {
    fn unanswered(why: impl ToString) -> Self {
        Self {
            status: None,
            answer: cut(why.to_string()),
            wait: None,
        }
    }

    pub fn is_delivered(&self) -> bool {
        matches!(self.status, Some(200..=299))
    }
}

/// Why no webhook may go to this address, by a stable code; what its name leads to is judged when
/// it is sent.
pub fn fault_of(url: &Url, private: bool) -> Option<&'static str> {
    match (url.scheme(), url.host()) {
        (_, None) => Some("invalid"),
        _ if !url.username().is_empty() || url.password().is_some() => Some("url_credentials"),
        ("https", _) if private => None,
        ("http", _) if private => None,
        ("https", Some(Host::Domain(name))) if is_local_name(name) => Some("url_private"),
        ("https", Some(Host::Domain(_))) => None,
        ("https", Some(Host::Ipv4(address))) if is_public(address.into()) => None,
        ("https", Some(Host::Ipv6(address))) if is_public(address.into()) => None,
        ("https", Some(_)) => Some("url_private"),
        _ => Some("url_not_https"),
    }
}

/// Connects to one receiver: its name was resolved once, and every address checked.
pub struct Receiver {
    client: Client,
    url: Url,
}

impl Receiver {
    /// Refuses a receiver of which any address is private, unless the configuration allows it.
    pub async fn find(url: &str, private: bool) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        if let Some(fault) = fault_of(&url, private) {
            return Err(fault.into());
        }
        let addresses = resolve(&url).await?;
        if addresses.is_empty() {
            return Err("the name has no address".into());
        }
        if !private && !addresses.iter().all(|address| is_public(address.ip())) {
            return Err("url_private".into());
        }
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(concat!("Mandat/", env!("CARGO_PKG_VERSION")))
            .resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, url })
    }

    /// Sends once. `now` is what a date in `Retry-After` is counted from.
    pub async fn send(&self, message: Message, now: NaiveDateTime) -> Attempt {
        let sent = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signature)
            .body(message.body);
        match sent.send().await {
            Ok(answer) => Attempt {
                status: Some(answer.status().as_u16()),
                wait: wait(answer.headers(), now),
                answer: beginning(answer).await,
            },
            Err(error) => Attempt::unanswered(reason(&error)),
        }
    }
}

impl From<String> for Attempt {
    /// A receiver that cannot be found.
    fn from(why: String) -> Self {
        Self::unanswered(why)
    }
}

async fn resolve(url: &Url) -> Result<Vec<SocketAddr>, String> {
    let port = url.port_or_known_default().unwrap_or(443);
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(vec![(IpAddr::from(address), port).into()]),
        Some(Host::Ipv6(address)) => Ok(vec![(IpAddr::from(address), port).into()]),
        Some(Host::Domain(name)) => {
            let asked = tokio::time::timeout(CONNECT, tokio::net::lookup_host((name, port))).await;
            let found = asked.map_err(|_| "the name was not resolved in time")?;
            Ok(found.map_err(|error| error.to_string())?.collect())
        }
        None => Err("invalid".into()),
    }
}

/// The beginning of an answer; however long the rest is, it is not read.
async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < KEPT {
        match answer.chunk().await {
            Ok(Some(more)) => bytes.extend_from_slice(&more),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(KEPT);
    cut(String::from_utf8_lossy(&bytes).into_owned())
}

/// Without what PostgreSQL cannot keep in a text.
fn cut(text: String) -> String {
    text.replace('\0', "\u{fffd}").chars().take(KEPT).collect()
}

/// The innermost cause says most, and names no address of ours.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error.is_timeout() {
        true => "timeout".into(),
        false => cause.to_string(),
    }
}

/// Seconds, or a date (RFC 9110).
fn wait(headers: &HeaderMap, now: NaiveDateTime) -> Option<i64> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = value.parse().ok().or_else(|| {
        let date = DateTime::parse_from_rfc2822(value).ok()?;
        Some((date.naive_utc() - now).num_seconds())
    })?;
    (seconds > 0).then_some(seconds.min(LONGEST_WAIT))
}
