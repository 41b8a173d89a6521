//! Billing events: what was ordered, renewed, reported and refunded, and how it was settled (BIL-3, BIL-4, BIL-10, BIL-11).
mod batch;
mod explanation;
mod handlers;
mod model;
mod refunds;
mod report;
pub mod views;

crate::api::room::room!(
    handlers::list_billing_events,
    handlers::get_billing_event,
    explanation::explain_billing_event,
    report::report_billing_event,
    batch::report_billing_events,
    refunds::refund_billing_event,
);
