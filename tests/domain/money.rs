//! PRC-1: exact decimals with a currency.
use mandat::domain::money::{Currency, Money, MoneyFault, Rate};

fn chf(minor: i64) -> Money {
    let currency = Currency::Chf;
    Money { minor, currency }
}

#[test]
fn prc_1_an_amount_is_read_and_written_as_a_decimal_string() {
    for (text, minor, canonical) in [
        ("347.20", 34720, "347.20"),
        ("347.2", 34720, "347.20"),
        ("0.05", 5, "0.05"),
        ("-1", -100, "-1.00"),
        ("-0.01", -1, "-0.01"),
        ("-0.00", 0, "0.00"),
        ("92233720368547758.07", i64::MAX, "92233720368547758.07"),
        ("-92233720368547758.07", -i64::MAX, "-92233720368547758.07"),
    ] {
        let read = Money::parse(text, Currency::Chf).unwrap();
        assert_eq!((read, read.amount()), (chf(minor), canonical.to_owned()));
    }
}

#[test]
fn prc_1_what_is_no_amount_is_refused() {
    for text in [
        "", "-", ".", "1.", ".5", "+1", "--1", "1e3", "1,5", " 1", "1 ", "1.2.3", "١", "1.-5",
        "NaN",
    ] {
        let refused = Money::parse(text, Currency::Eur);
        assert_eq!(refused, Err(MoneyFault::Malformed), "{text:?}");
    }
    let refusal = |text| Money::parse(text, Currency::Eur).unwrap_err();
    assert_eq!(refusal("1.005"), MoneyFault::TooPrecise);
    assert_eq!(refusal("92233720368547758.08"), MoneyFault::OutOfRange);
    assert_eq!(refusal("-92233720368547758.08"), MoneyFault::OutOfRange);
    assert_eq!(refusal(&"9".repeat(99)), MoneyFault::OutOfRange);
}

#[test]
fn prc_1_currencies_are_never_mixed_and_nothing_overflows() {
    let euro = Money::zero(Currency::Eur);
    let (mismatch, range) = (MoneyFault::CurrencyMismatch, MoneyFault::OutOfRange);
    assert_eq!(chf(1).checked_add(euro), Err(mismatch));
    assert_eq!(chf(1).checked_sub(euro), Err(mismatch));
    assert_eq!(chf(i64::MAX).checked_add(chf(1)), Err(range));
    assert_eq!(chf(-i64::MAX).checked_sub(chf(1)), Err(range));
    assert_eq!(chf(i64::MAX).checked_mul(2), Err(range));
    assert_eq!(chf(5).checked_sub(chf(7)), Ok(chf(-2)));
    assert_eq!(-chf(7), chf(-7));
}

#[test]
fn prc_1_currencies_go_by_their_iso_code() {
    for &currency in Currency::ALL {
        assert_eq!(Currency::parse(currency.as_str()), Some(currency));
    }
    assert_eq!(Currency::parse("chf"), None);
    assert_eq!(Currency::parse("USD"), None);
}

#[test]
fn prc_2_a_rate_is_a_decimal_from_nothing_to_all() {
    for (text, ppm, canonical) in [
        ("0", 0, "0.00"),
        ("0.2", 200_000, "0.20"),
        ("0.20", 200_000, "0.20"),
        ("0.175", 175_000, "0.175"),
        ("0.000001", 1, "0.000001"),
        ("0.100000", 100_000, "0.10"),
        ("1", 1_000_000, "1.00"),
    ] {
        let rate = Rate::parse(text).unwrap();
        assert_eq!((rate.ppm(), rate.to_string()), (ppm, canonical.to_owned()));
    }
    for text in ["", "-0.1", "1.000001", "2", "0.0000001", "20%", ".2", "0."] {
        assert_eq!(Rate::parse(text), None, "{text:?}");
    }
    assert_eq!(Rate::from_ppm(-1), None);
    assert_eq!(Rate::from_ppm(1_000_001), None);
}
