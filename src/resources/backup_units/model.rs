//! The rows of backup units, within the product that they share.
use crate::db::Tx;
use crate::db::schema::{backup_units, partnerships, products};
use crate::db::witness::{self, Identity};
use crate::domain::id::{BackupUnitId, OrganizationId, ProductId};
use crate::domain::policy::{self, Action};
use crate::domain::product::{BACKUP, ProductState};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::reach;
use chrono::NaiveDateTime;
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

/// A backup product, whose units are shares of its quantity.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = products)]
pub struct BackupProduct {
    pub id: ProductId,
    pub organization_id: OrganizationId,
    family: String,
    quantity: i64,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = backup_units)]
pub struct BackupUnit {
    pub id: BackupUnitId,
    pub product_id: ProductId,
    pub name: String,
    pub group_name: Option<String>,
    pub quota: i64,
    pub customer_id: Option<OrganizationId>,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

/// The product, if the caller reaches it and may do this to it; with the rule that allows it.
pub fn product(
    tx: &mut Tx,
    identity: &Identity,
    id: ProductId,
    action: Action,
) -> Result<(BackupProduct, &'static str)> {
    let product: Option<BackupProduct> = products::table
        .find(id)
        .filter(products::state.eq(ProductState::Active))
        .select(BackupProduct::as_select())
        .first(tx.conn)
        .optional()?;
    let found = witness::owned(tx, identity, product, |product| product.organization_id)?;
    let standings = found.standings.clone();
    if !reach::of(tx, &standings, Action::ReadProducts, tx.now)?.holds(id) {
        return Err(Refusal::not_found().into());
    }
    let allowed = policy::allow(found, action)?;
    let (product, rule) = (allowed.what, allowed.rule);
    if !reach::of(tx, &standings, action, tx.now)?.holds(id) {
        return Err(Refusal::by(Code::Forbidden, "ORG-4").into());
    }
    match product.family == BACKUP {
        true => Ok((product, rule)),
        false => Err(Refusal::not_found().rule("BAK-1").into()),
    }
}

/// A unit of this product.
pub fn find(tx: &mut Tx, product: &BackupProduct, id: BackupUnitId) -> Result<BackupUnit> {
    Ok(backup_units::table
        .find(id)
        .filter(backup_units::product_id.eq(product.id))
        .filter(backup_units::removed_at.is_null())
        .select(BackupUnit::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(Refusal::not_found)?)
}

/// What is said of a unit.
pub struct Said<'a> {
    pub name: &'a str,
    pub group_name: Option<&'a str>,
    pub quota: i64,
    pub customer_id: Option<OrganizationId>,
}

pub fn insert(tx: &mut Tx, product: &BackupProduct, said: &Said) -> Result<BackupUnitId> {
    must_fit(tx, product, said, None)?;
    let id = tx.new_id()?;
    diesel::insert_into(backup_units::table)
        .values((
            backup_units::id.eq(id),
            backup_units::product_id.eq(product.id),
            backup_units::name.eq(said.name),
            backup_units::group_name.eq(said.group_name),
            backup_units::quota.eq(said.quota),
            backup_units::customer_id.eq(said.customer_id),
            backup_units::version.eq(1),
            backup_units::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

pub fn change(tx: &mut Tx, product: &BackupProduct, unit: &BackupUnit, said: &Said) -> Result<()> {
    must_fit(tx, product, said, Some(unit))?;
    diesel::update(backup_units::table.find(unit.id))
        .set((
            backup_units::name.eq(said.name),
            backup_units::group_name.eq(said.group_name),
            backup_units::quota.eq(said.quota),
            backup_units::customer_id.eq(said.customer_id),
            backup_units::version.eq(unit.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

pub fn remove(tx: &mut Tx, unit: &BackupUnit) -> Result<()> {
    diesel::update(backup_units::table.find(unit.id))
        .set(backup_units::removed_at.eq(tx.now))
        .execute(tx.conn)?;
    Ok(())
}

/// Quotas add up to at most the product's, and a customer that is named anew is one under the
/// owner's management (BAK-1).
fn must_fit(
    tx: &mut Tx,
    product: &BackupProduct,
    said: &Said,
    before: Option<&BackupUnit>,
) -> Result<()> {
    let known = before.and_then(|unit| unit.customer_id);
    if let Some(customer) = said.customer_id.filter(|named| known != Some(*named)) {
        let managed = partnerships::table
            .filter(partnerships::customer_id.eq(customer))
            .filter(partnerships::partner_id.eq(product.organization_id))
            .filter(partnerships::started_at.le(tx.now))
            .filter(partnerships::ended_at.is_null());
        if !diesel::select(exists(managed)).get_result::<bool>(tx.conn)? {
            return Err(Refusal::fault("/customer_id", "not_managed", "BAK-1").into());
        }
    }
    let taken: Option<i64> = backup_units::table
        .filter(backup_units::product_id.eq(product.id))
        .filter(backup_units::removed_at.is_null())
        .select(sql::<Nullable<BigInt>>("CAST(SUM(quota) AS BIGINT)"))
        .first(tx.conn)?;
    let others = taken.unwrap_or(0) - before.map_or(0, |unit| unit.quota);
    let left = product.quantity - others;
    match said.quota <= left {
        true => Ok(()),
        false => Err(Refusal::by(Code::QuotaExceeded, "BAK-1")
            .with("left", left)
            .into()),
    }
}
