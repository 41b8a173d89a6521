//! The rows of teams and of who is in them, each place with its interval.
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{team_members, teams};
use crate::domain::id::{MemberId, OrganizationId, TeamId};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::organizations::reach;
use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Queryable, Selectable)]
#[diesel(table_name = teams)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

/// A team of this organization.
pub fn find(tx: &mut Tx, org: OrganizationId, id: TeamId) -> Result<Team> {
    teams::table
        .find(id)
        .filter(teams::organization_id.eq(org))
        .filter(teams::deleted_at.is_null())
        .select(Team::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

/// Refuses the name of another team of the organization.
pub fn must_be_free(
    tx: &mut Tx,
    org: OrganizationId,
    name: &str,
    but: Option<TeamId>,
) -> Result<()> {
    let same: Option<TeamId> = teams::table
        .filter(teams::organization_id.eq(org))
        .filter(teams::name.eq(name))
        .filter(teams::deleted_at.is_null())
        .select(teams::id)
        .first(tx.conn)
        .optional()?;
    match same.filter(|same| Some(*same) != but) {
        Some(same) => Err(Refusal::new(Code::NameTaken).conflicts([same]).into()),
        None => Ok(()),
    }
}

pub fn insert(tx: &mut Tx, org: OrganizationId, name: &str) -> Result<TeamId> {
    let id: TeamId = tx.new_id()?;
    diesel::insert_into(teams::table)
        .values((
            teams::id.eq(id),
            teams::organization_id.eq(org),
            teams::name.eq(name),
            teams::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

/// The next version of a team, under this name.
pub fn save(tx: &mut Tx, team: &Team, name: &str) -> Result<()> {
    diesel::update(teams::table.find(team.id))
        .set((teams::name.eq(name), teams::version.eq(team.version + 1)))
        .execute(tx.conn)?;
    Ok(())
}

/// Ends a team with every place in it and all that it reached.
pub fn delete(tx: &mut Tx, team: &Team) -> Result<()> {
    for (member, from) in places(tx, team.id)? {
        leave(tx, team.id, member, from)?;
    }
    reach::set(tx, team.id, &BTreeSet::new())?;
    diesel::update(teams::table.find(team.id))
        .set(teams::deleted_at.eq(tx.now))
        .execute(tx.conn)?;
    Ok(())
}

/// The open places in a team, with their starts.
pub fn places(tx: &mut Tx, team: TeamId) -> Result<Vec<(MemberId, NaiveDateTime)>> {
    Ok(team_members::table
        .filter(team_members::team_id.eq(team))
        .filter(team_members::valid_to.is_null())
        .select((team_members::member_id, team_members::valid_from))
        .load(tx.conn)?)
}

pub fn join(tx: &mut Tx, team: TeamId, member: MemberId) -> Result<()> {
    let last: Option<NaiveDateTime> = team_members::table
        .filter(team_members::team_id.eq(team))
        .filter(team_members::member_id.eq(member))
        .select(max(team_members::valid_from))
        .first(tx.conn)?;
    let from = tx.after(last);
    diesel::insert_into(team_members::table)
        .values((
            team_members::team_id.eq(team),
            team_members::member_id.eq(member),
            team_members::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(())
}

pub fn leave(tx: &mut Tx, team: TeamId, member: MemberId, from: NaiveDateTime) -> Result<()> {
    diesel::update(team_members::table.find((team, member, from)))
        .set(team_members::valid_to.eq(tx.after(from)))
        .execute(tx.conn)?;
    Ok(())
}

/// Who is in each of these teams.
pub fn members(tx: &mut Tx, teams: &[TeamId]) -> Result<BTreeMap<TeamId, Vec<MemberId>>> {
    let rows: Vec<(TeamId, MemberId)> = team_members::table
        .filter(team_members::team_id.among(teams))
        .filter(team_members::valid_to.is_null())
        .order(team_members::member_id)
        .select((team_members::team_id, team_members::member_id))
        .load(tx.conn)?;
    let mut found: BTreeMap<TeamId, Vec<MemberId>> = BTreeMap::new();
    for (team, member) in rows {
        found.entry(team).or_default().push(member);
    }
    Ok(found)
}
