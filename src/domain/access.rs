//! What a partnership is made of: an access level and, under full access, a payment mode.
use super::id::ProductId;
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
