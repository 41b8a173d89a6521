//! The rows of organizations, members, products and payment methods, as other rooms write them too.
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{
    memberships, organizations, payment_methods, products, renewal_ownerships,
};
use crate::db::witness::Identity;
use crate::db::{Tx, directly, insert_all};
use crate::domain::billing::PaymentMethodKind;
use crate::domain::event::EventType;
use crate::domain::id::{
    MemberId, OrganizationId, PartnershipId, PaymentMethodId, ProductId, UserId,
};
use crate::domain::money::Currency;
use crate::domain::organization::{OrganizationKind, Role};
use crate::domain::product::{Period, ProductState, expires_at};
use crate::error::Result;
use crate::resources::billing::batch::change_owners;
use crate::resources::billing::facts::Ownership;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone)]
pub struct NewOrganizationRow<'a> {
    pub name: &'a str,
    pub kind: OrganizationKind,
    pub email: &'a str,
    pub country: &'a str,
    pub vat_number: Option<&'a str>,
}

pub fn insert_organization(tx: &mut Tx, new: &NewOrganizationRow) -> Result<OrganizationId> {
    let id = tx.new_id()?;
    diesel::insert_into(organizations::table)
        .values((
            organizations::id.eq(id),
            organizations::name.eq(new.name),
            organizations::kind.eq(new.kind),
            organizations::email.eq(new.email),
            organizations::country.eq(new.country),
            organizations::vat_number.eq(new.vat_number),
            organizations::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

/// What an organization is called.
pub fn name(tx: &mut Tx, organization: OrganizationId) -> Result<String> {
    Ok(organizations::table
        .find(organization)
        .select(organizations::name)
        .first(tx.conn)?)
}

/// The names of organizations.
pub fn names(
    tx: &mut Tx,
    ids: &BTreeSet<OrganizationId>,
) -> Result<BTreeMap<OrganizationId, String>> {
    let named: Vec<(OrganizationId, String)> = directly!(tx, |conn| organizations::table
        .filter(organizations::id.among(ids))
        .select((organizations::id, organizations::name))
        .load(conn))?;
    Ok(named.into_iter().collect())
}

/// An organization's own data.
#[derive(Queryable, Selectable)]
#[diesel(table_name = organizations)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub kind: OrganizationKind,
    pub email: String,
    pub country: String,
    pub vat_number: Option<String>,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

/// The row; the caller has been found to stand towards it already.
pub fn organization(tx: &mut Tx, id: OrganizationId) -> Result<Organization> {
    Ok(organizations::table
        .find(id)
        .select(Organization::as_select())
        .first(tx.conn)?)
}

pub fn save_organization(tx: &mut Tx, row: &Organization) -> Result<()> {
    diesel::update(organizations::table.find(row.id))
        .set((
            organizations::name.eq(&row.name),
            organizations::email.eq(&row.email),
            organizations::country.eq(&row.country),
            organizations::vat_number.eq(&row.vat_number),
            organizations::version.eq(row.version),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Makes an organization with its first legal representative: it never is without one (ORG-1).
pub fn establish(
    tx: &mut Tx,
    by: &Identity,
    new: &NewOrganizationRow,
    leader: UserId,
) -> Result<Organization> {
    let id = insert_organization(tx, new)?;
    let first = NewMember {
        organization: id,
        user: leader,
        role: Role::LegalRepresentative,
        may_order: false,
        added_by: None,
    };
    let member = insert_member(tx, &first)?;
    let event = Event::new(EventType::OrganizationCreated, id).of(id);
    tx.record(Some(by), event.data(json!({"member_id": member})))?;
    organization(tx, id)
}

pub struct NewMember {
    pub organization: OrganizationId,
    pub user: UserId,
    pub role: Role,
    pub may_order: bool,
    /// The partnership through which a partner added this member (ACC-5).
    pub added_by: Option<PartnershipId>,
}

pub fn insert_member(tx: &mut Tx, new: &NewMember) -> Result<MemberId> {
    let id = tx.new_id()?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::id.eq(id),
            memberships::organization_id.eq(new.organization),
            memberships::user_id.eq(new.user),
            memberships::role.eq(new.role),
            memberships::may_order.eq(new.may_order),
            memberships::added_by.eq(new.added_by),
            memberships::version.eq(1),
            memberships::valid_from.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

/// A product to install, with whose act its next automatic renewal is (PAY-6).
#[derive(Debug, Clone)]
pub struct NewProduct {
    pub id: ProductId,
    pub organization: OrganizationId,
    pub parent: Option<ProductId>,
    pub family: String,
    pub name: String,
    pub quantity: i64,
    pub period: Period,
    pub currency: Currency,
    pub renewal_owner: OrganizationId,
    /// What an automatic renewal is charged to; without one none is.
    pub payment_method: Option<PaymentMethodId>,
    pub renews_on: NaiveDate,
    pub installed_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
struct ProductRow<'a> {
    id: ProductId,
    organization_id: OrganizationId,
    parent_id: Option<ProductId>,
    family: &'a str,
    name: &'a str,
    quantity: i64,
    period: Period,
    currency: Currency,
    state: ProductState,
    automatic: bool,
    payment_method_id: Option<PaymentMethodId>,
    renews_on: NaiveDate,
    version: i32,
    installed_at: NaiveDateTime,
}

impl NewProduct {
    /// Its renewals, from its installation on.
    pub fn ownership(&self) -> Ownership {
        Ownership {
            product_id: self.id,
            owner_id: self.renewal_owner,
            family: self.family.clone(),
            quantity: self.quantity,
            valid_from: self.installed_at,
            valid_to: None,
            claimed_at: self.installed_at,
        }
    }
}

/// Installs any number of products with three statements.
pub fn install_products(tx: &mut Tx, new: &[NewProduct]) -> Result<()> {
    let rows: Vec<ProductRow> = new
        .iter()
        .map(|one| ProductRow {
            id: one.id,
            organization_id: one.organization,
            parent_id: one.parent,
            family: &one.family,
            name: &one.name,
            quantity: one.quantity,
            period: one.period,
            currency: one.currency,
            state: ProductState::Active,
            automatic: one.payment_method.is_some(),
            payment_method_id: one.payment_method,
            renews_on: one.renews_on,
            version: 1,
            installed_at: one.installed_at,
        })
        .collect();
    insert_all!(tx, products::table, &rows);
    for row in &rows {
        tx.falls_due(expires_at(row.state, row.automatic, row.renews_on));
    }
    let opened: Vec<Ownership> = new.iter().map(NewProduct::ownership).collect();
    change_owners(tx, &[], &opened)
}

/// A product with whose act its next automatic renewal is.
#[derive(Clone, Queryable)]
pub struct Product {
    pub id: ProductId,
    pub organization_id: OrganizationId,
    pub parent_id: Option<ProductId>,
    pub family: String,
    pub name: String,
    pub quantity: i64,
    pub period: Period,
    pub currency: Currency,
    pub state: ProductState,
    pub automatic: bool,
    pub payment_method_id: Option<PaymentMethodId>,
    pub renews_on: NaiveDate,
    pub version: i32,
    /// None once it no longer renews.
    pub renewal_owner_id: Option<OrganizationId>,
}

/// These products, the newest first; the caller has been found to reach them already.
pub fn products(tx: &mut Tx, ids: &[ProductId]) -> Result<Vec<Product>> {
    Ok(directly!(tx, |conn| products::table
        .left_join(
            renewal_ownerships::table.on(renewal_ownerships::product_id
                .eq(products::id)
                .and(renewal_ownerships::valid_to.is_null())),
        )
        .filter(products::id.among(ids))
        .order(products::id.desc())
        .select((
            products::id,
            products::organization_id,
            products::parent_id,
            products::family,
            products::name,
            products::quantity,
            products::period,
            products::currency,
            products::state,
            products::automatic,
            products::payment_method_id,
            products::renews_on,
            products::version,
            renewal_ownerships::owner_id.nullable(),
        ))
        .load(conn))?)
}

/// The next version of a product: its name, and what renews it.
pub fn save_product(tx: &mut Tx, row: &Product) -> Result<()> {
    tx.falls_due(expires_at(row.state, row.automatic, row.renews_on));
    diesel::update(products::table.find(row.id))
        .set((
            products::name.eq(&row.name),
            products::automatic.eq(row.automatic),
            products::payment_method_id.eq(row.payment_method_id),
            products::version.eq(row.version),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// A reference to how an organization pays; never a card or account number (PAY-7).
pub struct NewPaymentMethodRow<'a> {
    pub organization: OrganizationId,
    pub kind: PaymentMethodKind,
    pub label: &'a str,
    /// The payment provider's token, sealed; none for a prepaid account.
    pub provider_token: Option<Vec<u8>>,
    /// Of a prepaid account only.
    pub currency: Option<Currency>,
}

pub fn insert_payment_method(tx: &mut Tx, new: &NewPaymentMethodRow) -> Result<PaymentMethodId> {
    let id = tx.new_id()?;
    diesel::insert_into(payment_methods::table)
        .values((
            payment_methods::id.eq(id),
            payment_methods::organization_id.eq(new.organization),
            payment_methods::kind.eq(new.kind),
            payment_methods::label.eq(new.label),
            payment_methods::provider_token.eq(&new.provider_token),
            payment_methods::currency.eq(new.currency),
            payment_methods::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}
