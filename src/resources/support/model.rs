//! The rows of support codes, contracts and grants, each with its interval of validity.
use crate::db::prepared::Among;
use crate::db::schema::{
    support_codes, support_contracts, support_grant_products, support_grants,
    support_identifications,
};
use crate::db::{MultiBackend, Tx, insert_all};
use crate::domain::id::{
    OrganizationId, ProductId, SupportCodeId, SupportGrantId, SupportIdentificationId, UserId,
};
use crate::domain::support::{IdentificationOutcome, SupportPlan, new_code};
use crate::error::Result;
use crate::secret::{self, Purpose};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A customer, and the partner that acts for it.
pub type OnBehalf = (OrganizationId, OrganizationId);

/// A code in force.
pub struct Code {
    pub code: String,
    pub since: NaiveDateTime,
}

/// A user's code, or the one for acting on a customer's behalf; none if there is none yet, or it
/// names another partner than acts now.
pub fn code(tx: &mut Tx, user: UserId, on_behalf: Option<OnBehalf>) -> Result<Option<Code>> {
    let (customer, partner) = on_behalf.unzip();
    match code_row(tx, user, customer)?.filter(|row| row.partner_id == partner) {
        Some(row) => Ok(Some(Code {
            code: opened(tx, &row.sealed)?,
            since: row.valid_from,
        })),
        None => Ok(None),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = support_codes)]
struct CodeRow {
    id: SupportCodeId,
    partner_id: Option<OrganizationId>,
    sealed: Vec<u8>,
    valid_from: NaiveDateTime,
}

/// The code in force for acting as oneself, or on this customer's behalf.
fn code_row(
    tx: &mut Tx,
    user: UserId,
    customer: Option<OrganizationId>,
) -> Result<Option<CodeRow>> {
    let open = support_codes::table
        .filter(support_codes::user_id.eq(user))
        .filter(support_codes::valid_to.is_null())
        .select(CodeRow::as_select())
        .into_boxed::<MultiBackend>();
    let of = match customer {
        Some(customer) => open.filter(support_codes::customer_id.eq(customer)),
        None => open.filter(support_codes::customer_id.is_null()),
    };
    Ok(of.first(tx.conn).optional()?)
}

fn opened(tx: &Tx, sealed: &[u8]) -> Result<String> {
    let plain = tx.keys.open(Purpose::SupportCode, sealed)?;
    Ok(String::from_utf8_lossy(&plain).into_owned())
}

/// What a code is found by.
fn lookup(tx: &Tx, code: &str) -> Result<Vec<u8>> {
    let mac = tx
        .keys
        .mac(Purpose::SupportCodeLookup, &[code.as_bytes()])?;
    Ok(mac.to_vec())
}

