//! What follows from each payment mode: the settlement table (SPEC sections 6 and 8).
use crate::api::Reply;
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::settlement::{Earning, Orderer, Payer, PriceKind, Row, TABLE};
use crate::error::Result;
use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(list_payment_modes, list_settlement_rules);

/// One row of the settlement table.
#[derive(Serialize, ToSchema)]
#[schema(as = SettlementRule)]
pub struct SettlementRuleView {
    /// The rule's name, as billing events carry it; null where the order is refused.
    #[schema(example = "full_partner_partner")]
    rule: Option<&'static str>,
    /// The partnership's access level; null without a partnership.
    level: Option<Level>,
    /// Its payment mode; null but under full access.
    payment_mode: Option<PaymentMode>,
    /// Who orders or renews.
    orderer: Orderer,
    /// Whether the product must be a managed one, or must not; null where it makes no difference.
    managed: Option<bool>,
    /// Who pays; null where the order is refused.
    payer: Option<Payer>,
    /// At which price; null where the order is refused.
    price: Option<PriceKind>,
    /// What the partner gets; null where the order is refused.
    earning: Option<Earning>,
    /// The rule that refuses the order.
    #[schema(example = "ACC-4")]
    refused_by: Option<&'static str>,
}

/// The settlement table.
#[derive(Serialize, ToSchema)]
#[schema(as = SettlementRules)]
pub struct SettlementRulesView {
    /// Its rows.
    rules: Vec<SettlementRuleView>,
}

/// A payment mode and what follows from it.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentModeConsequences)]
pub struct PaymentModeView {
    /// The mode.
    payment_mode: PaymentMode,
    /// How orders and renewals settle under it.
    rules: Vec<SettlementRuleView>,
}

/// Both payment modes.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentModes)]
pub struct PaymentModesView {
    /// Each with its consequences.
    payment_modes: Vec<PaymentModeView>,
}

impl From<&Row> for SettlementRuleView {
    fn from(row: &Row) -> Self {
        let settled = row.outcome.as_ref().ok();
        Self {
            rule: settled.map(|settled| settled.rule),
            level: row.terms.map(Terms::level),
            payment_mode: row.terms.and_then(Terms::payment_mode),
            orderer: row.orderer,
            managed: row.managed,
            payer: settled.map(|settled| settled.payer),
            price: settled.map(|settled| settled.price),
            earning: settled.map(|settled| settled.earning),
            refused_by: row.outcome.as_ref().err().map(|refused| refused.rule),
        }
    }
}

/// The settlement table.
///
/// Who pays at which price and what the partner gets, for each kind of partnership and whoever orders: the same table by which every order is settled.
#[utoipa::path(tag = "Reference", security(()), responses((status = 200, body = SettlementRulesView, description = "The table.")))]
#[get("/v1/settlement-rules")]
pub async fn list_settlement_rules() -> Result<Reply<SettlementRulesView>> {
    Reply::ok(&SettlementRulesView {
        rules: TABLE.iter().map(Into::into).collect(),
    })
}

/// The payment modes.
///
/// Each with how orders and renewals settle under it.
#[utoipa::path(tag = "Reference", security(()), responses((status = 200, body = PaymentModesView, description = "Both modes.")))]
#[get("/v1/payment-modes")]
pub async fn list_payment_modes() -> Result<Reply<PaymentModesView>> {
    let under = |mode: PaymentMode| {
        TABLE
            .iter()
            .filter(move |row| row.terms.and_then(Terms::payment_mode) == Some(mode))
    };
    let view = |mode: &PaymentMode| PaymentModeView {
        payment_mode: *mode,
        rules: under(*mode).map(Into::into).collect(),
    };
    Reply::ok(&PaymentModesView {
        payment_modes: PaymentMode::ALL.iter().map(view).collect(),
    })
}
