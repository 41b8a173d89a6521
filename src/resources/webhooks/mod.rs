//! Webhooks after the Standard Webhooks specification: where an organization's events are sent, signed
//! and at least once (NTF-3).
pub mod claim;
mod deliveries;
mod endpoints;
pub mod model;
pub mod outcome;
pub mod send;
pub mod sign;
mod views;

crate::api::room::room!(
    endpoints::list_webhook_endpoints,
    endpoints::create_webhook_endpoint,
    endpoints::get_webhook_endpoint,
    endpoints::update_webhook_endpoint,
    endpoints::delete_webhook_endpoint,
    endpoints::rotate_webhook_secret,
    deliveries::test_webhook_endpoint,
    deliveries::list_webhook_deliveries,
    deliveries::redeliver_webhook,
);
