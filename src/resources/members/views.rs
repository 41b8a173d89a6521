//! How members are shown: their products only as far as the reader reaches them (ACC-3).
use super::model::{Membership, Offer};
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{team_members, users};
use crate::domain::id::{MemberId, PartnershipId, ProductId, TeamId, UserId};
use crate::domain::organization::Role;
use crate::domain::reach::Reach;
use crate::error::Result;
use crate::resources::organizations::reach;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether a member has come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// Has not accepted yet, and has no rights.
    Invited,
    Active,
}

/// A member of an organization, or whoever is invited to become one.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// Its id; the same before and after the invitation is accepted.
    pub id: MemberId,
    /// Whether the person has come yet.
    status: MemberStatus,
    /// The person; null while invited.
    user_id: Option<UserId>,
    /// The person's name; null while invited.
    #[schema(example = "Claire Morel")]
    name: Option<String>,
    /// The person's address.
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
    /// The role.
    role: Role,
    /// Whether a collaborator may order and renew; the higher roles always may.
    may_order: bool,
    /// The products given to a collaborator or an external, as far as the reader reaches them; null for the higher roles, which reach all.
    product_ids: Option<Vec<ProductId>>,
    /// The teams this member is in.
    team_ids: Vec<TeamId>,
    /// The partnership through which a partner added this member, and with which it leaves; null for the organization's own.
    added_by: Option<PartnershipId>,
    /// Since when it is so.
    since: DateTime<Utc>,
    /// When the invitation runs out; null for an active member.
    expires_at: Option<DateTime<Utc>>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub version: i32,
}

/// Members with their people, as many as there are, with three queries.
pub fn members(tx: &mut Tx, rows: Vec<Membership>, reach: &Reach) -> Result<Vec<MemberView>> {
    let ids: Vec<MemberId> = rows.iter().map(|row| row.id).collect();
    let people: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
    let people: BTreeMap<UserId, (String, String)> = users::table
        .filter(users::id.among(people))
        .select((users::id, (users::name, users::email)))
        .load::<(UserId, (String, String))>(tx.conn)?
        .into_iter()
        .collect();
    let mut products = reach::given(tx, &ids)?;
    let mut teams = teams(tx, &ids)?;
    let view = |row: Membership| {
        let (name, email) = people.get(&row.user_id).cloned().unwrap_or_default();
        MemberView {
            id: row.id,
            status: MemberStatus::Active,
            user_id: Some(row.user_id),
            name: Some(name),
            email,
            role: row.role,
            may_order: row.may_order,
            product_ids: shown(row.role, products.remove(&row.id), reach),
            team_ids: teams.remove(&row.id).unwrap_or_default(),
            added_by: row.added_by,
            since: row.valid_from.and_utc(),
            expires_at: None,
            version: row.version,
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Those who are invited.
pub fn offers(tx: &mut Tx, rows: Vec<Offer>, reach: &Reach) -> Result<Vec<MemberView>> {
    let ids: Vec<MemberId> = rows.iter().map(|row| row.id).collect();
    let mut products = reach::given(tx, &ids)?;
    let view = |row: Offer| MemberView {
        id: row.id,
        status: MemberStatus::Invited,
        user_id: None,
        name: None,
        email: row.email,
        role: row.role,
        may_order: row.may_order,
        product_ids: shown(row.role, products.remove(&row.id), reach),
        team_ids: Vec::new(),
        added_by: row.added_by,
        since: row.created_at.and_utc(),
        expires_at: Some(row.expires_at.and_utc()),
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

fn shown(role: Role, products: Option<Vec<ProductId>>, reach: &Reach) -> Option<Vec<ProductId>> {
    let within = |products: Vec<ProductId>| {
        products
            .into_iter()
            .filter(|product| reach.holds(*product))
            .collect()
    };
    role.is_narrow()
        .then(|| within(products.unwrap_or_default()))
}

fn teams(tx: &mut Tx, members: &[MemberId]) -> Result<BTreeMap<MemberId, Vec<TeamId>>> {
    let rows: Vec<(MemberId, TeamId)> = team_members::table
        .filter(team_members::member_id.among(members))
        .filter(team_members::valid_to.is_null())
        .order(team_members::team_id)
        .select((team_members::member_id, team_members::team_id))
        .load(tx.conn)?;
    let mut found: BTreeMap<MemberId, Vec<TeamId>> = BTreeMap::new();
    for (member, team) in rows {
        found.entry(member).or_default().push(team);
    }
    Ok(found)
}
