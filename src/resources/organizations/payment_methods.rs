//! How an organization pays: references only, never a card or account number (PAY-7).
use crate::api::{Caller, Reply};
use crate::db::Db;
use crate::db::schema::payment_methods;
use crate::db::witness;
use crate::domain::access::{PaymentMode, Terms};
use crate::domain::billing::PaymentMethodKind;
use crate::domain::id::{OrganizationId, PaymentMethodId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action, Standing};
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// A payment method, masked.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = PaymentMethod)]
pub struct PaymentMethodView {
    /// Its id.
    id: PaymentMethodId,
    /// What kind it is.
    kind: PaymentMethodKind,
    /// What it is called.
    #[schema(example = "Visa •••• 4242")]
    label: String,
    /// The currency of a prepaid account.
    currency: Option<Currency>,
}

/// The methods that pay for what the caller orders here.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentMethods)]
pub struct PaymentMethodsView {
    /// The newest first.
    items: Vec<PaymentMethodView>,
}

/// List payment methods.
///
/// Those that pay for what the caller orders for this organization: its own, or under payment mode `partner` the partner's. For whoever may order.
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization.")), responses((status = 200, body = PaymentMethodsView, description = "The methods.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/payment-methods")]
pub async fn list_payment_methods(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<PaymentMethodsView>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let by = policy::allow(
            witness::organization(tx, &identity, *org)?,
            Action::ReadPaymentMethods,
        )?
        .by;
        let owner = match by {
            Standing::Partner {
                partner,
                terms:
                    Terms::Full {
                        payment_mode: PaymentMode::Partner,
                    },
                ..
            } => partner,
            Standing::Partner { .. } | Standing::Member { .. } | Standing::Operator { .. } => *org,
        };
        let items = payment_methods::table
            .filter(payment_methods::organization_id.eq(owner))
            .filter(payment_methods::removed_at.is_null())
            .order(payment_methods::id.desc())
            .select((
                payment_methods::id,
                payment_methods::kind,
                payment_methods::label,
                payment_methods::currency,
            ))
            .load(tx.conn)?;
        Reply::ok(&PaymentMethodsView { items })
    })
    .await
}
