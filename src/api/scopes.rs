//! How the six permission scopes are shown, with a sentence each.
use super::locale;
use crate::domain::access::Terms;
use crate::domain::locale::Language;
use crate::domain::scopes::{Condition, Extent, ScopeName, granted};
use serde::Serialize;
use utoipa::ToSchema;

/// One of the six rights of a partnership, and how much of it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Scope)]
pub struct ScopeView {
    /// The right.
    pub scope: ScopeName,
    /// How much of it.
    pub granted: Extent,
    /// Under what condition.
    pub condition: Option<Condition>,
    /// The same in words.
    #[schema(example = "orders and renews; the customer pays")]
    pub explanation: String,
}

/// All six, as these terms give them.
pub fn of_terms(terms: Terms, language: Language) -> Vec<ScopeView> {
    let view = |scope: &ScopeName| {
        let grant = granted(*scope, terms);
        let word = grant
            .condition
            .map_or(grant.extent.as_str(), Condition::as_str);
        let key = format!(
            "scope-{}.{}",
            scope.as_str().replace('_', "-"),
            word.replace('_', "-")
        );
        ScopeView {
            scope: *scope,
            granted: grant.extent,
            condition: grant.condition,
            explanation: locale::text(language, &key, &[]),
        }
    };
    ScopeName::ALL.iter().map(view).collect()
}
