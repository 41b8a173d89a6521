//! Every right, told twice: role × side × assignment × level × mode × product × state of the partnership
//! × action, as the service answers it and as the rules' text has it (ORG-2 to ORG-8, ACC-1 to ACC-4, PRG-5).
use crate::partnerships::{end_partnership, partnership};
use crate::world::{World, on_each_engine};
use diesel::prelude::*;
use mandat::db::Tx;
use mandat::db::schema::{
    assignments, enrolment_states, organizations, partnerships, products, reached_products,
};
use mandat::domain::enrolment::EnrolmentState;
use mandat::domain::id::{
    AssignmentId, MemberId, OrganizationId, PartnershipId, ProductId, UserId,
};
use mandat::domain::locale::Language;
use mandat::domain::organization::Role;
use mandat::domain::policy::Action;
use mandat::error::Result;
use mandat::resources::accounts::model::{NewUser, insert_user};
use mandat::resources::organizations::model::{NewMember, insert_member};
use serde_json::{Value, json};
use std::io::Write;

/// Where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Customer,
    Partner,
    Operator(&'static str),
    Nowhere,
}

/// What a collaborator of the partner was assigned, or what a collaborator or external of the
/// customer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    Nothing,
    /// The customer as a whole.
    Whole,
    /// One product that the limited partnership selects.
    Inside,
    /// One that it does not.
    Outside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    Limited,
    FullPaidByCustomer,
    FullPaidByPartner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Active,
    Suspended,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// The question names none.
    None,
    /// In the selection of the limited partnership.
    Inside,
    /// The customer's, and not in it.
    Outside,
    /// Nobody's.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
pub struct Actor {
    pub side: Side,
    pub role: Role,
    pub may_order: bool,
    pub assigned: Assigned,
}

/// The rules, from their text.
pub mod rules {
    use super::{Actor, Assigned, Product, Side, State, Terms};
    use mandat::domain::organization::Role;

    /// ORG-2: they bind the organization, so only a legal representative does them; and PAY-7.
    const BINDING: &[&str] = &[
        "edit_organization",
        "manage_payment_methods",
        "send_invitation",
        "answer_invitation",
        "change_access",
        "change_payment_mode",
        "answer_payment_mode_proposal",
        "end_partnership",
        "read_exit_report",
        "cancel_start",
        "hand_over",
        "set_invitation_preferences",
        "edit_tender_preferences",
        "enrol",
        "read_enrolment",
        "answer_inquiry",
        "leave_programme",
        "request_payout",
    ];
    /// ORG-3: administrators manage users, teams and products, and see the partnerships and the money.
    const MANAGING: &[&str] = &[
        "manage_members",
        "manage_products",
        "read_billing_events",
        "read_invoices",
        "read_prepaid_accounts",
        "read_invitations",
        "read_partnership",
        "read_payment_mode_proposals",
        "read_right_sizing",
        "read_tenders",
        "manage_tenders",
        "answer_tenders",
        "read_events",
        "read_audit_log",
        "manage_webhooks",
        "manage_partner_profile",
        "read_shared_statement",
        "read_support_contract",
        "manage_support_access",
    ];
    /// ORG-8: who may order, what ordering shows, and what it would cost (PRC-9).
    const ORDERING: &[&str] = &["order", "read_orders", "read_payment_methods", "simulate"];
    /// ACC-4: what limited access does not give. What full access would cost, anyone may ask.
    const NOT_UNDER_LIMITED_ACCESS: &[&str] = &[
        "order",
        "read_orders",
        "read_payment_methods",
        "set_rebilling_terms",
    ];
    /// For whoever belongs to the organization, and not for people from outside (ORG-5).
    const BELONGING: &[&str] = &["read_members", "read_customers"];
    /// For everyone in the organization.
    const LOOKING: &[&str] = &["read_organization", "read_products"];
    /// Only the partner proposes another mode (PSH-6), assigns its collaborators (ORG-4) and bills its
    /// customer anew (BIL-7).
    const ONLY_FOR_THE_PARTNER: &[&str] = &[
        "propose_payment_mode",
        "assign_collaborators",
        "read_rebilling",
        "set_rebilling_terms",
    ];
    /// ACC-1: only for the operator's staff.
    const ONLY_FOR_STAFF: &[&str] = &[
        "settle_invoices",
        "settle_payouts",
        "report_billing_events",
        "manage_catalogue",
        "decide_enrolment",
        "manage_users",
        "manage_organizations",
        "agree_support_contract",
        "give_support",
    ];

