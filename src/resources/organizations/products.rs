//! Products, as far as the caller reaches: what is outside does not exist (ACC-3).
use super::model::{self, Product};
use super::reach;
use crate::api::field;
use crate::api::page::Paging;
use crate::api::{Caller, IfMatch, Listing, Page, Reply, Valid};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{payment_methods, products};
use crate::db::uses::Use;
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PartnershipId, PaymentMethodId, ProductId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action, Allowed, Found, Standing};
use crate::domain::product::{Period, ProductState};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::web::{Data, Path};
use actix_web::{get, patch};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// One installed service.
#[derive(Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    /// Its id.
    id: ProductId,
    /// What it is an add-on or upgrade of.
    parent_id: Option<ProductId>,
    /// Its family.
    #[schema(example = "web_hosting")]
    family: String,
    /// Its name.
    #[schema(example = "praxis-weiss.example")]
    name: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    quantity: i64,
    /// How long one payment lasts.
    period: Period,
    /// In which currency it is paid.
    currency: Currency,
    /// How it stands.
    state: ProductState,
    /// Whether it renews by itself.
    automatic: bool,
    /// What pays for its automatic renewals; null to whoever may not order for the side that pays.
    payment_method_id: Option<PaymentMethodId>,
    /// The day of its next renewal.
    renews_on: NaiveDate,
    /// Whose act the next automatic renewal is: the organization that pays for it (PAY-6); null once it no longer renews.
    renewal_owner_id: Option<OrganizationId>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    version: i32,
}

/// What to change of a product; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "praxis-weiss.example", "automatic": true, "payment_method_id": "pm_01jd8xk3v9e6mbyg4q5r7s8t9v"}))]
pub struct ProductChange {
    /// Its name.
    #[validate(length(max = 120), custom(function = "field::not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 120,
        nullable = false,
        example = "praxis-weiss.example"
    )]
    name: Option<String>,
    /// Whether it renews by itself.
    #[schema(nullable = false)]
    automatic: Option<bool>,
    /// What pays for its automatic renewals: a method of the side that pays for them.
    #[schema(nullable = false)]
    payment_method_id: Option<PaymentMethodId>,
}

/// Who looks: what it reaches, and whose renewals it may see paid and decide about.
struct Reader {
    /// The partnership that it comes through, if it is a partner's.
    partnership: Option<PartnershipId>,
    reach: Reach,
    pays_for: BTreeSet<OrganizationId>,
}

impl Reader {
    fn of(tx: &mut Tx, standings: &[Standing], org: OrganizationId) -> Result<Self> {
        let may_order = |standing: &&Standing| {
            !policy::available(std::slice::from_ref(*standing), &[Action::Order]).is_empty()
        };
        let payers = standings.iter().filter(may_order);
        let through = |standing: &Standing| match standing {
            Standing::Partner { partnership, .. } => Some(*partnership),
            Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => None,
        };
        Ok(Self {
            // One's own membership stands first: what it gives is no use of a partnership.
            partnership: standings.first().and_then(through),
            pays_for: payers.map(|standing| standing.payer(org)).collect(),
            reach: reach::of(tx, standings, Action::ReadProducts, tx.now)?,
        })
    }

    fn view(&self, row: Product) -> ProductView {
        let owner = row.renewal_owner_id;
        let sees = owner.is_some_and(|owner| self.pays_for.contains(&owner));
        ProductView {
            id: row.id,
            parent_id: row.parent_id,
            family: row.family,
            name: row.name,
            quantity: row.quantity,
            period: row.period,
            currency: row.currency,
            state: row.state,
            automatic: row.automatic,
            payment_method_id: row.payment_method_id.filter(|_| sees),
            renews_on: row.renews_on,
            renewal_owner_id: row.renewal_owner_id,
            version: row.version,
        }
    }
}

