//! How a payout is shown.
use super::model::Payout;
use crate::api::csv::{Cell, Column, Table};
use crate::api::views::MoneyView;
use crate::domain::id::{OrganizationId, PaymentMethodId, PayoutId};
use crate::domain::payout::PayoutStatus;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A payout.
#[derive(Serialize, ToSchema)]
#[schema(as = Payout)]
pub struct PayoutView {
    /// Its id.
    pub id: PayoutId,
    /// Whose balance it is.
    pub organization_id: OrganizationId,
    /// How it stands.
    pub status: PayoutStatus,
    /// How much.
    pub amount: MoneyView,
    /// Where it goes to.
    pub payment_method_id: PaymentMethodId,
    /// Why it failed.
    #[schema(example = "The bank returned it: the account is closed.")]
    pub failure: Option<String>,
    /// When it was requested: since then the amount is no longer in the balance.
    pub requested_at: DateTime<Utc>,
    /// When the operator took it up.
    pub processed_at: Option<DateTime<Utc>>,
    /// When it was paid, or failed or was cancelled and the amount came back.
    pub settled_at: Option<DateTime<Utc>>,
}

impl From<Payout> for PayoutView {
    fn from(payout: Payout) -> Self {
        Self {
            id: payout.id,
            organization_id: payout.organization_id,
            status: payout.status,
            amount: payout.amount().into(),
            payment_method_id: payout.payment_method_id,
            failure: payout.failure,
            requested_at: payout.requested_at.and_utc(),
            processed_at: payout.processed_at.map(|at| at.and_utc()),
            settled_at: payout.settled_at.map(|at| at.and_utc()),
        }
    }
}

impl Table for PayoutView {
    const NAME: &'static str = "payouts";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |payout| Cell::text(payout.id)),
        ("requested_at", |payout| Cell::time(&payout.requested_at)),
        ("status", |payout| Cell::text(payout.status)),
        ("settled_at", |payout| {
            payout.settled_at.as_ref().map(Cell::time).into()
        }),
        ("currency", |payout| Cell::text(payout.amount.currency)),
        ("amount", |payout| Cell::amount(&payout.amount)),
        ("payment_method_id", |payout| {
            Cell::text(payout.payment_method_id)
        }),
        ("failure", |payout| {
            payout.failure.as_ref().map(Cell::text).into()
        }),
    ];
}
