//! Partnerships: what a customer lets a partner do, from start to end (PSH-1 to PSH-9).
mod assignments;
mod change;
pub mod customer;
pub mod end;
pub mod model;
mod read;
pub mod views;

crate::api::room::room!(
    read::list_partnerships,
    read::get_partnership,
    read::list_partnership_versions,
    read::get_partnership_permission_scopes,
    change::change_partnership_access,
    change::change_payment_mode,
    end::end_partnership,
    assignments::list_assignments,
    assignments::assign_collaborators,
);
