//! Effective rights: what somebody reaches through each place, and what access checks say of it. The rules of
//! each action are those that `rights` states.
use super::cast::{ALMA, ATELIER, BISTRO, PEOPLE, STAFF, XANDRA};
use super::model::{Access, Programme};
use super::steps::Mode;
use super::{Game, Outcome};
use crate::rights::{Actor, Assigned, Product, Side, State, Terms, rules};
use actix_web::test::TestRequest;
use mandat::domain::organization::Role;
use mandat::domain::policy::Action;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Where a right comes from (ACC-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Member(usize),
    Through(usize),
    Staff,
}

/// A question that was put, and the places that allow it.
#[derive(Debug, Clone)]
pub struct Check {
    pub question: Value,
    pub allowed_by: Vec<Place>,
}

/// How many questions are put at once.
const QUESTIONS: usize = 24;
/// To walk through all questions in leaps: a prime.
const LEAP: usize = 7919;

impl Game<'_> {
    /// Puts some of all questions about somebody, other ones at each step; answers what was asked.
    pub async fn checks_agree(&mut self, who: usize) -> Outcome<Vec<Check>> {
        let mut all = Vec::new();
        for (of, organization) in self.model.organizations.iter().enumerate() {
            // One more: another organization's.
            for product in 0..=organization.products.len() + 1 {
                all.push((of, product.checked_sub(1)));
            }
        }
        let total = all.len() * Action::ALL.len();
        let first = (self.figures.steps * 31 + who) * QUESTIONS;
        let checks: Vec<Check> = (first..first + QUESTIONS)
            .map(|number| {
                let number = number * LEAP % total;
                let action = Action::ALL[number % Action::ALL.len()].as_str();
                let (of, product) = all[number / Action::ALL.len()];
                self.check(who, action, of, product)
            })
            .collect();
        let answers = self.put(who, &checks, None).await?;
        for (check, allowed) in checks.iter().zip(answers) {
            let expected = !check.allowed_by.is_empty();
            let name = PEOPLE.get(who).map_or("Nora", |person| person.name);
            prop_assert_eq!(allowed, expected, "{}: {}", name, check.question);
        }
        Ok(checks)
    }

    /// Puts these questions, as of now or of an instant.
    pub async fn put(
        &self,
        who: usize,
        checks: &[Check],
        as_of: Option<&str>,
    ) -> Outcome<Vec<bool>> {
        let questions = checks.iter().map(|check| {
            let mut question = check.question.clone();
            question["as_of"] = json!(as_of);
            question
        });
        let body = json!({"checks": questions.collect::<Vec<_>>()});
        let request = TestRequest::post().uri("/v1/access-checks/batch");
        let answer = self.cast.ask(who, false, request.set_json(body)).await?;
        let items = answer.body["items"].as_array();
        let allowed = items.into_iter().flatten();
        let allowed: Vec<bool> = allowed
            .filter_map(|item| item["allowed"].as_bool())
            .collect();
        prop_assert_eq!(allowed.len(), checks.len(), "{}", answer.text);
        Ok(allowed)
    }

    fn check(&self, who: usize, action: &str, of: usize, product: Option<usize>) -> Check {
        let owned = &self.model.organizations[of].products;
        let foreign = &self.model.organizations[if of == BISTRO { ATELIER } else { BISTRO }];
        let id = product.map(|at| owned.get(at).unwrap_or(&foreign.products[0]));
        let product = product.map(|at| (at, at < owned.len()));
        let allows = |place: &Place| self.allows(who, *place, product, action);
        Check {
            question: json!({"action": action, "organization_id": self.cast.organizations[of], "product_id": id}),
            allowed_by: self.places(who, of).into_iter().filter(allows).collect(),
        }
    }

    fn places(&self, who: usize, of: usize) -> Vec<Place> {
        let member = self.model.is_member(who, of).map(|_| Place::Member(of));
        let staff = (who == STAFF).then_some(Place::Staff);
        let through = self
            .model
            .active(of)
            .filter(|(at, _)| self.model.stands_for_partner(who, *at))
            .map(|(at, _)| Place::Through(at));
        member.into_iter().chain(staff).chain(through).collect()
    }

    /// Whether a place, as it is now, allows this to an organization or one of its products.
    fn allows(
        &self,
        who: usize,
        place: Place,
        product: Option<(usize, bool)>,
        action: &str,
    ) -> bool {
        // Without a partnership its terms and state say nothing.
        let alone = (Terms::Limited, State::Active);
        let (actor, (terms, state), kind) = match place {
            Place::Staff => {
                // A right of the operator's staff rests on no product.
                let side = Side::Operator("operator_admin");
                let kind = Product::None;
                (
                    actor(side, Role::LegalRepresentative, false, Assigned::Nothing),
                    alone,
                    kind,
                )
            }
            Place::Member(of) => {
                let role = self.model.is_member(who, of).unwrap_or(Role::External);
                let given =
                    product.is_some_and(|(at, _)| self.reached_within(who, of).contains(&at));
                let assigned = if given {
                    Assigned::Inside
                } else {
                    Assigned::Nothing
                };
                let kind = match product {
                    None => Product::None,
                    Some((_, true)) => Product::Inside,
                    Some((_, false)) => Product::Unknown,
                };
                let may_order = PEOPLE[who].may_order && role != Role::External;
                (
                    actor(Side::Customer, role, may_order, assigned),
                    alone,
                    kind,
                )
            }
            Place::Through(at) => {
                let one = &self.model.partnerships[at];
                let kind = match (product, &one.access) {
                    (None, _) => Product::None,
                    (Some((_, false)), _) => Product::Unknown,
                    (Some((at, true)), Access::Limited(some)) if !some.contains(&at) => {
                        Product::Outside
                    }
                    (Some((_, true)), _) => Product::Inside,
                };
                let terms = match one.access {
                    Access::Limited(_) => Terms::Limited,
                    Access::Full(Mode::Customer) => Terms::FullPaidByCustomer,
                    Access::Full(Mode::Partner) => Terms::FullPaidByPartner,
                };
                let state = match self.model.organizations[one.partner].programme {
                    Programme::Approved => State::Active,
                    Programme::Suspended | Programme::Ended | Programme::Never => State::Suspended,
                };
                let assigned = self.assigned(who, at, product.map(|(at, _)| at), kind);
                let person = &PEOPLE[who];
                let actor = actor(Side::Partner, person.role, person.may_order, assigned);
                (actor, (terms, state), kind)
            }
        };
        rules::allow(&actor, terms, state, kind, action)
    }

    /// What was assigned, in the words of `rights`: inside or outside is where the product lies.
    fn assigned(&self, who: usize, at: usize, product: Option<usize>, kind: Product) -> Assigned {
        let Some(assignment) = self.model.assignments.get(&(at, who)) else {
            return Assigned::Nothing;
        };
        let Some(some) = assignment else {
            return Assigned::Whole;
        };
        let is_assigned = product.is_none_or(|product| some.contains(&product));
        match (kind, is_assigned) {
            (Product::Outside, true) | (Product::Inside, false) => Assigned::Outside,
            (Product::Outside, false) | (Product::Inside, true) => Assigned::Inside,
            (Product::None | Product::Unknown, _) => Assigned::Inside,
        }
    }

    /// The customer's products that a member of its partner reaches: role ∩ assignment ∩ partnership (ORG-4).
    pub fn reached_through(&self, who: usize, at: usize) -> BTreeSet<usize> {
        let one = &self.model.partnerships[at];
        let all: BTreeSet<usize> =
            (0..self.model.organizations[one.customer].products.len()).collect();
        let selected = match &one.access {
            Access::Limited(some) => some.clone(),
            Access::Full(_) => all,
        };
        match self.model.assignments.get(&(at, who)) {
            Some(Some(assigned)) => selected.intersection(assigned).copied().collect(),
            Some(None) | None => selected,
        }
    }

    /// The products that a member reaches at home (ORG-4, ORG-5).
    pub fn reached_within(&self, who: usize, of: usize) -> BTreeSet<usize> {
        let all = 0..self.model.organizations[of].products.len();
        match self.model.is_member(who, of) {
            Some(Role::LegalRepresentative | Role::Administrator) => all.collect(),
            Some(Role::Collaborator) if who == ALMA.0 => BTreeSet::from([ALMA.1]),
            Some(Role::External) if who == XANDRA.0 => BTreeSet::from([XANDRA.1]),
            Some(Role::Collaborator | Role::External) | None => BTreeSet::new(),
        }
    }

    /// ACC-7: whether somebody may read today what this place allowed once.
    pub fn may_look_back(&self, who: usize, place: Place) -> bool {
        match place {
            Place::Staff => true,
            Place::Member(of) => self.model.is_member(who, of).is_some(),
            Place::Through(at) => self.model.stands_for_partner(who, at),
        }
    }
}

fn actor(side: Side, role: Role, may_order: bool, assigned: Assigned) -> Actor {
    Actor {
        side,
        role,
        may_order,
        assigned,
    }
}
