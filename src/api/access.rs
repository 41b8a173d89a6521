//! How an access is written in JSON: one flat object, since tagged unions break generated clients.
use crate::domain::access::{Access, Level, Naming, PaymentMode, read};
use crate::domain::id::ProductId;
use crate::domain::refusal::Fault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What a partner may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Access, example = json!({"level": "full", "product_ids": null, "payment_mode": "customer"}))]
pub struct AccessView {
    /// Chosen products, or everything.
    pub level: Level,
    /// The chosen products of limited access; null under full access.
    pub product_ids: Option<Vec<ProductId>>,
    /// Who pays for what the partner orders; null under limited access.
    pub payment_mode: Option<PaymentMode>,
}

/// An access that is asked for or granted (INV-4): limited access names products and no payment
/// mode, full access a payment mode and no product.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": "full", "product_ids": null, "payment_mode": "customer"}))]
pub struct WantedAccess {
    /// Chosen products, or everything.
    pub level: Level,
    /// The chosen products of limited access.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000)]
    pub product_ids: Option<Vec<ProductId>>,
    /// Who pays for what the partner orders, under full access.
    pub payment_mode: Option<PaymentMode>,
}

impl WantedAccess {
    /// The access that this says; faults are named below `at`.
    pub fn read(&self, naming: Naming, at: &str) -> Result<Access, Vec<Fault>> {
        read(
            self.level,
            self.product_ids.as_deref(),
            self.payment_mode,
            naming,
            at,
        )
    }
}

impl From<&Access> for AccessView {
    fn from(access: &Access) -> Self {
        let terms = access.terms();
        Self {
            level: terms.level(),
            product_ids: access
                .products()
                .map(|products| products.iter().copied().collect()),
            payment_mode: terms.payment_mode(),
        }
    }
}
