//! A small believable world: for whoever tries the service out, and for its tests.
//!
//! Web hosting's price, partner discount and volume tier are the published ones; every other price
//! is a sample.
use crate::db::Tx;
use crate::db::schema::{families, users};
use crate::domain::access::{Access, PaymentMode};
use crate::domain::billing::PaymentMethodKind;
use crate::domain::directory::Profile;
use crate::domain::enrolment::{Application, EnrolmentAct};
use crate::domain::id::{
    MemberId, OrganizationId, PartnershipId, PaymentMethodId, ProductId, UserId,
};
use crate::domain::invitation::Direction;
use crate::domain::locale::Language;
use crate::domain::money::Currency;
use crate::domain::organization::{OperatorRole, OrganizationKind, Role};
use crate::domain::product::Period;
use crate::domain::register::{RegisterEntry, RegisterKind};
use crate::domain::tender::Topics;
use crate::error::{Error, Result};
use crate::resources::accounts::model::{self as accounts, NewUser};
use crate::resources::catalogue::model::{self as catalogue, PriceRow, TierRow};
use crate::resources::directory::model::{self as directory, ProfileRow};
use crate::resources::invitations::model::{self as invitations, New};
use crate::resources::organizations::model::{
    self as organizations, NewMember, NewOrganizationRow, NewPaymentMethodRow, NewProduct,
};
use crate::resources::partnerships::model as partnerships;
use crate::resources::programme::model as programme;
use crate::resources::support::model as support;
use crate::resources::tenders::model::{self as tenders, Deed, New as NewTender};
use crate::secret::Purpose;
use chrono::TimeDelta;
use diesel::prelude::*;
use std::collections::BTreeSet;

/// Of every demo account.
pub const PASSWORD: &str = "seven purple teapots";

/// Who there is, for the list that is printed: address, name, what for.
pub const ACCOUNTS: &[(&str, &str, &str)] = &[
    (
        "nora@mandat.example",
        "Nora Keller",
        "operator, administrator",
    ),
    ("tom@mandat.example", "Tom Baumann", "operator, billing"),
    ("iris@mandat.example", "Iris Favre", "operator, support"),
    (
        "claire@studio-lumen.example",
        "Claire Morel",
        "partner Studio Lumen, legal representative",
    ),
    (
        "luca@studio-lumen.example",
        "Luca Ferri",
        "partner Studio Lumen, administrator",
    ),
    (
        "maya@studio-lumen.example",
        "Maya Roth",
        "partner Studio Lumen, collaborator assigned to Galerie Arno",
    ),
    (
        "jonas@nordwerk.example",
        "Jonas Brandt",
        "partner Nordwerk, legal representative",
    ),
    (
        "petra@nordwerk.example",
        "Petra Vogel",
        "partner Nordwerk, administrator",
    ),
    (
        "emil@nordwerk.example",
        "Emil Lang",
        "partner Nordwerk, collaborator",
    ),
    (
        "anna@baeckerei-sommer.example",
        "Anna Sommer",
        "customer Bäckerei Sommer, no partner",
    ),
    (
        "ben@velo-kurier.example",
        "Ben Huber",
        "customer Velo Kurier, limited access for Studio Lumen; has asked to enrol as a partner",
    ),
    (
        "sofia@galerie-arno.example",
        "Sofia Arno",
        "customer Galerie Arno, full access for Studio Lumen, the customer pays",
    ),
    (
        "karl@praxis-weiss.example",
        "Karl Weiss",
        "customer Praxis Weiss, full access for Studio Lumen, the partner pays",
    ),
    (
        "marie@chalet-edelweiss.example",
        "Marie Dubois",
        "customer Chalet Edelweiss, asked by Nordwerk",
    ),
];

/// What stands above the list of accounts.
pub fn heading() -> String {
    format!(
        "The demo world: nobody in it is real, and every account's password is “{PASSWORD}”.\n\n"
    )
}

