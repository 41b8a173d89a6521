//! PRC-2 to PRC-7: what a line costs.
use crate::{chance::Lcg, vectors};
use mandat::domain::money::{Currency, Money, MoneyFault, Rate};
use mandat::domain::pricing::{
    Advantage, Line, Priced, PricingFault, Tariff, VolumeTier, check, price, tier_rate,
};

fn chf(minor: i64) -> Money {
    let currency = Currency::Chf;
    Money { minor, currency }
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn tier(minimum: i64, text: &str) -> VolumeTier {
    let rate = rate(text);
    VolumeTier { minimum, rate }
}

fn tariff(list: Money, advantage: Advantage, tiers: &[VolumeTier]) -> Tariff {
    let tiers = tiers.to_vec();
    Tariff {
        list,
        advantage,
        tiers,
    }
}

fn hosting(list: Money) -> Tariff {
    tariff(list, Advantage::Rate(rate("0.20")), &[tier(35, "0.25")])
}

fn whole_line(quantity: i64) -> Line {
    let units = quantity;
    Line { quantity, units }
}

#[test]
fn prc_7_the_worked_example() {
    let steps = |list: &str, currency| {
        let list = Money::parse(list, currency).unwrap();
        let priced = price(&hosting(list), whole_line(35)).unwrap();
        [
            priced.list_amount,
            priced.partner_before_volume,
            priced.partner,
        ]
        .map(Money::amount)
    };
    assert_eq!(steps("9.92", Currency::Chf), ["347.20", "277.76", "208.32"]);
    assert_eq!(steps("5.75", Currency::Eur), ["201.25", "161.00", "120.75"]);
}

#[test]
fn prc_5_the_vectors_price_to_the_cent() {
    let cases = vectors::cases(include_str!("vectors/pricing.json"));
    assert_eq!(cases.len(), 8);
    for case in cases {
        let currency = Currency::parse(case["currency"].as_str().unwrap()).unwrap();
        let list = vectors::money(&case["list_price"], currency);
        let advantage = match case["partner_rate"].as_str() {
            Some(text) => Advantage::Rate(rate(text)),
            None => Advantage::PartnerPrice(vectors::money(&case["partner_price"], currency)),
        };
        let tiers: Vec<VolumeTier> = case["volume_tiers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| {
                tier(
                    each["minimum"].as_i64().unwrap(),
                    each["rate"].as_str().unwrap(),
                )
            })
            .collect();
        let tariff = tariff(list, advantage, &tiers);
        let line = Line {
            quantity: case["quantity"].as_i64().unwrap(),
            units: case["units_paid_for_by_payer"].as_i64().unwrap(),
        };
        assert_eq!(check(&tariff, rate("0.35")), Ok(()), "{}", case["name"]);
        let priced = price(&tariff, line).unwrap();
        let expect = &case["expect"];
        let volume = rate(expect["volume_rate"].as_str().unwrap());
        assert_eq!(priced.volume_rate, volume, "{}", case["name"]);
        assert_eq!(
            [priced.public, priced.partner, priced.cashback],
            ["public", "partner", "cashback"].map(|step| vectors::money(&expect[step], currency)),
            "{}",
            case["name"]
        );
    }
}

/// PRC-5 again, in whole numbers of 10^-12 of a minor unit.
pub fn stated(list: i64, own: Result<i64, i64>, quantity: i64, volume: i64) -> (i128, i128) {
    let round = |exact: i128| (exact + 500_000_000_000) / 1_000_000_000_000;
    let left = i128::from(1_000_000 - volume);
    let (unit, partner_left) = match own {
        Ok(price) => (price, 1_000_000),
        Err(partner) => (list, i128::from(1_000_000 - partner)),
    };
    (
        round(i128::from(list) * i128::from(quantity) * 1_000_000 * left),
        round(i128::from(unit) * i128::from(quantity) * partner_left * left),
    )
}

#[test]
fn prc_5_any_line_is_rounded_once_and_public_is_partner_plus_cashback() {
    let mut chance = Lcg(20_260_101);
    for round in 0..300_000 {
        // Ordinary lines, lines full of half cents, and lines as large as they may be.
        let (list, quantity, step) = match round % 3 {
            0 => (chance.between(0, 100_000), chance.between(1, 500), 1),
            1 => (chance.between(0, 99), chance.between(1, 9), 50_000),
            _ => (chance.between(1, 1 << 30), chance.between(1, 900_000), 1),
        };
        let ppm = |n: i64| Rate::from_ppm(n * step).unwrap();
        let partner = ppm(chance.between(0, 350_000 / step));
        let volume = ppm(chance.between(0, 1_000_000 / step));
        let (advantage, own) = if chance.between(0, 3) == 0 {
            let own = chance.between(0, list);
            (Advantage::PartnerPrice(chf(own)), Ok(own))
        } else {
            (Advantage::Rate(partner), Err(partner.ppm()))
        };
        let tiers = [VolumeTier {
            minimum: 1,
            rate: volume,
        }];
        let priced = price(&tariff(chf(list), advantage, &tiers), whole_line(quantity)).unwrap();
        let (public, partner) = stated(list, own, quantity, volume.ppm());
        assert_eq!(i128::from(priced.public.minor), public);
        assert_eq!(i128::from(priced.partner.minor), partner);
        assert_eq!(
            priced.partner.checked_add(priced.cashback),
            Ok(priced.public)
        );
        assert!(priced.cashback.minor >= 0);
    }
}

