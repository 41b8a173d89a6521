//! Writes the signed head of the audit log to a file elsewhere, once a minute (AUD-1).
use super::Next;
use crate::error::{Error, Result};
use crate::resources::audit::{chain, heads};
use crate::service::Service;

/// Keeps the head of now, where a file is named for it.
pub async fn step(service: Service) -> Result<Next> {
    let file = service.config.audit_heads.clone();
    if file.is_empty() {
        return Ok(Next::Rest);
    }
    if let Some(head) = service.db.read(chain::head).await? {
        tokio::task::spawn_blocking(move || heads::keep(&file, &head))
            .await
            .map_err(Error::internal)??;
    }
    Ok(Next::Rest)
}
