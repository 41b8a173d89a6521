//! How an answer is shown: allowed or not, the rule, the facts, and a sentence.
use super::facts::{Fact, Grant};
use super::judge::{Basis, Question, Verdict};
use crate::api::locale::{self, Argument};
use crate::domain::locale::Language;
use crate::domain::organization::{OperatorRole, Role};
use crate::domain::policy::{self, Action, Standing, Through};
use crate::domain::scopes::{Condition, Extent, ScopeName, granted};
use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// What kind of fact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessFactKind {
    /// A role in an organization.
    Membership,
    /// A customer, or products of it, assigned to a collaborator of its partner.
    Assignment,
    /// A partnership of the organization with one the person is a member of.
    Partnership,
    /// How much of a permission scope the partnership gives.
    Scope,
    /// The product is within what was selected, assigned or given.
    Product,
    /// A role among the operator's staff.
    OperatorRole,
    /// Temporary access that the organization has granted the support staff.
    SupportGrant,
}

/// One of the facts that an answer rests on.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessFact)]
pub struct AccessFactView {
    /// What kind of fact it is.
    fact: AccessFactKind,
    /// The membership, partnership, product or grant.
    #[schema(example = "partnership_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    id: Option<String>,
    /// Of a partnership: its count of changes by now.
    #[schema(minimum = 1, maximum = 2147483647)]
    version: Option<i32>,
    /// The permission scope.
    scope: Option<ScopeName>,
    /// Since when it holds.
    since: Option<DateTime<Utc>>,
    /// The same in words.
    #[schema(
        example = "partnership with full access, paid by the customer, since 2026-03-01T09:00:00Z"
    )]
    explanation: String,
}

/// Whether something is allowed, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessCheck)]
pub struct AccessCheckView {
    /// Whether it is.
    allowed: bool,
    /// The rule that decided.
    #[schema(example = "ACC-4")]
    rule: &'static str,
    /// The facts it rests on; empty where the caller sees none.
    via: Vec<AccessFactView>,
    /// The same in a sentence.
    #[schema(example = "Not allowed: limited access gives no right to order or renew.")]
    explanation: String,
    /// The instant that was judged.
    as_of: DateTime<Utc>,
}

/// The answers to several questions.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessChecks)]
pub struct AccessChecksView {
    /// In the order of the questions.
    pub items: Vec<AccessCheckView>,
}

pub fn view(verdict: &Verdict, question: &Question, language: Language) -> AccessCheckView {
    let via = chain(verdict, question, language);
    let explanation = if verdict.allowed {
        let facts: Vec<&str> = via.iter().map(|fact| fact.explanation.as_str()).collect();
        let facts = [("facts", facts.join("; "))];
        locale::text(language, "access-check.allowed", &facts)
    } else {
        let key = format!("problem-forbidden.{}", verdict.rule.to_lowercase());
        let reason = locale::find(language, &key, &[])
            .unwrap_or_else(|| locale::text(language, "problem-forbidden.detail", &[]));
        locale::text(language, "access-check.refused", &[("reason", reason)])
    };
    AccessCheckView {
        allowed: verdict.allowed,
        rule: verdict.rule,
        via,
        explanation,
        as_of: verdict.at.and_utc(),
    }
}

fn chain(verdict: &Verdict, question: &Question, language: Language) -> Vec<AccessFactView> {
    match &verdict.by {
        None => Vec::new(),
        Some(Basis::Staff(role)) => vec![staff(*role, language)],
        Some(Basis::Grant(grant)) => vec![
            staff(OperatorRole::Support, language),
            support_grant(grant, language),
        ],
        Some(Basis::Place(fact, standing)) => {
            let mut chain = vec![membership(fact, language)];
            if let Standing::Partner { role, .. } = standing {
                chain.extend((*role == Role::Collaborator).then(|| assignment(fact, language)));
                chain.extend(partnership(fact, standing, language));
                chain.extend(scope(standing, question.action, language));
            }
            chain.extend(product(fact, question, verdict.at, language));
            chain
        }
    }
}

