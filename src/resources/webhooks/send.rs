//! One attempt: whoever connects resolves the receiver once, checks every address, and takes those and
//! no other.
use crate::config::Config;
use crate::domain::webhook::{is_local_name, is_public};
use crate::error::Error;
use chrono::{DateTime, NaiveDateTime};
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// How long connecting may take, and all of it.
const CONNECT: Duration = Duration::from_secs(5);
pub const WHOLE: Duration = Duration::from_secs(15);
/// How long a connection is kept for the next message: shorter than receivers keep theirs, so that none
/// is closed under a message.
const IDLE: Duration = Duration::from_secs(4);
/// How many connections to a receiver are kept.
const KEPT_OPEN: usize = 16;
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

/// The addresses of a name.
pub type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// As the system resolves names.
pub fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    })
}

/// Resolves a name for a connection, and judges what comes of it there and then: what a name leads to
/// a moment later matters to nobody.
struct Checked {
    lookup: Lookup,
    private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, private) = ((self.lookup)(name.as_str().to_owned()), self.private);
        Box::pin(async move {
            let found = found.await?;
            if found.is_empty() {
                return Err("the name has no address".into());
            }
            // One of them is enough: a name that leads to both is meant to deceive.
            if !private && !found.iter().all(|address| is_public(address.ip())) {
                return Err("url_private".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Sends to receivers, over connections that are kept for a while.
pub struct Sender {
    client: Client,
    private: bool,
}

impl Sender {
    pub fn open(config: &Config, lookup: Lookup) -> crate::error::Result<Self> {
        let private = config.webhooks_private;
        let roots = config
            .extra_roots
            .iter()
            .map(|root| Certificate::from_der(root));
        let roots = roots
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::internal)?;
        let client = Client::builder()
            .dns_resolver(Checked { lookup, private })
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT_OPEN)
            .tls_certs_merge(roots)
            .user_agent(concat!("Mandat/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(Error::internal)?;
        Ok(Self { client, private })
    }

    /// Sends once. `now` is what a date in `Retry-After` is counted from.
    pub async fn send(&self, url: &str, message: Message, now: NaiveDateTime) -> Attempt {
        let url = match Url::parse(url) {
            Ok(url) => url,
            Err(error) => return Attempt::unanswered(error),
        };
        // Addresses are no names, and are resolved by nobody.
        if let Some(fault) = fault_of(&url, self.private) {
            return Attempt::unanswered(fault);
        }
        let sent = self
            .client
            .post(url)
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

/// What is wrong with a certificate, else the innermost cause, which says most and names no address of ours.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timeout".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        if cause.is::<native_tls::Error>() {
            break;
        }
        cause = inner;
    }
    cause.to_string()
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
