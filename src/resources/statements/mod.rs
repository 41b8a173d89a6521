//! Statements: a partner's month on its prepaid account (BIL-6), and what both sides of a partnership
//! see alike (BIL-11).
mod handlers;
mod model;
mod paper;
mod shared;
mod views;

crate::api::room::room!(
    handlers::list_statements,
    handlers::get_statement,
    shared::get_shared_statement,
);
