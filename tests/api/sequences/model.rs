//! The plain model: what there is, and what an act makes of it, as the rules' text has it. Nothing here calls the
//! service.
use super::cast::{ATELIER, PARTIES, PEOPLE, XANDRA};
use super::steps::Mode;
use super::time::Span;
use chrono::NaiveDateTime;
use mandat::domain::organization::Role;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The places of the chosen products among the customer's.
    Limited(BTreeSet<usize>),
    Full(Mode),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Programme {
    Never,
    Approved,
    Suspended,
    Ended,
}

#[derive(Debug, Clone)]
pub struct Organization {
    pub programme: Programme,
    /// Ids, the oldest first.
    pub products: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Scheduled,
    Active,
    Ended,
}

#[derive(Debug, Clone)]
pub struct Partnership {
    pub id: String,
    pub customer: usize,
    pub partner: usize,
    /// What it reaches, is to reach first, or reached last.
    pub access: Access,
    pub status: Status,
    pub began: bool,
    /// Those that its start ends.
    pub may_end: BTreeSet<usize>,
    pub invitation: usize,
    pub started: Span,
    pub ended: Option<Span>,
    pub ended_by: Option<usize>,
    /// Every access since the start, the oldest first (PSH-8).
    pub versions: Vec<Access>,
    pub version: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Pending,
    Accepted,
    Declined,
    Cancelled,
    Superseded,
}

#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: String,
    pub customer: usize,
    pub partner: usize,
    pub by_customer: bool,
    pub requested: Access,
    pub granted: Option<Access>,
    pub fate: Fate,
    pub replace: BTreeSet<usize>,
    pub starts_at: Option<NaiveDateTime>,
    pub created: Span,
    pub expires: Span,
    pub answered: Option<Span>,
    pub resent: Vec<NaiveDateTime>,
    pub partnership: Option<usize>,
}

impl Invitation {
    /// INV-7: expiry holds even if no job has run.
    pub fn is_pending(&self, now: NaiveDateTime) -> bool {
        self.fate == Fate::Pending && !self.expires.is_over(now)
    }

    pub fn sender(&self) -> usize {
        if self.by_customer {
            self.customer
        } else {
            self.partner
        }
    }

    pub fn recipient(&self) -> usize {
        if self.by_customer {
            self.partner
        } else {
            self.customer
        }
    }
}

/// What a collaborator reaches of a customer: None for all that the partner reaches.
pub type Assignment = Option<BTreeSet<usize>>;

#[derive(Debug, Clone)]
pub struct Model {
    pub organizations: Vec<Organization>,
    pub partnerships: Vec<Partnership>,
    pub invitations: Vec<Invitation>,
    /// By partnership and person.
    pub assignments: BTreeMap<(usize, usize), Assignment>,
    /// Whether Xandra is an external user of Atelier still (ORG-5).
    pub xandra_is_external: bool,
}

impl Model {
    pub fn new(products: &[Vec<impl ToString>]) -> Self {
        let organization = |((_, is_partner, _), products): (&(&str, bool, usize), &Vec<_>)| {
            let programme = match is_partner {
                true => Programme::Approved,
                false => Programme::Never,
            };
            Organization {
                programme,
                products: products.iter().map(ToString::to_string).collect(),
            }
        };
        Self {
            organizations: PARTIES.iter().zip(products).map(organization).collect(),
            partnerships: Vec::new(),
            invitations: Vec::new(),
            assignments: BTreeMap::new(),
            xandra_is_external: true,
        }
    }

    pub fn approved(&self, organization: usize) -> bool {
        self.organizations[organization].programme == Programme::Approved
    }

    /// The customer's partnerships in force.
    pub fn active(&self, customer: usize) -> impl Iterator<Item = (usize, &Partnership)> {
        let active = move |(_, one): &(usize, &Partnership)| {
            one.customer == customer && one.status == Status::Active
        };
        self.partnerships.iter().enumerate().filter(active)
    }

    /// PSH-3: a product has one managing partner, and under full access the partner manages every product.
    pub fn in_the_way(&self, customer: usize, wanted: &Access) -> BTreeSet<usize> {
        let shares = |one: &Partnership| match (&one.access, wanted) {
            (Access::Limited(held), Access::Limited(wanted)) => !held.is_disjoint(wanted),
            (Access::Full(_), _) | (_, Access::Full(_)) => true,
        };
        let active = self.active(customer);
        active
            .filter(|(_, one)| shares(one))
            .map(|(at, _)| at)
            .collect()
    }

