//! How an organization pays: references only, never a card or account number (PAY-7).
use super::model::{self, NewPaymentMethodRow};
use crate::api::field;
use crate::api::{Caller, Post, Reply};
use crate::db::Db;
use crate::db::record::Event;
use crate::db::schema::{payment_methods, products};
use crate::db::witness;
use crate::domain::billing::{PaymentMethodKind, ProviderMethodKind};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PaymentMethodId, ProductId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action};
use crate::domain::product::ProductState;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::secret::Purpose;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, post};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

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

/// A payment method to add: the payment provider's reference to a card or a bank account.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "card", "label": "Visa •••• 4242", "provider_token": "tok_1PXa7tKx"}))]
pub struct NewPaymentMethod {
    /// What kind it is.
    kind: ProviderMethodKind,
    /// What it is to be called; at most the last four digits of a number.
    #[validate(
        length(max = 80),
        custom(function = "field::not_blank"),
        custom(function = "field::no_account")
    )]
    #[schema(min_length = 1, max_length = 80, example = "Visa •••• 4242")]
    label: String,
    /// The token by which the payment provider knows it; kept sealed, and never shown. A card or account number is refused.
    #[validate(
        length(max = 255),
        custom(function = "field::not_blank"),
        custom(function = "field::no_account")
    )]
    #[schema(min_length = 1, max_length = 255, example = "tok_1PXa7tKx")]
    provider_token: String,
}

const COLUMNS: (
    payment_methods::id,
    payment_methods::kind,
    payment_methods::label,
    payment_methods::currency,
) = (
    payment_methods::id,
    payment_methods::kind,
    payment_methods::label,
    payment_methods::currency,
);

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
        let found = witness::organization(tx, &identity, *org)?;
        let by = policy::allow(found, Action::ReadPaymentMethods)?.by;
        let items = payment_methods::table
            .filter(payment_methods::organization_id.eq(by.payer(*org)))
            .filter(payment_methods::removed_at.is_null())
            .order(payment_methods::id.desc())
            .select(COLUMNS)
            .load(tx.conn)?;
        Reply::ok(&PaymentMethodsView { items })
    })
    .await
}

/// Add a payment method.
///
/// A card or bank account by the payment provider's token, by the organization's own legal representatives. Prepaid accounts are opened with the enrolment as a partner.
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = NewPaymentMethod,
    responses((status = 201, body = PaymentMethodView, description = "The method, masked.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[post("/v1/organizations/{org_id}/payment-methods")]
pub async fn add_payment_method(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    new: Post<NewPaymentMethod>,
) -> Result<Reply<PaymentMethodView>> {
    let org = *org;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let found = witness::organization(tx, identity, org)?;
        let allowed = policy::allow(found, Action::ManagePaymentMethods)?;
        let token = new.provider_token.as_bytes();
        let row = NewPaymentMethodRow {
            organization: org,
            kind: new.kind.into(),
            label: new.label.trim(),
            provider_token: Some(tx.keys.seal(Purpose::PaymentMethod, token)?),
            currency: None,
        };
        let id = model::insert_payment_method(tx, &row)?;
        let event = Event::new(EventType::PaymentMethodAdded, id);
        tx.record(
            Some(identity),
            event.through(org, &allowed.by, allowed.rule),
        )?;
        let view: PaymentMethodView = payment_methods::table
            .find(id)
            .select(COLUMNS)
            .first(tx.conn)?;
        Reply::created(
            format!("/v1/organizations/{org}/payment-methods/{id}"),
            &view,
        )
    })
    .await
}

/// Remove a payment method.
///
/// By the organization's own legal representatives. One that pays for automatic renewals stays until the listed products have another; a prepaid account stays.
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization."), ("id" = PaymentMethodId, Path, description = "The method.")),
    responses((status = 204, description = "Removed.")), extensions(("x-problems" = json!(["forbidden", "payment_method_in_use"]))))]
#[delete("/v1/organizations/{org_id}/payment-methods/{id}")]
pub async fn remove_payment_method(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, PaymentMethodId)>,
) -> Result<Reply<()>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        let allowed = policy::allow(found, Action::ManagePaymentMethods)?;
        let kind: PaymentMethodKind = payment_methods::table
            .find(id)
            .filter(payment_methods::organization_id.eq(org))
            .filter(payment_methods::removed_at.is_null())
            .select(payment_methods::kind)
            .first(tx.conn)
            .optional()?
            .ok_or_else(Refusal::not_found)?;
        let renewed: Vec<ProductId> = products::table
            .filter(products::payment_method_id.eq(id))
            .filter(products::automatic)
            .filter(products::state.eq(ProductState::Active))
            .select(products::id)
            .load(tx.conn)?;
        if kind == PaymentMethodKind::Prepaid || !renewed.is_empty() {
            return Err(Refusal::by(Code::PaymentMethodInUse, "PAY-7")
                .conflicts(renewed)
                .into());
        }
        diesel::update(payment_methods::table.find(id))
            .set(payment_methods::removed_at.eq(tx.now))
            .execute(tx.conn)?;
        let event = Event::new(EventType::PaymentMethodRemoved, id);
        tx.record(
            Some(&identity),
            event.through(org, &allowed.by, allowed.rule),
        )?;
        Ok(Reply::no_content())
    })
    .await
}
