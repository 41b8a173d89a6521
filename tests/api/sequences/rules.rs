//! Why an act is refused, as the rules' text has it: all reasons that apply, of which an answer names one.
use super::cast::PEOPLE;
use super::model::{Access, Model, Programme, Status};
use super::steps::Decision;
use chrono::{NaiveDateTime, TimeDelta};
use mandat::domain::organization::Role;
use std::collections::BTreeSet;

/// A refusal, and what it may name: at least the first, at most the second.
#[derive(Debug, Clone)]
pub struct Refused {
    pub status: u16,
    pub code: &'static str,
    pub names: (BTreeSet<String>, BTreeSet<String>),
}

impl Refused {
    /// ORG-7.
    pub fn password() -> Self {
        by(422, "password_required")
    }
}

type Reasons = Vec<Refused>;

fn by(status: u16, code: &'static str) -> Refused {
    Refused {
        status,
        code,
        names: Default::default(),
    }
}

const NOT_FOUND: (u16, &str) = (404, "not_found");
const FORBIDDEN: (u16, &str) = (403, "forbidden");
const INVALID: (u16, &str) = (422, "invalid");

fn plain((status, code): (u16, &'static str)) -> Refused {
    by(status, code)
}

/// What a customer proposes to a partner.
pub struct Proposal<'a> {
    pub customer: usize,
    pub partner: usize,
    /// None where it cannot be (INV-4).
    pub access: Option<&'a Access>,
    /// None where one of them is not the customer's, or not in force.
    pub replace: Option<&'a BTreeSet<usize>>,
    pub starts_at: Option<NaiveDateTime>,
}

impl Model {
    fn ids(&self, some: &BTreeSet<usize>) -> BTreeSet<String> {
        some.iter()
            .map(|at| self.partnerships[*at].id.clone())
            .collect()
    }

    /// ORG-2: only a legal representative binds the organization; who sees it is told so, who does not is not.
    pub fn binding(&self, who: usize, organization: usize) -> Reasons {
        let through = self
            .active(organization)
            .any(|(at, one)| self.approved(one.partner) && self.stands_for_partner(who, at));
        match self.is_member(who, organization) {
            Some(Role::LegalRepresentative) => Vec::new(),
            Some(_) => vec![plain(FORBIDDEN)],
            None if through => vec![plain(FORBIDDEN)],
            None => vec![plain(NOT_FOUND)],
        }
    }

    /// ORG-2, ORG-3, ORG-4, PSH-7: both sides see a partnership, also when it has ended.
    pub fn sees(&self, who: usize, at: usize) -> bool {
        let own = self.is_member(who, self.partnerships[at].customer);
        matches!(own, Some(Role::LegalRepresentative | Role::Administrator))
            || self.stands_for_partner(who, at)
    }

    /// Whoever belongs to a side and may not read it is told either: that it is not there, or not for them.
    pub fn is_insider(&self, who: usize, at: usize) -> bool {
        let one = &self.partnerships[at];
        let belongs = |of| self.is_member(who, of).is_some();
        belongs(one.customer) || belongs(one.partner)
    }

    /// An act on a partnership that is for these people.
    fn towards(&self, who: usize, at: usize, may: bool) -> Reasons {
        match (self.sees(who, at), may) {
            (false, _) => vec![plain(NOT_FOUND)],
            (true, false) => vec![plain(FORBIDDEN)],
            (true, true) => Vec::new(),
        }
    }

    fn leads(&self, who: usize, organization: usize) -> bool {
        self.is_member(who, organization) == Some(Role::LegalRepresentative)
    }

    /// ACC-2: only the customer's legal representative.
    pub fn by_customer(&self, who: usize, at: usize) -> Reasons {
        self.towards(who, at, self.leads(who, self.partnerships[at].customer))
    }

    /// PSH-7, PSH-12: changed while it is in force, and only then.
    fn in_force(&self, at: usize) -> Option<Refused> {
        match self.partnerships[at].status {
            Status::Scheduled => Some(by(409, "not_started")),
            Status::Active => None,
            Status::Ended => Some(by(409, "already_ended")),
        }
    }

    /// INV-9, INV-5: two that are partners, or are to be, are not made so again, nor the other way round.
    fn strangers(&self, customer: usize, partner: usize) -> Reasons {
        let open = |customer, partner| {
            let between = self.partnerships.iter().find(|one| {
                (one.customer, one.partner) == (customer, partner) && one.status != Status::Ended
            });
            between.map(|one| BTreeSet::from([one.id.clone()]))
        };
        let same = open(customer, partner).map(|ids| ("already_partners", ids));
        let opposite = open(partner, customer).map(|ids| ("opposite_partnership", ids));
        let both = same.into_iter().chain(opposite);
        both.map(|(code, ids)| named(code, ids.clone(), ids))
            .collect()
    }

    /// INV-5: one that is pending, whichever side sent it.
    fn pending(&self, customer: usize, partner: usize, now: NaiveDateTime) -> Option<Refused> {
        let between = self
            .invitations
            .iter()
            .find(|one| (one.customer, one.partner) == (customer, partner) && one.is_pending(now));
        between.map(|one| {
            let ids = BTreeSet::from([one.id.clone()]);
            named("pending_invitation_exists", ids.clone(), ids)
        })
    }

