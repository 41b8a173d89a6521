//! The people who have accounts, for the operator's administrators; what is kept of one, and its end (ERA-1).
mod erase;
mod export;
mod forget;
mod handlers;
mod model;

crate::api::room::room!(
    handlers::list_users,
    handlers::create_user,
    handlers::get_user,
    handlers::update_user,
    erase::erase_user,
    export::export_my_data,
    export::export_user_data,
);
