//! The API as its callers see it: one file a room, on every engine.
#[path = "../support/engines.rs"]
mod engines;
mod engines_test;
mod statements;
mod world;

mod access_checks;
mod accounts;
mod assignments;
mod audit;
mod catalogue;
mod events;
mod invitations;
mod invoices;
mod jobs;
mod mail;
mod members;
mod money;
mod notifications;
mod organizations;
mod partnerships;
mod preferences;
mod renewals;
mod reports;
mod sign_up;
mod tables;
mod tenders;