    /// INV-1, INV-4, INV-5, INV-9, PRG-2.
    fn proposing(&self, proposal: &Proposal, now: NaiveDateTime) -> Reasons {
        let Proposal {
            customer,
            partner,
            access,
            replace,
            starts_at,
        } = *proposal;
        let empty = matches!(access, Some(Access::Limited(products)) if products.is_empty());
        let past = starts_at.is_some_and(|at| at <= now);
        let faulty = access.is_none() || empty || past || replace.is_none() || customer == partner;
        let mut reasons: Reasons = faulty.then(|| plain(INVALID)).into_iter().collect();
        reasons.extend((!self.approved(partner)).then(|| by(422, "not_a_partner")));
        reasons.extend(self.strangers(customer, partner));
        reasons.extend(self.pending(customer, partner, now));
        if let Some(access @ Access::Limited(_)) = access {
            let nothing = BTreeSet::new();
            reasons.extend(self.conflict(customer, access, replace.unwrap_or(&nothing), true));
        }
        reasons
    }

    /// PSH-1 to PSH-3: what is in the way is named to the customer, and never to a partner (INV-8).
    fn conflict(
        &self,
        customer: usize,
        access: &Access,
        replace: &BTreeSet<usize>,
        told: bool,
    ) -> Option<Refused> {
        let all = self.in_the_way(customer, access);
        let left: BTreeSet<usize> = all.difference(replace).copied().collect();
        let code = "conflicting_partnerships";
        match (left.is_empty(), told) {
            (true, _) => None,
            (false, true) => Some(named(code, self.ids(&left), self.ids(&all))),
            (false, false) => Some(by(409, code)),
        }
    }

    pub fn inviting(&self, who: usize, proven: bool, it: &Proposal, now: NaiveDateTime) -> Reasons {
        let replaces = it.replace.is_none_or(|some| !some.is_empty());
        let mut reasons = self.binding(who, it.customer);
        if reasons.is_empty() {
            reasons = self.proposing(it, now);
        }
        // ORG-7.
        reasons.extend((replaces && !proven).then(Refused::password));
        reasons
    }

    pub fn handing_over(
        &self,
        who: usize,
        proven: bool,
        (at, it): (usize, &Proposal),
        now: NaiveDateTime,
    ) -> Reasons {
        let mut reasons = self.by_customer(who, at);
        if reasons.is_empty() {
            reasons = self.in_force(at).into_iter().collect();
            reasons.extend((!proven).then(Refused::password));
            if self.partnerships[at].status == Status::Active {
                reasons.extend(self.proposing(it, now));
            }
        }
        reasons
    }

    /// INV-2, INV-11.
    pub fn requesting(
        &self,
        who: usize,
        partner: usize,
        customer: usize,
        now: NaiveDateTime,
    ) -> Reasons {
        let mut reasons = self.binding(who, partner);
        if !reasons.is_empty() {
            return reasons;
        }
        reasons.extend((customer == partner).then(|| plain(INVALID)));
        reasons.extend((!self.approved(partner)).then(|| by(422, "not_a_partner")));
        reasons.extend(self.strangers(customer, partner));
        reasons.extend(self.pending(customer, partner, now));
        reasons
    }

    /// INV-6, INV-7: the invited side answers, the sender sends again or cancels.
    pub fn answering(&self, who: usize, side: usize, at: usize) -> Reasons {
        let one = &self.invitations[at];
        let [of_side, of_other] = match side == one.customer {
            true => [one.customer, one.partner],
            false => [one.partner, one.customer],
        }
        .map(|of| self.is_member(who, of));
        match (of_side, of_other) {
            (Some(Role::LegalRepresentative), _) => Vec::new(),
            (Some(Role::Administrator), _) | (_, Some(Role::LegalRepresentative)) => {
                vec![plain(FORBIDDEN)]
            }
            // A member who may not read it is told either.
            (Some(_), _) | (_, Some(_)) => vec![plain(FORBIDDEN), plain(NOT_FOUND)],
            (None, None) => vec![plain(NOT_FOUND)],
        }
    }

    /// INV-3, INV-4, INV-8. `access` is None where it cannot be.
    pub fn accepting(
        &self,
        at: usize,
        access: Option<&Access>,
        replace: Option<&BTreeSet<usize>>,
        odd: bool,
    ) -> Reasons {
        let one = &self.invitations[at];
        let empty = matches!(access, Some(Access::Limited(products)) if products.is_empty());
        let faulty = access.is_none() || empty || odd || replace.is_none();
        let mut reasons: Reasons = faulty.then(|| plain(INVALID)).into_iter().collect();
        reasons.extend((!self.approved(one.partner)).then(|| by(422, "not_a_partner")));
        reasons.extend(self.strangers(one.customer, one.partner));
        if let Some(access) = access {
            let nothing = BTreeSet::new();
            let ended = replace.unwrap_or(&nothing);
            reasons.extend(self.conflict(one.customer, access, ended, !one.by_customer));
        }
        reasons
    }

