//! The rules, as tables and properties: no database, no server.
mod chance;
mod ledger;
mod money;
mod pricing;
mod refund;
mod settlement;
mod vat;
mod vectors;
