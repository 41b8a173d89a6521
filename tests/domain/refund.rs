//! BIL-4: what refunds take back.
use crate::{chance::Lcg, vectors};
use mandat::domain::money::{Currency, Money, MoneyFault};
use mandat::domain::refund::{RefundFault, cashback_returned};

fn chf(minor: i64) -> Money {
    let currency = Currency::Chf;
    Money { minor, currency }
}

#[test]
fn bil_4_refund_vectors_take_back_cashback_in_proportion() {
    let cases = vectors::cases(include_str!("vectors/refunds.json"));
    assert_eq!(cases.len(), 4);
    for case in cases {
        let charged = vectors::money(&case["charged"], Currency::Chf);
        let cashback = vectors::money(&case["cashback"], Currency::Chf);
        let refunds = vectors::moneys(&case["refunds"], Currency::Chf);
        let expected = vectors::moneys(&case["expect_cashback_taken_back"], Currency::Chf);
        let mut before = chf(0);
        let mut returned = Vec::new();
        for refund in refunds {
            returned.push(cashback_returned(charged, cashback, before, refund).unwrap());
            before = before.checked_add(refund).unwrap();
        }
        assert_eq!(returned, expected);
    }
}

#[test]
fn bil_4_however_a_charge_is_refunded_its_whole_cashback_comes_back() {
    let mut chance = Lcg(4);
    for round in 0..20_000 {
        let most = if round % 2 == 0 { 50_000 } else { i64::MAX / 2 };
        let charged = chance.between(1, most);
        let cashback = chance.between(0, charged);
        let (mut refunded, mut returned) = (0, 0);
        while refunded < charged {
            let refund = chance.between(1, charged - refunded);
            let amounts = [charged, cashback, refunded, refund].map(chf);
            let [charge, earned, before, now] = amounts;
            let part = cashback_returned(charge, earned, before, now)
                .unwrap()
                .minor;
            assert!((0..=cashback).contains(&part));
            refunded += refund;
            returned += part;
            // Never further than half a unit from the proportion: |2·(k·x − r·c)| ≤ c.
            let [k, x, r, c] = [cashback, refunded, returned, charged].map(i128::from);
            assert!((2 * k * x - 2 * r * c).abs() <= c);
        }
        assert_eq!(returned, cashback);
    }
}

#[test]
fn bil_4_refunds_never_exceed_the_charge() {
    let refuse = |charged, before, refund| {
        cashback_returned(chf(charged), chf(10), chf(before), chf(refund)).unwrap_err()
    };
    assert_eq!(refuse(100, 60, 41), RefundFault::MoreThanCharged);
    assert_eq!(refuse(0, 0, 1), RefundFault::MoreThanCharged);
    assert_eq!(refuse(100, 0, 0), RefundFault::NotPositive);
    assert_eq!(refuse(0, -1, 1), RefundFault::NotPositive);
    let euro = Money::zero(Currency::Eur);
    let mixed = RefundFault::Money(MoneyFault::CurrencyMismatch);
    assert_eq!(cashback_returned(chf(9), euro, chf(0), chf(1)), Err(mixed));
    assert_eq!(cashback_returned(chf(9), chf(1), euro, chf(1)), Err(mixed));
    let all = chf(i64::MAX);
    assert_eq!(cashback_returned(all, all, chf(0), all), Ok(all));
}
