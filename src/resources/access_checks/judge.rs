//! Judging: the policy's table over the facts, with what it rests on.
use super::facts::{self, Fact, Grant, Known};
use super::views::{self, AccessCheckView};
use crate::api::Caller;
use crate::db::Tx;
use crate::db::witness::Identity;
use crate::domain::access::Terms;
use crate::domain::id::{OrganizationId, ProductId, UserId};
use crate::domain::organization::{OperatorRole, Role};
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
    pub by: Option<Basis<'f>>,
    pub at: NaiveDateTime,
}

/// What an answer rests on.
#[derive(Clone)]
pub enum Basis<'f> {
    /// A place towards the organization, as a member or through a partnership.
    Place(&'f Fact, Standing),
    /// Temporary access of the support staff.
    Grant(&'f Grant),
    /// A role among the operator's staff.
    Staff(OperatorRole),
}

impl Basis<'_> {
    fn standing(&self) -> Standing {
        match self {
            Self::Place(_, standing) => standing.clone(),
            Self::Grant(grant) => Standing::Support {
                grant: grant.id,
                whole: grant.whole,
            },
            Self::Staff(role) => Standing::Operator { role: *role },
        }
    }
}

/// Answers every question, in order.
pub fn answers(
    tx: &mut Tx,
    caller: &Caller,
    questions: &[Question],
) -> Result<Vec<AccessCheckView>> {
    let known = facts::gather(tx, caller, questions)?;
    let now = tx.now;
    questions
        .iter()
        .map(|question| {
            let readable = readable(&known.identity, &known.facts, question, now)?;
            let verdict = judge(&known, &readable, question, now)?;
            Ok(views::view(&verdict, question, known.identity.language))
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
    known: &'f Known,
    facts: &[&'f Fact],
    question: &Question,
    now: NaiveDateTime,
) -> Result<Verdict<'f>> {
    let at = question.as_of.map_or(now, |at| at.min(now));
    let wanted = question.product;
    let mut places = Vec::new();
    for fact in facts.iter().filter(|fact| fact.place.held(at)) {
        places.push((*fact, fact.place.standing()?));
    }
    // One's own membership first, as in every request.
    places.sort_by_key(|(_, standing)| matches!(standing, Standing::Partner { .. }));
    // What the operator's staff have they have themselves, nobody through them; and a grant that has
    // ended shows nothing any more, as of whatever instant.
    let is_own = question.user.is_none_or(|user| user == known.identity.user);
    let grants: Vec<&Grant> = known
        .grants
        .iter()
        .filter(|grant| is_own && grant.organization == question.organization)
        .filter(|grant| grant.holds.holds(at))
        .collect();
    let staff = known.operator.filter(|(_, since)| is_own && *since <= at);

    let reached = places
        .iter()
        .filter(|(fact, standing)| wanted.is_none_or(|id| reaches(fact, standing, id, at)))
        .map(|(fact, standing)| Basis::Place(fact, standing.clone()));
    let granted = grants
        .iter()
        .filter(|grant| wanted.is_none() || grant.product == wanted)
        .map(|grant| Basis::Grant(grant));
    let staff = staff.map(|(role, _)| Basis::Staff(role));
    let bases: Vec<Basis> = reached.chain(granted).chain(staff).collect();
    let standings: Vec<Standing> = bases.iter().map(Basis::standing).collect();
    let verdict = |allowed, rule, by: Option<&Basis<'f>>| Verdict {
        allowed,
        rule,
        by: by.cloned(),
        at,
    };
    // What a role among the staff does not give is refused to it like to anybody.
    let first = bases.iter().find(|basis| !matches!(basis, Basis::Staff(_)));
    Ok(match policy::decide(&standings, question.action) {
        Decision::Granted(by, rule) => {
            let by = bases.iter().find(|basis| basis.standing() == *by);
            verdict(true, rule, by)
        }
        Decision::Refused(rule) => verdict(false, rule, first),
        Decision::Invisible => match (first, places.first()) {
            // A partnership's history is its sides' to read: so is that its partner is suspended.
            (Some(basis @ Basis::Place(_, standing)), _) if history(&standings) => {
                let rule = match policy::judge(standing, question.action) {
                    policy::Ruling::Granted(rule) | policy::Ruling::Refused(rule) => rule,
                };
                verdict(false, rule, Some(basis))
            }
            (None, Some((_, standing))) => verdict(false, outside(standing), None),
            (None, None) if !grants.is_empty() => verdict(false, "SUP-4", None),
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
