//! The audit log: who did and saw what on whose behalf, by which right, when and from where (AUD-1).
pub mod chain;
mod handlers;
pub mod heads;
pub mod proof;
mod views;

crate::api::room::room!(
    handlers::list_audit_log,
    handlers::list_whole_audit_log,
    handlers::verify_audit_log,
);