/// Three lines that show the main job as they stand.
pub fn curl_lines(url: &str) -> String {
    format!(
        r#"Sign in as Claire, see her customers, and order 35 web hostings for Praxis Weiss at the partner's price:

  TOKEN=$(curl -s {url}/v1/auth/login -H 'content-type: application/json' -d '{{"email":"claire@studio-lumen.example","password":"{PASSWORD}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  ORG=$(curl -s '{url}/v1/organizations?via=partnership' -H "authorization: Bearer $TOKEN" | sed 's/.*"id":"\(org_[^"]*\)","name":"Praxis Weiss".*/\1/')
  curl -s {url}/v1/quotes -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{{"organization_id":"'$ORG'","acting_as":"partner","currency":"CHF","lines":[{{"family":"web_hosting","quantity":35,"period":"monthly"}}]}}'
"#
    )
}

/// Whether this database holds the demo world.
pub fn is_here(tx: &mut Tx) -> Result<bool> {
    let known: i64 = users::table
        .filter(users::email.eq(ACCOUNTS[0].0))
        .count()
        .get_result(tx.conn)?;
    Ok(known > 0)
}

/// Fills an empty database; refuses one that holds anything. `hash` is of [`PASSWORD`].
pub fn fill(tx: &mut Tx, hash: &str) -> Result<()> {
    let (people, goods): (i64, i64) = (
        users::table.count().get_result(tx.conn)?,
        families::table.count().get_result(tx.conn)?,
    );
    if people + goods > 0 {
        return Err(Error::internal(
            "the database holds something already: the demo world needs an empty one",
        ));
    }
    fill_catalogue(tx)?;
    staff(tx, hash)?;
    let lumen = organization(tx, hash, &LUMEN)?;
    let nordwerk = organization(tx, hash, &NORDWERK)?;
    let swiss = (RegisterKind::ChUid, "CHE-123.456.788", "CH");
    enrolled(tx, &lumen, swiss, "https://studio-lumen.example/")?;
    let german = (RegisterKind::Other, "HRB 90210 Hamburg", "DE");
    enrolled(tx, &nordwerk, german, "https://nordwerk.example/")?;
    profiles(tx, &lumen, &nordwerk)?;
    organization(tx, hash, &SOMMER)?;
    let kurier = organization(tx, hash, &KURIER)?;
    let arno = organization(tx, hash, &ARNO)?;
    let weiss = organization(tx, hash, &WEISS)?;
    let edelweiss = organization(tx, hash, &EDELWEISS)?;
    let entry = (RegisterKind::ChUid, "CHE-116.281.710", "CH");
    let applying = application(entry, "https://velo-kurier.example/");
    programme::insert(tx, kurier.id, &applying)?;
    let two = kurier.products.iter().take(2).copied().collect();
    partner_up(tx, &kurier, &lumen, &Access::Limited { products: two })?;
    let paid_by = |payment_mode| Access::Full { payment_mode };
    let galerie = partner_up(tx, &arno, &lumen, &paid_by(PaymentMode::Customer))?;
    partner_up(tx, &weiss, &lumen, &paid_by(PaymentMode::Partner))?;
    let nobody = || Error::internal("Studio Lumen has no collaborator");
    let maya = *lumen.members.last().ok_or_else(nobody)?;
    partnerships::assign(tx, galerie, maya, false, tx.now)?;
    let wanted = paid_by(PaymentMode::Customer);
    let request = invitation(
        Direction::PartnerToCustomer,
        &edelweiss,
        &nordwerk,
        &wanted,
        nordwerk.leader,
    );
    invitations::insert(tx, &request)?;
    call_for_help(tx, &edelweiss)?;
    let first = edelweiss.products.iter().take(1).copied().collect();
    let by = (edelweiss.leader, Some("Guests cannot book a room."));
    support::grant(tx, edelweiss.id, Some(&first), by, TimeDelta::days(7))?;
    Ok(())
}

/// A tender that is open, for partners to choose.
fn call_for_help(tx: &mut Tx, author: &Made) -> Result<()> {
    let topics = Topics {
        families: ["web_hosting".to_owned()].into(),
        region: "FR-74".into(),
        languages: [Language::French].into(),
    };
    let expires_at = tx.now + TimeDelta::days(30);
    let tender = tenders::insert(
        tx,
        &NewTender {
            organization: Some(author.id),
            author: Some(author.leader),
            subject: CALL,
            description: "Our guests would like to book a room online, in French and English.",
            topics: &topics,
            budget: None,
            deadline: None,
            contact: (
                "Marie Dubois",
                "marie@chalet-edelweiss.example",
                "+33 4 50 00 00 00",
            ),
            language: Language::French,
            opening_cap: Some(5),
            expires_at,
        },
    )?;
    tenders::act(tx, &tender, &Deed::Confirm { expires_at })?;
    Ok(())
}

