//! One order under every row of the settlement table, side by side.
use crate::api::views::MoneyView;
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::money::Money;
use crate::domain::settlement::{self, Earning, Orderer, Payer, PriceKind, Row, TABLE};
use crate::resources::billing::assess::Assessor;
use crate::resources::billing::intent::Wanted;
use crate::resources::billing_events::views::Reader;
use serde::Serialize;
use utoipa::ToSchema;

/// An order as it would settle under one kind of partnership. Where it would be refused, `refused_by` names the rule and the rest is null.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Scenario)]
pub struct ScenarioView {
    /// The row of the settlement table; null where the order would be refused.
    #[schema(example = "full_partner_partner")]
    settlement_rule: Option<&'static str>,
    /// Whether this is how things stand now.
    pub present: bool,
    /// The access level; null without a partnership.
    level: Option<Level>,
    /// The payment mode; null but under full access.
    payment_mode: Option<PaymentMode>,
    /// Whether the product would be a managed one; null where it makes no difference.
    managed: Option<bool>,
    /// Who would order or renew.
    orderer: Orderer,
    /// The rule that would refuse it.
    #[schema(example = "ACC-4")]
    refused_by: Option<&'static str>,
    /// Who would pay.
    payer: Option<Payer>,
    /// At which price.
    price: Option<PriceKind>,
    /// What the partner would get.
    earning: Option<Earning>,
    /// The public price; null where there is none for a line.
    public_amount: Option<MoneyView>,
    /// What would be charged; null to the customer of what the partner would pay.
    charged_amount: Option<MoneyView>,
    /// The cashback.
    cashback_amount: Option<MoneyView>,
    /// What the partner would be spared; null to the customer of what the partner would pay.
    discount_amount: Option<MoneyView>,
}

impl ScenarioView {
    pub fn is_allowed(&self) -> bool {
        self.refused_by.is_none()
    }
}

/// Every row for this side; `present` is the rule by which it settles now.
pub fn scenarios(
    assessor: &Assessor,
    wanted: &Wanted,
    orderer: Orderer,
    present: Option<&str>,
    reader: Reader,
) -> Vec<ScenarioView> {
    TABLE
        .iter()
        .filter(|row| row.orderer == orderer)
        .map(|row| scenario(assessor, wanted, row, present, reader))
        .collect()
}

fn scenario(
    assessor: &Assessor,
    wanted: &Wanted,
    row: &Row,
    present: Option<&str>,
    reader: Reader,
) -> ScenarioView {
    let settled = row.outcome.as_ref().ok();
    let money = |minor| {
        MoneyView::from(Money {
            minor,
            currency: wanted.currency,
        })
    };
    let sums = settled.and_then(|settled| {
        let priced = assessor.price_for(wanted, settled.payer).ok()?;
        let mut sums = [0i64; 4];
        for (_, one) in priced {
            let made = settlement::amounts(settled, &one);
            let line = [one.public, made.charged, made.cashback, made.discount];
            for (sum, amount) in sums.iter_mut().zip(line) {
                *sum = sum.checked_add(amount.minor)?;
            }
        }
        Some(sums.map(money))
    });
    let [public, charged, cashback, discount] = match sums {
        Some(sums) => sums.map(Some),
        None => [const { None }; 4],
    };
    let shown = settled.is_none_or(|settled| reader.sees_price_of(settled.payer));
    ScenarioView {
        settlement_rule: settled.map(|settled| settled.rule),
        present: settled.is_some_and(|settled| Some(settled.rule) == present),
        level: row.terms.map(Terms::level),
        payment_mode: row.terms.and_then(Terms::payment_mode),
        managed: row.managed,
        orderer: row.orderer,
        refused_by: row.outcome.as_ref().err().map(|refused| refused.rule),
        payer: settled.map(|settled| settled.payer),
        price: settled.map(|settled| settled.price),
        earning: settled.map(|settled| settled.earning),
        public_amount: public,
        charged_amount: charged.filter(|_| shown),
        cashback_amount: cashback,
        discount_amount: discount.filter(|_| shown),
    }
}
