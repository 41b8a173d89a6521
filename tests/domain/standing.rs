//! The instants and the forecast of a partner's standing (PRG-3).
use chrono::NaiveDateTime;
use mandat::domain::money::{Currency, Money};
use mandat::domain::standing::{StandingStatus, Window};

fn at(text: &str) -> NaiveDateTime {
    format!("{text}T12:00:00").parse().expect("an instant")
}

fn chf(amount: &str) -> Money {
    Money::parse(amount, Currency::Chf).expect("an amount")
}

#[test]
fn prg_3_the_totals_look_a_year_back_and_the_period_ends_on_the_anniversary() {
    let window = Window::new(at("2024-02-29"), at("2026-11-25"));
    assert_eq!(window.from, at("2025-11-25"));
    assert_eq!(window.grace_until, at("2025-02-28"));
    assert_eq!(window.period_end, at("2027-02-28"));
    assert_eq!(window.period_start, at("2026-02-28"));
    let on_the_day = Window::new(at("2024-05-01"), at("2026-05-01"));
    assert_eq!(on_the_day.period_end, at("2027-05-01"));
}

#[test]
fn prg_3_the_grace_ends_on_the_day_and_not_before() {
    let none = [(chf("0.00"), chf("2000.00"))];
    let status = |now| {
        let window = Window::new(at("2025-03-10"), now);
        window.status(now, &none)
    };
    assert_eq!(status(at("2025-03-10")), StandingStatus::InGrace);
    assert_eq!(status(at("2026-03-09")), StandingStatus::InGrace);
    assert_eq!(status(at("2026-03-10")), StandingStatus::Below);
}

#[test]
fn prg_3_reaching_either_threshold_is_enough_and_exactly_is_reached() {
    let now = at("2026-11-25");
    let window = Window::new(at("2020-01-01"), now);
    let eur = |amount| Money::parse(amount, Currency::Eur).expect("an amount");
    for (francs, euros, status) in [
        ("2000.00", "0.00", StandingStatus::Met),
        ("0.00", "1800.00", StandingStatus::Met),
        ("1999.99", "1799.99", StandingStatus::Below),
        ("-5.00", "0.00", StandingStatus::Below),
    ] {
        let totals = [(chf(francs), chf("2000.00")), (eur(euros), eur("1800.00"))];
        assert_eq!(window.status(now, &totals), status, "{francs} {euros}");
    }
}

#[test]
fn prg_3_the_forecast_goes_on_at_the_pace_of_the_days_observed() {
    // A year and more observed: 365.00 are 1.00 a day; 100 days remain.
    let window = Window::new(at("2024-03-05"), at("2025-11-25"));
    assert_eq!((window.period_end - at("2025-11-25")).num_days(), 100);
    let forecast = window.forecast(chf("365.00"), chf("200.00"));
    assert_eq!(forecast, Ok(chf("300.00")));
    // Sixty days observed, 305 remain.
    let young = Window::new(at("2025-01-01"), at("2025-03-02"));
    assert_eq!(
        young.forecast(chf("60.00"), chf("60.00")),
        Ok(chf("365.00"))
    );
    // A first day is no pace: thirty days are taken.
    let new = Window::new(at("2025-01-01"), at("2025-01-01"));
    assert_eq!(new.forecast(chf("30.00"), chf("30.00")), Ok(chf("395.00")));
    let nothing = window.forecast(chf("0.00"), chf("0.00"));
    assert_eq!(nothing, Ok(chf("0.00")));
}
