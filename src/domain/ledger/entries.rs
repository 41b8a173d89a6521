//! The transactions that the ledger knows, each with its debits (+) and credits (−).
use super::{Account, Holder, Money, Posting, Transaction, TransactionKind, Unbalanced, words};

words! {
    /// By what a charge was paid, and so to what it is refunded (PAY-7, BIL-4).
    PaidBy {
        /// Card or bank: the payer owes it until the operator reports the payment.
        Invoice = "invoice",
        /// The payer's own prepaid account, at once.
        Prepaid = "prepaid",
        /// Collected by the operator's commerce system (BIL-3).
        Elsewhere = "elsewhere",
    }
}

/// The one earner of a billing event, and its cashback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    pub partner: Holder,
    pub cashback: Money,
}

/// An order or a renewal (BIL-1); `None` where nothing is charged and nothing earned.
///
/// + what it was paid by · charged, − revenue · charged,
/// + cashback expense · cashback, − the earner's prepaid account · cashback.
pub fn order(
    payer: Holder,
    paid_by: PaidBy,
    charged: Money,
    earned: Option<Earned>,
) -> Result<Option<Transaction>, Unbalanced> {
    let postings = sale(payer, paid_by, charged, earned);
    unless_empty(TransactionKind::Order, postings)
}

/// A refund: the order's postings turned round, with what is refunded and the cashback it takes back
/// (BIL-4). On an invoice that is paid already, the payer's receivable falls below zero.
pub fn refund(
    payer: Holder,
    paid_by: PaidBy,
    refunded: Money,
    returned: Option<Earned>,
) -> Result<Option<Transaction>, Unbalanced> {
    let postings = turned(sale(payer, paid_by, refunded, returned));
    unless_empty(TransactionKind::Refund, postings)
}

/// An invoice was paid (PAY-7): + bank, − the payer's receivable.
pub fn payment_received(payer: Holder, paid: Money) -> Result<Transaction, Unbalanced> {
    let postings = moved(Account::Receivable(payer), Account::Bank, paid);
    Transaction::balanced(TransactionKind::PaymentReceived, postings.into())
}

/// An invoice failed (PAY-7): what refunds left of its charge and of its cashback is undone.
pub fn payment_failed(
    payer: Holder,
    open: Money,
    returned: Option<Earned>,
) -> Result<Option<Transaction>, Unbalanced> {
    let postings = turned(sale(payer, PaidBy::Invoice, open, returned));
    unless_empty(TransactionKind::PaymentFailed, postings)
}

/// A payout goes into transit (BIL-12): + prepaid, − payout transit.
pub fn payout_requested(partner: Holder, amount: Money) -> Result<Transaction, Unbalanced> {
    let (prepaid, transit) = (Account::Prepaid(partner), Account::PayoutTransit(partner));
    let postings = moved(transit, prepaid, amount);
    Transaction::balanced(TransactionKind::PayoutRequested, postings.into())
}

/// A payout failed or was cancelled, and comes back (BIL-12): + payout transit, − prepaid.
pub fn payout_returned(partner: Holder, amount: Money) -> Result<Transaction, Unbalanced> {
    let (prepaid, transit) = (Account::Prepaid(partner), Account::PayoutTransit(partner));
    let postings = moved(prepaid, transit, amount);
    Transaction::balanced(TransactionKind::PayoutReturned, postings.into())
}

/// A payout has been paid (BIL-12): + payout transit, − bank.
pub fn payout_settled(partner: Holder, amount: Money) -> Result<Transaction, Unbalanced> {
    let postings = moved(Account::Bank, Account::PayoutTransit(partner), amount);
    Transaction::balanced(TransactionKind::PayoutSettled, postings.into())
}

fn sale(payer: Holder, paid_by: PaidBy, charged: Money, earned: Option<Earned>) -> Vec<Posting> {
    let source = match paid_by {
        PaidBy::Invoice => Account::Receivable(payer),
        PaidBy::Prepaid => Account::Prepaid(payer),
        PaidBy::Elsewhere => Account::External,
    };
    let mut postings = Vec::from(moved(Account::Revenue, source, charged));
    if let Some(Earned { partner, cashback }) = earned {
        let account = Account::Prepaid(partner);
        postings.extend(moved(account, Account::CashbackExpense, cashback));
    }
    postings
}

/// The pair that credits one account and debits another.
fn moved(credit: Account, debit: Account, amount: Money) -> [Posting; 2] {
    [
        Posting {
            account: debit,
            amount,
        },
        Posting {
            account: credit,
            amount: -amount,
        },
    ]
}

fn turned(postings: Vec<Posting>) -> Vec<Posting> {
    postings
        .into_iter()
        .map(|Posting { account, amount }| Posting {
            account,
            amount: -amount,
        })
        .collect()
}

/// A free line moves no money, and so has no transaction.
fn unless_empty(
    kind: TransactionKind,
    postings: Vec<Posting>,
) -> Result<Option<Transaction>, Unbalanced> {
    if postings.iter().all(|posting| posting.amount.minor == 0) {
        return Ok(None);
    }
    Transaction::balanced(kind, postings).map(Some)
}
