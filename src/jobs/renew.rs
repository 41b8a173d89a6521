//! Renews what is set to automatic when it is due (BIL-8). What is not renewed expires without a job.
use super::Next;
use crate::db::lease;
use crate::error::Result;
use crate::resources::renewals::due;
use crate::service::Service;
use chrono::TimeDelta;

/// Renews as much as one transaction goes.
pub async fn step(service: Service) -> Result<Next> {
    let (node, days) = (service.node, service.config.renewal_days_before);
    let done = service.db.write(move |tx| {
        if !lease::take(tx, "renew", node, TimeDelta::minutes(5))? {
            return Ok(0);
        }
        due::renew(tx, days)
    });
    Ok(match done.await? < due::MOST as usize {
        true => Next::Rest,
        false => Next::AtOnce,
    })
}
