//! What everyone is to read of partnerships, invitations, products and assignments, and whether it is so.
use super::cast::{PARTIES, PEOPLE};
use super::model::{Access, Fate, Partnership, Programme, Status};
use super::steps::Mode;
use super::time::Span;
use super::{Game, Outcome};
use mandat::domain::organization::Role;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How much of a scope is granted, and on what condition.
type Granted = (&'static str, Option<&'static str>);

/// The table of the permission scopes: scope, how much, on what condition; for the three kinds of access.
const SCOPES: [(&str, [Granted; 3]); 6] = [
    (
        "product_management",
        [("selected_products", None), ("all", None), ("all", None)],
    ),
    ("user_management", [("yes", None); 3]),
    (
        "orders_and_renewals",
        [
            ("none", None),
            ("yes", Some("paid_by_customer")),
            ("yes", Some("paid_by_partner")),
        ],
    ),
    (
        "revenue",
        [
            ("selected_products", Some("managed_customer_orders")),
            ("all", Some("all_orders")),
            ("all", Some("customer_orders")),
        ],
    ),
    (
        "discounts",
        [
            ("none", None),
            ("none", None),
            ("all", Some("partner_orders")),
        ],
    ),
    (
        "payment_methods",
        [
            ("none", None),
            ("yes", Some("customer_methods")),
            ("yes", Some("partner_methods")),
        ],
    ),
];

pub fn scopes(access: &Access) -> Value {
    let column = match access {
        Access::Limited(_) => 0,
        Access::Full(Mode::Customer) => 1,
        Access::Full(Mode::Partner) => 2,
    };
    let cell = |(scope, columns): &(&str, [(&str, Option<&str>); 3])| {
        let (granted, condition) = columns[column];
        json!({"scope": scope, "granted": granted, "condition": condition})
    };
    SCOPES.iter().map(cell).collect()
}

/// By whom, where, and what.
pub type Read = (usize, String, Value);

/// How somebody reads an organization's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Whole,
    /// Through this partnership, while its partner is approved, or is suspended.
    Through(usize, bool),
    Refused,
    Not,
}