/// These products in this order, to whoever orders for the side that pays.
pub fn by_ids(tx: &mut Tx, ids: &[ProductId], payer: OrganizationId) -> Result<Vec<ProductView>> {
    let reader = Reader {
        partnership: None,
        reach: Reach::Everything,
        pays_for: BTreeSet::from([payer]),
    };
    let mut rows = model::products(tx, ids)?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows.into_iter().map(|row| reader.view(row)).collect())
}

/// List an organization's products.
///
/// Those within the caller's reach, the newest first; what is outside is neither listed nor counted (ACC-3).
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization."), Paging), responses((status = 200, body = Page<ProductView>, description = "A page of products.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/products")]
pub async fn list_products(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<ProductView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let reader = reader(tx, &identity, *org)?.0;
        let query = || {
            let query = products::table
                .into_boxed::<MultiBackend>()
                .filter(products::organization_id.eq(*org));
            match &reader.reach {
                Reach::Only(within) => query.filter(products::id.among(within)),
                Reach::Everything => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let ids: Vec<ProductId> = query()
            .filter(products::id.lt(listing.before()))
            .order(products::id.desc())
            .limit(listing.fetch())
            .select(products::id)
            .load(tx.conn)?;
        let rows = model::products(tx, &ids)?;
        Reply::page(&listing.page(
            tx.keys,
            rows,
            total,
            |row: &Product| row.id,
            |row| reader.view(row),
        )?)
    })
    .await
}

/// Show a product.
///
/// If it is within the caller's reach; else it does not exist (ACC-3).
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization."), ("product_id" = ProductId, Path, description = "The product.")), responses((status = 200, body = ProductView, description = "The product.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/products/{product_id}")]
pub async fn get_product(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, ProductId)>,
) -> Result<Reply<ProductView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let identity = caller.identify(tx)?;
        let (reader, _) = reader(tx, &identity, org)?;
        let row = within(tx, &reader, org, id)?;
        let version = row.version;
        Ok(Reply::ok(&reader.view(row))?.version(version))
    })
    .await
}

/// Change a product.
///
/// Its name, by whoever manages products; whether it renews by itself and what pays for that, by whoever may order for the side that pays for its renewals (PAY-6), with a payment method of that side (PAY-7).
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The organization."), ("product_id" = ProductId, Path, description = "The product.")), request_body = ProductChange,
    responses((status = 200, body = ProductView, description = "The product as it is now.")), extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden"]))))]
#[patch("/v1/organizations/{org_id}/products/{product_id}")]
pub async fn update_product(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    path: Path<(OrganizationId, ProductId)>,
    change: Valid<ProductChange>,
) -> Result<Reply<ProductView>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (reader, found) = reader(tx, &identity, org)?;
        let before = within(tx, &reader, org, id)?;
        let renews = change.automatic.is_some() || change.payment_method_id.is_some();
        let mut by = None;
        if renews {
            by = Some(payer(tx, &found, &before)?);
        }
        if change.name.is_some() || !renews {
            by = Some(manager(tx, &found, id)?);
        }
        if_match.required(before.version)?;
        let mut after = before.clone();
        if let Some(name) = &change.name {
            after.name = name.trim().to_owned();
        }
        if renews {
            (after.automatic, after.payment_method_id) = renewal(tx, &before, &change)?;
        }
        after.version += 1;
        model::save_product(tx, &after)?;
        if let Some(by) = by {
            let event = Event::new(EventType::ProductChanged, id)
                .through(org, &by.by, by.rule)
                .data(json!({"automatic": after.automatic}))
                .change(told(&before), told(&after));
            tx.record(Some(&identity), event)?;
        }
        let version = after.version;
        Ok(Reply::ok(&reader.view(after))?.version(version))
    })
    .await
}

/// What renews a product, for the audit log.
fn told(product: &Product) -> Value {
    json!({"automatic": product.automatic, "payment_method_id": product.payment_method_id})
}

