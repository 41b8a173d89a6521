//! What quotes and orders are made of.
use crate::domain::id::ProductId;
use crate::domain::product::Period;
use crate::resources::billing::assess::{SettledLine, WantedLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// One product to order.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family": "web_hosting", "quantity": 35, "period": "monthly"}))]
pub struct OrderLine {
    /// The product family.
    #[validate(length(min = 1, max = 60))]
    #[schema(example = "web_hosting")]
    pub family: String,
    /// How many units.
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1000000, example = 35)]
    pub quantity: i64,
    /// How long one payment lasts.
    pub period: Period,
    /// The product this is an add-on or upgrade of (BIL-2).
    pub parent_product_id: Option<ProductId>,
    /// What the product is to be called.
    #[validate(length(min = 1, max = 120))]
    #[schema(example = "praxis-weiss.example")]
    pub label: Option<String>,
}

impl From<&OrderLine> for WantedLine {
    fn from(line: &OrderLine) -> Self {
        Self {
            family: line.family.clone(),
            quantity: line.quantity,
            period: line.period,
            parent: line.parent_product_id,
            label: line.label.clone(),
        }
    }
}

impl From<&SettledLine> for WantedLine {
    fn from(line: &SettledLine) -> Self {
        Self {
            family: line.family.clone(),
            quantity: line.quantity,
            period: line.period,
            parent: line.parent,
            label: line.label.clone(),
        }
    }
}
