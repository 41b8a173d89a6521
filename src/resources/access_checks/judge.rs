//! Judging: the policy's table over the facts, with what it rests on.
use super::facts::{self, Fact};
use super::views::{self, AccessCheckView};
use crate::api::Caller;
use crate::db::Tx;
use crate::db::witness::Identity;
use crate::domain::access::Terms;
use crate::domain::id::{OrganizationId, ProductId, UserId};
use crate::domain::organization::Role;
use crate::domain::partnership::Interval;
use crate::domain::policy::{self, Action, Decision, Standing};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use chrono::NaiveDateTime;

pub struct Question {
    /// The caller unless said.
    pub user: Option<UserId>,
    pub action: Action,
    pub organization: OrganizationId,
    pub product: Option<ProductId>,
    pub as_of: Option<NaiveDateTime>,
}

/// What decided, and on which fact.
pub struct Verdict<'f> {
    pub allowed: bool,
    pub rule: &'static str,
    pub by: Option<(&'f Fact, Standing)>,
    /// By a role among the operator's staff.
    pub operator: Option<Standing>,
    pub at: NaiveDateTime,
}

/// Answers every question, in order.
pub fn answers(
    tx: &mut Tx,
    caller: &Caller,
    questions: &[Question],
) -> Result<Vec<AccessCheckView>> {
    let (identity, facts) = facts::gather(tx, caller, questions)?;
    let now = tx.now;
    questions
        .iter()
        .map(|question| {
            let readable = readable(&identity, &facts, question, now)?;
            let verdict = judge(&identity, &readable, question, now)?;
            Ok(views::view(&verdict, question, identity.language))
        })
        .collect()
}

/// The facts about a person that the caller may read. About oneself: what one's present
/// memberships and assignments lead to. About others: only through an organization that the caller
/// administers and the other is a member of. So asking as of the past shows nobody more than the
/// history that is theirs to read now.
fn readable<'f>(
    identity: &Identity,
    facts: &'f [Fact],
    question: &Question,
    now: NaiveDateTime,
) -> Result<Vec<&'f Fact>> {
    let subject = question.user.unwrap_or(identity.user);
    let is_member = |fact: &&Fact| fact.place.partnership_id.is_none() && fact.place.held(now);
    let administered: Vec<OrganizationId> = facts
        .iter()
        .filter(is_member)
        .filter(|fact| fact.place.user_id == identity.user)
        .filter(|fact| match fact.place.role {
            Role::LegalRepresentative | Role::Administrator => true,
            Role::Collaborator | Role::External => false,
        })
        .map(|fact| fact.place.member_of)
        .collect();
    let within =
        |fact: &Fact| subject == identity.user || administered.contains(&fact.place.member_of);
    let of_subject: Vec<&Fact> = facts
        .iter()
        .filter(|fact| fact.place.user_id == subject && within(fact))
        .collect();
    if subject != identity.user && !of_subject.iter().any(is_member) {
        return Err(Refusal::not_found().rule("ACC-7").into());
    }
    let still_there = |fact: &&&Fact| {
        of_subject.iter().any(|other| {
            other.place.organization_id == fact.place.organization_id
                && other.place.partnership_id == fact.place.partnership_id
                && other.place.assigned(now)
        })
    };
    Ok(of_subject
        .iter()
        .filter(|fact| fact.place.organization_id == question.organization)
        .filter(still_there)
        .copied()
        .collect())
}

fn judge<'f>(
    identity: &Identity,
    facts: &[&'f Fact],
    question: &Question,
    now: NaiveDateTime,
) -> Result<Verdict<'f>> {
    let at = question.as_of.map_or(now, |at| at.min(now));
    let mut places = Vec::new();
    for fact in facts.iter().filter(|fact| fact.place.held(at)) {
        places.push((*fact, fact.place.standing()?));
    }
    // One's own membership first, as in every request.
    places.sort_by_key(|(_, standing)| matches!(standing, Standing::Partner { .. }));
    let reached: Vec<&(&Fact, Standing)> = places
        .iter()
        .filter(|(fact, standing)| {
            question
                .product
                .is_none_or(|product| reaches(fact, standing, product, at))
        })
        .collect();
    let operator = identity
        .operator
        .filter(|_| question.user.is_none_or(|user| user == identity.user))
        .map(|role| Standing::Operator { role });
    let standings: Vec<Standing> = reached
        .iter()
        .map(|(_, standing)| standing.clone())
        .chain(operator.clone())
        .collect();
    let verdict = |allowed, rule, by: Option<&(&'f Fact, Standing)>| Verdict {
        allowed,
        rule,
        by: by.cloned(),
        operator: None,
        at,
    };
    Ok(match policy::decide(&standings, question.action) {
        Decision::Granted(by @ Standing::Operator { .. }, rule) => Verdict {
            operator: Some(by.clone()),
            ..verdict(true, rule, None)
        },
        Decision::Granted(by, rule) => {
            let by = reached.iter().find(|(_, standing)| standing == by);
            verdict(true, rule, by.copied())
        }
        Decision::Refused(rule) => verdict(false, rule, reached.first().copied()),
        Decision::Invisible => match (reached.first(), places.first()) {
            // A partnership's history is its sides' to read: so is that its partner is suspended.
            (Some(place), _) if history(&standings) => {
                let rule = match policy::judge(&place.1, question.action) {
                    policy::Ruling::Granted(rule) | policy::Ruling::Refused(rule) => rule,
                };
                verdict(false, rule, Some(place))
            }
            (None, Some((_, standing))) => verdict(false, outside(standing), None),
            (Some(_) | None, _) => verdict(false, "ACC-1", None),
        },
    })
}

fn history(standings: &[Standing]) -> bool {
    !policy::available(standings, &[Action::ReadPartnership]).is_empty()
}

/// Whether a product is within what this place reached at an instant.
fn reaches(fact: &Fact, standing: &Standing, product: ProductId, at: NaiveDateTime) -> bool {
    let holds = |span: &Option<Interval>| span.is_some_and(|span| span.holds(at));
    fact.product == Some(product)
        && match standing {
            Standing::Member {
                role: Role::LegalRepresentative | Role::Administrator,
                ..
            }
            | Standing::Operator { .. }
            | Standing::Support { .. } => true,
            Standing::Member {
                role: Role::Collaborator | Role::External,
                ..
            } => holds(&fact.given),
            Standing::Partner {
                terms, narrowed, ..
            } => {
                (!narrowed || holds(&fact.given))
                    && match terms {
                        Terms::Limited => holds(&fact.selected),
                        Terms::Full { .. } => true,
                    }
            }
        }
}

/// Why a product is not there, the same for one that is outside and one that nobody has.
fn outside(standing: &Standing) -> &'static str {
    match standing {
        Standing::Member {
            role: Role::External,
            ..
        } => "ORG-5",
        Standing::Member {
            role: Role::Collaborator,
            ..
        }
        | Standing::Partner { narrowed: true, .. } => "ORG-4",
        Standing::Partner {
            terms: Terms::Limited,
            ..
        } => "ACC-3",
        Standing::Member {
            role: Role::LegalRepresentative | Role::Administrator,
            ..
        }
        | Standing::Partner { .. }
        | Standing::Operator { .. }
        | Standing::Support { .. } => "ACC-1",
    }
}