    pub fn is_member(&self, who: usize, organization: usize) -> Option<Role> {
        match PEOPLE.get(who)? {
            person if person.of == organization => Some(person.role),
            _ if who == XANDRA.0 && organization == ATELIER && self.xandra_is_external => {
                Some(Role::External)
            }
            _ => None,
        }
    }

    /// ORG-4: a partner's legal representatives and administrators reach every customer, its collaborators
    /// those that they were assigned.
    pub fn stands_for_partner(&self, who: usize, at: usize) -> bool {
        let partner = self.partnerships[at].partner;
        match PEOPLE.get(who) {
            Some(person) if person.of == partner => match person.role {
                Role::LegalRepresentative | Role::Administrator => true,
                Role::Collaborator => self.assignments.contains_key(&(at, who)),
                Role::External => false,
            },
            _ => false,
        }
    }

    /// Starts what was agreed: at once what it replaces ends, and what full access excludes is superseded
    /// (PSH-10, INV-10, ORG-5).
    pub fn begin(&mut self, at: usize, replaced: &BTreeSet<usize>, when: Span) {
        let (customer, partner) = {
            let one = &self.partnerships[at];
            (one.customer, one.partner)
        };
        for old in replaced {
            self.end(*old, Some(customer), when);
        }
        if (customer, partner) == (ATELIER, PEOPLE[XANDRA.0].of) {
            self.xandra_is_external = false;
        }
        let one = &mut self.partnerships[at];
        (one.status, one.began, one.started) = (Status::Active, true, when);
        one.versions.push(one.access.clone());
        if let Access::Full(_) = one.access {
            let but = one.invitation;
            self.supersede(customer, Some(but), when);
        }
    }

    pub fn end(&mut self, at: usize, by: Option<usize>, when: Span) {
        let one = &mut self.partnerships[at];
        one.status = Status::Ended;
        (one.ended, one.ended_by) = (Some(when), by);
        one.version += 1;
    }

    pub fn change(&mut self, at: usize, access: Access, when: Span) {
        let one = &mut self.partnerships[at];
        if one.access == access {
            return;
        }
        let (customer, was_full) = (one.customer, matches!(one.access, Access::Full(_)));
        let is_full = matches!(access, Access::Full(_));
        one.access = access.clone();
        one.versions.push(access);
        one.version += 1;
        if is_full && !was_full {
            self.supersede(customer, None, when);
        }
    }

    fn supersede(&mut self, customer: usize, but: Option<usize>, when: Span) {
        for (at, one) in self.invitations.iter_mut().enumerate() {
            if one.customer == customer && Some(at) != but && one.is_pending(when.from) {
                one.fate = Fate::Superseded;
                one.answered = Some(when);
            }
        }
    }

    /// PSH-12: what was agreed for an instant that has come starts as of that instant, unless something that it
    /// does not replace stands in its way by then.
    pub fn catch_up(&mut self, now: NaiveDateTime) {
        loop {
            let waiting = self.partnerships.iter().enumerate();
            let due = waiting
                .filter(|(_, one)| one.status == Status::Scheduled && one.started.from <= now)
                .min_by_key(|(at, one)| (one.started.from, *at))
                .map(|(at, one)| (at, one.started, one.clone()));
            let Some((at, when, one)) = due else {
                return;
            };
            let in_the_way = self.in_the_way(one.customer, &one.access);
            if in_the_way.is_subset(&one.may_end) {
                let in_force: BTreeSet<usize> =
                    self.active(one.customer).map(|(at, _)| at).collect();
                let replaced = in_force.intersection(&one.may_end).copied().collect();
                self.begin(at, &replaced, when);
            } else {
                self.end(at, None, when);
            }
        }
    }

    /// PRG-7: ending the partner status ends its partnerships.
    pub fn leave_programme(&mut self, partner: usize, when: Span) {
        self.organizations[partner].programme = Programme::Ended;
        for at in 0..self.partnerships.len() {
            let one = &self.partnerships[at];
            if one.partner == partner && one.status != Status::Ended {
                self.end(at, Some(partner), when);
            }
        }
    }
}
