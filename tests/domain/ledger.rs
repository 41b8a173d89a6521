//! BIL-5: double entry, balanced in each transaction and currency.
use crate::chance::Lcg;
use mandat::domain::ledger::{
    self, Account, AccountKind, Earned, Holder, PaidBy, Posting, Transaction, TransactionKind,
    Unbalanced,
};
use mandat::domain::money::{Currency, Money};
use mandat::domain::refund::cashback_returned;

const CUSTOMER: Holder = [1; 16];
const PARTNER: Holder = [2; 16];

fn chf(minor: i64) -> Money {
    let currency = Currency::Chf;
    Money { minor, currency }
}

fn earned(cashback: i64) -> Option<Earned> {
    Some(Earned {
        partner: PARTNER,
        cashback: chf(cashback),
    })
}

/// The balance of an account in CHF, as people read it.
fn balance(book: &[Transaction], account: Account) -> i64 {
    let postings = book.iter().flat_map(Transaction::postings);
    let sum = postings
        .filter(|posting| posting.account == account)
        .map(|posting| posting.amount.minor)
        .sum();
    account.kind().balance(chf(sum)).minor
}

fn assert_balanced(book: &[Transaction]) {
    for transaction in book {
        let postings = transaction.postings();
        assert_eq!(
            postings.iter().map(|each| each.amount.minor).sum::<i64>(),
            0
        );
        assert!(postings.len() >= 2);
        assert!(postings.iter().all(|each| each.amount.minor != 0));
    }
}

#[test]
fn bil_5_every_transaction_balances() {
    let mut chance = Lcg(5);
    for _ in 0..5_000 {
        let charged = chance.between(1, 1_000_000);
        let cashback = chance.between(0, charged);
        let part = chance.between(1, charged);
        let returned = cashback_returned(chf(charged), chf(cashback), chf(0), chf(part));
        let returned = returned.unwrap().minor;
        for paid_by in [PaidBy::Invoice, PaidBy::Prepaid, PaidBy::Elsewhere] {
            let book = [
                ledger::order(CUSTOMER, paid_by, chf(charged), earned(cashback)),
                ledger::refund(CUSTOMER, paid_by, chf(part), earned(returned)),
                ledger::payment_failed(CUSTOMER, chf(charged), earned(cashback)),
                ledger::payment_received(CUSTOMER, chf(charged)).map(Some),
                ledger::payout_requested(PARTNER, chf(part)).map(Some),
                ledger::payout_returned(PARTNER, chf(part)).map(Some),
                ledger::payout_settled(PARTNER, chf(part)).map(Some),
            ]
            .map(|transaction| transaction.unwrap().unwrap());
            assert_balanced(&book);
            let earning = balance(&book[..2], Account::Prepaid(PARTNER));
            assert_eq!(earning, cashback - returned);
            let revenue = balance(&book[..2], Account::Revenue);
            assert_eq!(revenue, charged - part);
        }
    }
}

#[test]
fn bil_5_postings_that_do_not_balance_are_no_transaction() {
    let book = |postings: &[(Account, i64, Currency)]| {
        let postings = postings.iter().map(|&(account, minor, currency)| Posting {
            account,
            amount: Money { minor, currency },
        });
        Transaction::balanced(TransactionKind::Order, postings.collect())
    };
    let (bank, revenue) = (Account::Bank, Account::Revenue);
    let (currency, euro) = (Currency::Chf, Currency::Eur);
    let off = |minor| Err(Unbalanced::Sum { currency, minor });
    assert_eq!(
        book(&[(bank, 5, currency), (revenue, -4, currency)]),
        off(1)
    );
    assert_eq!(book(&[(bank, 5, currency), (revenue, -5, euro)]), off(5));
    assert_eq!(book(&[]), Err(Unbalanced::TooFew));
    assert_eq!(
        book(&[(bank, 0, currency), (revenue, 0, euro)]),
        Err(Unbalanced::TooFew)
    );
    let most = i64::MAX;
    assert_eq!(
        book(&[(bank, most, currency), (bank, most, currency)]),
        off(2 * i128::from(most))
    );
    let kept = book(&[
        (bank, 5, currency),
        (revenue, -5, currency),
        (bank, 0, euro),
    ]);
    assert_eq!(kept.unwrap().postings().len(), 2);
}

