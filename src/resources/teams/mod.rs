//! Work teams: named groups of an organization's members, who reach the team's products (ORG-4).
mod handlers;
mod model;

crate::api::room::room!(
    handlers::list_teams,
    handlers::create_team,
    handlers::get_team,
    handlers::update_team,
    handlers::delete_team,
    handlers::add_team_member,
    handlers::remove_team_member,
);