impl Game<'_> {
    /// An organization's list of partnerships, as somebody reads it; answers what was read.
    pub async fn partnerships_agree(&mut self, who: usize, of: usize) -> Outcome<Option<Read>> {
        let path = self.list_of(of, "partnerships");
        let answer = self.cast.get(who, &path).await?;
        let all: Vec<usize> = match self.reading(who, of) {
            Seen::Whole => {
                let mine = |at: &usize| {
                    let one = &self.model.partnerships[*at];
                    one.customer == of || one.partner == of
                };
                let count = self.model.partnerships.len();
                (0..count).rev().filter(mine).collect()
            }
            Seen::Through(at, _) => vec![at],
            Seen::Refused => return refused(&answer.body, 403).map(|()| None),
            Seen::Not => return refused(&answer.body, 404).map(|()| None),
        };
        let read = items(&answer.body);
        let mut expected = Vec::new();
        for (number, at) in all.iter().enumerate() {
            let read = read.get(number).unwrap_or(&Value::Null);
            expected.push(self.partnership_as_read_by(who, *at, read));
        }
        let read: Vec<Value> = read.into_iter().map(without_words).collect();
        self.same(who, &path, &json!(read), &json!(expected))?;
        self.stands_alone(&read)?;
        Ok(Some((who, path, json!(read))))
    }

    /// PSH-1 to PSH-3, on what is read: one full partner and then nobody else, and no product twice.
    fn stands_alone(&self, read: &[Value]) -> Outcome<()> {
        for customer in &self.cast.organizations {
            let active = |one: &&Value| {
                one["status"] == "active" && one["customer"]["id"] == json!(customer)
            };
            let all: Vec<&Value> = read.iter().filter(active).collect();
            let full = all.iter().any(|one| one["access"]["level"] == "full");
            prop_assert!(!full || all.len() == 1, "beside full access: {all:?}");
            let selected = all
                .iter()
                .filter_map(|one| one["access"]["product_ids"].as_array());
            let selected: Vec<&Value> = selected.flatten().collect();
            let distinct: BTreeSet<String> = selected.iter().map(ToString::to_string).collect();
            prop_assert_eq!(selected.len(), distinct.len(), "managed twice");
        }
        Ok(())
    }

    /// A partnership and its scopes, as somebody reads them; answers what was read.
    pub async fn partnership_agrees(&mut self, who: usize, at: usize) -> Outcome<Vec<Read>> {
        let path = format!("/v1/partnerships/{}", self.model.partnerships[at].id);
        let answer = self.cast.get(who, &path).await?;
        let scopes_path = format!("{path}/permission-scopes");
        let of_scopes = self.cast.get(who, &scopes_path).await?;
        if !self.model.sees(who, at) {
            let status = match self.model.is_insider(who, at) {
                true => answer.status,
                false => 404,
            };
            refused(&answer.body, status)?;
            refused(&of_scopes.body, status)?;
            return Ok(Vec::new());
        }
        let expected = self.partnership_as_read_by(who, at, &answer.body);
        let one = without_words(answer.body);
        self.same(who, &path, &one, &expected)?;
        let expected = json!({"scopes": scopes(&self.model.partnerships[at].access)});
        let scopes = without_words(of_scopes.body);
        self.same(who, &scopes_path, &scopes, &expected)?;
        Ok(vec![(who, path, one), (who, scopes_path, scopes)])
    }

    fn partnership_as_read_by(&mut self, who: usize, at: usize, read: &Value) -> Value {
        let one = &self.model.partnerships[at];
        let access = self.sent(one.customer, &one.access);
        let (customer, partner) = (self.named(one.customer), self.named(one.partner));
        let ended_by = one.ended_by.map(|by| self.cast.organizations[by]);
        let actions = self.acts_on_partnership(who, one);
        let one = &mut self.model.partnerships[at];
        json!({
            "id": one.id,
            "customer": customer,
            "partner": partner,
            "status": match one.status {
                Status::Scheduled => "scheduled",
                Status::Active => "active",
                Status::Ended => "ended",
            },
            "tender_id": null,
            "access": access,
            "scopes": scopes(&one.access),
            "started_at": one.started.settle(&read["started_at"]),
            "ended_at": one.ended.as_mut().map(|ended| ended.settle(&read["ended_at"])),
            "ended_by": ended_by,
            "version": one.version,
            "available_actions": actions,
        })
    }

    /// PSH-5 to PSH-7, PSH-10, PSH-12, ORG-2: the customer's legal representative has them all, the
    /// partner's ends it.
    fn acts_on_partnership(&self, who: usize, one: &Partnership) -> Vec<&'static str> {
        let leads = |of| self.model.is_member(who, of) == Some(Role::LegalRepresentative);
        let full = matches!(one.access, Access::Full(_));
        match (leads(one.customer), leads(one.partner), one.status) {
            (_, _, Status::Ended) | (false, false, _) => vec![],
            (true, _, Status::Scheduled) => vec!["end_partnership", "cancel_start"],
            (true, _, Status::Active) if full => vec![
                "change_access",
                "change_payment_mode",
                "end_partnership",
                "hand_over",
            ],
            (true, _, Status::Active) => vec!["change_access", "end_partnership", "hand_over"],
            (false, true, Status::Scheduled | Status::Active) => vec!["end_partnership"],
        }
    }

    /// PSH-8: every access it ever had, one interval after the other, the last open while it is in force.
    pub async fn history_agrees(&mut self, at: usize) -> Outcome<()> {
        let one = &self.model.partnerships[at];
        let (who, path) = (
            super::cast::leader(one.customer),
            format!("/v1/partnerships/{}/history", one.id),
        );
        let answer = self.cast.get(who, &path).await?;
        let read = answer.body["versions"].as_array().cloned();
        let read = read.unwrap_or_default();
        // What never began is told as it was agreed.
        let agreed = [one.access.clone()];
        let versions = if one.began {
            &one.versions[..]
        } else {
            &agreed
        };
        let mut expected = Vec::new();
        let mut next = one
            .ended
            .filter(|_| one.began)
            .map_or(Value::Null, |ended| json!(super::time::written(ended.from)));
        for (number, access) in versions.iter().rev().enumerate() {
            let from = read
                .get(number)
                .map_or(Value::Null, |read| read["valid_from"].clone());
            let to = std::mem::replace(&mut next, from.clone());
            let access = self.sent(one.customer, access);
            expected.push(json!({"access": access, "valid_from": from, "valid_to": to}));
        }
        self.same(who, &path, &json!(read), &json!(expected))?;
        prop_assert_eq!(next, json!(super::time::written(one.started.from)));
        Ok(())
    }

    pub async fn invitations_agree(&mut self, who: usize, of: usize) -> Outcome<()> {
        let path = self.list_of(of, "invitations");
        let answer = self.cast.get(who, &path).await?;
        match self.reading(who, of) {
            Seen::Whole => {}
            // ACC-2: never its customer's.
            Seen::Through(_, true) | Seen::Refused => return refused(&answer.body, 403),
            Seen::Through(_, false) | Seen::Not => return refused(&answer.body, 404),
        }
        let mine = |at: &usize| {
            let one = &self.model.invitations[*at];
            one.customer == of || one.partner == of
        };
        let count = self.model.invitations.len();
        let all: Vec<usize> = (0..count).rev().filter(mine).collect();
        let read = items(&answer.body);
        let mut expected = Vec::new();
        for (number, at) in all.iter().enumerate() {
            let read = read.get(number).unwrap_or(&Value::Null);
            expected.push(self.invitation_as_read_by(who, *at, read));
        }
        self.same(who, &path, &json!(read), &json!(expected))
    }

    pub async fn invitation_agrees(&mut self, who: usize, at: usize) -> Outcome<()> {
        let one = &self.model.invitations[at];
        let path = format!("/v1/invitations/{}", one.id);
        let roles = [one.customer, one.partner].map(|of| self.model.is_member(who, of));
        let manages = |role: &Option<Role>| {
            matches!(role, Some(Role::LegalRepresentative | Role::Administrator))
        };
        let answer = self.cast.get(who, &path).await?;
        if roles.iter().any(manages) {
            let expected = self.invitation_as_read_by(who, at, &answer.body);
            return self.same(who, &path, &answer.body, &expected);
        }
        let belongs = roles.iter().any(Option::is_some);
        refused(&answer.body, if belongs { 403 } else { 404 })
    }

    fn invitation_as_read_by(&mut self, who: usize, at: usize, read: &Value) -> Value {
        let now = self.cast.world.clock.now();
        let one = &self.model.invitations[at];
        let pending = one.is_pending(now);
        let (customer, partner) = (self.named(one.customer), self.named(one.partner));
        let requested = self.sent(one.customer, &one.requested);
        let granted = one
            .granted
            .as_ref()
            .map(|access| self.sent(one.customer, access));
        // INV-8: a partner learns nothing of its rivals.
        let of_customer = self.model.is_member(who, one.customer).is_some();
        let shown = one.replace.iter().filter(|_| of_customer);
        let replace: Vec<&String> = shown.map(|at| &self.model.partnerships[*at].id).collect();
        let leads = |of| self.model.is_member(who, of) == Some(Role::LegalRepresentative);
        let mut actions = Vec::new();
        if pending && leads(one.recipient()) {
            actions.extend(["accept", "decline"]);
        }
        if pending && leads(one.sender()) {
            actions.extend(["resend", "cancel"]);
        }
        let starts_at = one
            .starts_at
            .map(|at| Span::at(at).settle(&read["starts_at"]));
        let came_of_it = one.partnership.map(|at| &self.model.partnerships[at].id);
        let mut expected = json!({
            "id": one.id,
            "direction": if one.by_customer { "customer_to_partner" } else { "partner_to_customer" },
            "status": match one.fate {
                Fate::Pending if pending => "pending",
                Fate::Pending => "expired",
                Fate::Accepted => "accepted",
                Fate::Declined => "declined",
                Fate::Cancelled => "cancelled",
                Fate::Superseded => "superseded",
            },
            "customer": customer,
            "customer_email": null,
            "partner": partner,
            "requested_access": requested,
            "requested_families": [],
            "granted_access": granted,
            "replace": replace,
            "starts_at": starts_at,
            "tender_id": null,
            "message": null,
            "partnership_id": came_of_it,
            "available_actions": actions,
        });
        let one = &mut self.model.invitations[at];
        expected["created_at"] = one.created.settle(&read["created_at"]);
        expected["expires_at"] = one.expires.settle(&read["expires_at"]);
        let answered = one.answered.as_mut();
        expected["answered_at"] =
            json!(answered.map(|at: &mut Span| at.settle(&read["answered_at"])));
        expected
    }

    /// ORG-4, ACC-3: exactly what somebody reaches is there.
    pub async fn products_agree(&mut self, who: usize, of: usize) -> Outcome<()> {
        let path = self.list_of(of, "products");
        let answer = self.cast.get(who, &path).await?;
        let owned = &self.model.organizations[of].products;
        let reached = match (self.reading(who, of), self.model.is_member(who, of)) {
            (Seen::Not | Seen::Through(_, false), None) => return refused(&answer.body, 404),
            (Seen::Through(at, _), None) => self.reached_through(who, at),
            (_, _) => self.reached_within(who, of),
        };
        let expected: BTreeSet<&String> = owned
            .iter()
            .enumerate()
            .filter(|(at, _)| reached.contains(at))
            .map(|(_, id)| id)
            .collect();
        let read: Vec<Value> = items(&answer.body);
        let read: BTreeSet<&str> = read.iter().filter_map(|one| one["id"].as_str()).collect();
        let expected: BTreeSet<&str> = expected.into_iter().map(String::as_str).collect();
        self.same(who, &path, &json!(read), &json!(expected))
    }

    pub async fn assignments_agree(&mut self, who: usize, at: usize) -> Outcome<()> {
        let one = &self.model.partnerships[at];
        let path = format!("/v1/partnerships/{}/assignments", one.id);
        let answer = self.cast.get(who, &path).await?;
        let role = self.model.is_member(who, one.partner);
        match role {
            Some(Role::LegalRepresentative | Role::Administrator) => {}
            _ => {
                let sees = self.model.sees(who, at);
                return refused(&answer.body, if sees { 403 } else { 404 });
            }
        }
        if one.status == Status::Ended {
            return refused(&answer.body, 403);
        }
        let owned = &self.model.organizations[one.customer].products;
        let of_it = self
            .model
            .assignments
            .iter()
            .filter(|((of, _), _)| *of == at);
        let mut expected: Vec<Value> = of_it
            .map(|((_, person), some)| {
                let ids = some
                    .as_ref()
                    .map(|some| some.iter().map(|at| &owned[*at]).collect::<Vec<_>>());
                json!({"member_id": self.cast.members[*person], "name": PEOPLE[*person].name, "product_ids": ids})
            })
            .collect();
        expected.sort_by_key(|one| one["name"].as_str().map(str::to_owned));
        self.same(who, &path, &answer.body["items"], &json!(expected))
    }

    fn reading(&self, who: usize, of: usize) -> Seen {
        match self.model.is_member(who, of) {
            Some(Role::LegalRepresentative | Role::Administrator) => Seen::Whole,
            Some(Role::Collaborator | Role::External) => Seen::Refused,
            None => {
                let mut active = self.model.active(of);
                let mine = active.find(|(at, _)| self.model.stands_for_partner(who, *at));
                mine.map_or(Seen::Not, |(at, one)| {
                    let programme = self.model.organizations[one.partner].programme;
                    Seen::Through(at, programme == Programme::Approved)
                })
            }
        }
    }

    fn named(&self, organization: usize) -> Value {
        json!({"id": self.cast.organizations[organization], "name": PARTIES[organization].0})
    }

    pub fn list_of(&self, organization: usize, what: &str) -> String {
        let id = self.cast.organizations[organization];
        format!("/v1/organizations/{id}/{what}?limit=200")
    }

    fn same(&self, who: usize, path: &str, read: &Value, expected: &Value) -> Outcome<()> {
        let name = PEOPLE.get(who).map_or("Nora", |person| person.name);
        prop_assert!(
            read == expected,
            "{name} reads {path}\nas  {read:#}\nnot {expected:#}"
        );
        Ok(())
    }
}

fn refused(body: &Value, status: u16) -> Outcome<()> {
    prop_assert_eq!(&body["status"], &json!(status), "{}", body);
    Ok(())
}

pub fn items(body: &Value) -> Vec<Value> {
    body["items"].as_array().cloned().unwrap_or_default()
}

/// A partnership, or scopes, without the sentences.
pub fn without_words(mut body: Value) -> Value {
    for scope in body["scopes"].as_array_mut().into_iter().flatten() {
        if let Some(scope) = scope.as_object_mut() {
            scope.shift_remove("explanation");
        }
    }
    body
}
