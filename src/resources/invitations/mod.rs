//! Invitations: the proposal of a partnership, by either side (INV-1 to INV-10).
mod answer;
mod handlers;
mod links;
pub mod mails;
pub mod model;
mod preferences;
pub mod propose;
mod send;
pub mod views;

crate::api::room::room!(
    send::send_invitation,
    handlers::list_invitations,
    handlers::get_invitation,
    handlers::resend_invitation,
    handlers::cancel_invitation,
    answer::accept_invitation,
    answer::decline_invitation,
    links::get_invitation_link,
    links::accept_invitation_link,
    links::decline_invitation_link,
    preferences::get_invitation_preferences,
    preferences::set_invitation_preferences,
);
