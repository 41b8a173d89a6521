//! Who pays, at which price, and what the partner earns: SPEC section 8, as one table.
use super::{access::PaymentMode, access::Terms, money::Money, pricing::Priced, words::words};

words! {
    /// Whose act an order or renewal is; an automatic renewal is its renewal owner's (PAY-6).
    Orderer {
        Customer = "customer",
        Partner = "partner",
    }
}

words! {
    /// Whose payment method is charged, and so in whose organization the invoice exists (PAY-5).
    Payer {
        Customer = "customer",
        Partner = "partner",
    }
}

words! {
    /// The price that is charged, after the volume discount.
    PriceKind {
        Public = "public",
        Partner = "partner",
    }
}

words! {
    /// What the partner of the partnership has from it.
    Earning {
        Nothing = "none",
        /// Credited to the partner's prepaid account.
        Cashback = "cashback",
        /// Taken off the price that the partner pays.
        Discount = "discount",
    }
}

/// How a billing event settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// The row's stable id, kept with each event: level, mode, orderer.
    pub rule: &'static str,
    pub payer: Payer,
    pub price: PriceKind,
    pub earning: Earning,
}

/// The rule that refuses an order or renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedByRule {
    pub rule: &'static str,
}

/// One line of the table: where it applies, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// `None`: no partnership in force, or a suspended partner's (PRG-5).
    pub terms: Option<Terms>,
    pub orderer: Orderer,
    /// Whether the partner manages the product; `None`: it does not matter.
    pub managed: Option<bool>,
    pub outcome: Result<Settlement, RefusedByRule>,
}

const LIMITED: Option<Terms> = Some(Terms::Limited);
const FULL_CUSTOMER: Option<Terms> = full(PaymentMode::Customer);
const FULL_PARTNER: Option<Terms> = full(PaymentMode::Partner);
const ANY: Option<bool> = None;
const MANAGED: Option<bool> = Some(true);
const OTHER: Option<bool> = Some(false);

/// The table, in the order of SPEC section 8.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(None,          Orderer::Customer, ANY,     settled("none_customer",              Payer::Customer, PriceKind::Public,  Earning::Nothing)),
    row(LIMITED,       Orderer::Customer, MANAGED, settled("limited_customer_managed",   Payer::Customer, PriceKind::Public,  Earning::Cashback)),
    row(LIMITED,       Orderer::Customer, OTHER,   settled("limited_customer_unmanaged", Payer::Customer, PriceKind::Public,  Earning::Nothing)),
    row(LIMITED,       Orderer::Partner,  ANY,     refused("ACC-4")),
    row(FULL_CUSTOMER, Orderer::Customer, ANY,     settled("full_customer_customer",     Payer::Customer, PriceKind::Public,  Earning::Cashback)),
    row(FULL_CUSTOMER, Orderer::Partner,  ANY,     settled("full_customer_partner",      Payer::Customer, PriceKind::Public,  Earning::Cashback)),
    row(FULL_PARTNER,  Orderer::Customer, ANY,     settled("full_partner_customer",      Payer::Customer, PriceKind::Public,  Earning::Cashback)),
    row(FULL_PARTNER,  Orderer::Partner,  ANY,     settled("full_partner_partner",       Payer::Partner,  PriceKind::Partner, Earning::Discount)),
];

/// The row of which an event keeps the id.
pub fn by_rule(rule: &str) -> Option<&'static Row> {
    let is_it = |row: &&Row| row.outcome.is_ok_and(|settled| settled.rule == rule);
    TABLE.iter().find(is_it)
}

/// Reads the table. What no row covers is denied by default (ACC-1): an order by a partner without a
/// partnership. `terms` are those in force when the event occurred (PSH-8).
pub fn settle(
    terms: Option<Terms>,
    orderer: Orderer,
    managed: bool,
) -> Result<&'static Settlement, RefusedByRule> {
    TABLE
        .iter()
        .find(|row| {
            (row.terms, row.orderer) == (terms, orderer)
                && row.managed.unwrap_or(managed) == managed
        })
        .map_or(Err(RefusedByRule { rule: "ACC-1" }), |row| {
            row.outcome.as_ref().map_err(|refused| *refused)
        })
}

/// What a settlement makes of a priced line. Cashback and discount are the same advantage, and never
/// both (PAY-2): public price − partner price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    pub charged: Money,
    pub cashback: Money,
    pub discount: Money,
}

pub fn amounts(settlement: &Settlement, priced: &Priced) -> Charged {
    let charged = match settlement.price {
        PriceKind::Public => priced.public,
        PriceKind::Partner => priced.partner,
    };
    let nothing = Money::zero(charged.currency);
    let (cashback, discount) = match settlement.earning {
        Earning::Nothing => (nothing, nothing),
        Earning::Cashback => (priced.cashback, nothing),
        Earning::Discount => (nothing, priced.cashback),
    };
    Charged {
        charged,
        cashback,
        discount,
    }
}

const fn full(payment_mode: PaymentMode) -> Option<Terms> {
    Some(Terms::Full { payment_mode })
}

const fn row(
    terms: Option<Terms>,
    orderer: Orderer,
    managed: Option<bool>,
    outcome: Result<Settlement, RefusedByRule>,
) -> Row {
    Row {
        terms,
        orderer,
        managed,
        outcome,
    }
}

const fn settled(
    rule: &'static str,
    payer: Payer,
    price: PriceKind,
    earning: Earning,
) -> Result<Settlement, RefusedByRule> {
    Ok(Settlement {
        rule,
        payer,
        price,
        earning,
    })
}

const fn refused(rule: &'static str) -> Result<Settlement, RefusedByRule> {
    Err(RefusedByRule { rule })
}
