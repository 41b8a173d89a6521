//! Who plays: organizations and people made anew for each run of a sequence, so that no run meets another.
use super::Outcome;
use crate::rights::give;
use crate::world::{Answer, World};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use mandat::api::caller::Origin;
use mandat::db::Tx;
use mandat::domain::billing::PaymentMethodKind;
use mandat::domain::enrolment::{Application, EnrolmentAct};
use mandat::domain::id::{OrganizationId, ProductId, SessionId, UserId};
use mandat::domain::locale::Language;
use mandat::domain::money::Currency;
use mandat::domain::organization::{OperatorRole, OrganizationKind, Role};
use mandat::domain::product::Period;
use mandat::domain::register::{RegisterEntry, RegisterKind};
use mandat::error::{Error, Result};
use mandat::resources::accounts::model::{
    NewUser, begin_session, change_operator_role, insert_user,
};
use mandat::resources::organizations::model::{
    NewMember, NewOrganizationRow, NewPaymentMethodRow, NewProduct, insert_member,
    insert_organization, insert_payment_method, install_products,
};
use mandat::resources::programme::model as programme;
use mandat::secret::Purpose;
use proptest::test_runner::TestCaseError;
use std::cell::Cell;

/// An organization: its name, whether it is an approved partner, and how many products it begins with.
pub const PARTIES: [(&str, bool, usize); 5] = [
    ("Atelier", false, 3),
    ("Bistro", false, 2),
    ("Xylo", true, 2),
    ("Ypsilon", true, 1),
    ("Zenit", true, 0),
];
pub const ATELIER: usize = 0;
pub const BISTRO: usize = 1;
pub const XYLO: usize = 2;
pub const YPSILON: usize = 3;
pub const ZENIT: usize = 4;

pub struct Person {
    pub name: &'static str,
    pub of: usize,
    pub role: Role,
    pub may_order: bool,
}

const fn person(name: &'static str, of: usize, role: Role, may_order: bool) -> Person {
    Person {
        name,
        of,
        role,
        may_order,
    }
}

pub const PEOPLE: [Person; 11] = [
    person("Ada", ATELIER, Role::LegalRepresentative, false),
    person("Adrian", ATELIER, Role::Administrator, false),
    person("Alma", ATELIER, Role::Collaborator, true),
    person("Bea", BISTRO, Role::LegalRepresentative, false),
    person("Xenia", XYLO, Role::LegalRepresentative, false),
    person("Xaver", XYLO, Role::Administrator, false),
    person("Xandra", XYLO, Role::Collaborator, true),
    person("Ximena", XYLO, Role::Collaborator, false),
    person("Yara", YPSILON, Role::LegalRepresentative, false),
    person("Yves", YPSILON, Role::Collaborator, true),
    person("Zoe", ZENIT, Role::LegalRepresentative, false),
];
/// The operator's administrator, after all others.
pub const STAFF: usize = PEOPLE.len();
/// Atelier's collaborator, and the first product, which it was given.
pub const ALMA: (usize, usize) = (2, 0);
/// Xylo's collaborator who begins as an external user of Atelier, and the product given there (ORG-5).
pub const XANDRA: (usize, usize) = (6, 1);

/// The legal representative of an organization.
pub fn leader(of: usize) -> usize {
    let leads = |person: &Person| person.of == of && person.role == Role::LegalRepresentative;
    PEOPLE.iter().position(leads).unwrap_or(STAFF)
}

pub struct Cast<'w> {
    pub world: &'w World,
    pub organizations: Vec<OrganizationId>,
    pub members: Vec<String>,
    pub cards: Vec<String>,
    /// As the customers' products are at first.
    pub products: Vec<Vec<ProductId>>,
    signed_in: Vec<(UserId, SessionId)>,
    pub requests: Cell<usize>,
}

struct Made {
    organizations: Vec<OrganizationId>,
    members: Vec<String>,
    cards: Vec<String>,
    products: Vec<Vec<ProductId>>,
    signed_in: Vec<(UserId, SessionId)>,
}

impl<'w> Cast<'w> {
    pub async fn enter(world: &'w World) -> Outcome<Self> {
        let made = world.db.write(make).await;
        let made = made.map_err(|error| TestCaseError::fail(format!("no cast: {error}")))?;
        Ok(Self {
            world,
            organizations: made.organizations,
            members: made.members,
            cards: made.cards,
            products: made.products,
            signed_in: made.signed_in,
            requests: Cell::new(0),
        })
    }