    /// ACC-2, PAY-5, PAY-7, PSH-5, PSH-6, PSH-10, PSH-12, INV-9: never on the customer's behalf.
    const NEVER_BY_A_PARTNER: &[&str] = &[
        "edit_organization",
        "manage_payment_methods",
        "read_invoices",
        "read_prepaid_accounts",
        "read_invitations",
        "send_invitation",
        "answer_invitation",
        "set_invitation_preferences",
        "read_tenders",
        "manage_tenders",
        "answer_tenders",
        "edit_tender_preferences",
        "read_events",
        "read_audit_log",
        "manage_webhooks",
        "read_customers",
        "change_access",
        "change_payment_mode",
        "answer_payment_mode_proposal",
        "cancel_start",
        "hand_over",
        "enrol",
        "read_enrolment",
        "answer_inquiry",
        "leave_programme",
        "manage_partner_profile",
        "request_payout",
        "read_support_contract",
        "manage_support_access",
    ];
    /// PSH-7: of the partnership itself, which stays readable while it is suspended, and can be ended.
    const OF_THE_PARTNERSHIP: &[&str] = &[
        "read_partnership",
        "read_payment_mode_proposals",
        "read_exit_report",
        "end_partnership",
        "assign_collaborators",
        "read_shared_statement",
        "read_rebilling",
    ];
    /// Of a partner's people, only these do: who binds it, and who manages (ORG-2, ORG-3).
    const BY_ITS_LEGAL_REPRESENTATIVES: &[&str] = &[
        "end_partnership",
        "read_exit_report",
        "propose_payment_mode",
    ];
    const BY_ITS_ADMINISTRATORS: &[&str] = &[
        "manage_members",
        "read_billing_events",
        "read_payment_mode_proposals",
        "read_right_sizing",
        "assign_collaborators",
        "read_shared_statement",
        "read_rebilling",
        "set_rebilling_terms",
    ];

    /// ACC-1: the operator's billing staff see the money, its administrators the programme and the
    /// staff, its support staff nothing but by a grant.
    const OPERATOR: &[(&str, &[&str])] = &[
        ("read_organization", &["operator_admin", "operator_billing"]),
        ("read_members", &["operator_admin"]),
        ("read_orders", &["operator_billing"]),
        ("read_billing_events", &["operator_billing"]),
        ("read_invoices", &["operator_billing"]),
        ("read_prepaid_accounts", &["operator_billing"]),
        ("settle_invoices", &["operator_admin", "operator_billing"]),
        ("settle_payouts", &["operator_admin", "operator_billing"]),
        (
            "report_billing_events",
            &["operator_admin", "operator_billing"],
        ),
        ("manage_catalogue", &["operator_admin", "operator_billing"]),
        ("read_audit_log", &["operator_admin"]),
        ("read_enrolment", &["operator_admin"]),
        ("decide_enrolment", &["operator_admin"]),
        ("manage_users", &["operator_admin"]),
        ("manage_organizations", &["operator_admin"]),
        ("agree_support_contract", &["operator_admin"]),
        ("give_support", &["operator_support"]),
    ];

    /// Every action that some rule speaks of.
    pub fn speak_of(action: &str) -> bool {
        [
            BINDING,
            MANAGING,
            ORDERING,
            BELONGING,
            LOOKING,
            ONLY_FOR_THE_PARTNER,
            ONLY_FOR_STAFF,
        ]
        .iter()
        .any(|group| group.contains(&action))
    }

    pub fn allow(
        actor: &Actor,
        terms: Terms,
        state: State,
        product: Product,
        action: &str,
    ) -> bool {
        match actor.side {
            Side::Nowhere => false,
            Side::Operator(role) => OPERATOR
                .iter()
                .any(|(known, roles)| *known == action && roles.contains(&role)),
            Side::Customer => by_member(actor, action) && within_membership(actor, product),
            Side::Partner => {
                by_partner(actor, terms, state, action) && within_partnership(actor, terms, product)
            }
        }
    }

