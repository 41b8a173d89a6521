//! What every order goes through: assessed from the facts of its instant, then booked whole (BIL-1).
pub mod assess;
pub mod book;
pub mod ledger;
pub mod verify;
