//! What can be wrong with the audit log (AUD-1).
use super::words::words;

words! {
    /// How the audit log differs from what was chained.
    AuditFault {
        Altered = "altered",
        Missing = "missing",
        CutOff = "cut_off",
        AddressAltered = "address_altered",
        HeadForged = "head_forged",
        HeadDiffers = "head_differs",
    }
}