    fn by_member(actor: &Actor, action: &str) -> bool {
        let manages = matches!(actor.role, Role::LegalRepresentative | Role::Administrator);
        if BINDING.contains(&action) {
            actor.role == Role::LegalRepresentative
        } else if MANAGING.contains(&action) {
            manages
        } else if ORDERING.contains(&action) {
            manages || (actor.role == Role::Collaborator && actor.may_order)
        } else if BELONGING.contains(&action) {
            actor.role != Role::External
        } else {
            LOOKING.contains(&action)
        }
    }

    /// ORG-4, ORG-5: collaborators and externals see the products that they were given.
    fn within_membership(actor: &Actor, product: Product) -> bool {
        let everything = matches!(actor.role, Role::LegalRepresentative | Role::Administrator);
        match product {
            Product::None => true,
            Product::Inside => everything || actor.assigned == Assigned::Inside,
            Product::Outside => everything || actor.assigned == Assigned::Outside,
            Product::Unknown => false,
        }
    }

    fn by_partner(actor: &Actor, terms: Terms, state: State, action: &str) -> bool {
        // ORG-4: a collaborator reaches only the customers assigned; externals of a partner none.
        let reaches = match actor.role {
            Role::LegalRepresentative | Role::Administrator => true,
            Role::Collaborator => actor.assigned != Assigned::Nothing,
            Role::External => false,
        };
        let never = [NEVER_BY_A_PARTNER, ONLY_FOR_STAFF];
        if !reaches || never.iter().any(|group| group.contains(&action)) {
            return false;
        }
        // PSH-7: access ends with the partnership. PRG-5: it is off while the partner is suspended.
        let in_force = match state {
            State::Active => true,
            State::Suspended => OF_THE_PARTNERSHIP.contains(&action),
            State::Ended => false,
        };
        // ACC-4: limited access neither orders nor renews.
        let given = terms != Terms::Limited || !NOT_UNDER_LIMITED_ACCESS.contains(&action);
        let manages = matches!(actor.role, Role::LegalRepresentative | Role::Administrator);
        let ranks = if BY_ITS_LEGAL_REPRESENTATIVES.contains(&action) {
            actor.role == Role::LegalRepresentative
        } else if BY_ITS_ADMINISTRATORS.contains(&action) {
            manages
        } else if ORDERING.contains(&action) {
            manages || actor.may_order
        } else {
            true
        };
        in_force && given && ranks
    }

    /// ORG-4: role ∩ assignment ∩ partnership. ACC-3: outside the selection there is nothing.
    fn within_partnership(actor: &Actor, terms: Terms, product: Product) -> bool {
        let assigned = |narrowed_to: Assigned| match actor.assigned {
            Assigned::Inside | Assigned::Outside => actor.assigned == narrowed_to,
            Assigned::Whole | Assigned::Nothing => true,
        };
        match product {
            Product::None => true,
            Product::Inside => assigned(Assigned::Inside),
            Product::Outside => terms != Terms::Limited && assigned(Assigned::Outside),
            Product::Unknown => false,
        }
    }
}

/// Somebody to ask about, and who may ask.
struct Cast {
    actor: Actor,
    asker: &'static str,
    /// None where the asker asks about itself.
    user: Option<UserId>,
}

struct Scene {
    customer: OrganizationId,
    inside: ProductId,
    outside: ProductId,
    cast: Vec<Cast>,
}

fn customers() -> Vec<Actor> {
    let mut all = Vec::new();
    for role in Role::ALL {
        for may_order in [false, true] {
            for assigned in [Assigned::Nothing, Assigned::Inside, Assigned::Outside] {
                let plain = matches!(role, Role::LegalRepresentative | Role::Administrator);
                if plain && assigned != Assigned::Nothing {
                    continue;
                }
                all.push(Actor {
                    side: Side::Customer,
                    role: *role,
                    may_order,
                    assigned,
                });
            }
        }
    }
    all
}