    /// Asks as somebody, whose token says either that it has just proved again who it is (ORG-7), or not.
    pub async fn ask(&self, who: usize, proven: bool, request: TestRequest) -> Outcome<Answer> {
        self.requests.set(self.requests.get() + 1);
        let (user, session) = self.signed_in[who];
        let (signer, now) = (&self.world.service.signer, self.world.clock.now());
        let token = match proven {
            true => signer.sign_again(user, session, now),
            false => signer.sign(user, session, now),
        };
        let token = token.map_err(|error| TestCaseError::fail(format!("no token: {error}")))?;
        let request = request.insert_header(("authorization", format!("Bearer {token}")));
        Ok(self.world.send(request).await)
    }

    pub async fn get(&self, who: usize, path: &str) -> Outcome<Answer> {
        self.ask(who, false, TestRequest::get().uri(path)).await
    }
}

fn make(tx: &mut Tx) -> Result<Made> {
    let mut made = Made {
        organizations: Vec::new(),
        members: Vec::new(),
        cards: Vec::new(),
        products: Vec::new(),
        signed_in: Vec::new(),
    };
    for party in PARTIES {
        organization(tx, party, &mut made)?;
    }
    for person in PEOPLE {
        let user = sign_in(tx, person.name, &mut made)?;
        let member = join(tx, made.organizations[person.of], user, &person)?;
        made.members.push(member.to_string());
        if person.name == PEOPLE[ALMA.0].name {
            give(tx, member.bytes(), Some(made.products[ATELIER][ALMA.1]))?;
        }
        if person.name == PEOPLE[XANDRA.0].name {
            let outside = Person {
                role: Role::External,
                may_order: false,
                ..person
            };
            let member = join(tx, made.organizations[ATELIER], user, &outside)?;
            give(tx, member.bytes(), Some(made.products[ATELIER][XANDRA.1]))?;
        }
    }
    let nora = sign_in(tx, "Nora", &mut made)?;
    change_operator_role(tx, nora, Some(OperatorRole::Admin))?;
    Ok(made)
}

fn organization(
    tx: &mut Tx,
    (name, is_partner, products): (&str, bool, usize),
    made: &mut Made,
) -> Result<()> {
    let new = NewOrganizationRow {
        name,
        kind: OrganizationKind::Company,
        email: "office@sequences.example",
        country: "CH",
        vat_number: None,
    };
    let id = insert_organization(tx, &new)?;
    let card = NewPaymentMethodRow {
        organization: id,
        kind: PaymentMethodKind::Card,
        label: "Visa •••• 4242",
        provider_token: Some(tx.keys.seal(Purpose::PaymentMethod, b"tok_4242")?),
        currency: None,
    };
    let card = insert_payment_method(tx, &card)?;
    let installed = tx.new_ids(products)?.into_iter().map(|product| NewProduct {
        id: product,
        organization: id,
        parent: None,
        family: "mail".into(),
        name: "Mail".into(),
        quantity: 1,
        period: Period::Monthly,
        currency: Currency::Chf,
        renewal_owner: id,
        payment_method: Some(card),
        renews_on: tx.now.date(),
        installed_at: tx.now,
    });
    let installed: Vec<NewProduct> = installed.collect();
    install_products(tx, &installed)?;
    if is_partner {
        enrol(tx, id)?;
    }
    let products = installed.iter().map(|product| product.id).collect();
    made.organizations.push(id);
    made.cards.push(card.to_string());
    made.products.push(products);
    Ok(())
}

fn enrol(tx: &mut Tx, organization: OrganizationId) -> Result<()> {
    let application = Application {
        register: RegisterEntry {
            kind: RegisterKind::Other,
            number: "1".into(),
            country: "CH".into(),
        },
        website: "https://sequences.example/".into(),
        terms_version: "2026-01".into(),
    };
    programme::insert(tx, organization, &application)?;
    let enrolment = programme::latest(tx, organization)?
        .ok_or_else(|| Error::internal("a partner has not enrolled"))?;
    programme::advance(tx, &enrolment, EnrolmentAct::Approve, Some("Welcome."))
}

/// A person with a session that outlasts every sequence.
fn sign_in(tx: &mut Tx, name: &str, made: &mut Made) -> Result<UserId> {
    let email = format!("{name}-{}@sequences.example", uuid::Uuid::now_v7());
    let new = NewUser {
        email: &email,
        name,
        language: Language::English,
        password_hash: None,
        verified: true,
    };
    let user = insert_user(tx, &new)?;
    let origin = Origin {
        request_id: String::new(),
        address: None,
        user_agent: None,
    };
    let (session, _) = begin_session(tx, user, &origin, TimeDelta::days(36_500))?;
    made.signed_in.push((user, session));
    Ok(user)
}

fn join(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    person: &Person,
) -> Result<mandat::domain::id::MemberId> {
    let new = NewMember {
        organization,
        user,
        role: person.role,
        may_order: person.may_order,
        added_by: None,
    };
    insert_member(tx, &new)
}
