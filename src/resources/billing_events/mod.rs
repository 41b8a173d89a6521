//! Billing events: what was ordered, and how it was settled (BIL-4, BIL-11).
mod handlers;
pub mod views;

crate::api::room::room!(handlers::list_billing_events);
