//! How many requests one caller may make in a minute, of this node: counted in memory, since a count
//! in the database would cost more than most of what it guards.
use super::caller;
use crate::db::{Clock, Db};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Error;
use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use chrono::{NaiveDateTime, TimeDelta};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
}

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
    turn.end(answer.status(), answer.headers_mut());
    Ok(answer)
}

/// A request's turn: who asks, and what that caller has left.
struct Turn {
    limits: Data<Limits>,
    clock: Clock,
    credential: Option<u64>,
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

    /// The minute that runs now. What a panic left of it is whole: nothing here is half done.
    fn minute(&self, now: NaiveDateTime) -> MutexGuard<'_, Minute> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
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
        let shown = request.headers().get(AUTHORIZATION);
        let mut turn = Self {
            credential: shown.map(|shown| limits.hasher.hash_one(shown.as_bytes())),
            address: limits.hasher.hash_one(caller::address(request)),
            limits,
            clock,
            left: 0,
            seconds: 0,
            refusal: None,
        };
        turn.count();
        Some(turn)
    }

    fn count(&mut self) {
        let (quota, now) = (self.limits.quota, self.clock.now());
        let mut minute = self.limits.minute(now);
        // Whoever has shown too many bad credentials is known by the address alone.
        let known = self.credential.filter(|_| minute.of(self.address) < quota);
        let who = known.unwrap_or(self.address);
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

    /// Tells the caller how it stands, in the fields of draft-ietf-httpapi-ratelimit-headers-10. A bad
    /// credential counts for its address too: nobody gets more by inventing others.
    fn end(self, status: StatusCode, headers: &mut HeaderMap) {
        if status == StatusCode::UNAUTHORIZED && self.credential.is_some() {
            let mut minute = self.limits.minute(self.clock.now());
            *minute.made.entry(self.address).or_default() += 1;
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
