//! Taking a step: what is asked for, what the rules make of it, and what the service answers.
mod asked;
mod invitations;
mod partnerships;

use super::cast::{ATELIER, STAFF, leader};
use super::model::{Programme, Status};
use super::rules::Refused;
use super::steps::{By, Decision, Pick, Step};
use super::time::Span;
use super::{Game, Outcome};
use crate::world::Answer;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The customer and the partner that a step was about.
pub type Touched = (usize, usize);

/// An act as somebody asks for it, and all reasons to refuse it.
struct Act {
    who: usize,
    proven: bool,
    request: TestRequest,
    reasons: Vec<Refused>,
}

impl Game<'_> {
    /// Takes a step; None where there is nothing to take it on.
    pub async fn take(&mut self, step: &Step) -> Outcome<Option<Touched>> {
        match step {
            Step::Invite {
                customer,
                partner,
                by,
                wanted,
                replace,
                proven,
                in_minutes,
            } => {
                let sides = (*customer, *partner);
                let asked = (*wanted, *replace, *in_minutes);
                self.invite(sides, *by, asked, *proven).await?;
                Ok(Some(sides))
            }
            Step::Request {
                partner,
                customer,
                by,
                full,
            } => {
                self.request((*customer, *partner), *by, *full).await?;
                Ok(Some((*customer, *partner)))
            }
            Step::Accept {
                pick,
                by,
                grant,
                replace,
                proven,
                odd,
            } => {
                let Some(at) = self.invitation(*pick) else {
                    return Ok(None);
                };
                self.accept(at, *by, (*grant, *replace, *odd), *proven)
                    .await?;
                Ok(Some(self.sides_of_invitation(at)))
            }
            Step::Answer { pick, by, answer } => {
                let Some(at) = self.invitation(*pick) else {
                    return Ok(None);
                };
                self.answer(at, *by, *answer).await?;
                Ok(Some(self.sides_of_invitation(at)))
            }
            Step::Operate { partner, decision } => {
                self.operate(*partner, *decision).await?;
                Ok(Some((ATELIER, *partner)))
            }
            Step::Order { customer } => {
                self.order(*customer).await?;
                Ok(None)
            }
            Step::Wait { hours } => {
                self.cast.world.advance(TimeDelta::hours(*hours));
                self.model.catch_up(self.cast.world.clock.now());
                self.how = "done".into();
                Ok(None)
            }
            Step::Change { pick, .. }
            | Step::Select { pick, .. }
            | Step::Pay { pick, .. }
            | Step::Assign { pick, .. }
            | Step::HandOver { pick, .. }
            | Step::CancelStart { pick, .. }
            | Step::End { pick, .. } => {
                let only_scheduled = matches!(step, Step::CancelStart { .. });
                let Some(at) = self.partnership(*pick, only_scheduled) else {
                    return Ok(None);
                };
                self.take_on(at, step).await?;
                let one = &self.model.partnerships[at];
                Ok(Some((one.customer, one.partner)))
            }
        }
    }

    async fn operate(&mut self, partner: usize, decision: Decision) -> Outcome<()> {
        let verb = match decision {
            Decision::Suspend => "suspend",
            Decision::Reinstate => "reinstate",
            Decision::End => "end",
        };
        let path = format!(
            "/v1/admin/partners/{}/{verb}",
            self.cast.organizations[partner]
        );
        let body = json!({"reason": "As agreed."});
        let act = Act {
            who: STAFF,
            proven: false,
            request: TestRequest::post().uri(&path).set_json(body),
            reasons: self.model.operating(partner, decision),
        };
        if let Some((_, when)) = self.act(act).await? {
            match decision {
                Decision::Suspend => {
                    self.model.organizations[partner].programme = Programme::Suspended;
                }
                Decision::Reinstate => {
                    self.model.organizations[partner].programme = Programme::Approved;
                }
                Decision::End => self.model.leave_programme(partner, when),
            }
        }
        Ok(())
    }

    /// PSH-9: managed by a full-access partner at once, by a limited one only when the customer adds it.
    async fn order(&mut self, customer: usize) -> Outcome<()> {
        let path = format!(
            "/v1/organizations/{}/orders",
            self.cast.organizations[customer]
        );
        let body = json!({"acting_as": "customer", "currency": "CHF",
            "payment_method_id": self.cast.cards[customer],
            "lines": [{"family": "mail", "quantity": 1, "period": "monthly"}]});
        let key = ("idempotency-key", uuid::Uuid::now_v7().to_string());
        let request = TestRequest::post().uri(&path).insert_header(key);
        let act = Act {
            who: leader(customer),
            proven: false,
            request: request.set_json(body),
            reasons: Vec::new(),
        };
        if let Some((answer, _)) = self.act(act).await? {
            let id = id_at(&answer, "/products/0/id")?;
            self.model.organizations[customer].products.push(id);
        }
        Ok(())
    }

    /// Asks; the answer, and when it came about, or that it was refused as the rules have it.
    async fn act(&mut self, act: Act) -> Outcome<Option<(Answer, Span)>> {
        let from = self.cast.world.clock.now();
        let answer = self.cast.ask(act.who, act.proven, act.request).await?;
        let to = self.cast.world.clock.now();
        if act.reasons.is_empty() {
            prop_assert!(
                answer.status == 200 || answer.status == 201,
                "refused by no rule: {}",
                answer.text
            );
            self.how = "done".into();
            return Ok(Some((answer, Span { from, to })));
        }
        let named = answer.body["conflicts"].as_array().into_iter().flatten();
        let named: BTreeSet<String> = named
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        let fits = |reason: &&Refused| {
            (reason.status, Some(reason.code)) == (answer.status, answer.body["code"].as_str())
                && named.is_superset(&reason.names.0)
                && named.is_subset(&reason.names.1)
        };
        prop_assert!(
            act.reasons.iter().any(|reason| fits(&reason)),
            "not refused by {:?}: {} {}",
            act.reasons,
            answer.status,
            answer.text
        );
        self.how = answer.body["code"].as_str().unwrap_or_default().into();
        Ok(None)
    }

    fn invitation(&self, pick: Pick) -> Option<usize> {
        let now = self.cast.world.clock.now();
        let pending = |at: &usize| self.model.invitations[*at].is_pending(now);
        picked(pick, self.model.invitations.len(), pending)
    }

    fn partnership(&self, pick: Pick, only_scheduled: bool) -> Option<usize> {
        let live = |at: &usize| match self.model.partnerships[*at].status {
            Status::Scheduled => true,
            Status::Active => !only_scheduled,
            Status::Ended => false,
        };
        picked(pick, self.model.partnerships.len(), live)
    }

    fn sides(&self, at: usize) -> Touched {
        let one = &self.model.partnerships[at];
        (one.customer, one.partner)
    }

    fn sides_of_invitation(&self, at: usize) -> Touched {
        let one = &self.model.invitations[at];
        (one.customer, one.partner)
    }

    fn path(&self, at: usize, what: &str) -> String {
        format!("/v1/partnerships/{}/{what}", self.model.partnerships[at].id)
    }
}

fn one_of(by: By, right: usize, other: usize) -> usize {
    match by {
        By::Right => leader(right),
        By::Other => leader(other),
        By::Anyone(who) => who,
    }
}

fn picked(pick: Pick, count: usize, live: impl Fn(&usize) -> bool) -> Option<usize> {
    let living: Vec<usize> = (0..count).filter(live).collect();
    match (pick.live, living.is_empty(), count) {
        (_, _, 0) => None,
        (true, false, _) => Some(living[pick.number % living.len()]),
        (true, true, _) | (false, _, _) => Some(pick.number % count),
    }
}

fn id_at(answer: &Answer, pointer: &str) -> Outcome<String> {
    let id = answer.body.pointer(pointer).and_then(Value::as_str);
    id.map(str::to_owned)
        .ok_or_else(|| TestCaseError::fail(format!("no id at {pointer}: {}", answer.text)))
}
