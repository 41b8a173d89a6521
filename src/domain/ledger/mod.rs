//! The ledger: double entry, balanced in each transaction and currency (BIL-5).
//!
//! A posting is signed: debit positive, credit negative. So what the operator *owes* an organization
//! is minus the sum of its postings: a prepaid balance is `-sum(postings)`, and below zero it is the
//! partner that owes (BIL-4).
mod entries;

use super::{
    money::{Currency, Money},
    words::words,
};
pub use entries::{
    Earned, PaidBy, order, payment_failed, payment_received, payout_requested, payout_returned,
    payout_settled, refund,
};

/// The 16 bytes of the id of the organization that an account is kept for.
pub type Holder = [u8; 16];

words! {
    /// The chart of accounts.
    AccountKind {
        /// What a payer owes by card or bank for its invoices; below zero, what it is owed back.
        Receivable = "receivable",
        /// A partner's credit balance: a debt of the operator.
        Prepaid = "prepaid",
        /// What of a prepaid balance is on its way to the partner: still a debt (BIL-12).
        PayoutTransit = "payout_transit",
        /// What was sold, net of refunds.
        Revenue = "revenue",
        /// What partners earned, net of what refunds took back.
        CashbackExpense = "cashback_expense",
        /// What the commerce system collected in the operator's name (BIL-3).
        External = "external",
        /// Money in, money out.
        Bank = "bank",
    }
}

impl AccountKind {
    /// The balance as people read it, from the signed sum of the postings.
    pub fn balance(self, sum: Money) -> Money {
        match self {
            Self::Prepaid | Self::PayoutTransit | Self::Revenue => -sum,
            Self::Receivable | Self::CashbackExpense | Self::External | Self::Bank => sum,
        }
    }
}

/// An account, with its holder where the chart keeps one for each organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    Receivable(Holder),
    Prepaid(Holder),
    PayoutTransit(Holder),
    Revenue,
    CashbackExpense,
    External,
    Bank,
}

impl Account {
    pub const fn kind(self) -> AccountKind {
        match self {
            Self::Receivable(_) => AccountKind::Receivable,
            Self::Prepaid(_) => AccountKind::Prepaid,
            Self::PayoutTransit(_) => AccountKind::PayoutTransit,
            Self::Revenue => AccountKind::Revenue,
            Self::CashbackExpense => AccountKind::CashbackExpense,
            Self::External => AccountKind::External,
            Self::Bank => AccountKind::Bank,
        }
    }

    pub const fn holder(self) -> Option<Holder> {
        match self {
            Self::Receivable(holder) | Self::Prepaid(holder) | Self::PayoutTransit(holder) => {
                Some(holder)
            }
            Self::Revenue | Self::CashbackExpense | Self::External | Self::Bank => None,
        }
    }
}

/// One side of a transaction: debit positive, credit negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub account: Account,
    pub amount: Money,
}

words! {
    /// What a transaction records.
    TransactionKind {
        /// An order or a renewal.
        Order = "order",
        Refund = "refund",
        PaymentReceived = "payment_received",
        PaymentFailed = "payment_failed",
        PayoutRequested = "payout_requested",
        /// A payout that failed or was cancelled.
        PayoutReturned = "payout_returned",
        PayoutSettled = "payout_settled",
    }
}

/// What a transaction is for; its row carries the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    BillingEvent,
    Invoice,
    Payout,
}

impl TransactionKind {
    pub const fn reason(self) -> Reason {
        match self {
            Self::Order | Self::Refund | Self::PaymentFailed => Reason::BillingEvent,
            Self::PaymentReceived => Reason::Invoice,
            Self::PayoutRequested | Self::PayoutReturned | Self::PayoutSettled => Reason::Payout,
        }
    }
}

/// Postings that balance; there are no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    kind: TransactionKind,
    postings: Vec<Posting>,
}

/// Why postings are no transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbalanced {
    /// The postings in this currency add up to so many minor units instead of nothing.
    Sum { currency: Currency, minor: i128 },
    /// No two postings other than zero.
    TooFew,
}

impl Transaction {
    /// Drops postings of zero and demands that the others add up to nothing in each currency.
    pub fn balanced(kind: TransactionKind, postings: Vec<Posting>) -> Result<Self, Unbalanced> {
        let moves: Vec<Posting> = postings
            .into_iter()
            .filter(|posting| posting.amount.minor != 0)
            .collect();
        for &currency in Currency::ALL {
            let minor = moves
                .iter()
                .filter(|posting| posting.amount.currency == currency)
                .map(|posting| i128::from(posting.amount.minor))
                .sum();
            if minor != 0 {
                return Err(Unbalanced::Sum { currency, minor });
            }
        }
        match moves.len() {
            0 | 1 => Err(Unbalanced::TooFew),
            2.. => Ok(Self {
                kind,
                postings: moves,
            }),
        }
    }

    pub const fn kind(&self) -> TransactionKind {
        self.kind
    }

    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}
