//! Payouts of a prepaid balance, and what can become of one (BIL-12).
use super::words::words;

words! {
    /// How a payout stands.
    PayoutStatus {
        Requested = "requested",
        Processing = "processing",
        Paid = "paid",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

/// What is done to a payout after it was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutAct {
    Process,
    Settle,
    Fail,
    Cancel,
}

/// What an act leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    To(PayoutStatus),
    /// It was done before: nothing changes.
    Done,
    /// It cannot be done in this state.
    Refused,
}

impl PayoutStatus {
    /// `requested → processing → paid`; whoever asked for it cancels it only while it is requested.
    pub const fn after(self, act: PayoutAct) -> Step {
        use PayoutAct::*;
        use PayoutStatus::*;
        match (act, self) {
            (Process, Requested) => Step::To(Processing),
            (Settle, Processing) => Step::To(Paid),
            (Fail, Requested | Processing) => Step::To(Failed),
            (Cancel, Requested) => Step::To(Cancelled),
            (Process, Processing) | (Settle, Paid) | (Fail, Failed) | (Cancel, Cancelled) => {
                Step::Done
            }
            (Process, Paid | Failed | Cancelled)
            | (Settle, Requested | Failed | Cancelled)
            | (Fail, Paid | Cancelled)
            | (Cancel, Processing | Paid | Failed) => Step::Refused,
        }
    }
}