fn staff(role: OperatorRole, language: Language) -> AccessFactView {
    let key = format!("access-fact-operator.{}", dashed(role.as_str()));
    AccessFactView {
        explanation: locale::text(language, &key, &[]),
        ..plain(AccessFactKind::OperatorRole)
    }
}

fn support_grant(grant: &Grant, language: Language) -> AccessFactView {
    AccessFactView {
        id: Some(grant.id.to_string()),
        ..dated(
            AccessFactKind::SupportGrant,
            "access-fact-support-grant",
            grant.holds.from,
            language,
        )
    }
}

fn plain(fact: AccessFactKind) -> AccessFactView {
    AccessFactView {
        fact,
        id: None,
        version: None,
        scope: None,
        since: None,
        explanation: String::new(),
    }
}

fn membership(fact: &Fact, language: Language) -> AccessFactView {
    let key = format!(
        "access-fact-membership.{}",
        dashed(fact.place.role.as_str())
    );
    AccessFactView {
        id: Some(fact.place.member_id.to_string()),
        ..dated(
            AccessFactKind::Membership,
            &key,
            fact.place.member_from,
            language,
        )
    }
}

fn assignment(fact: &Fact, language: Language) -> AccessFactView {
    let key = "access-fact-assignment";
    dated(
        AccessFactKind::Assignment,
        key,
        fact.place.assigned_from,
        language,
    )
}

fn partnership(fact: &Fact, standing: &Standing, language: Language) -> Option<AccessFactView> {
    let Standing::Partner {
        partnership, terms, ..
    } = standing
    else {
        return None;
    };
    let key = format!("access-fact-partnership.{}", dashed(terms.as_str()));
    Some(AccessFactView {
        id: Some(partnership.to_string()),
        version: fact.version,
        ..dated(
            AccessFactKind::Partnership,
            &key,
            fact.place.terms_from,
            language,
        )
    })
}

/// How much of the scope that the action needs the partnership gives.
fn scope(standing: &Standing, action: Action, language: Language) -> Option<AccessFactView> {
    match (standing, policy::need(action).partner.1) {
        (Standing::Partner { terms, .. }, Through::Scope(scope)) => {
            let grant = granted(scope, *terms);
            let word = grant
                .condition
                .map_or(Extent::as_str(grant.extent), Condition::as_str);
            let key = format!("scope-{}.{}", dashed(scope.as_str()), dashed(word));
            Some(AccessFactView {
                scope: Some(scope),
                explanation: locale::text(language, &key, &[]),
                ..plain(AccessFactKind::Scope)
            })
        }
        (
            Standing::Partner { .. }
            | Standing::Member { .. }
            | Standing::Operator { .. }
            | Standing::Support { .. },
            Through::Nothing(_)
            | Through::History
            | Through::Bond
            | Through::Access
            | Through::Scope(_),
        ) => None,
    }
}

/// Since when the product is within reach, where it was chosen.
fn product(
    fact: &Fact,
    question: &Question,
    at: NaiveDateTime,
    language: Language,
) -> Option<AccessFactView> {
    let chosen = [fact.selected, fact.given];
    let since = chosen
        .into_iter()
        .flatten()
        .filter(|span| span.holds(at))
        .map(|span| span.from)
        .max()?;
    Some(AccessFactView {
        id: question.product.map(|product| product.to_string()),
        ..dated(
            AccessFactKind::Product,
            "access-fact-product",
            since,
            language,
        )
    })
}

fn dated(
    kind: AccessFactKind,
    key: &str,
    since: NaiveDateTime,
    language: Language,
) -> AccessFactView {
    let shown = since.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true);
    let since_then: [Argument; 1] = [("since", shown)];
    AccessFactView {
        since: Some(since.and_utc()),
        explanation: locale::text(language, key, &since_then),
        ..plain(kind)
    }
}

fn dashed(word: &str) -> String {
    word.replace('_', "-")
}
