//! Looks through the ledger now and then, for whoever watches: what must never be is seen within minutes,
//! and not only when `mandat verify` is run (BIL-5).
use super::Next;
use crate::error::Result;
use crate::resources::billing::verify;
use crate::service::Service;

/// Counts what does not balance, where someone is told of it.
pub async fn step(service: Service) -> Result<Next> {
    if service.config.metrics_listen.is_some() {
        let unbalanced = service.db.read(verify::count_unbalanced).await?;
        let now = service.db.clock().now();
        service.metrics.checked(unbalanced, now);
    }
    Ok(Next::Rest)
}
