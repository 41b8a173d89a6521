//! VAT by country and date (BIL-9).
use chrono::NaiveDate;
use mandat::domain::money::{Currency, Money, Rate};
use mandat::domain::vat::{Country, Dated, Rates, Vat, VatTreatment};

fn rates(seller: &str) -> Rates {
    Rates::new(Country::parse(seller).unwrap(), Vec::new())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn chf(minor: i64) -> Money {
    Money {
        minor,
        currency: Currency::Chf,
    }
}

fn on(rates: &Rates, payer: &str, number: Option<&str>, date: &str) -> (VatTreatment, i64, i64) {
    let payer = Country::parse(payer).unwrap();
    let Vat {
        treatment,
        rate,
        amount,
    } = rates.on(chf(20832), payer, number, day(date)).unwrap();
    (treatment, rate.ppm(), amount.minor)
}

#[test]
fn bil_9_a_rate_holds_from_its_day_on() {
    use VatTreatment::*;
    let rates = rates("CH");
    assert_eq!(on(&rates, "CH", None, "2023-12-31"), (Taxed, 77_000, 1604));
    assert_eq!(on(&rates, "CH", None, "2024-01-01"), (Taxed, 81_000, 1687));
    assert_eq!(on(&rates, "DE", None, "2026-11-25"), (Taxed, 190_000, 3958));
    assert_eq!(on(&rates, "EE", None, "2026-11-25").1, 240_000);
    assert_eq!(on(&rates, "US", None, "2026-11-25"), (NotTaxed, 0, 0));
    assert_eq!(on(&rates, "CH", None, "2001-01-01"), (NotTaxed, 0, 0));
}

#[test]
fn bil_9_a_business_in_another_country_of_the_union_owes_it_itself() {
    use VatTreatment::*;
    let number = Some("DE136695976");
    let today = "2026-11-25";
    for seller in ["FR", "CH"] {
        let rates = rates(seller);
        assert_eq!(on(&rates, "DE", number, today), (ReverseCharge, 0, 0));
        assert_eq!(on(&rates, "DE", None, today), (Taxed, 190_000, 3958));
        assert_eq!(
            on(&rates, "CH", Some("CHE-116.281.710 MWST"), today).0,
            Taxed
        );
    }
    assert_eq!(on(&rates("DE"), "DE", number, today).0, Taxed);
}

#[test]
fn bil_9_what_is_configured_comes_first() {
    let country = Country::parse("NO").unwrap();
    let rate = Rate::parse("0.25").unwrap();
    let from = day("2005-01-01");
    let rates = Rates::new(
        Country::parse("CH").unwrap(),
        vec![Dated {
            country,
            from,
            rate,
        }],
    );
    assert_eq!(on(&rates, "NO", None, "2026-11-25").1, 250_000);
    assert_eq!(on(&rates, "NO", None, "2004-12-31").1, 0);
    assert_eq!(on(&rates, "CH", None, "2026-11-25").1, 81_000);
}

#[test]
fn bil_9_vat_is_rounded_once_half_away_from_zero() {
    let rates = rates("CH");
    let swiss = Country::parse("CH").unwrap();
    let vat = |minor| {
        let vat = rates.on(chf(minor), swiss, None, day("2026-01-01"));
        vat.unwrap().amount.minor
    };
    // 4.05 and 81 exactly.
    assert_eq!((vat(50), vat(1000), vat(0)), (4, 81, 0));
    // 445.5.
    assert_eq!((vat(5_500), vat(-5_500)), (446, -446));
}

#[test]
fn a_country_is_two_capital_letters() {
    for wrong in ["", "C", "ch", "CHE", "C1"] {
        assert_eq!(Country::parse(wrong), None);
    }
    assert_eq!(Country::parse("CH").unwrap().to_string(), "CH");
}
