//! Writes which products partners used (PSH-11).
use super::Next;
use crate::error::Result;
use crate::service::Service;

/// Writes what waits; what cannot be written waits on.
pub async fn step(service: Service) -> Result<Next> {
    let uses = service.db.uses().take();
    if uses.is_empty() {
        return Ok(Next::Rest);
    }
    let writing = uses.clone();
    let written = service
        .db
        .write_beside(move |tx| tx.record_uses(&writing))
        .await;
    if written.is_err() {
        service.db.uses().put_back(uses);
    }
    written.map(|()| Next::Rest)
}
