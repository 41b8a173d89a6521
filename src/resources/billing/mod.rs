//! Booking: what orders, renewals, reports and refunds all go through (BIL-1 to BIL-5).
pub mod assess;
pub mod batch;
pub mod book;
pub mod facts;
pub mod fallen;
pub mod intent;
mod known;
pub mod ledger;
mod means;
pub mod prepaid;
mod refund;
pub mod units;
pub mod verify;
