//! Inviting, asking, handing over and answering.
use super::{Act, Touched, id_at, one_of};
use crate::sequences::model::{Access, Fate, Invitation, Partnership, Status};
use crate::sequences::rules::{Proposal, Refused};
use crate::sequences::steps::{Answer as Reply, By, Mode, Replace, Wanted};
use crate::sequences::time::{Span, written};
use crate::sequences::{Game, INVITATION_DAYS, Outcome};
use crate::world::Answer;
use actix_web::test::TestRequest;
use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Game<'_> {
    pub async fn invite(
        &mut self,
        (customer, partner): Touched,
        by: By,
        (wanted, replace, in_minutes): (Wanted, Replace, Option<i64>),
        proven: bool,
    ) -> Outcome<()> {
        let who = one_of(by, customer, partner);
        let (access, sent) = self.wanted(customer, wanted);
        let (replace, ids) = self.replaced(customer, replace, access.as_ref(), None);
        let starts_at = self.start(in_minutes);
        let proposal = Proposal {
            customer,
            partner,
            access: access.as_ref(),
            replace: replace.as_ref(),
            starts_at,
        };
        let now = self.cast.world.clock.now();
        let reasons = self.model.inviting(who, proven, &proposal, now);
        let body = json!({"partner_id": self.cast.organizations[partner], "access": sent,
            "replace": ids, "starts_at": starts_at.map(written)});
        let path = format!(
            "/v1/organizations/{}/invitations",
            self.cast.organizations[customer]
        );
        let act = Act {
            who,
            proven,
            request: TestRequest::post().uri(&path).set_json(body),
            reasons,
        };
        if let (Some((answer, when)), Some(access), Some(replace)) =
            (self.act(act).await?, access, replace)
        {
            let sides = (customer, partner);
            self.sent_one(&answer, when, sides, true, access, replace, starts_at)?;
        }
        Ok(())
    }

    pub async fn request(
        &mut self,
        (customer, partner): Touched,
        by: By,
        full: Option<Mode>,
    ) -> Outcome<()> {
        let who = one_of(by, partner, customer);
        let access = full.map_or(Access::Limited(BTreeSet::new()), Access::Full);
        let mut sent = self.sent(customer, &access);
        sent["product_ids"] = Value::Null;
        let now = self.cast.world.clock.now();
        let reasons = self.model.requesting(who, partner, customer, now);
        let body = json!({"customer_organization_id": self.cast.organizations[customer],
            "requested_access": sent});
        let path = format!(
            "/v1/organizations/{}/invitations",
            self.cast.organizations[partner]
        );
        let act = Act {
            who,
            proven: false,
            request: TestRequest::post().uri(&path).set_json(body),
            reasons,
        };
        if let Some((answer, when)) = self.act(act).await? {
            let (sides, nothing) = ((customer, partner), BTreeSet::new());
            self.sent_one(&answer, when, sides, false, access, nothing, None)?;
        }
        Ok(())
    }

    pub async fn hand_over(
        &mut self,
        at: usize,
        by: By,
        (partner, wanted, in_minutes): (usize, Wanted, Option<i64>),
        proven: bool,
    ) -> Outcome<()> {
        let (customer, old) = self.sides(at);
        let who = one_of(by, customer, old);
        let (access, sent) = self.wanted(customer, wanted);
        let (replace, starts_at) = (BTreeSet::from([at]), self.start(in_minutes));
        let proposal = Proposal {
            customer,
            partner,
            access: access.as_ref(),
            replace: Some(&replace),
            starts_at,
        };
        let now = self.cast.world.clock.now();
        let reasons = self.model.handing_over(who, proven, (at, &proposal), now);
        let body = json!({"partner_id": self.cast.organizations[partner], "access": sent,
            "starts_at": starts_at.map(written)});
        let request = TestRequest::post().uri(&self.path(at, "handover"));
        let act = Act {
            who,
            proven,
            request: request.set_json(body),
            reasons,
        };
        if let (Some((answer, when)), Some(access)) = (self.act(act).await?, access) {
            let sides = (customer, partner);
            self.sent_one(&answer, when, sides, true, access, replace, starts_at)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an invitation is that much")]
    fn sent_one(
        &mut self,
        answer: &Answer,
        when: Span,
        (customer, partner): Touched,
        by_customer: bool,
        requested: Access,
        replace: BTreeSet<usize>,
        starts_at: Option<NaiveDateTime>,
    ) -> Outcome<()> {
        let mut created = when;
        created.settle(&answer.body["created_at"]);
        self.model.invitations.push(Invitation {
            id: id_at(answer, "/id")?,
            customer,
            partner,
            by_customer,
            requested,
            granted: None,
            fate: Fate::Pending,
            replace,
            starts_at,
            created,
            expires: lasting(created),
            answered: None,
            resent: Vec::new(),
            partnership: None,
        });
        Ok(())
    }

    pub async fn accept(
        &mut self,
        at: usize,
        by: By,
        (grant, replace, odd): (Option<Wanted>, Replace, bool),
        proven: bool,
    ) -> Outcome<()> {
        let one = self.model.invitations[at].clone();
        let who = one_of(by, one.recipient(), one.sender());
        let mut body = json!({});
        let grant = grant.map(|wanted| self.wanted(one.customer, wanted));
        let (access, ended, odd) = if one.by_customer {
            let ended = self.in_force_of(one.customer);
            let ended = ended.intersection(&one.replace).copied().collect();
            let odd = odd && grant.is_some();
            if let (true, Some((_, sent))) = (odd, grant) {
                body["granted_access"] = sent;
            }
            (Some(one.requested.clone()), Some(ended), odd)
        } else {
            let access = match grant {
                Some((access, sent)) => {
                    body["granted_access"] = sent;
                    access
                }
                // INV-3: silence means as requested, where that was full access.
                None => Some(one.requested.clone())
                    .filter(|requested| matches!(requested, Access::Full(_))),
            };
            let (ended, ids) = self.replaced(one.customer, replace, access.as_ref(), None);
            body["replace"] = json!(ids);
            (access, ended, false)
        };
        let asks = body["replace"]
            .as_array()
            .is_some_and(|ids| !ids.is_empty());
        let now = self.cast.world.clock.now();
        let mut reasons = self.model.answering(who, one.recipient(), at);
        if reasons.is_empty() {
            reasons.extend(self.model.answered(at, now));
        }
        if reasons.is_empty() {
            reasons = self
                .model
                .accepting(at, access.as_ref(), ended.as_ref(), odd);
        }
        if asks && !proven {
            reasons.push(Refused::password());
        }
        let path = format!("/v1/invitations/{}/accept", one.id);
        let act = Act {
            who,
            proven,
            request: TestRequest::post().uri(&path).set_json(body),
            reasons,
        };
        if let (Some((answer, when)), Some(access), Some(ended)) =
            (self.act(act).await?, access, ended)
        {
            let id = id_at(&answer, "/partnership/id")?;
            self.accepted(at, id, access, &ended, when);
        }
        Ok(())
    }

    fn accepted(
        &mut self,
        at: usize,
        id: String,
        access: Access,
        ended: &BTreeSet<usize>,
        when: Span,
    ) {
        let number = self.model.partnerships.len();
        let one = &mut self.model.invitations[at];
        (one.fate, one.answered) = (Fate::Accepted, Some(when));
        (one.granted, one.partnership) = (Some(access.clone()), Some(number));
        let later = one.starts_at.filter(|at| *at > when.to);
        self.model.partnerships.push(Partnership {
            id,
            customer: one.customer,
            partner: one.partner,
            access,
            status: Status::Scheduled,
            began: false,
            may_end: one.replace.clone(),
            invitation: at,
            started: later.map_or(when, Span::at),
            ended: None,
            ended_by: None,
            versions: Vec::new(),
            version: 1,
        });
        if later.is_none() {
            self.model.begin(number, ended, when);
        }
    }

    pub async fn answer(&mut self, at: usize, by: By, reply: Reply) -> Outcome<()> {
        let one = &self.model.invitations[at];
        let (side, other) = match reply {
            Reply::Decline => (one.recipient(), one.sender()),
            Reply::Resend | Reply::Cancel => (one.sender(), one.recipient()),
        };
        let who = one_of(by, side, other);
        let (verb, now) = (reply.verb(), self.cast.world.clock.now());
        let again = matches!(reply, Reply::Cancel) && one.fate == Fate::Cancelled;
        let path = format!("/v1/invitations/{}/{verb}", one.id);
        let mut reasons = self.model.answering(who, side, at);
        if reasons.is_empty() && !again {
            reasons.extend(self.model.answered(at, now));
            if matches!(reply, Reply::Resend) {
                reasons.extend(self.model.resending(at, now));
            }
        }
        let act = Act {
            who,
            proven: false,
            request: TestRequest::post().uri(&path),
            reasons,
        };
        let Some((_, when)) = self.act(act).await? else {
            return Ok(());
        };
        let one = &mut self.model.invitations[at];
        let fate = match reply {
            Reply::Decline => Fate::Declined,
            Reply::Cancel => Fate::Cancelled,
            Reply::Resend => {
                one.expires = lasting(when);
                one.resent.push(when.to);
                return Ok(());
            }
        };
        if !again {
            (one.fate, one.answered) = (fate, Some(when));
        }
        Ok(())
    }
}

/// Two days after it was sent, as the settings have it.
fn lasting(sent: Span) -> Span {
    let lasts = TimeDelta::days(INVITATION_DAYS);
    Span {
        from: sent.from + lasts,
        to: sent.to + lasts,
    }
}

impl Reply {
    fn verb(self) -> &'static str {
        match self {
            Self::Decline => "decline",
            Self::Resend => "resend",
            Self::Cancel => "cancel",
        }
    }
}