/// What the open tender is about.
pub const CALL: &str = "Rooms to be booked online";

/// An organization of the demo world: its people by their place in [`ACCOUNTS`], and what it owns.
struct Cast {
    name: &'static str,
    kind: OrganizationKind,
    email: &'static str,
    country: &'static str,
    people: &'static [(usize, Role)],
    language: Language,
    /// Family, label, and units.
    products: &'static [(&'static str, &'static str, i64)],
    /// What a partner's prepaid accounts hold at first, in minor units.
    prepaid: bool,
}

const LUMEN: Cast = Cast {
    name: "Studio Lumen",
    kind: OrganizationKind::Company,
    email: "hello@studio-lumen.example",
    country: "CH",
    people: &[
        (3, Role::LegalRepresentative),
        (4, Role::Administrator),
        (5, Role::Collaborator),
    ],
    language: Language::French,
    products: &[],
    prepaid: true,
};
const NORDWERK: Cast = Cast {
    name: "Nordwerk",
    email: "kontakt@nordwerk.example",
    country: "DE",
    people: &[
        (6, Role::LegalRepresentative),
        (7, Role::Administrator),
        (8, Role::Collaborator),
    ],
    language: Language::German,
    ..LUMEN
};
const SOMMER: Cast = Cast {
    name: "Bäckerei Sommer",
    email: "post@baeckerei-sommer.example",
    people: &[(9, Role::LegalRepresentative)],
    language: Language::German,
    products: &[
        ("web_hosting", "baeckerei-sommer.example", 1),
        ("domain_ch", "baeckerei-sommer.example", 1),
    ],
    prepaid: false,
    ..LUMEN
};
const KURIER: Cast = Cast {
    name: "Velo Kurier",
    email: "dispo@velo-kurier.example",
    people: &[(10, Role::LegalRepresentative)],
    products: &[
        ("web_hosting", "velo-kurier.example", 1),
        ("domain_ch", "velo-kurier.example", 1),
        ("mail", "dispo@velo-kurier.example", 5),
    ],
    ..SOMMER
};
const ARNO: Cast = Cast {
    name: "Galerie Arno",
    email: "studio@galerie-arno.example",
    people: &[(11, Role::LegalRepresentative)],
    language: Language::Italian,
    products: &[
        ("web_hosting", "galerie-arno.example", 1),
        ("cloud_server", "archive", 1),
    ],
    ..SOMMER
};
const WEISS: Cast = Cast {
    name: "Praxis Weiss",
    email: "empfang@praxis-weiss.example",
    people: &[(12, Role::LegalRepresentative)],
    products: &[
        ("mail", "empfang@praxis-weiss.example", 3),
        ("backup", "praxis", 1),
    ],
    ..SOMMER
};
const EDELWEISS: Cast = Cast {
    name: "Chalet Edelweiss",
    kind: OrganizationKind::Person,
    email: "marie@chalet-edelweiss.example",
    country: "FR",
    people: &[(13, Role::LegalRepresentative)],
    language: Language::French,
    products: &[("web_hosting", "chalet-edelweiss.example", 1)],
    ..SOMMER
};

/// An organization that has been made.
struct Made {
    id: OrganizationId,
    leader: UserId,
    members: Vec<MemberId>,
    products: Vec<ProductId>,
}

fn staff(tx: &mut Tx, hash: &str) -> Result<()> {
    let roles = [
        OperatorRole::Admin,
        OperatorRole::Billing,
        OperatorRole::Support,
    ];
    for (at, role) in roles.into_iter().enumerate() {
        let user = person(tx, hash, at, Language::English)?;
        accounts::change_operator_role(tx, user, Some(role))?;
    }
    Ok(())
}

