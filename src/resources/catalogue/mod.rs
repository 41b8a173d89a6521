//! The catalogue: product families and dated price lists (PRC-1, PRC-2, PRC-8).
mod admin;
mod handlers;
pub mod model;
mod price_lists;
pub mod views;

crate::api::room::room!(
    handlers::list_families,
    handlers::get_family,
    handlers::list_prices,
    admin::save_family,
    admin::add_price_list,
);
