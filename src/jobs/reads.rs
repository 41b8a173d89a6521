//! Writes what people looked at on another's behalf to the audit log, each second (AUD-1).
use super::Next;
use crate::error::Result;
use crate::service::Service;
use std::sync::Arc;

/// Writes what this node has gathered; what cannot be written is kept for the next time.
pub async fn step(service: Service) -> Result<Next> {
    let waiting = Arc::new(service.reads.take());
    if waiting.is_empty() {
        return Ok(Next::Rest);
    }
    let reads = waiting.clone();
    let written = service
        .db
        .write_beside(move |tx| tx.record_reads(&reads))
        .await;
    if written.is_err() {
        service
            .reads
            .put_back(Arc::into_inner(waiting).unwrap_or_default());
    }
    written.map(|()| Next::Rest)
}
