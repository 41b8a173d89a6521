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
mod backup;
mod catalogue;
mod constraints;
mod directory;
mod enrolment_walks;
mod events;
mod exits;
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
mod programme;
mod races;
mod renewals;
mod reports;
mod rights;
mod sign_up;
mod standing;
mod starts;
mod tables;
mod tenders;