#[test]
fn prc_5_a_line_beyond_what_is_exact_has_no_price() {
    let most = 1_000_000_000_000_000;
    let rates = |list| {
        let advantage = Advantage::Rate(Rate::from_ppm(1).unwrap());
        let tiers = [tier(1, "0.000001")];
        price(&tariff(chf(list), advantage, &tiers), whole_line(1))
    };
    let (public, partner) = stated(most, Err(1), 1, 1);
    let priced = rates(most).unwrap();
    assert_eq!(i128::from(priced.public.minor), public);
    assert_eq!(i128::from(priced.partner.minor), partner);
    let beyond = Err(PricingFault::Money(MoneyFault::OutOfRange));
    assert_eq!(rates(most + 1), beyond);
    assert_eq!(price(&hosting(chf(9)), whole_line(i64::MAX)), beyond);
}

#[test]
fn prc_3_the_partner_discount_comes_first_and_the_volume_discount_on_what_remains() {
    let priced = price(&hosting(chf(10_000)), whole_line(35)).unwrap();
    // 20 % off 3,500.00, then 25 % off what remains: not 45 % off.
    assert_eq!(priced.partner_before_volume, chf(280_000));
    assert_eq!(priced.partner, chf(210_000));
    assert_eq!(priced.public, chf(262_500));
}

#[test]
fn prc_4_the_units_pick_the_highest_tier_they_reach() {
    let tiers = [tier(5, "0.05"), tier(10, "0.10"), tier(35, "0.25")];
    for (units, expected) in [
        (0, "0"),
        (4, "0"),
        (5, "0.05"),
        (34, "0.10"),
        (35, "0.25"),
        (i64::MAX, "0.25"),
    ] {
        assert_eq!(tier_rate(&tiers, units), rate(expected), "{units}");
    }
    assert_eq!(tier_rate(&[], 99), Rate::ZERO);
    let quantity = 1;
    let refused = |quantity, units| price(&hosting(chf(992)), Line { quantity, units });
    let public = |units| refused(quantity, units).map(|priced: Priced| priced.public);
    assert_eq!(public(34), Ok(chf(992)));
    assert_eq!(public(35), Ok(chf(744)));
    assert_eq!(refused(2, 1), Err(PricingFault::UnitsBelowQuantity));
    assert_eq!(refused(0, 1), Err(PricingFault::QuantityNotPositive));
    assert_eq!(refused(-1, 1), Err(PricingFault::QuantityNotPositive));
}

#[test]
fn prc_2_a_tariff_is_judged_before_it_enters_a_price_list() {
    let off = |text| Advantage::Rate(rate(text));
    let own = Advantage::PartnerPrice;
    let euro = Money::zero(Currency::Eur);
    let steps = |tiers: &[VolumeTier]| tariff(chf(100), off("0.10"), tiers);
    let mismatch = PricingFault::Money(MoneyFault::CurrencyMismatch);
    for (tariff, expected) in [
        (tariff(chf(100), off("0.35"), &[]), Ok(())),
        (
            tariff(chf(100), off("0.350001"), &[]),
            Err(PricingFault::RateAboveCeiling),
        ),
        (tariff(chf(100), own(chf(100)), &[]), Ok(())),
        (
            tariff(chf(100), own(chf(101)), &[]),
            Err(PricingFault::PartnerPriceAboveList),
        ),
        (tariff(chf(100), own(euro), &[]), Err(mismatch)),
        (
            tariff(chf(100), own(chf(-1)), &[]),
            Err(PricingFault::NegativePrice),
        ),
        (
            tariff(chf(-1), off("0"), &[]),
            Err(PricingFault::NegativePrice),
        ),
        (steps(&[tier(1, "0.05"), tier(2, "0.05")]), Ok(())),
        (
            steps(&[tier(0, "0.05")]),
            Err(PricingFault::TiersNotAscending),
        ),
        (
            steps(&[tier(5, "0.05"), tier(5, "0.10")]),
            Err(PricingFault::TiersNotAscending),
        ),
        (
            steps(&[tier(5, "0.10"), tier(9, "0.05")]),
            Err(PricingFault::TiersNotAscending),
        ),
    ] {
        assert_eq!(check(&tariff, rate("0.35")), expected, "{tariff:?}");
    }
}
