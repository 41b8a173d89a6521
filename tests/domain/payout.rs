//! What can become of a payout (BIL-12).
use mandat::domain::payout::{PayoutAct, PayoutStatus, Step};

#[test]
fn bil_12_a_payout_goes_forward_and_ends_once() {
    use {PayoutAct::*, PayoutStatus::*};
    for status in PayoutStatus::ALL {
        let to: Vec<PayoutStatus> = [Process, Settle, Fail, Cancel]
            .into_iter()
            .filter_map(|act| match status.after(act) {
                Step::To(next) => Some(next),
                Step::Done | Step::Refused => None,
            })
            .collect();
        let expected = match status {
            Requested => vec![Processing, Failed, Cancelled],
            Processing => vec![Paid, Failed],
            Paid | Failed | Cancelled => vec![],
        };
        assert_eq!(to, expected, "from {status}");
    }
    assert_eq!(Paid.after(Settle), Step::Done);
    assert_eq!(Processing.after(Cancel), Step::Refused);
}
