//! Listing, making, changing and removing the units of a backup product.
use super::model::{self, BackupProduct, BackupUnit, Said};
use crate::api::field::clearable;
use crate::api::page::Paging;
use crate::api::views::OrganizationNameView;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid};
use crate::db::record::Event;
use crate::db::schema::backup_units;
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{BackupUnitId, OrganizationId, ProductId};
use crate::domain::policy::Action;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::model::names;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, patch, post};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// A unit to make.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBackupUnit {
    /// What it is called.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Galerie Arno")]
    name: String,
    /// The group of units that it belongs to.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Museums")]
    group: Option<String>,
    /// Its share of the product, in units of it.
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, example = 2)]
    quota: i64,
    /// The customer under management whose data it holds.
    customer_id: Option<OrganizationId>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupUnitChange {
    /// What it is called.
    #[validate(length(min = 1, max = 100))]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        example = "Galerie Arno"
    )]
    name: Option<String>,
    /// The group of units that it belongs to; null for none.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Museums")]
    group: Option<Option<String>>,
    /// Its share of the product, in units of it.
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000, example = 3)]
    quota: Option<i64>,
    /// The customer under management whose data it holds; null for none.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(value_type = Option<OrganizationId>)]
    customer_id: Option<Option<OrganizationId>>,
}

/// Where a unit should go.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupUnitMove {
    /// Another backup product.
    #[serde(rename = "product_id")]
    _product_id: Option<ProductId>,
}

/// Which units to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BackupUnitFilters {
    /// Only those of this group.
    group: Option<String>,
    /// Only this customer's.
    customer_id: Option<OrganizationId>,
}

/// A share of a backup product.
#[derive(Serialize, ToSchema)]
#[schema(as = BackupUnit)]
pub struct BackupUnitView {
    /// Its id.
    id: BackupUnitId,
    /// The backup product that it is a share of.
    product_id: ProductId,
    /// What it is called.
    #[schema(example = "Galerie Arno")]
    name: String,
    /// The group of units that it belongs to.
    #[schema(example = "Museums")]
    group: Option<String>,
    /// Its share of the product, in units of it.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quota: i64,
    /// The customer whose data it holds.
    customer: Option<OrganizationNameView>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl BackupUnitView {
    fn of(unit: BackupUnit, names: &BTreeMap<OrganizationId, String>) -> Self {
        let customer = |id: OrganizationId| OrganizationNameView {
            id,
            name: names.get(&id).cloned().unwrap_or_default(),
        };
        Self {
            id: unit.id,
            product_id: unit.product_id,
            name: unit.name,
            group: unit.group_name,
            quota: unit.quota,
            customer: unit.customer_id.map(customer),
            version: unit.version,
            created_at: unit.created_at.and_utc(),
        }
    }
}

/// List backup units.
///
/// Those of a backup product within the caller's reach, the newest first.
#[utoipa::path(tag = "Backup", params(("product_id" = ProductId, Path, description = "The backup product."), BackupUnitFilters, Paging), responses((status = 200, body = Page<BackupUnitView>, description = "A page of units.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/products/{product_id}/backup-units")]
pub async fn list_backup_units(
    caller: Caller,
    db: Data<Db>,
    product: Path<ProductId>,
    listing: Listing<BackupUnitFilters>,
) -> Result<Reply<Page<BackupUnitView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (product, _) = model::product(tx, &identity, *product, Action::ReadProducts)?;
        let query = || {
            let mut query = backup_units::table
                .into_boxed::<MultiBackend>()
                .filter(backup_units::product_id.eq(product.id))
                .filter(backup_units::removed_at.is_null());
            if let Some(group) = &listing.filters.group {
                query = query.filter(backup_units::group_name.eq(group));
            }
            if let Some(customer) = listing.filters.customer_id {
                query = query.filter(backup_units::customer_id.eq(customer));
            }
            query
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<BackupUnit> = query()
            .filter(backup_units::id.lt(listing.before()))
            .order(backup_units::id.desc())
            .limit(listing.fetch())
            .select(BackupUnit::as_select())
            .load(tx.conn)?;
        let names = names(tx, &rows.iter().filter_map(|row| row.customer_id).collect())?;
        let view = |unit| BackupUnitView::of(unit, &names);
        Reply::page(&listing.page(tx.keys, rows, total, |unit: &BackupUnit| unit.id, view)?)
    })
    .await
}

/// Make a backup unit.
///
/// A customer's share of a backup product. The quotas add up to at most the product's (BAK-1).
#[utoipa::path(tag = "Backup", params(("product_id" = ProductId, Path, description = "The backup product.")), request_body = NewBackupUnit,
    responses((status = 201, body = BackupUnitView, description = "Made.")),
    extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden", "quota_exceeded"]))))]
