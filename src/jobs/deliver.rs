//! Delivers webhooks: one step serves one endpoint with what is due to it. Several workers do it side
//! by side, so that an endpoint that does not answer delays no other (NTF-3).
use super::Next;
use crate::error::Result;
use crate::resources::webhooks::send::{Attempt, Receiver};
use crate::resources::webhooks::work;
use crate::service::Service;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

/// Serves the endpoint that waits longest, for one round.
pub async fn step(service: Service) -> Result<Next> {
    let db = &service.db;
    if !db.read(work::is_due).await? {
        return Ok(Next::Rest);
    }
    let Some(claim) = db.write_beside(work::claim).await? else {
        return Ok(Next::Rest);
    };
    let claim = Arc::new(claim);
    let claimed = claim.clone();
    let mut bodies = db.read(move |tx| claimed.bodies(tx)).await?;
    let private = service.config.webhooks_private;
    let receiver = Receiver::find(&claim.endpoint.url, private).await;
    let mut held_up = HashSet::new();
    for due in &claim.due {
        let Some(body) = bodies
            .remove(&due.id)
            .filter(|_| !held_up.contains(&due.subject))
        else {
            continue;
        };
        let started = Instant::now();
        let attempt = match &receiver {
            Ok(receiver) => {
                let (claim, due) = (claim.clone(), due.clone());
                let signed = db.read(move |tx| Ok((claim.message(tx, &due, body)?, tx.now)));
                let (message, now) = signed.await?;
                receiver.send(message, now).await
            }
            Err(why) => Attempt::from(why.clone()),
        };
        if !attempt.is_delivered() {
            held_up.insert(due.subject.clone());
        }
        let millis = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (claim, due) = (claim.clone(), due.clone());
        let concluded = db.write_beside(move |tx| claim.conclude(tx, &due, &attempt, millis));
        if !concluded.await? {
            break;
        }
    }
    db.write_beside(move |tx| claim.release(tx)).await?;
    Ok(Next::AtOnce)
}
