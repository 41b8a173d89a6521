//! The simulator: what an order would cost whom and earn whom under each kind of partnership (PRC-9).
mod handlers;
pub mod scenarios;

crate::api::room::room!(handlers::simulate_order);
