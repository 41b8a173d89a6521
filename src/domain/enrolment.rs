//! Enrolment in the programme (PRG-2).
use super::words::words;

words! {
    EnrolmentState {
        Submitted = "submitted",
        Inquiring = "inquiring",
        Approved = "approved",
        Rejected = "rejected",
        Suspended = "suspended",
        Ended = "ended",
    }
}
