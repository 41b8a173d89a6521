//! Enrolment in the programme (PRG-2).
use super::words::words;

words! {
    /// How an enrolment in the programme stands (PRG-2).
    EnrolmentState {
        Submitted = "submitted",
        Inquiring = "inquiring",
        Approved = "approved",
        Rejected = "rejected",
        Suspended = "suspended",
        Ended = "ended",
    }
}
