//! Access checks: may someone do something, by which rule, and on what facts that rests (ACC-7).
mod facts;
mod handlers;
mod judge;
mod views;

crate::api::room::room!(handlers::check_access, handlers::check_accesses);