fn partners() -> Vec<Actor> {
    let every = [
        Assigned::Nothing,
        Assigned::Whole,
        Assigned::Inside,
        Assigned::Outside,
    ];
    let mut all = Vec::new();
    for role in Role::ALL {
        for may_order in [false, true] {
            for assigned in every {
                if *role != Role::Collaborator && assigned != Assigned::Nothing {
                    continue;
                }
                all.push(Actor {
                    side: Side::Partner,
                    role: *role,
                    may_order,
                    assigned,
                });
            }
        }
    }
    all
}

/// Everybody, placed towards Velo Kurier and its partner Studio Lumen.
fn set_up(tx: &mut Tx) -> Result<Scene> {
    let named = |tx: &mut Tx, name: &str| -> Result<OrganizationId> {
        Ok(organizations::table
            .filter(organizations::name.eq(name))
            .select(organizations::id)
            .first(tx.conn)?)
    };
    let (customer, partner) = (named(tx, "Velo Kurier")?, named(tx, "Studio Lumen")?);
    let partnership: PartnershipId = partnerships::table
        .filter(partnerships::customer_id.eq(customer))
        .select(partnerships::id)
        .first(tx.conn)?;
    let owned: Vec<ProductId> = products::table
        .filter(products::organization_id.eq(customer))
        .order(products::id)
        .select(products::id)
        .load(tx.conn)?;
    // The demo world selects the first two of three.
    let (inside, outside) = (owned[0], owned[2]);
    let product = |assigned| match assigned {
        Assigned::Inside => Some(inside),
        Assigned::Outside => Some(outside),
        Assigned::Nothing | Assigned::Whole => None,
    };
    let mut cast = Vec::new();
    for (number, actor) in customers().into_iter().chain(partners()).enumerate() {
        let (organization, asker) = match actor.side {
            Side::Customer => (customer, "ben"),
            _ => (partner, "claire"),
        };
        let email = format!("person-{number}@rights.example");
        let new = NewUser {
            email: &email,
            name: "Somebody",
            language: Language::English,
            password_hash: None,
            verified: true,
        };
        let user = insert_user(tx, &new)?;
        let member = insert_member(
            tx,
            &NewMember {
                organization,
                user,
                role: actor.role,
                may_order: actor.may_order,
                added_by: None,
            },
        )?;
        let narrowed_to = product(actor.assigned);
        match actor.side {
            Side::Customer => give(tx, member.bytes(), narrowed_to)?,
            _ if actor.assigned == Assigned::Nothing => {}
            _ => assign(tx, partnership, member, narrowed_to)?,
        }
        cast.push(Cast {
            actor,
            asker,
            user: Some(user),
        });
    }
    let staff = [
        ("nora", Side::Operator("operator_admin")),
        ("tom", Side::Operator("operator_billing")),
        ("iris", Side::Operator("operator_support")),
        ("jonas", Side::Nowhere),
    ];
    for (asker, side) in staff {
        let actor = Actor {
            side,
            role: Role::LegalRepresentative,
            may_order: true,
            assigned: Assigned::Nothing,
        };
        cast.push(Cast {
            actor,
            asker,
            user: None,
        });
    }
    Ok(Scene {
        customer,
        inside,
        outside,
        cast,
    })
}