fn person(tx: &mut Tx, hash: &str, at: usize, language: Language) -> Result<UserId> {
    let (email, name, _) = ACCOUNTS[at];
    let new = NewUser {
        email,
        name,
        language,
        password_hash: Some(hash),
        verified: true,
    };
    accounts::insert_user(tx, &new)
}

fn organization(tx: &mut Tx, hash: &str, cast: &Cast) -> Result<Made> {
    let id = organizations::insert_organization(
        tx,
        &NewOrganizationRow {
            name: cast.name,
            kind: cast.kind,
            email: cast.email,
            country: cast.country,
            vat_number: None,
        },
    )?;
    let (mut leader, mut members) = (None, Vec::new());
    for (at, role) in cast.people {
        let user = person(tx, hash, *at, cast.language)?;
        leader = leader.or(Some(user));
        let new = NewMember {
            organization: id,
            user,
            role: *role,
            may_order: false,
            added_by: None,
        };
        members.push(organizations::insert_member(tx, &new)?);
    }
    let leader =
        leader.ok_or_else(|| Error::internal("an organization of the demo world has nobody"))?;
    let card = payment_methods(tx, id, cast.prepaid)?;
    let new: Vec<NewProduct> = cast
        .products
        .iter()
        .map(|(family, name, quantity)| {
            Ok(NewProduct {
                id: tx.new_id()?,
                organization: id,
                parent: None,
                family: (*family).into(),
                name: (*name).into(),
                quantity: *quantity,
                period: Period::Monthly,
                currency: Currency::Chf,
                renewal_owner: id,
                payment_method: Some(card),
                renews_on: Period::Monthly.end(tx.now.date()).unwrap_or(tx.now.date()),
                installed_at: tx.now,
            })
        })
        .collect::<Result<_>>()?;
    organizations::install_products(tx, &new)?;
    Ok(Made {
        id,
        leader,
        members,
        products: new.into_iter().map(|product| product.id).collect(),
    })
}

/// A card, and for a partner a prepaid account in each currency.
fn payment_methods(
    tx: &mut Tx,
    organization: OrganizationId,
    prepaid: bool,
) -> Result<PaymentMethodId> {
    let token = tx.keys.seal(Purpose::PaymentMethod, b"tok_demo_4242")?;
    let card = NewPaymentMethodRow {
        organization,
        kind: PaymentMethodKind::Card,
        label: "Visa •••• 4242",
        provider_token: Some(token),
        currency: None,
    };
    for &currency in Currency::ALL.iter().filter(|_| prepaid) {
        organizations::insert_payment_method(
            tx,
            &NewPaymentMethodRow {
                kind: PaymentMethodKind::Prepaid,
                label: &format!("Prepaid account {currency}"),
                provider_token: None,
                currency: Some(currency),
                ..card
            },
        )?;
    }
    organizations::insert_payment_method(tx, &card)
}

/// A company that has become a partner.
fn enrolled(
    tx: &mut Tx,
    partner: &Made,
    entry: (RegisterKind, &str, &str),
    website: &str,
) -> Result<()> {
    let id = programme::insert(tx, partner.id, &application(entry, website))?;
    let nothing = || Error::internal("a partner of the demo world has not enrolled");
    let enrolment = programme::latest(tx, partner.id)?.ok_or_else(nothing)?;
    programme::advance(tx, &enrolment, EnrolmentAct::Approve, Some("Welcome."))?;
    programme::confirm_website(tx, id)
}

/// What a company enrols with.
fn application((kind, number, country): (RegisterKind, &str, &str), website: &str) -> Application {
    Application {
        register: RegisterEntry {
            kind,
            number: number.into(),
            country: country.into(),
        },
        website: website.into(),
        terms_version: "2026-01".into(),
    }
}

/// What the two partners say of themselves in the directory.
fn profiles(tx: &mut Tx, lumen: &Made, nordwerk: &Made) -> Result<()> {
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    let studio = Profile {
        listed: true,
        description: "Websites for galleries, museums and those who make things by hand.".into(),
        website: Some("https://studio-lumen.example/".into()),
        languages: owned(&["fr", "de", "it"]),
        regions: owned(&["CH-VD", "CH-GE"]),
        specialities: owned(&["Accessibility", "Online shops"]),
        families: owned(&["web_hosting", "domain_ch", "mail"]),
    };
    directory::set(tx, &ProfileRow::empty(lumen.id), &studio)?;
    let werk = Profile {
        description: "Server und Netze für Werkstätten und kleine Betriebe.".into(),
        website: Some("https://nordwerk.example/".into()),
        languages: owned(&["de", "en"]),
        regions: owned(&["DE"]),
        specialities: owned(&["Umzug ohne Ausfall"]),
        families: owned(&["cloud_server", "web_hosting"]),
        ..studio
    };
    directory::set(tx, &ProfileRow::empty(nordwerk.id), &werk)
}

