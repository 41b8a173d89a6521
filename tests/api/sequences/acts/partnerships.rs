//! The steps on a partnership.
use super::asked::{Asked, chosen, ids};
use super::{Act, one_of};
use crate::sequences::cast::leader;
use crate::sequences::model::{Access, Model, Status};
use crate::sequences::steps::{By, Given, Mode, Replace, Step};
use crate::sequences::{Game, Outcome};
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Game<'_> {
    /// The steps on a partnership.
    pub async fn take_on(&mut self, at: usize, step: &Step) -> Outcome<()> {
        let one = &self.model.partnerships[at];
        match step {
            Step::Change {
                by,
                wanted,
                replace,
                proven,
                ..
            } => {
                let access = self.wanted(one.customer, *wanted);
                self.change(at, *by, access, *replace, *proven).await
            }
            Step::Select {
                by, product, add, ..
            } => {
                let count = self.model.organizations[one.customer].products.len();
                let mut products = match &one.access {
                    Access::Limited(products) => products.clone(),
                    Access::Full(_) => BTreeSet::new(),
                };
                match add {
                    true => products.insert(product % count.max(1)),
                    false => products.remove(&(product % count.max(1))),
                };
                products.retain(|product| *product < count);
                let access = Access::Limited(products);
                let sent = self.sent(one.customer, &access);
                self.change(at, *by, (Some(access), sent), Replace::None, true)
                    .await
            }
            Step::Pay { by, mode, .. } => self.pay(at, *by, *mode).await,
            Step::Assign { by, given, .. } => self.assign(at, *by, given).await,
            Step::HandOver {
                by,
                partner,
                wanted,
                proven,
                in_minutes,
                ..
            } => {
                let asked = (*partner, *wanted, *in_minutes);
                self.hand_over(at, *by, asked, *proven).await
            }
            Step::CancelStart { by, .. } => self.cancel_start(at, *by).await,
            Step::End { by, proven, .. } => self.end(at, *by, *proven).await,
            Step::Invite { .. }
            | Step::Request { .. }
            | Step::Accept { .. }
            | Step::Answer { .. }
            | Step::Operate { .. }
            | Step::Order { .. }
            | Step::Wait { .. } => Ok(()),
        }
    }

    async fn change(
        &mut self,
        at: usize,
        by: By,
        (access, mut body): Asked<Access>,
        replace: Replace,
        proven: bool,
    ) -> Outcome<()> {
        let (customer, partner) = self.sides(at);
        let who = one_of(by, customer, partner);
        let (replace, ids) = self.replaced(customer, replace, access.as_ref(), Some(at));
        body["replace"] = json!(ids);
        let reasons = self
            .model
            .changing(who, at, access.as_ref(), replace.as_ref(), proven);
        let request = TestRequest::put().uri(&self.path(at, "access"));
        let act = Act {
            who,
            proven,
            request: request.insert_header(("if-match", "*")).set_json(body),
            reasons,
        };
        if let (Some((_, when)), Some(access)) = (self.act(act).await?, access)
            && self.model.partnerships[at].access != access
        {
            for old in replace.unwrap_or_default() {
                self.model.end(old, Some(customer), when);
            }
            self.model.change(at, access, when);
        }
        Ok(())
    }

    async fn pay(&mut self, at: usize, by: By, mode: Mode) -> Outcome<()> {
        let (customer, partner) = self.sides(at);
        let who = one_of(by, customer, partner);
        let request = TestRequest::put().uri(&self.path(at, "payment-mode"));
        let body = json!({"payment_mode": mode.word()});
        let act = Act {
            who,
            proven: false,
            request: request.insert_header(("if-match", "*")).set_json(body),
            reasons: self.model.paying(who, at),
        };
        if let Some((_, when)) = self.act(act).await? {
            self.model.change(at, Access::Full(mode), when);
        }
        Ok(())
    }

    async fn assign(&mut self, at: usize, by: By, given: &[Option<Given>; 2]) -> Outcome<()> {
        let (customer, partner) = self.sides(at);
        let who = one_of(by, partner, customer);
        let owned = &self.model.organizations[customer].products;
        let people = Model::collaborators(partner);
        let mut wanted = Vec::new();
        for (person, given) in people.zip(given) {
            match given {
                None => {}
                Some(Given::Whole) => wanted.push((person, None)),
                Some(Given::Narrowed(bits)) => {
                    wanted.push((person, Some(chosen(*bits, owned.len()))));
                }
            }
        }
        let named = wanted.iter().filter_map(|(_, some)| some.as_ref());
        let named: BTreeSet<usize> = named.flatten().copied().collect();
        let items: Vec<Value> = wanted
            .iter()
            .map(|(person, some)| {
                let ids = some.as_ref().map(|some| ids(owned, some));
                json!({"member_id": self.cast.members[*person], "product_ids": ids})
            })
            .collect();
        let request = TestRequest::put().uri(&self.path(at, "assignments"));
        let body = json!({"items": items});
        let act = Act {
            who,
            proven: false,
            request: request.insert_header(("if-match", "*")).set_json(body),
            reasons: self.model.assigning(who, at, &named),
        };
        if self.act(act).await?.is_some() {
            self.model.assignments.retain(|(of, _), _| *of != at);
            let wanted = wanted
                .into_iter()
                .map(|(person, some)| ((at, person), some));
            self.model.assignments.extend(wanted);
        }
        Ok(())
    }

    async fn cancel_start(&mut self, at: usize, by: By) -> Outcome<()> {
        let (customer, partner) = self.sides(at);
        let who = one_of(by, customer, partner);
        let act = Act {
            who,
            proven: false,
            request: TestRequest::post().uri(&self.path(at, "cancel-start")),
            reasons: self.model.cancelling_start(who, at),
        };
        let done = self.act(act).await?;
        if let Some((_, when)) = done
            && self.model.partnerships[at].status != Status::Ended
        {
            self.model.end(at, Some(customer), when);
        }
        Ok(())
    }

    async fn end(&mut self, at: usize, by: By, proven: bool) -> Outcome<()> {
        let (customer, partner) = self.sides(at);
        // Either side's act: the step's number of changes says whose.
        let (one, other) = match self.model.partnerships[at].version % 2 {
            0 => (partner, customer),
            _ => (customer, partner),
        };
        let who = one_of(by, one, other);
        let act = Act {
            who,
            proven,
            request: TestRequest::post()
                .uri(&self.path(at, "end"))
                .set_json(json!({})),
            reasons: self.model.ending(who, at, proven),
        };
        let done = self.act(act).await?;
        if let Some((_, when)) = done
            && self.model.partnerships[at].status != Status::Ended
        {
            let by = match who == leader(partner) {
                true => partner,
                false => customer,
            };
            self.model.end(at, Some(by), when);
        }
        Ok(())
    }
}
