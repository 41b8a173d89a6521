//! The rules, as tables and properties: no database, no server.
mod account_number;
mod chance;
mod ledger;
mod membership;
mod money;
mod pricing;
mod refund;
mod settlement;
mod tender;
mod vat;
mod vectors;
