//! How many requests one caller may make in a minute, of this node: counted in memory, since a count
//! in the database would cost more than most of what it guards.
use super::caller::{self, Shown};
use crate::db::{Clock, Db};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use chrono::{NaiveDateTime, TimeDelta};
use parking_lot::{Mutex, MutexGuard};
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::net::IpAddr;

/// How long a count lasts, in seconds.
const WINDOW: i64 = 60;
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// The requests of everyone in the minute that runs. All minutes begin at once, so that nothing of an
/// old one has to be looked for and forgotten.
pub struct Limits {
    quota: u32,
    hasher: RandomState,
    minute: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    until: NaiveDateTime,
    made: HashMap<u64, u32>,
    /// The credentials that were found good, of this minute or of one before.
    proven: HashSet<u64>,
}

/// How many credentials are remembered as good before all are forgotten.
const REMEMBERED: usize = 10_000;

/// Wraps every request: counts it, or refuses the one too many.
pub async fn layer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(turn) = Turn::take(request.request()) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let mut answer = match &turn.refusal {
        Some(refusal) => request.error_response(Error::from(refusal.clone())),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let shown = answer.request().extensions().contains::<Shown>();
    let good = shown && answer.status() != StatusCode::UNAUTHORIZED;
    turn.end(good, answer.headers_mut());
    Ok(answer)
}

/// A request's turn: who asks, and what that caller has left.
struct Turn {
    limits: Data<Limits>,
    clock: Clock,
    /// What it shows, unless that was found good before.
    unproven: Option<u64>,
    address: u64,
    left: u32,
    seconds: i64,
    /// Why it is not this request's turn.
    refusal: Option<Refusal>,
}

impl Limits {
    /// None where there is no limit.
    pub fn new(quota: u32) -> Option<Self> {
        (quota > 0).then(|| Self {
            quota,
            hasher: RandomState::new(),
            minute: Mutex::default(),
        })
    }

    /// The minute that runs now.
    fn minute(&self, now: NaiveDateTime) -> MutexGuard<'_, Minute> {
        let mut minute = self.minute.lock();
        if minute.until <= now {
            minute.until = now + TimeDelta::seconds(WINDOW);
            minute.made.clear();
        }
        minute
    }
}

impl Minute {
    fn of(&self, who: u64) -> u32 {
        self.made.get(&who).copied().unwrap_or(0)
    }
}

impl Turn {
    /// Counts a request by its credential, else by where it comes from. Always free is whether the
    /// service lives, and what a browser asks before a page may call another site.
    fn take(request: &HttpRequest) -> Option<Self> {
        let free = ["/livez", "/readyz"].contains(&request.path());
        if free || request.method() == Method::OPTIONS {
            return None;
        }
        let limits = request.app_data::<Data<Limits>>()?.clone();
        let clock = request.app_data::<Data<Db>>()?.clock().clone();
        let shown = caller::token(request).map(|shown| limits.hasher.hash_one(shown));
        let mut turn = Self {
            unproven: None,
            address: limits.hasher.hash_one(network(caller::address(request))),
            limits,
            clock,
            left: 0,
            seconds: 0,
            refusal: None,
        };
        turn.count(shown);
        Some(turn)
    }

    /// Whoever has not shown a good credential yet counts by where it comes from.
    fn count(&mut self, shown: Option<u64>) {
        let (quota, now) = (self.limits.quota, self.clock.now());
        let mut minute = self.limits.minute(now);
        let proven = shown.filter(|one| minute.proven.contains(one));
        self.unproven = shown.filter(|_| proven.is_none());
        let who = proven.unwrap_or(self.address);
        let made = minute.of(who);
        self.seconds = (minute.until - now).num_seconds() + 1;
        if made < quota {
            minute.made.insert(who, made + 1);
            self.left = quota - made - 1;
        } else {
            let refusal = Refusal::new(Code::TooManyRequests);
            self.refusal = Some(refusal.with("seconds", self.seconds));
        }
    }

    /// A credential that was found good counts by itself from now on, wherever it comes from.
    fn prove(&mut self, credential: u64) {
        let mut minute = self.limits.minute(self.clock.now());
        if minute.proven.len() >= REMEMBERED {
            minute.proven.clear();
        }
        if minute.proven.insert(credential) {
            let made = minute.made.entry(self.address).or_default();
            *made = made.saturating_sub(1);
            let made = minute.made.entry(credential).or_default();
            *made += 1;
            self.left = self.limits.quota.saturating_sub(*made);
        }
    }

    /// Tells the caller how it stands, in the fields of draft-ietf-httpapi-ratelimit-headers-10.
    fn end(mut self, good: bool, headers: &mut HeaderMap) {
        let fresh = self.unproven.filter(|_| good && self.refusal.is_none());
        if let Some(credential) = fresh {
            self.prove(credential);
        }
        let (quota, left, seconds) = (self.limits.quota, self.left, self.seconds);
        for (name, value) in [
            (POLICY, format!("\"default\";q={quota};w={WINDOW}")),
            (STANDING, format!("\"default\";r={left};t={seconds}")),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// What one caller has many of, it is not told apart by: the lower half of an IPv6 address.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => IpAddr::V6((u128::from(long) >> 64 << 64).into()),
    })
}
