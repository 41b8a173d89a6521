//! Who belongs to an organization, and who is invited to (ORG-1, ORG-3, ORG-5, ORG-8, ACC-5).
mod giver;
mod handlers;
mod links;
pub mod model;
mod views;

crate::api::room::room!(
    handlers::list_members,
    handlers::add_member,
    handlers::get_member,
    handlers::update_member,
    handlers::remove_member,
    links::get_member_invitation_link,
    links::accept_member_invitation_link,
    links::decline_member_invitation_link,
);
