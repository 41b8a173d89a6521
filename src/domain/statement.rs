//! What a partner's month came to, from what moved on its prepaid account (BIL-6).
use super::ledger::TransactionKind;
use super::money::{Money, MoneyFault};
use super::words::words;

words! {
    /// What a line of a statement is about.
    StatementLineKind {
        /// Earned on orders and renewals.
        Cashback = "cashback",
        /// Obtained on what the partner paid itself; it does not move the balance.
        Discount = "discount",
        /// Cashback that refunds took back, and what was refunded to the account.
        Refund = "refund",
        /// Cashback taken back since the customer's payment failed.
        FailedPayment = "failed_payment",
        /// Paid from the account.
        Payment = "payment",
        /// On its way out, or come back.
        Payout = "payout",
    }
}

/// What an entry of the account is about; `amount` is what it added to the balance.
pub const fn kind_of(transaction: TransactionKind, amount: Money) -> StatementLineKind {
    use {StatementLineKind as Line, TransactionKind::*};
    match transaction {
        Order if amount.minor > 0 => Line::Cashback,
        Order | PaymentReceived => Line::Payment,
        Refund => Line::Refund,
        PaymentFailed => Line::FailedPayment,
        PayoutRequested | PayoutReturned | PayoutSettled => Line::Payout,
    }
}

/// What the lines of each kind add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    pub opening: Money,
    pub cashback: Money,
    pub discounts: Money,
    pub refunds: Money,
    pub failed_payments: Money,
    pub payments: Money,
    pub payouts: Money,
    pub closing: Money,
}

impl Totals {
    /// Adds the lines up, from the opening balance to the closing one.
    pub fn of(
        opening: Money,
        lines: impl IntoIterator<Item = (StatementLineKind, Money)>,
    ) -> Result<Self, MoneyFault> {
        use StatementLineKind::*;
        let nothing = Money::zero(opening.currency);
        let mut totals = Self {
            opening,
            cashback: nothing,
            discounts: nothing,
            refunds: nothing,
            failed_payments: nothing,
            payments: nothing,
            payouts: nothing,
            closing: opening,
        };
        for (kind, amount) in lines {
            let total = match kind {
                Cashback => &mut totals.cashback,
                Discount => &mut totals.discounts,
                Refund => &mut totals.refunds,
                FailedPayment => &mut totals.failed_payments,
                Payment => &mut totals.payments,
                Payout => &mut totals.payouts,
            };
            *total = total.checked_add(amount)?;
            totals.closing = match kind {
                Discount => totals.closing,
                Cashback | Refund | FailedPayment | Payment | Payout => {
                    totals.closing.checked_add(amount)?
                }
            };
        }
        Ok(totals)
    }
}