    /// PSH-5. `access` is None where it cannot be.
    pub fn changing(
        &self,
        who: usize,
        at: usize,
        access: Option<&Access>,
        replace: Option<&BTreeSet<usize>>,
        proven: bool,
    ) -> Reasons {
        let one = &self.partnerships[at];
        let asks = replace.is_none_or(|some| !some.is_empty()) && !proven;
        let password = asks.then(Refused::password);
        let mut reasons = self.by_customer(who, at);
        if reasons.is_empty() {
            reasons.extend(self.in_force(at));
            reasons.extend(access.is_none().then(|| plain(INVALID)));
            let same = one.status == Status::Active && access == Some(&one.access);
            if let (false, Some(access)) = (same, access) {
                reasons.extend(replace.is_none().then(|| plain(INVALID)));
                let mut ended = replace.cloned().unwrap_or_default();
                ended.insert(at);
                let refused = self.conflict(one.customer, access, &ended, true);
                reasons.extend(refused.map(|refused| without(refused, &one.id)));
            }
        }
        reasons.extend(password);
        reasons
    }

    /// PSH-6, INV-4.
    pub fn paying(&self, who: usize, at: usize) -> Reasons {
        let mut reasons = self.by_customer(who, at);
        if reasons.is_empty() {
            reasons.extend(self.in_force(at));
            let limited = matches!(self.partnerships[at].access, Access::Limited(_));
            reasons.extend(limited.then(|| plain(INVALID)));
        }
        reasons
    }

    /// ORG-4: by the partner's legal representatives and administrators, of what the partner reaches.
    pub fn assigning(&self, who: usize, at: usize, products: &BTreeSet<usize>) -> Reasons {
        let one = &self.partnerships[at];
        let role = self.is_member(who, one.partner);
        let may = matches!(role, Some(Role::LegalRepresentative | Role::Administrator));
        let mut reasons = self.towards(who, at, may);
        if !reasons.is_empty() {
            return reasons;
        }
        if one.status == Status::Ended {
            // Nobody assigns what has ended: neither word for it is the rules'.
            return vec![by(409, "already_ended"), plain(FORBIDDEN)];
        }
        let outside = match &one.access {
            Access::Limited(selected) => !products.is_subset(selected),
            Access::Full(_) => false,
        };
        reasons.extend(outside.then(|| plain(INVALID)));
        reasons
    }

    /// PSH-7, ORG-7: either side's legal representative; ending what has ended changes nothing.
    pub fn ending(&self, who: usize, at: usize, proven: bool) -> Reasons {
        let one = &self.partnerships[at];
        let leads = self.leads(who, one.customer) || self.leads(who, one.partner);
        let ended = one.status == Status::Ended;
        let mut reasons = self.towards(who, at, leads || ended);
        // What has ended already is only read.
        match reasons.is_empty() {
            true => reasons.extend((!proven).then(Refused::password)),
            false if ended && self.is_insider(who, at) => reasons.push(plain(FORBIDDEN)),
            false => {}
        }
        reasons
    }

    /// PSH-12: by the customer, before the start.
    pub fn cancelling_start(&self, who: usize, at: usize) -> Reasons {
        let mut reasons = self.by_customer(who, at);
        if reasons.is_empty() && self.partnerships[at].began {
            reasons.push(by(409, "already_started"));
        }
        reasons
    }

    /// INV-7: at most five a day.
    pub fn resending(&self, at: usize, now: NaiveDateTime) -> Option<Refused> {
        let lately = |sent: &&NaiveDateTime| **sent > now - TimeDelta::days(1);
        let often = self.invitations[at].resent.iter().filter(lately).count() >= 5;
        often.then(|| by(429, "resent_too_often"))
    }

    /// INV: nothing leaves a final state.
    pub fn answered(&self, at: usize, now: NaiveDateTime) -> Option<Refused> {
        let pending = self.invitations[at].is_pending(now);
        (!pending).then(|| by(409, "already_answered"))
    }

    /// PRG-2.
    pub fn operating(&self, partner: usize, decision: Decision) -> Reasons {
        use {Decision::*, Programme::*};
        match (self.organizations[partner].programme, decision) {
            (Never, Suspend | Reinstate | End) => vec![plain(NOT_FOUND)],
            (Approved, Suspend | End) | (Suspended, Reinstate | End) | (Ended, End) => Vec::new(),
            (Approved, Reinstate) | (Suspended, Suspend) | (Ended, Suspend | Reinstate) => {
                vec![by(409, "not_in_this_state")]
            }
        }
    }

    /// The people of a partner who can be assigned.
    pub fn collaborators(partner: usize) -> impl Iterator<Item = usize> {
        let people = PEOPLE.iter().enumerate();
        people
            .filter(move |(_, one)| one.of == partner && one.role == Role::Collaborator)
            .map(|(at, _)| at)
    }
}

fn named(code: &'static str, least: BTreeSet<String>, most: BTreeSet<String>) -> Refused {
    Refused {
        names: (least, most),
        ..by(409, code)
    }
}

fn without(mut refused: Refused, id: &str) -> Refused {
    refused.names.1.remove(id);
    refused
}