pub fn give(tx: &mut Tx, holder: &[u8], product: Option<ProductId>) -> Result<()> {
    if let Some(product) = product {
        diesel::insert_into(reached_products::table)
            .values((
                reached_products::holder_id.eq(holder),
                reached_products::product_id.eq(product),
                reached_products::valid_from.eq(tx.now),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

fn assign(
    tx: &mut Tx,
    partnership: PartnershipId,
    member: MemberId,
    narrowed_to: Option<ProductId>,
) -> Result<()> {
    let id: AssignmentId = tx.new_id()?;
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(id),
            assignments::partnership_id.eq(partnership),
            assignments::member_id.eq(member),
            assignments::narrowed.eq(narrowed_to.is_some()),
            assignments::valid_from.eq(tx.now),
        ))
        .execute(tx.conn)?;
    give(tx, id.bytes(), narrowed_to)
}

/// Puts Studio Lumen's enrolment into another state.
async fn enrol(world: &World, state: EnrolmentState) {
    let changed = world.db.write(move |tx| {
        let partner: OrganizationId = organizations::table
            .filter(organizations::name.eq("Studio Lumen"))
            .select(organizations::id)
            .first(tx.conn)?;
        diesel::update(enrolment_states::table)
            .filter(enrolment_states::organization_id.eq(partner))
            .set(enrolment_states::state.eq(state))
            .execute(tx.conn)?;
        Ok(())
    });
    changed.await.expect("the enrolment is changed");
}

/// Asks about everybody, every product and every action; answers how many questions that were.
async fn compare(world: &World, scene: &Scene, terms: Terms, state: State) -> usize {
    let named = |product| match product {
        Product::None => Value::Null,
        Product::Inside => json!(scene.inside),
        Product::Outside => json!(scene.outside),
        Product::Unknown => json!("product_01jd8xk3v9e6mbyg4q5r7s8t9v"),
    };
    let every = [
        Product::None,
        Product::Inside,
        Product::Outside,
        Product::Unknown,
    ];
    let mut asked = 0;
    for cast in &scene.cast {
        let mut cases = Vec::new();
        for product in every {
            // A right of the operator's staff rests on no product.
            if matches!(cast.actor.side, Side::Operator(_)) && product != Product::None {
                continue;
            }
            for action in Action::ALL {
                cases.push((product, action.as_str()));
            }
        }
        for some in cases.chunks(100) {
            let checks: Vec<Value> = some
                .iter()
                .map(|(product, action)| {
                    json!({"user_id": cast.user, "action": action,
                        "organization_id": scene.customer, "product_id": named(*product)})
                })
                .collect();
            let body = json!({"checks": checks});
            let request = actix_web::test::TestRequest::post()
                .uri("/v1/access-checks/batch")
                .set_json(body);
            let answer = world.ask(cast.asker, request).await.expect(200);
            let answers = answer.body["items"].as_array().expect("answers");
            assert_eq!(answers.len(), some.len());
            for ((product, action), answer) in some.iter().zip(answers) {
                let expected = rules::allow(&cast.actor, terms, state, *product, action);
                assert_eq!(
                    answer["allowed"], expected,
                    "{:?}, {terms:?}, {state:?}, {product:?}, {action}: {answer}",
                    cast.actor
                );
            }
            asked += some.len();
        }
    }
    asked
}

/// Takes one partnership through all its states.
#[track_caller]
fn prove(terms: Terms, access: Option<Value>) {
    on_each_engine(async |world| {
        let scene = world.db.write(set_up).await.expect("the scene is set");
        let id = partnership(world, "ben", "Velo Kurier").await;
        if let Some(access) = &access {
            let path = format!("/v1/partnerships/{id}/access");
            world.put("ben", &path, access.clone()).await.expect(200);
        }
        let mut asked = compare(world, &scene, terms, State::Active).await;
        enrol(world, EnrolmentState::Suspended).await;
        asked += compare(world, &scene, terms, State::Suspended).await;
        enrol(world, EnrolmentState::Approved).await;
        end_partnership(world, "ben", &id).await.expect(200);
        asked += compare(world, &scene, terms, State::Ended).await;
        let line = format!("\nrights, {terms:?}: {asked} cases\n");
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr is open");
    });
}

#[test]
fn acc_1_every_action_is_spoken_of_by_a_rule() {
    let silent: Vec<&str> = Action::ALL
        .iter()
        .map(|action| action.as_str())
        .filter(|action| !rules::speak_of(action))
        .collect();
    assert!(silent.is_empty(), "state the rules of {silent:?} here too");
}

#[test]
fn acc_3_every_right_under_limited_access_is_as_the_rules_have_it() {
    prove(Terms::Limited, None);
}

#[test]
fn acc_1_every_right_under_full_access_paid_by_the_customer_is_as_the_rules_have_it() {
    prove(
        Terms::FullPaidByCustomer,
        Some(crate::invitations::full("customer")),
    );
}

#[test]
fn acc_1_every_right_under_full_access_paid_by_the_partner_is_as_the_rules_have_it() {
    prove(
        Terms::FullPaidByPartner,
        Some(crate::invitations::full("partner")),
    );
}
