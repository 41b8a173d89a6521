//! What one may make of another's place in an organization (ORG-2, ACC-5): the whole table.
use mandat::domain::access::{PaymentMode, Terms};
use mandat::domain::id::Id;
use mandat::domain::membership::{Place, may_turn, partner_may_turn};
use mandat::domain::organization::Role;
use mandat::domain::policy::Standing;

fn place(role: Role, may_order: bool) -> Option<Place> {
    Some(Place { role, may_order })
}

/// Nobody, and every place there is.
fn places() -> Vec<Option<Place>> {
    let of_roles = Role::ALL.iter().map(|role| place(*role, false));
    [None, place(Role::Collaborator, true)]
        .into_iter()
        .chain(of_roles)
        .collect()
}

fn is(place: Option<Place>, role: Role) -> bool {
    place.is_some_and(|place| place.role == role)
}

#[test]
fn acc_5_no_partner_makes_or_unmakes_a_legal_representative() {
    for terms in Terms::ALL {
        for other in places() {
            for (before, after) in [
                (place(Role::LegalRepresentative, false), other),
                (other, place(Role::LegalRepresentative, false)),
            ] {
                assert_eq!(partner_may_turn(terms, before, after), Err("ACC-5"));
            }
        }
    }
}

#[test]
fn acc_5_a_limited_partner_touches_no_administrator_and_lends_no_money() {
    for before in places() {
        for after in places() {
            let above = [Role::LegalRepresentative, Role::Administrator]
                .into_iter()
                .any(|role| is(before, role) || is(after, role));
            let lends = after == place(Role::Collaborator, true) && before != after;
            assert_eq!(
                partner_may_turn(Terms::Limited, before, after).is_ok(),
                !above && !lends,
                "{before:?} {after:?}"
            );
        }
    }
}

#[test]
fn acc_5_only_under_mode_customer_a_partner_lends_the_customers_money() {
    let full = |payment_mode| Terms::Full { payment_mode };
    let spenders = [
        place(Role::Collaborator, true),
        place(Role::Administrator, false),
    ];
    for after in spenders {
        let lends = |mode| partner_may_turn(full(mode), None, after).is_ok();
        assert!(lends(PaymentMode::Customer) && !lends(PaymentMode::Partner));
    }
    let down = partner_may_turn(
        full(PaymentMode::Partner),
        spenders[0],
        place(Role::External, false),
    );
    assert_eq!(down, Ok(()));
}

#[test]
fn org_2_an_administrator_neither_makes_nor_unmakes_a_legal_representative() {
    let administrator = Standing::Member {
        member: Id::from_bytes([1; 16]),
        role: Role::Administrator,
        may_order: false,
    };
    for before in places() {
        for after in places() {
            let binds =
                is(before, Role::LegalRepresentative) != is(after, Role::LegalRepresentative);
            let expected = if binds { Err("ORG-2") } else { Ok(()) };
            assert_eq!(may_turn(&administrator, before, after), expected);
        }
    }
}