fn reader(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
) -> Result<(Reader, Found<OrganizationId>)> {
    let found = witness::organization(tx, identity, org)?;
    policy::allow(found.clone(), Action::ReadProducts)?;
    Ok((Reader::of(tx, &found.standings, org)?, found))
}

fn within(tx: &mut Tx, reader: &Reader, org: OrganizationId, id: ProductId) -> Result<Product> {
    let found = model::products(tx, &[id])?.pop();
    let found = found.filter(|row| row.organization_id == org && reader.reach.holds(id));
    let found = found.ok_or_else(Refusal::not_found)?;
    if let Some(partnership_id) = reader.partnership {
        tx.uses.note(Use {
            partnership_id,
            product_id: id,
            day: tx.now.date(),
        });
    }
    Ok(found)
}

/// By which right the caller manages this product.
fn manager(
    tx: &mut Tx,
    found: &Found<OrganizationId>,
    id: ProductId,
) -> Result<Allowed<OrganizationId>> {
    let allowed = policy::allow(found.clone(), Action::ManageProducts)?;
    let reach = reach::of(tx, &found.standings, Action::ManageProducts, tx.now)?;
    match reach.holds(id) {
        true => Ok(allowed),
        false => Err(Refusal::by(Code::Forbidden, "ORG-4").into()),
    }
}

/// By which right the caller decides about this product's renewals: whoever orders for the side that
/// pays for them, and nobody else (PAY-6).
fn payer(
    tx: &mut Tx,
    found: &Found<OrganizationId>,
    product: &Product,
) -> Result<Allowed<OrganizationId>> {
    let org = found.what;
    policy::allow(found.clone(), Action::Order)?;
    let of_side = |standing: &&Standing| Some(standing.payer(org)) == product.renewal_owner_id;
    let standings: Vec<Standing> = found.standings.iter().filter(of_side).cloned().collect();
    let reach = reach::of(tx, &standings, Action::Order, tx.now)?;
    let allowed = policy::allow(
        Found {
            what: org,
            standings,
        },
        Action::Order,
    );
    match allowed {
        Ok(allowed) if reach.holds(product.id) => Ok(allowed),
        Ok(_) => Err(Refusal::by(Code::Forbidden, "ORG-4").into()),
        Err(_) => Err(Refusal::by(Code::Forbidden, "PAY-6").into()),
    }
}

/// What renews it from now on: an automatic renewal has a method of the side that pays (PAY-7).
fn renewal(
    tx: &mut Tx,
    product: &Product,
    change: &ProductChange,
) -> Result<(bool, Option<PaymentMethodId>)> {
    let automatic = change.automatic.unwrap_or(product.automatic);
    let method = change.payment_method_id.or(product.payment_method_id);
    let fault = |pointer: &str, code, rule| Err(Refusal::fault(pointer, code, rule).into());
    let owner = product.renewal_owner_id;
    match (automatic, method, owner) {
        (false, ..) if change.payment_method_id.is_some() => {
            fault("/payment_method_id", "expected_null", "PAY-6")
        }
        (false, ..) => Ok((false, None)),
        (true, _, None) => fault("/automatic", "not_active", "BIL-13"),
        (true, ..) if product.state != ProductState::Active => {
            fault("/automatic", "not_active", "BIL-13")
        }
        (true, None, _) => fault("/payment_method_id", "required", "PAY-6"),
        (true, Some(method), Some(owner)) => {
            let currency: Option<Option<Currency>> = payment_methods::table
                .find(method)
                .filter(payment_methods::organization_id.eq(owner))
                .filter(payment_methods::removed_at.is_null())
                .select(payment_methods::currency)
                .first(tx.conn)
                .optional()?;
            match currency {
                None => fault("/payment_method_id", "not_payers", "PAY-7"),
                Some(Some(other)) if other != product.currency => {
                    fault("/payment_method_id", "currency_mismatch", "PAY-7")
                }
                Some(_) => Ok((true, Some(method))),
            }
        }
    }
}
