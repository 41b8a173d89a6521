//! How a billing event explains itself: the ordered steps of its price, and why others do not earn (BIL-10).
use super::billing::EventKind;
use super::money::{Money, MoneyFault, Rate};
use super::words::words;

words! {
    /// A step of a price.
    Step {
        /// The list price of one unit, times the units.
        ListPrice = "list_price",
        /// Less the volume discount that the payer's units pick (PRC-4).
        PublicPrice = "public_price",
        /// The list price less the partner discount, before any volume discount (PRC-3).
        PartnerDiscount = "partner_discount",
        /// Less both discounts, rounded once (PRC-5).
        PartnerPrice = "partner_price",
        /// Public price less partner price, credited to the partner.
        Cashback = "cashback",
        /// The same advantage, taken off what the partner pays.
        Discount = "discount",
        /// What the payer is charged.
        Charged = "charged",
        /// What is paid back.
        Refunded = "refunded",
    }
}

words! {
    /// Why a partner does not earn cashback on an event.
    NoEarning {
        /// Under limited access the product was not a managed one.
        NotManaged = "not_managed",
        /// It paid itself, and has the discount instead (PAY-2).
        PaidItself = "paid_itself",
        /// It was suspended (PRG-5).
        Suspended = "suspended",
    }
}

impl NoEarning {
    pub const fn rule(self) -> &'static str {
        match self {
            Self::NotManaged => "BIL-2",
            Self::PaidItself => "PAY-2",
            Self::Suspended => "PRG-5",
        }
    }
}

/// One step, and the rule that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    pub step: Step,
    pub rule: &'static str,
    pub rate: Option<Rate>,
    pub amount: Money,
}

/// The amounts of an event as they were settled, for the whole line.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    pub kind: EventKind,
    pub list: Money,
    pub public: Money,
    pub partner: Money,
    pub charged: Money,
    pub cashback: Money,
    pub discount: Money,
    pub volume_rate: Rate,
    /// `None` where the partner has a price of its own.
    pub partner_rate: Option<Rate>,
}

/// The steps in their order; without those of the partner's price for who may not see it (BIL-11).
pub fn steps(of: &Settled, sees_partner_price: bool) -> Result<Vec<Explained>, MoneyFault> {
    let step = |step, rule, rate, amount| Explained {
        step,
        rule,
        rate,
        amount,
    };
    if of.kind == EventKind::Refund {
        let mut steps = vec![step(Step::Refunded, "BIL-4", None, of.public)];
        if sees_partner_price {
            steps[0].amount = of.charged;
            steps.extend(advantage(of, "BIL-4"));
        }
        return Ok(steps);
    }
    let mut steps = vec![
        step(Step::ListPrice, "PRC-2", None, of.list),
        step(Step::PublicPrice, "PRC-4", Some(of.volume_rate), of.public),
    ];
    if !sees_partner_price {
        return Ok(steps);
    }
    if let Some(rate) = of.partner_rate {
        let exact = rust_decimal::Decimal::from(of.list.minor) * rate.remainder();
        let less = Money::rounded(exact, of.list.currency)?;
        steps.push(step(Step::PartnerDiscount, "PRC-3", Some(rate), less));
    }
    let volume = Some(of.volume_rate);
    steps.push(step(Step::PartnerPrice, "PRC-5", volume, of.partner));
    steps.extend(advantage(of, "PRC-5"));
    steps.push(step(Step::Charged, "PAY-5", None, of.charged));
    Ok(steps)
}

/// Cashback or discount, never both (PAY-2).
fn advantage(of: &Settled, rule: &'static str) -> Option<Explained> {
    let (step, amount) = match (of.cashback.minor, of.discount.minor) {
        (0, 0) => return None,
        (0, _) => (Step::Discount, of.discount),
        (_, _) => (Step::Cashback, of.cashback),
    };
    Some(Explained {
        step,
        rule,
        rate: None,
        amount,
    })
}
