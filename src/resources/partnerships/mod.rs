//! Partnerships: what a customer lets a partner do, from start to end (PSH-1 to PSH-12).
mod assignments;
mod change;
mod consequences;
pub mod customer;
mod diff;
pub mod end;
mod exit;
mod handover;
pub mod model;
mod proposals;
mod read;
mod right_sizing;
pub mod start;
pub mod views;

crate::api::room::room!(
    read::list_partnerships,
    read::get_partnership,
    read::list_partnership_versions,
    read::get_partnership_permission_scopes,
    change::change_partnership_access,
    change::change_payment_mode,
    diff::get_partnership_diff,
    proposals::list_payment_mode_proposals,
    proposals::propose_payment_mode,
    proposals::accept_payment_mode_proposal,
    proposals::decline_payment_mode_proposal,
    exit::preview_partnership_end,
    exit::get_exit_report,
    end::end_partnership,
    assignments::list_assignments,
    assignments::assign_collaborators,
    handover::hand_over_partnership,
    start::cancel_partnership_start,
    right_sizing::get_right_sizing,
);
