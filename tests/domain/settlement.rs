//! SPEC section 8: who pays, at which price, and what the partner earns.
use crate::chance::Lcg;
use crate::vectors;
use mandat::domain::access::{Level, PaymentMode, Terms};
use mandat::domain::money::{Currency, Money, Rate};
use mandat::domain::pricing::{Advantage, Line, Tariff, VolumeTier, price};
use mandat::domain::settlement::{
    Earning, Orderer, Payer, PriceKind, RefusedByRule, TABLE, amounts, settle,
};
use std::collections::BTreeSet;

const CUSTOMER: Terms = Terms::Full {
    payment_mode: PaymentMode::Customer,
};
const PARTNER: Terms = Terms::Full {
    payment_mode: PaymentMode::Partner,
};

type Outcome = Result<(Payer, PriceKind, Earning), &'static str>;

fn outcome(terms: Option<Terms>, orderer: Orderer, managed: bool) -> Outcome {
    settle(terms, orderer, managed)
        .map(|settled| (settled.payer, settled.price, settled.earning))
        .map_err(|refused| refused.rule)
}

fn situations() -> Vec<(Option<Terms>, Orderer, bool)> {
    let terms = std::iter::once(None).chain(Terms::ALL.into_iter().map(Some));
    terms
        .flat_map(|terms| Orderer::ALL.iter().map(move |&orderer| (terms, orderer)))
        .flat_map(|(terms, orderer)| [true, false].map(|managed| (terms, orderer, managed)))
        .collect()
}

/// The rules in prose, one after the other, apart from the table.
fn stated(terms: Option<Terms>, orderer: Orderer, managed: bool) -> Outcome {
    let partner_pays = terms == Some(PARTNER) && orderer == Orderer::Partner;
    if orderer == Orderer::Partner && terms.is_none() {
        return Err("ACC-1");
    }
    if orderer == Orderer::Partner && terms == Some(Terms::Limited) {
        return Err("ACC-4");
    }
    if partner_pays {
        return Ok((Payer::Partner, PriceKind::Partner, Earning::Discount));
    }
    let earning = match terms.map(Terms::level) {
        None => Earning::Nothing,
        Some(Level::Limited) if managed => Earning::Cashback,
        Some(Level::Limited) => Earning::Nothing,
        Some(Level::Full) => Earning::Cashback,
    };
    Ok((Payer::Customer, PriceKind::Public, earning))
}

#[test]
fn pay_5_every_situation_settles_as_the_rules_say() {
    assert_eq!(situations().len(), 16);
    for (terms, orderer, managed) in situations() {
        assert_eq!(
            outcome(terms, orderer, managed),
            stated(terms, orderer, managed),
            "{terms:?} {orderer:?} {managed}"
        );
    }
}

#[test]
fn acc_1_one_row_for_each_situation_but_a_stranger_s_order() {
    for (terms, orderer, managed) in situations() {
        let rows = TABLE.iter().filter(|row| {
            row.terms == terms
                && row.orderer == orderer
                && row.managed.is_none_or(|is| is == managed)
        });
        let stranger = terms.is_none() && orderer == Orderer::Partner;
        assert_eq!(
            rows.count(),
            usize::from(!stranger),
            "{terms:?} {orderer:?}"
        );
    }
    let ids: BTreeSet<_> = TABLE
        .iter()
        .flat_map(|row| row.outcome)
        .map(|it| it.rule)
        .collect();
    assert_eq!((TABLE.len(), ids.len()), (8, 7));
}

#[test]
fn pay_1_under_mode_customer_the_customer_pays_and_the_partner_earns_cashback() {
    let cashback = Ok((Payer::Customer, PriceKind::Public, Earning::Cashback));
    assert_eq!(outcome(Some(CUSTOMER), Orderer::Partner, true), cashback);
}

#[test]
fn pay_2_under_mode_partner_the_partner_pays_the_partner_price_without_cashback() {
    let discount = Ok((Payer::Partner, PriceKind::Partner, Earning::Discount));
    assert_eq!(outcome(Some(PARTNER), Orderer::Partner, true), discount);
}

#[test]
fn pay_3_in_both_modes_the_customer_s_own_orders_earn_cashback() {
    let cashback = Ok((Payer::Customer, PriceKind::Public, Earning::Cashback));
    for terms in [CUSTOMER, PARTNER] {
        assert_eq!(outcome(Some(terms), Orderer::Customer, true), cashback);
    }
}

#[test]
fn acc_4_under_limited_access_the_partner_orders_nothing() {
    let refused = Err(RefusedByRule { rule: "ACC-4" });
    for managed in [true, false] {
        assert_eq!(
            settle(Some(Terms::Limited), Orderer::Partner, managed),
            refused
        );
    }
}