/// A new code; the old one is dead.
pub fn new_code_for(tx: &mut Tx, user: UserId, on_behalf: Option<OnBehalf>) -> Result<()> {
    let (customer, partner) = on_behalf.unzip();
    let last = code_row(tx, user, customer)?;
    let from = tx.after(last.as_ref().map(|last| last.valid_from));
    if let Some(last) = last {
        diesel::update(support_codes::table.find(last.id))
            .set(support_codes::valid_to.eq(from))
            .execute(tx.conn)?;
    }
    let id: SupportCodeId = tx.new_id()?;
    let code = new_code(secret::random()?);
    let (lookup, sealed) = (lookup(tx, &code)?, sealed(tx, &code)?);
    diesel::insert_into(support_codes::table)
        .values((
            support_codes::id.eq(id),
            support_codes::user_id.eq(user),
            support_codes::customer_id.eq(customer),
            support_codes::partner_id.eq(partner),
            support_codes::lookup.eq(lookup),
            support_codes::sealed.eq(sealed),
            support_codes::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Nobody is identified by any code of this user any more (ERA-1).
pub fn forget_codes(tx: &mut Tx, user: UserId) -> Result<()> {
    let codes = support_codes::table.filter(support_codes::user_id.eq(user));
    diesel::delete(codes).execute(tx.conn)?;
    Ok(())
}

/// Whoever has this address manages nothing any more, and has managed nothing (ERA-1).
pub fn forget_manager(tx: &mut Tx, email: &str) -> Result<()> {
    let gone = None::<String>;
    diesel::update(support_contracts::table.filter(support_contracts::manager_email.eq(email)))
        .set((
            support_contracts::manager_name.eq(&gone),
            support_contracts::manager_email.eq(&gone),
            support_contracts::manager_phone.eq(&gone),
        ))
        .execute(tx.conn)?;
    Ok(())
}

fn sealed(tx: &Tx, code: &str) -> Result<Vec<u8>> {
    tx.keys.seal(Purpose::SupportCode, code.as_bytes())
}

/// Whom a code names.
pub enum Named {
    User {
        user: UserId,
        on_behalf: Option<OnBehalf>,
    },
    /// The VIP code of an organization with Premium Support.
    Organization(OrganizationId),
}

pub fn named_by(tx: &mut Tx, code: &str) -> Result<Option<Named>> {
    let lookup = lookup(tx, code)?;
    let user: Option<(UserId, Option<OrganizationId>, Option<OrganizationId>)> =
        support_codes::table
            .filter(support_codes::lookup.eq(&lookup))
            .filter(support_codes::valid_to.is_null())
            .select((
                support_codes::user_id,
                support_codes::customer_id,
                support_codes::partner_id,
            ))
            .first(tx.conn)
            .optional()?;
    if let Some((user, customer, partner)) = user {
        let on_behalf = customer.zip(partner);
        return Ok(Some(Named::User { user, on_behalf }));
    }
    let organization = support_contracts::table
        .filter(support_contracts::lookup.eq(&lookup))
        .filter(support_contracts::valid_to.is_null())
        .select(support_contracts::organization_id)
        .first(tx.conn)
        .optional()?;
    Ok(organization.map(Named::Organization))
}

/// Who looks after an organization's technical questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

/// What support an organization has.
pub struct Contract {
    pub plan: SupportPlan,
    pub vip_code: Option<String>,
    pub manager: Option<Manager>,
    pub version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = support_contracts)]
struct ContractRow {
    plan: SupportPlan,
    sealed: Option<Vec<u8>>,
    manager_name: Option<String>,
    manager_email: Option<String>,
    manager_phone: Option<String>,
    version: i32,
    valid_from: NaiveDateTime,
}

fn contract_row(tx: &mut Tx, organization: OrganizationId) -> Result<Option<ContractRow>> {
    Ok(support_contracts::table
        .filter(support_contracts::organization_id.eq(organization))
        .filter(support_contracts::valid_to.is_null())
        .select(ContractRow::as_select())
        .first(tx.conn)
        .optional()?)
}

/// The contract in force; the standard plan where nothing else was agreed.
pub fn contract(tx: &mut Tx, organization: OrganizationId) -> Result<Contract> {
    let Some(row) = contract_row(tx, organization)? else {
        return Ok(Contract {
            plan: SupportPlan::Standard,
            vip_code: None,
            manager: None,
            version: 0,
        });
    };
    let vip_code = row
        .sealed
        .as_deref()
        .map(|sealed| opened(tx, sealed))
        .transpose()?;
    Ok(Contract {
        plan: row.plan,
        vip_code,
        manager: row
            .manager_name
            .zip(row.manager_email)
            .map(|(name, email)| Manager {
                name,
                email,
                phone: row.manager_phone,
            }),
        version: row.version,
    })
}

/// The plan of each of these organizations.
pub fn plans(
    tx: &mut Tx,
    of: &BTreeSet<OrganizationId>,
) -> Result<BTreeMap<OrganizationId, SupportPlan>> {
    let agreed: Vec<(OrganizationId, SupportPlan)> = support_contracts::table
        .filter(support_contracts::organization_id.among(of))
        .filter(support_contracts::valid_to.is_null())
        .select((support_contracts::organization_id, support_contracts::plan))
        .load(tx.conn)?;
    let standard = of.iter().map(|id| (*id, SupportPlan::Standard));
    Ok(standard.chain(agreed).collect())
}

/// Agrees on another contract; Premium Support gets a new VIP code each time it begins.
pub fn agree(
    tx: &mut Tx,
    organization: OrganizationId,
    plan: SupportPlan,
    manager: Option<&Manager>,
) -> Result<()> {
    let before = contract(tx, organization)?;
    let last = contract_row(tx, organization)?.map(|row| row.valid_from);
    let from = tx.after(last);
    let vip_code = match (plan, before.vip_code) {
        (SupportPlan::Premium, None) => Some(new_code(secret::random()?)),
        (SupportPlan::Premium, kept @ Some(_)) => kept,
        (SupportPlan::Standard, _) => None,
    };
    let found_by = vip_code
        .as_deref()
        .map(|code| lookup(tx, code))
        .transpose()?;
    let sealed = vip_code
        .as_deref()
        .map(|code| sealed(tx, code))
        .transpose()?;
    let open = support_contracts::table
        .filter(support_contracts::organization_id.eq(organization))
        .filter(support_contracts::valid_to.is_null());
    // What was found by the code until now is found by it no longer: only one row is.
    diesel::update(open)
        .set((
            support_contracts::valid_to.eq(from),
            support_contracts::lookup.eq(None::<Vec<u8>>),
            support_contracts::sealed.eq(None::<Vec<u8>>),
        ))
        .execute(tx.conn)?;
    diesel::insert_into(support_contracts::table)
        .values((
            support_contracts::organization_id.eq(organization),
            support_contracts::plan.eq(plan),
            support_contracts::lookup.eq(found_by),
            support_contracts::sealed.eq(sealed),
            support_contracts::manager_name.eq(manager.map(|manager| &manager.name)),
            support_contracts::manager_email.eq(manager.map(|manager| &manager.email)),
            support_contracts::manager_phone.eq(manager.and_then(|manager| manager.phone.as_ref())),
            support_contracts::version.eq(before.version + 1),
            support_contracts::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Records that a member of the staff submitted a code, and what came of it (SUP-3).
pub fn record_identification(
    tx: &mut Tx,
    staff: UserId,
    outcome: IdentificationOutcome,
    user: Option<UserId>,
) -> Result<()> {
    let id: SupportIdentificationId = tx.new_id()?;
    diesel::insert_into(support_identifications::table)
        .values((
            support_identifications::id.eq(id),
            support_identifications::staff_id.eq(staff),
            support_identifications::outcome.eq(outcome),
            support_identifications::user_id.eq(user),
            support_identifications::submitted_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = support_grants)]
pub struct Grant {
    pub id: SupportGrantId,
    pub organization_id: OrganizationId,
    pub whole: bool,
    pub reason: Option<String>,
    pub valid_from: NaiveDateTime,
    pub valid_to: NaiveDateTime,
    pub revoked_at: Option<NaiveDateTime>,
}

#[derive(Insertable)]
#[diesel(table_name = support_grant_products, treat_none_as_default_value = false)]
struct GrantProductRow {
    grant_id: SupportGrantId,
    product_id: ProductId,
}

/// Grants access to all products, or to these.
pub fn grant(
    tx: &mut Tx,
    organization: OrganizationId,
    products: Option<&BTreeSet<ProductId>>,
    (by, reason): (UserId, Option<&str>),
    lasts: TimeDelta,
) -> Result<Grant> {
    let id: SupportGrantId = tx.new_id()?;
    diesel::insert_into(support_grants::table)
        .values((
            support_grants::id.eq(id),
            support_grants::organization_id.eq(organization),
            support_grants::whole.eq(products.is_none()),
            support_grants::granted_by.eq(by),
            support_grants::reason.eq(reason),
            support_grants::valid_from.eq(tx.now),
            support_grants::valid_to.eq(tx.now + lasts),
        ))
        .execute(tx.conn)?;
    let rows: Vec<GrantProductRow> = products
        .into_iter()
        .flatten()
        .map(|product| GrantProductRow {
            grant_id: id,
            product_id: *product,
        })
        .collect();
    insert_all!(tx, support_grant_products::table, &rows);
    Ok(support_grants::table
        .find(id)
        .select(Grant::as_select())
        .first(tx.conn)?)
}

/// A grant of this organization, however it stands.
pub fn find(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SupportGrantId,
) -> Result<Option<Grant>> {
    Ok(support_grants::table
        .filter(support_grants::organization_id.eq(organization))
        .filter(support_grants::id.eq(id))
        .select(Grant::as_select())
        .first(tx.conn)
        .optional()?)
}

/// Ends a grant before its time.
pub fn revoke(tx: &mut Tx, grant: &Grant) -> Result<()> {
    let at = tx.after(grant.valid_from);
    diesel::update(support_grants::table.find(grant.id))
        .set((
            support_grants::valid_to.eq(at),
            support_grants::revoked_at.eq(at),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// The products that each of these grants names; none where it is for all of them.
pub fn products_of(
    tx: &mut Tx,
    grants: &[Grant],
) -> Result<BTreeMap<SupportGrantId, Vec<ProductId>>> {
    let ids: Vec<SupportGrantId> = grants.iter().map(|grant| grant.id).collect();
    let rows: Vec<(SupportGrantId, ProductId)> = support_grant_products::table
        .filter(support_grant_products::grant_id.among(ids))
        .order(support_grant_products::product_id)
        .select((
            support_grant_products::grant_id,
            support_grant_products::product_id,
        ))
        .load(tx.conn)?;
    let mut found: BTreeMap<SupportGrantId, Vec<ProductId>> = BTreeMap::new();
    for (grant, product) in rows {
        found.entry(grant).or_default().push(product);
    }
    Ok(found)
}
