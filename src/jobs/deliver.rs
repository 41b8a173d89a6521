//! Delivers webhooks: one step serves one endpoint with what is due to it. Several workers do it side
//! by side, so that an endpoint that does not answer delays no other (NTF-3).
use super::Next;
use crate::error::{Error, Result};
use crate::resources::webhooks::claim::{self, Claim, Due, Lane};
use crate::resources::webhooks::outcome::Made;
use crate::service::Service;
use futures_util::future::try_join;
use futures_util::stream::{self, TryStreamExt};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedSender};

/// How many messages are under way to a receiver at a time, each of another resource.
const UNDER_WAY: usize = 8;
/// How long an endpoint's turn lasts at most; what is under way then is brought to its end.
const TURN: Duration = Duration::from_secs(10);
/// How many outcomes are written in one transaction.
const AT_ONCE: usize = 100;

/// Serves the endpoint that waits longest, for one round.
pub async fn step(service: Service) -> Result<Next> {
    let db = &service.db;
    if !db.read(claim::is_due).await? {
        return Ok(Next::Rest);
    }
    let Some(claim) = db.write_beside(claim::claim).await? else {
        return Ok(Next::Rest);
    };
    let claim = Arc::new(claim);
    let claimed = claim.clone();
    let mut lanes = db.read(move |tx| claimed.lanes(tx)).await?;
    let turn = Turn {
        service: service.clone(),
        claim: claim.clone(),
        until: Instant::now() + TURN,
        over: AtomicBool::new(false),
    };
    // The first goes alone: a receiver that is ill shows it by that one, and is left in peace.
    if let Some((due, body)) = lanes.first_mut().and_then(VecDeque::pop_front) {
        let first = turn.attempt(due, body).await?;
        let arrived = first.attempt.is_delivered();
        turn.conclude(vec![first]).await?;
        if arrived {
            turn.serve(lanes).await?;
        }
    }
    db.write_beside(move |tx| claim.release(tx)).await?;
    Ok(Next::AtOnce)
}

/// An endpoint's turn.
struct Turn {
    service: Service,
    claim: Arc<Claim>,
    until: Instant,
    over: AtomicBool,
}

impl Turn {
    /// Sends a resource's messages one after the other and those of several side by side, and writes
    /// down what came of some while others are under way.
    async fn serve(&self, lanes: Vec<Lane>) -> Result<()> {
        let (tell, mut told) = mpsc::unbounded_channel();
        let sending = async move {
            let lanes = stream::iter(lanes.into_iter().map(Ok));
            let follow = |lane| self.follow(lane, tell.clone());
            lanes.try_for_each_concurrent(UNDER_WAY, follow).await
        };
        let writing = async move {
            let mut made = Vec::new();
            while told.recv_many(&mut made, AT_ONCE).await > 0 {
                self.conclude(std::mem::take(&mut made)).await?;
            }
            Ok(())
        };
        try_join(sending, writing).await.map(drop)
    }

    /// One resource's messages, until one does not arrive.
    async fn follow(&self, lane: Lane, tell: UnboundedSender<Made>) -> Result<()> {
        for (due, body) in lane {
            if self.over.load(Ordering::Relaxed) || Instant::now() >= self.until {
                break;
            }
            let made = self.attempt(due, body).await?;
            let arrived = made.attempt.is_delivered();
            tell.send(made).map_err(Error::internal)?;
            if !arrived {
                break;
            }
        }
        Ok(())
    }

    async fn attempt(&self, due: Due, body: String) -> Result<Made> {
        let (db, claim) = (&self.service.db, &self.claim);
        let (at, started) = (db.clock().now(), Instant::now());
        let message = claim.message(db.keys(), at, &due, body)?;
        let sender = &self.service.sender;
        let attempt = sender.send(&claim.endpoint.url, message, at).await;
        Ok(Made {
            due,
            at,
            millis: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
            attempt,
        })
    }

    async fn conclude(&self, made: Vec<Made>) -> Result<()> {
        let claim = self.claim.clone();
        let concluded = self
            .service
            .db
            .write_beside(move |tx| claim.conclude(tx, &made));
        if !concluded.await? {
            self.over.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
