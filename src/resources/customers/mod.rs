//! A partner's customers, and the data of each, as far as the caller's access reaches (EXP-1).
mod export;
mod handlers;
mod model;

crate::api::room::room!(handlers::list_customers, export::export_customer);
