//! Sends the mails that are due, where a mail server is configured.
use super::Next;
use crate::error::Result;
use crate::resources::outbox::deliver::{MOST, claim, is_due, settle};
use crate::service::Service;
use futures_util::future::join_all;

/// Sends once what is due.
pub async fn step(service: Service) -> Result<Next> {
    let Some(mailer) = &service.mailer else {
        return Ok(Next::Rest);
    };
    // Without a write where nothing is to be done.
    if !service.db.read(is_due).await? {
        return Ok(Next::Rest);
    }
    let claimed = service.db.write_beside(claim).await?;
    let more = claimed.len() == MOST as usize;
    let (keys, config) = (service.db.keys(), &service.config);
    let sent = claimed
        .into_iter()
        .map(|mail| mailer.send(mail, keys, config));
    let outcomes = join_all(sent).await;
    service
        .db
        .write_beside(move |tx| settle(tx, &outcomes))
        .await?;
    Ok(if more { Next::AtOnce } else { Next::Rest })
}
