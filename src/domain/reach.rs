//! Which products somebody reaches: role ∩ assignment ∩ partnership (ORG-4).
use super::id::ProductId;
use std::collections::BTreeSet;

/// The products within reach; what is outside does not exist (ACC-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Everything,
    Only(BTreeSet<ProductId>),
}

impl Reach {
    pub fn holds(&self, product: ProductId) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(products) => products.contains(&product),
        }
    }

    /// What both reach.
    pub fn meet(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, other) => other,
            (this, Self::Everything) => this,
            (Self::Only(this), Self::Only(other)) => {
                Self::Only(this.intersection(&other).copied().collect())
            }
        }
    }

    /// What either reaches.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(this), Self::Only(other)) => {
                Self::Only(this.union(&other).copied().collect())
            }
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
        }
    }
}
