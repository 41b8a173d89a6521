//! What quotes and orders are made of.
use crate::domain::billing::Initiator;
use crate::domain::id::{OrganizationId, ProductId};
use crate::domain::money::Currency;
use crate::domain::product::Period;
use crate::domain::reach::Reach;
use crate::domain::settlement::Orderer;
use crate::resources::billing::assess::SettledLine;
use crate::resources::billing::intent::{Wanted, WantedLine};
use chrono::NaiveDateTime;
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

/// What to quote, or to simulate.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"organization_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v", "acting_as": "partner", "currency": "CHF", "lines": [{"family": "web_hosting", "quantity": 35, "period": "monthly"}]}))]
pub struct NewQuote {
    /// The customer in whose organization the products are to be installed.
    pub organization_id: OrganizationId,
    /// On which side the caller acts.
    pub acting_as: Orderer,
    /// In which currency.
    pub currency: Currency,
    /// What to order.
    #[validate(nested, length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<OrderLine>,
}

/// What an order of these lines wants, now.
pub fn wanted(
    customer: OrganizationId,
    acting_as: Orderer,
    currency: Currency,
    lines: &[OrderLine],
    reach: &Reach,
    at: NaiveDateTime,
) -> Wanted {
    Wanted {
        customer,
        initiator: initiator(acting_as),
        currency,
        lines: lines.iter().map(line).collect(),
        reach: reach.clone(),
        at,
    }
}

/// Who places an order is who causes its events.
pub const fn initiator(acting_as: Orderer) -> Initiator {
    match acting_as {
        Orderer::Customer => Initiator::Customer,
        Orderer::Partner => Initiator::Partner,
    }
}

fn line(line: &OrderLine) -> WantedLine {
    WantedLine {
        family: line.family.clone(),
        quantity: line.quantity,
        period: line.period,
        parent: line.parent_product_id,
        label: line.label.clone(),
        product: None,
        starts: None,
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
            product: None,
            starts: None,
        }
    }
}
