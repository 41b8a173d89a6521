//! Shapes that several rooms show or take.
use crate::domain::id::OrganizationId;
use crate::domain::money::{self, Currency, MoneyFault};
use crate::domain::refusal::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An amount, excluding VAT: a decimal string with the currency's number of places (PRC-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
pub struct MoneyView {
    /// The amount, in units of the currency.
    #[schema(
        pattern = r"^-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,2})?$",
        example = "347.20"
    )]
    pub amount: String,
    pub currency: Currency,
}

impl MoneyView {
    /// The amount that this says, which is not below zero; a fault is named below `at`.
    pub fn read(&self, at: &str) -> Result<money::Money, Fault> {
        let fault = |code| Fault::new(format!("{at}/amount"), code);
        match money::Money::parse(&self.amount, self.currency) {
            Ok(money) if money.minor < 0 => Err(fault("out_of_range")),
            Ok(money) => Ok(money),
            Err(MoneyFault::OutOfRange) => Err(fault("out_of_range")),
            Err(MoneyFault::Malformed | MoneyFault::TooPrecise | MoneyFault::CurrencyMismatch) => {
                Err(fault("amount"))
            }
        }
    }
}

impl From<money::Money> for MoneyView {
    fn from(money: money::Money) -> Self {
        Self {
            amount: money.amount(),
            currency: money.currency,
        }
    }
}

/// An organization by its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = OrganizationName)]
pub struct OrganizationNameView {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    #[schema(example = "Atelier Lumen SA")]
    pub name: String,
}

/// Exactly one of several alternative inputs is given.
pub fn exactly_one(given: &[(&str, bool)]) -> Vec<Fault> {
    let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
    let named: Vec<&str> = given
        .iter()
        .filter(|(_, given)| *given)
        .map(|(name, _)| *name)
        .collect();
    match named.as_slice() {
        [_] => Vec::new(),
        [] => vec![Fault::new("", "one_required").with("names", names.join(", "))],
        several => several
            .iter()
            .map(|name| Fault::new(format!("/{name}"), "only_one").with("names", names.join(", ")))
            .collect(),
    }
}

/// What is kept as JSON, as words: a text as it is, anything else as its JSON, nothing for null.
pub fn words_of(kept: &str) -> BTreeMap<String, String> {
    let members: Map<String, Value> = serde_json::from_str(kept).unwrap_or_default();
    let word = |(name, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        other => Some((name, other.to_string())),
    };
    members.into_iter().filter_map(word).collect()
}