#[test]
fn bil_1_a_free_line_posts_nothing() {
    let free = ledger::order(CUSTOMER, PaidBy::Invoice, chf(0), earned(0));
    assert_eq!(free, Ok(None));
}

#[test]
fn bil_1_an_order_posts_the_charge_and_the_cashback() {
    let book = ledger::order(CUSTOMER, PaidBy::Invoice, chf(26040), earned(5208));
    let book = [book.unwrap().unwrap()];
    assert_eq!(book[0].kind(), TransactionKind::Order);
    assert_eq!(balance(&book, Account::Receivable(CUSTOMER)), 26040);
    assert_eq!(balance(&book, Account::Revenue), 26040);
    assert_eq!(balance(&book, Account::CashbackExpense), 5208);
    assert_eq!(balance(&book, Account::Prepaid(PARTNER)), 5208);
}

#[test]
fn pay_7_a_failed_payment_leaves_nothing_behind() {
    let book = [
        ledger::order(CUSTOMER, PaidBy::Invoice, chf(20832), earned(5208)),
        ledger::refund(CUSTOMER, PaidBy::Invoice, chf(10000), earned(2500)),
        ledger::payment_failed(CUSTOMER, chf(10832), earned(2708)),
    ]
    .map(|transaction| transaction.unwrap().unwrap());
    assert_balanced(&book);
    for account in [
        Account::Receivable(CUSTOMER),
        Account::Prepaid(PARTNER),
        Account::Revenue,
        Account::CashbackExpense,
    ] {
        assert_eq!(balance(&book, account), 0, "{account:?}");
    }
}

#[test]
fn bil_4_a_refund_may_take_the_prepaid_balance_below_zero() {
    let book = [
        ledger::order(CUSTOMER, PaidBy::Elsewhere, chf(100), earned(20)),
        ledger::payout_requested(PARTNER, chf(20)).map(Some),
        ledger::refund(CUSTOMER, PaidBy::Elsewhere, chf(100), earned(20)),
    ]
    .map(|transaction| transaction.unwrap().unwrap());
    assert_eq!(balance(&book, Account::Prepaid(PARTNER)), -20);
    assert_eq!(balance(&book, Account::External), 0);
}

#[test]
fn bil_12_a_payout_waits_in_transit_until_it_is_settled_or_comes_back() {
    let prepaid = ledger::order(CUSTOMER, PaidBy::Elsewhere, chf(100), earned(20));
    let requested = ledger::payout_requested(PARTNER, chf(20)).unwrap();
    let start = [prepaid.unwrap().unwrap(), requested];
    let balances = |book: &[Transaction]| {
        [
            Account::Prepaid(PARTNER),
            Account::PayoutTransit(PARTNER),
            Account::Bank,
        ]
        .map(|account| balance(book, account))
    };
    assert_eq!(balances(&start), [0, 20, 0]);
    let [order, requested] = start;
    let returned = ledger::payout_returned(PARTNER, chf(20)).unwrap();
    let settled = ledger::payout_settled(PARTNER, chf(20)).unwrap();
    let (back, paid) = (
        [order.clone(), requested.clone(), returned],
        [order, requested, settled],
    );
    assert_eq!(balances(&back), [20, 0, 0]);
    assert_eq!(balances(&paid), [0, 0, -20]);
}

#[test]
fn bil_5_an_account_of_an_organization_names_it() {
    assert_eq!(Account::Prepaid(PARTNER).holder(), Some(PARTNER));
    assert_eq!(Account::Revenue.holder(), None);
    for &kind in AccountKind::ALL {
        assert_eq!(AccountKind::parse(kind.as_str()), Some(kind));
    }
}
