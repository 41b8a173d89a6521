//! Backup units: the customers of a partner inside one backup product (BAK-1, BAK-2).
mod handlers;
pub mod model;

crate::api::room::room!(
    handlers::list_backup_units,
    handlers::create_backup_unit,
    handlers::get_backup_unit,
    handlers::update_backup_unit,
    handlers::remove_backup_unit,
    handlers::move_backup_unit,
);