/// A partnership that has come about by the customer's invitation.
fn partner_up(
    tx: &mut Tx,
    customer: &Made,
    partner: &Made,
    access: &Access,
) -> Result<PartnershipId> {
    let new = invitation(
        Direction::CustomerToPartner,
        customer,
        partner,
        access,
        customer.leader,
    );
    let (invitation, _) = invitations::insert(tx, &new)?;
    let sides = (customer.id, partner.id);
    let agreed = partnerships::agree(tx, invitation.id, None, sides, tx.now)?;
    partnerships::begin(tx, &agreed, access, tx.now)?;
    invitations::accept(tx, &invitation, customer.id, access, agreed.id)?;
    Ok(agreed.id)
}

fn invitation<'a>(
    direction: Direction,
    customer: &Made,
    partner: &Made,
    requested: &'a Access,
    by: UserId,
) -> New<'a> {
    New {
        direction,
        customer: Some(customer.id),
        email: None,
        partner: partner.id,
        requested,
        families: &[],
        replace: &NONE,
        starts_at: None,
        tender: None,
        message: None,
        by,
        lasts: TimeDelta::days(30),
    }
}

static NONE: BTreeSet<PartnershipId> = BTreeSet::new();

/// Family, name, list price a month in CHF and EUR in minor units, and the partner's price where it
/// is explicit; the others have the partner advantage of 20 %.
type Family = (&'static str, &'static str, [i64; 2], Option<[i64; 2]>);

const FAMILIES: &[Family] = &[
    ("web_hosting", "Web hosting", [992, 575], None),
    ("domain_ch", "Domain .ch", [159, 149], Some([115, 109])),
    ("domain_com", "Domain .com", [190, 179], Some([145, 139])),
    ("mail", "Mail", [210, 195], None),
    ("cloud_server", "Cloud server", [2900, 2690], None),
    ("backup", "Backup", [790, 730], None),
];

const PARTNER_RATE: i64 = 200_000;
const TIER: (i64, i64) = (35, 250_000);

fn fill_catalogue(tx: &mut Tx) -> Result<()> {
    for (code, name, ..) in FAMILIES {
        catalogue::insert_family(tx, code, name)?;
    }
    // Prices reach back, so that what happened before can be reported.
    let since = tx.now - TimeDelta::days(731);
    catalogue::insert_price_list(tx, since, |list| {
        let cells = FAMILIES.iter().flat_map(|family| {
            Currency::ALL.iter().flat_map(move |currency| {
                Period::ALL
                    .iter()
                    .map(move |period| (family, *currency, *period))
            })
        });
        let prices = cells.map(|((code, _, list_prices, explicit), currency, period)| {
            let months = match period {
                Period::Monthly => 1,
                Period::Yearly => 12,
            };
            let of = |prices: &[i64; 2]| {
                months
                    * match currency {
                        Currency::Chf => prices[0],
                        Currency::Eur => prices[1],
                    }
            };
            PriceRow {
                price_list_id: list,
                family: (*code).into(),
                currency,
                period,
                list_minor: of(list_prices),
                partner_rate_ppm: explicit.is_none().then_some(PARTNER_RATE),
                partner_minor: explicit.as_ref().map(of),
            }
        });
        let prices: Vec<PriceRow> = prices.collect();
        let tiers = prices
            .iter()
            .filter(|price| price.family == "web_hosting")
            .map(|price| TierRow {
                price_list_id: list,
                family: price.family.clone(),
                currency: price.currency,
                period: price.period,
                minimum: TIER.0,
                rate_ppm: TIER.1,
            });
        let tiers = tiers.collect();
        (prices, tiers)
    })?;
    Ok(())
}
