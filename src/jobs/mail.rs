//! Sends the mails that are due, where a mail server is configured.
use super::Next;
use crate::error::Result;
use crate::resources::outbox::deliver::{MOST, claim, settle};
use crate::service::Service;
use futures_util::future::join_all;

/// Sends once what is due.
pub async fn step(service: Service) -> Result<Next> {
    let Some(mailer) = service.mailer.clone() else {
        return Ok(Next::Rest);
    };
    let config = service.config.clone();
    let claimed = service
        .db
        .write_beside(move |tx| claim(tx, &config))
        .await?;
    let more = claimed.len() == MOST as usize;
    let outcomes = join_all(claimed.into_iter().map(|mail| mailer.send(mail))).await;
    service
        .db
        .write_beside(move |tx| settle(tx, &outcomes))
        .await?;
    Ok(if more { Next::AtOnce } else { Next::Rest })
}
