//! Quotes: what an order would be charged, step by step, and redeemable at that price (PRC-6).
mod handlers;
pub mod lines;
pub mod model;

crate::api::room::room!(handlers::create_quote, handlers::get_quote);
