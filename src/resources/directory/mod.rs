//! The public directory of partners, and the profile that a partner shows in it (DIR-1).
mod invite;
pub mod model;
mod profile;
mod search;

crate::api::room::room!(
    search::search_directory,
    search::get_directory_partner,
    invite::find_partners,
    profile::get_partner_profile,
    profile::set_partner_profile,
);
