//! Enrolment: register numbers, what is asked for, and every way through the states (PRG-1, PRG-2).
use mandat::domain::enrolment::{Draft, EnrolmentAct, EnrolmentState, read, website};
use mandat::domain::organization::OrganizationKind;
use mandat::domain::refusal::Fault;
use mandat::domain::register::{self, RegisterKind};
use proptest::prelude::*;

fn number(kind: RegisterKind, spelt: &str) -> Result<String, Vec<Fault>> {
    let country = (kind == RegisterKind::Other).then_some("DE");
    register::read(kind, spelt, country, "/register").map(|entry| entry.number)
}

#[test]
fn prg_1_a_swiss_number_is_read_in_every_common_spelling() {
    for spelt in [
        "CHE-123.456.788",
        "CHE123456788",
        "che 123 456 788",
        " CHE-123.456.788 MWST",
        "CHE-123.456.788 TVA",
        "CHE-123.456.788 HR",
    ] {
        assert_eq!(
            number(RegisterKind::ChUid, spelt).as_deref(),
            Ok("CHE-123.456.788"),
            "{spelt}"
        );
    }
}

#[test]
fn prg_1_numbers_of_real_companies_pass_and_their_neighbours_do_not() {
    for (kind, sound, wrong) in [
        (RegisterKind::ChUid, "CHE-109.322.551", "CHE-109.322.552"),
        (RegisterKind::ChUid, "CHE-116.281.710", "CHE-116.281.711"),
        (RegisterKind::FrSiret, "73282932000074", "73282932000075"),
        (
            RegisterKind::FrSiret,
            "732 829 320 00074",
            "732 829 320 00047",
        ),
        // La Poste: its head office has a Luhn digit, its other establishments a multiple of five.
        (RegisterKind::FrSiret, "35600000000048", "35600000000049"),
        (RegisterKind::FrSiret, "35600000009075", "35600000009076"),
    ] {
        assert!(number(kind, sound).is_ok(), "{sound}");
        let faults = number(kind, wrong).expect_err(wrong);
        assert_eq!(faults[0].code, "wrong_check_digit", "{wrong}");
        assert_eq!(faults[0].pointer, "/register/number");
    }
}

#[test]
fn prg_1_what_is_no_number_is_told_apart_from_a_wrong_one() {
    for (kind, spelt) in [
        (RegisterKind::ChUid, "123.456.788"),
        (RegisterKind::ChUid, "CHE-123.456.78"),
        (RegisterKind::ChUid, "CHE-000.000.000"),
        (RegisterKind::FrSiret, "7328293200007"),
        (RegisterKind::FrSiret, "7328293200007a"),
        (RegisterKind::FrSiret, "٧٣٢٨٢٩٣٢٠٠٠٠٧٤"),
    ] {
        let faults = number(kind, spelt).expect_err(spelt);
        assert_eq!(faults[0].code, "malformed_number", "{spelt}");
    }
}

#[test]
fn prg_1_another_register_names_its_country() {
    let code = |country| {
        register::read(RegisterKind::Other, " HRB  90210 ", country, "/register")
            .map(|entry| entry.number)
            .map_err(|faults| faults[0].code)
    };
    assert_eq!(code(Some("DE")), Ok("HRB 90210".into()));
    assert_eq!(code(None), Err("required"));
    assert_eq!(code(Some("de")), Err("country"));
    let swiss = register::read(RegisterKind::ChUid, "CHE-123.456.788", Some("FR"), "");
    assert_eq!(
        swiss.expect_err("another country")[0].code,
        "other_register"
    );
}

proptest! {
    /// One digit of a sound number is not another sound one's.
    #[test]
    fn prg_1_a_check_digit_finds_every_single_mistake(mut digits in prop::collection::vec(0u8..10, 13), place in 0usize..14, other in 1u8..10) {
        let spelt = |digits: &[u8]| digits.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
        digits[0] = 1;
        let sound = (0..10).find_map(|last| {
            let mut whole = digits.clone();
            whole.push(last);
            number(RegisterKind::FrSiret, &spelt(&whole)).is_ok().then_some(whole)
        });
        let mut whole = sound.expect("one of ten last digits is right");
        whole[place] = (whole[place] + other) % 10;
        prop_assert!(number(RegisterKind::FrSiret, &spelt(&whole)).is_err());
    }
}

#[test]
fn prg_1_a_website_is_an_https_address_of_a_named_host() {
    for (given, read) in [
        (
            "https://studio-lumen.example",
            Some("https://studio-lumen.example/"),
        ),
        (
            " https://Zürich.example/a?b ",
            Some("https://xn--zrich-kva.example/a?b"),
        ),
        ("http://studio-lumen.example/", None),
        ("https://localhost/", None),
        ("https://127.0.0.1/", None),
        ("https://[::1]/", None),
        ("https://me:secret@studio-lumen.example/", None),
        ("studio-lumen.example", None),
        ("", None),
    ] {
        assert_eq!(website(given).as_deref(), read, "{given}");
    }
}

#[test]
fn prg_1_everything_that_is_missing_is_named_at_once() {
    let refusal = read(OrganizationKind::Person, &Draft::default(), "2026-01")
        .expect_err("everything is missing");
    let named: Vec<&str> = refusal
        .faults
        .iter()
        .map(|fault| fault.pointer.as_str())
        .collect();
    assert_eq!(
        named,
        [
            "",
            "/register",
            "/website",
            "/commitments/customer_support",
            "/commitments/invoice_liability",
            "/commitments/tender_exclusivity",
            "/terms_version"
        ]
    );
    assert_eq!(refusal.rule, Some("PRG-1"));
}

#[test]
fn prg_2_the_states_and_nothing_else() {
    use {EnrolmentAct::*, EnrolmentState::*};
    let ways = [
        (Submitted, Inquire, Inquiring),
        (Inquiring, Answer, Submitted),
        (Submitted, Approve, Approved),
        (Submitted, Reject, Rejected),
        (Inquiring, Approve, Approved),
        (Inquiring, Reject, Rejected),
        (Approved, Suspend, Suspended),
        (Suspended, Reinstate, Approved),
        (Approved, End, Ended),
        (Suspended, End, Ended),
        (Submitted, Leave, Ended),
        (Inquiring, Leave, Ended),
        (Approved, Leave, Ended),
        (Suspended, Leave, Ended),
    ];
    for &state in EnrolmentState::ALL {
        for &act in EnrolmentAct::ALL {
            let way = ways
                .iter()
                .find(|(from, by, _)| (*from, *by) == (state, act));
            assert_eq!(state.after(act), way.map(|(_, _, to)| *to), "{state} {act}");
        }
        let is_final = EnrolmentAct::ALL
            .iter()
            .all(|act| state.after(*act).is_none());
        assert_eq!(is_final, !state.is_in_force(), "{state}");
    }
}
