//! Payouts: a prepaid balance on its way to a payment method of the partner (BIL-12).
mod handlers;
mod model;
mod operator;
mod views;

crate::api::room::room!(
    handlers::request_payout,
    handlers::list_payouts,
    handlers::get_payout,
    handlers::cancel_payout,
    operator::process_payout,
    operator::settle_payout,
    operator::fail_payout,
);
