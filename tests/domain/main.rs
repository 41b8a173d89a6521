//! The rules, as tables and properties: no database, no server.
mod account_number;
#[path = "../support/chance.rs"]
mod chance;
mod directory;
mod enrolment;
mod ledger;
mod membership;
mod money;
mod payout;
mod pricing;
mod reach;
mod refund;
mod settlement;
mod standing;
mod support;
mod tender;
mod vat;
mod vectors;
mod webhook;
