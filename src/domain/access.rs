//! What a partnership is made of: an access level and, under full access, a payment mode.
use super::id::ProductId;
use super::refusal::Fault;
use super::words::words;
use std::collections::BTreeSet;

words! {
    /// How much of a customer a partner reaches.
    Level {
        /// Chosen products.
        Limited = "limited",
        /// Everything.
        Full = "full",
    }
}

words! {
    /// Whose payment methods pay for what the partner orders and renews (PAY-1, PAY-2).
    PaymentMode {
        Customer = "customer",
        Partner = "partner",
    }
}

/// The terms of a partnership: a payment mode exists under full access and only there (INV-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Terms {
    Limited,
    Full { payment_mode: PaymentMode },
}

impl Terms {
    /// All three, from the narrowest.
    pub const ALL: [Self; 3] = [
        Self::Limited,
        Self::Full {
            payment_mode: PaymentMode::Customer,
        },
        Self::Full {
            payment_mode: PaymentMode::Partner,
        },
    ];

    /// Joins what two columns or two JSON fields hold; `None` for a pair that INV-4 forbids.
    pub const fn new(level: Level, payment_mode: Option<PaymentMode>) -> Option<Self> {
        match (level, payment_mode) {
            (Level::Limited, None) => Some(Self::Limited),
            (Level::Full, Some(payment_mode)) => Some(Self::Full { payment_mode }),
            (Level::Limited, Some(PaymentMode::Customer | PaymentMode::Partner))
            | (Level::Full, None) => None,
        }
    }

    pub const fn level(self) -> Level {
        match self {
            Self::Limited => Level::Limited,
            Self::Full { payment_mode: _ } => Level::Full,
        }
    }

    pub const fn payment_mode(self) -> Option<PaymentMode> {
        match self {
            Self::Limited => None,
            Self::Full { payment_mode } => Some(payment_mode),
        }
    }

    /// Level and mode in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Full {
                payment_mode: PaymentMode::Customer,
            } => "full_customer",
            Self::Full {
                payment_mode: PaymentMode::Partner,
            } => "full_partner",
        }
    }

    /// What the word stands for; `None` for an unknown one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|terms| terms.as_str() == word)
    }
}

/// What a customer lets a partner reach: under limited access exactly these products (PSH-5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Limited { products: BTreeSet<ProductId> },
    Full { payment_mode: PaymentMode },
}

impl Access {
    pub fn terms(&self) -> Terms {
        match self {
            Self::Limited { .. } => Terms::Limited,
            Self::Full { payment_mode } => Terms::Full {
                payment_mode: *payment_mode,
            },
        }
    }

    /// The products of a limited selection; none under full access.
    pub fn products(&self) -> Option<&BTreeSet<ProductId>> {
        match self {
            Self::Limited { products } => Some(products),
            Self::Full { .. } => None,
        }
    }
}

/// What a limited access must say of its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// A grant names at least one (INV-4).
    Some,
    /// A change may leave none (PSH-5).
    Any,
    /// A partner's request names none: it cannot know them (INV-2).
    None,
}

/// Reads what level, products and mode say together; all faults at once, with pointers below `at`.
pub fn read(
    level: Level,
    products: Option<&[ProductId]>,
    payment_mode: Option<PaymentMode>,
    naming: Naming,
    at: &str,
) -> Result<Access, Vec<Fault>> {
    let (products_at, mode_at) = (format!("{at}/product_ids"), format!("{at}/payment_mode"));
    let mut faults = Vec::new();
    match (level, payment_mode) {
        (Level::Limited, None) | (Level::Full, Some(_)) => {}
        (Level::Limited, Some(_)) => faults.push(Fault::new(mode_at, "expected_null")),
        (Level::Full, None) => faults.push(Fault::new(mode_at, "required")),
    }
    match (level, naming, products) {
        (Level::Full, Naming::Some | Naming::Any | Naming::None, None)
        | (Level::Limited, Naming::None, None)
        | (Level::Limited, Naming::Any, Some(_)) => {}
        (Level::Limited, Naming::Some, Some(named)) if !named.is_empty() => {}
        (Level::Full, Naming::Some | Naming::Any | Naming::None, Some(_))
        | (Level::Limited, Naming::None, Some(_)) => {
            faults.push(Fault::new(products_at, "expected_null"))
        }
        (Level::Limited, Naming::Some, Some(_) | None) | (Level::Limited, Naming::Any, None) => {
            faults.push(Fault::new(products_at, "products_required"));
        }
    }
    match (level, payment_mode) {
        _ if !faults.is_empty() => Err(faults),
        (Level::Full, Some(payment_mode)) => Ok(Access::Full { payment_mode }),
        (Level::Full, None) | (Level::Limited, _) => Ok(Access::Limited {
            products: products.unwrap_or_default().iter().copied().collect(),
        }),
    }
}