#[post("/v1/products/{product_id}/backup-units")]
pub async fn create_backup_unit(
    caller: Caller,
    db: Data<Db>,
    product: Path<ProductId>,
    new: Post<NewBackupUnit>,
) -> Result<Reply<BackupUnitView>> {
    let id = *product;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let (product, rule) = model::product(tx, identity, id, Action::ManageProducts)?;
        let said = Said {
            name: &new.name,
            group_name: new.group.as_deref(),
            quota: new.quota,
            customer_id: new.customer_id,
        };
        let unit = model::insert(tx, &product, &said)?;
        let event = event(EventType::BackupUnitCreated, &product, unit);
        tx.record(Some(identity), event.by_rule(rule))?;
        let view = shown(tx, &product, unit)?;
        let location = format!("/v1/products/{id}/backup-units/{unit}");
        Ok(Reply::created(location, &view)?.version(view.version))
    })
    .await
}

/// Show a backup unit.
///
/// If its product is within the caller's reach.
#[utoipa::path(tag = "Backup", params(("product_id" = ProductId, Path, description = "The backup product."), ("unit_id" = BackupUnitId, Path, description = "The unit.")), responses((status = 200, body = BackupUnitView, description = "The unit.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/products/{product_id}/backup-units/{unit_id}")]
pub async fn get_backup_unit(
    caller: Caller,
    db: Data<Db>,
    path: Path<(ProductId, BackupUnitId)>,
) -> Result<Reply<BackupUnitView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (product, _) = model::product(tx, &identity, path.0, Action::ReadProducts)?;
        let view = shown(tx, &product, path.1)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}

/// Change a backup unit.
///
/// Its name, group, quota or customer; what is absent stays.
#[utoipa::path(tag = "Backup", params(("product_id" = ProductId, Path, description = "The backup product."), ("unit_id" = BackupUnitId, Path, description = "The unit.")), request_body = BackupUnitChange,
    responses((status = 200, body = BackupUnitView, description = "The unit as it is now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden", "quota_exceeded"]))))]
#[patch("/v1/products/{product_id}/backup-units/{unit_id}")]
pub async fn update_backup_unit(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    path: Path<(ProductId, BackupUnitId)>,
    change: Valid<BackupUnitChange>,
) -> Result<Reply<BackupUnitView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (product, rule) = model::product(tx, &identity, path.0, Action::ManageProducts)?;
        let unit = model::find(tx, &product, path.1)?;
        if_match.check(unit.version)?;
        let group = match &change.group {
            None => unit.group_name.as_deref(),
            Some(group) => group.as_deref(),
        };
        if group.is_some_and(|group| !(1..=100).contains(&group.chars().count())) {
            return Err(Refusal::fault("/group", "length", "BAK-1").into());
        }
        let said = Said {
            name: change.name.as_deref().unwrap_or(&unit.name),
            group_name: group,
            quota: change.quota.unwrap_or(unit.quota),
            customer_id: change.customer_id.unwrap_or(unit.customer_id),
        };
        model::change(tx, &product, &unit, &said)?;
        let event = event(EventType::BackupUnitChanged, &product, unit.id);
        tx.record(Some(&identity), event.by_rule(rule))?;
        let view = shown(tx, &product, unit.id)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}

/// Remove a backup unit.
///
/// Its quota is free again.
#[utoipa::path(tag = "Backup", params(("product_id" = ProductId, Path, description = "The backup product."), ("unit_id" = BackupUnitId, Path, description = "The unit.")), responses((status = 204, description = "Removed.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[delete("/v1/products/{product_id}/backup-units/{unit_id}")]
pub async fn remove_backup_unit(
    caller: Caller,
    db: Data<Db>,
    path: Path<(ProductId, BackupUnitId)>,
) -> Result<Reply<()>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (product, rule) = model::product(tx, &identity, path.0, Action::ManageProducts)?;
        let unit = model::find(tx, &product, path.1)?;
        model::remove(tx, &unit)?;
        let event = event(EventType::BackupUnitRemoved, &product, unit.id);
        tx.record(Some(&identity), event.by_rule(rule))?;
        Ok(Reply::no_content())
    })
    .await
}

/// Move a backup unit: not possible.
///
/// Neither a unit nor its backups can go to another backup account (BAK-2). This is always refused, and says why; it exists so that nobody has to look for it.
#[utoipa::path(tag = "Backup", params(("product_id" = ProductId, Path, description = "The backup product."), ("unit_id" = BackupUnitId, Path, description = "The unit.")), request_body = BackupUnitMove,
    responses((status = 204, description = "Never answered.")),
    extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["forbidden", "backup_not_movable"]))))]
#[post("/v1/products/{product_id}/backup-units/{unit_id}/move")]
pub async fn move_backup_unit(
    caller: Caller,
    db: Data<Db>,
    path: Path<(ProductId, BackupUnitId)>,
    _to: Valid<BackupUnitMove>,
) -> Result<Reply<()>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let (product, _) = model::product(tx, &identity, path.0, Action::ManageProducts)?;
        model::find(tx, &product, path.1)?;
        Err(Refusal::by(Code::BackupNotMovable, "BAK-2").into())
    })
    .await
}

fn event(kind: EventType, product: &BackupProduct, unit: BackupUnitId) -> Event {
    Event::new(kind, unit).of(product.organization_id)
}

fn shown(tx: &mut Tx, product: &BackupProduct, id: BackupUnitId) -> Result<BackupUnitView> {
    let unit = model::find(tx, product, id)?;
    let names = names(tx, &unit.customer_id.into_iter().collect())?;
    Ok(BackupUnitView::of(unit, &names))
}
