//! Invoices: each exists only in the organization that pays (PAY-5).
mod handlers;
pub mod model;
mod paper;
mod payment;
pub mod views;

crate::api::room::room!(
    handlers::list_invoices,
    handlers::get_invoice,
    payment::report_invoice_paid,
    payment::report_invoice_failed,
);
