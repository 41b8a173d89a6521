//! Orders: several lines, all or nothing (BIL-1).
mod handlers;
pub mod placed;
mod views;

crate::api::room::room!(
    handlers::place_order,
    handlers::list_orders,
    handlers::get_order
);