#[test]
fn pay_5_the_vectors_settle() {
    let cases = vectors::cases(include_str!("vectors/settlement.json"));
    assert_eq!(cases.len(), 9);
    for case in cases {
        let mode = case["payment_mode"].as_str();
        let mode = mode.map(|word| PaymentMode::parse(word).unwrap());
        let level = Level::parse(case["level"].as_str().unwrap());
        let terms = level.map(|level| Terms::new(level, mode).unwrap());
        let orderer = Orderer::parse(case["initiator"].as_str().unwrap()).unwrap();
        let expect = &case["expect"];
        let expected = match expect["refused"].as_str() {
            Some(rule) => Err(rule.to_owned()),
            None => Ok(["payer", "price", "partner_gets"]
                .map(|key| expect[key].as_str().unwrap().to_owned())),
        };
        let settled = outcome(terms, orderer, case["product_managed"].as_bool().unwrap())
            .map(|(payer, price, earning)| {
                [payer.as_str(), price.as_str(), earning.as_str()].map(str::to_owned)
            })
            .map_err(str::to_owned);
        assert_eq!(settled, expected, "{case}");
    }
}

#[test]
fn pay_2_cashback_and_discount_are_one_advantage_and_never_both() {
    let list = Money::parse("9.92", Currency::Chf).unwrap();
    let tariff = Tariff {
        list,
        advantage: Advantage::Rate(Rate::parse("0.20").unwrap()),
        tiers: Vec::new(),
    };
    let line = Line {
        quantity: 1,
        units: 1,
    };
    let priced = price(&tariff, line).unwrap();
    for (terms, orderer, charged, cashback, discount) in [
        (None, Orderer::Customer, "9.92", "0.00", "0.00"),
        (Some(CUSTOMER), Orderer::Partner, "9.92", "1.98", "0.00"),
        (Some(PARTNER), Orderer::Partner, "7.94", "0.00", "1.98"),
    ] {
        let amounts = amounts(settle(terms, orderer, true).unwrap(), &priced);
        assert_eq!(
            [amounts.charged, amounts.cashback, amounts.discount].map(Money::amount),
            [charged, cashback, discount]
        );
    }
}

#[test]
fn inv_4_a_payment_mode_exists_under_full_access_and_only_there() {
    assert_eq!(Terms::new(Level::Full, None), None);
    assert_eq!(
        Terms::new(Level::Limited, Some(PaymentMode::Customer)),
        None
    );
    for terms in Terms::ALL {
        assert_eq!(Terms::new(terms.level(), terms.payment_mode()), Some(terms));
        assert_eq!(Terms::parse(terms.as_str()), Some(terms));
    }
    assert_eq!(Terms::parse("full"), None);
}

#[test]
fn bil_1_a_hundred_thousand_lines_are_charged_and_earn_as_the_rules_say() {
    let mut chance = Lcg(8);
    let situations = situations();
    let mut settled = 0;
    for _ in 0..150_000 {
        let at = usize::try_from(chance.between(0, 15)).unwrap();
        let (terms, orderer, managed) = situations[at];
        let (list, quantity) = (chance.between(0, 200_000), chance.between(1, 400));
        let (partner, volume) = (chance.between(0, 350_000), chance.between(0, 1_000_000));
        let own = match chance.between(0, 3) {
            0 => Ok(chance.between(0, list)),
            _ => Err(partner),
        };
        let chf = |minor| Money {
            minor,
            currency: Currency::Chf,
        };
        let rate = |ppm| Rate::from_ppm(ppm).unwrap();
        let tariff = Tariff {
            list: chf(list),
            advantage: match own {
                Ok(price) => Advantage::PartnerPrice(chf(price)),
                Err(ppm) => Advantage::Rate(rate(ppm)),
            },
            tiers: vec![VolumeTier {
                minimum: 1,
                rate: rate(volume),
            }],
        };
        let units = quantity;
        let priced = price(&tariff, Line { quantity, units }).unwrap();
        let (public, own_price) = crate::pricing::stated(list, own, quantity, volume);
        let expected = stated(terms, orderer, managed).map(|(_, price, earning)| {
            let advantage = public - own_price;
            let charged = match price {
                PriceKind::Public => public,
                PriceKind::Partner => own_price,
            };
            match earning {
                Earning::Nothing => (charged, 0, 0),
                Earning::Cashback => (charged, advantage, 0),
                Earning::Discount => (charged, 0, advantage),
            }
        });
        let made = settle(terms, orderer, managed)
            .map(|settled| amounts(settled, &priced))
            .map(|made| [made.charged, made.cashback, made.discount])
            .map(|made| made.map(|money| i128::from(money.minor)))
            .map(|[charged, cashback, discount]| (charged, cashback, discount))
            .map_err(|refused| refused.rule);
        assert_eq!(made, expected, "{terms:?} {orderer:?} {managed} {tariff:?}");
        settled += usize::from(made.is_ok());
    }
    assert!(settled >= 100_000);
}
