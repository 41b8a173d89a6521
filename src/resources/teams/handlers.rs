//! Making teams and choosing who is in them: whoever manages members does (ORG-3, ACC-5).
use super::model::{self, Team};
use crate::api::field;
use crate::api::page::Paging;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid};
use crate::db::record::Event;
use crate::db::schema::teams;
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{MemberId, OrganizationId, ProductId, TeamId};
use crate::domain::policy::{self, Action, Allowed, Standing};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::members::model as members;
use crate::resources::organizations::reach;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, patch, post, put};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// A named group of an organization's members.
#[derive(Serialize, ToSchema)]
#[schema(as = Team)]
pub struct TeamView {
    /// Its id.
    id: TeamId,
    /// Its name.
    #[schema(example = "Web shop")]
    name: String,
    /// Its members.
    member_ids: Vec<MemberId>,
    /// The products that its collaborators and externals reach, as far as the reader does.
    product_ids: Vec<ProductId>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    version: i32,
}

/// A team to make.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Web shop", "product_ids": ["product_01jd8xk3v9e6mbyg4q5r7s8t9v"]}))]
pub struct NewTeam {
    /// Its name.
    #[validate(length(max = 80), custom(function = "field::not_blank"))]
    #[schema(min_length = 1, max_length = 80, example = "Web shop")]
    name: String,
    /// The products that its collaborators and externals reach.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000, nullable = false)]
    product_ids: Option<Vec<ProductId>>,
}

/// What to change of a team; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Web shop and mail"}))]
pub struct TeamChange {
    /// Its name.
    #[validate(length(max = 80), custom(function = "field::not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 80,
        nullable = false,
        example = "Web shop"
    )]
    name: Option<String>,
    /// All the products that its collaborators and externals reach; those the caller does not reach stay as they are.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000, nullable = false)]
    product_ids: Option<Vec<ProductId>>,
}

/// List teams.
///
/// An organization's work teams, the newest first, for its own people and for its partners. Products appear as far as the caller reaches them.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), Paging), responses((status = 200, body = Page<TeamView>, description = "A page of teams.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/teams")]
pub async fn list_teams(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<TeamView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let reach = members::reader(tx, &identity, *org)?;
        let here = || {
            teams::table
                .filter(teams::organization_id.eq(*org))
                .filter(teams::deleted_at.is_null())
        };
        let total = listing.total(|| here().count().get_result(tx.conn))?;
        let rows: Vec<Team> = here()
            .filter(teams::id.lt(listing.before()))
            .order(teams::id.desc())
            .limit(listing.fetch())
            .select(Team::as_select())
            .load(tx.conn)?;
        let views = views(tx, rows, &reach)?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Make a team.
///
/// By the organization's administrators and legal representatives, and by its partner with the products it reaches itself.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = NewTeam,
    responses((status = 201, body = TeamView, description = "The team.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden", "name_taken"]))))]
#[post("/v1/organizations/{org_id}/teams")]
pub async fn create_team(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    new: Post<NewTeam>,
) -> Result<Reply<TeamView>> {
    let org = *org;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let (allowed, reach) = manager(tx, identity, org)?;
        let name = new.name.trim();
        model::must_be_free(tx, org, name, None)?;
        let products = new.product_ids.clone().unwrap_or_default();
        reach::must_hold(tx, org, &products, &reach)?;
        let id = model::insert(tx, org, name)?;
        reach::set(tx, id, &products.into_iter().collect())?;
        record(tx, identity, EventType::TeamCreated, id, &allowed)?;
        let (view, version) = again(tx, identity, org, id)?;
        Ok(Reply::created(format!("/v1/organizations/{org}/teams/{id}"), &view)?.version(version))
    })
    .await
}

/// Show a team.
///
/// To the organization's own people and to its partners.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("team_id" = TeamId, Path, description = "The team.")), responses((status = 200, body = TeamView, description = "The team.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/teams/{team_id}")]
pub async fn get_team(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, TeamId)>,
) -> Result<Reply<TeamView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let identity = caller.identify(tx)?;
        let (view, version) = again(tx, &identity, org, id)?;
        Ok(Reply::ok(&view)?.version(version))
    })
    .await
}

/// Change a team.
///
/// Its name and products. A partner gives only products it reaches itself; those it does not reach stay as they are (ACC-5).
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("team_id" = TeamId, Path, description = "The team.")), request_body = TeamChange,
    responses((status = 200, body = TeamView, description = "The team as it is now.")), extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden", "name_taken"]))))]
#[patch("/v1/organizations/{org_id}/teams/{team_id}")]
pub async fn update_team(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    path: Path<(OrganizationId, TeamId)>,
    change: Valid<TeamChange>,
) -> Result<Reply<TeamView>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (allowed, reach) = manager(tx, &identity, org)?;
        let team = model::find(tx, org, id)?;
        if_match.required(team.version)?;
        let name = change.name.as_deref().map_or(team.name.as_str(), str::trim);
        model::must_be_free(tx, org, name, Some(id))?;
        model::save(tx, &team, name)?;
        if let Some(named) = &change.product_ids {
            let products = reach::regiven(tx, org, id, named, &reach)?;
            reach::set(tx, id, &products)?;
        }
        record(tx, &identity, EventType::TeamChanged, id, &allowed)?;
        let (view, version) = again(tx, &identity, org, id)?;
        Ok(Reply::ok(&view)?.version(version))
    })
    .await
}

/// Delete a team.
///
/// Its members stay in the organization, without what they reached through the team.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("team_id" = TeamId, Path, description = "The team.")), responses((status = 204, description = "Deleted.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[delete("/v1/organizations/{org_id}/teams/{team_id}")]
pub async fn delete_team(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, TeamId)>,
) -> Result<Reply<()>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (allowed, _) = manager(tx, &identity, org)?;
        let team = model::find(tx, org, id)?;
        model::delete(tx, &team)?;
        record(tx, &identity, EventType::TeamDeleted, id, &allowed)?;
        Ok(Reply::no_content())
    })
    .await
}

/// Put a member into a team.
///
/// An active member of the organization; who is in it already stays. A partner puts nobody of its own into a team, and others only where it reaches all that the team reaches (ACC-5).
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("team_id" = TeamId, Path, description = "The team."), ("member_id" = MemberId, Path, description = "The member.")),
    responses((status = 200, body = TeamView, description = "The team as it is now.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[put("/v1/organizations/{org_id}/teams/{team_id}/members/{member_id}")]
pub async fn add_team_member(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, TeamId, MemberId)>,
) -> Result<Reply<TeamView>> {
    let (org, id, member) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (allowed, reach) = manager(tx, &identity, org)?;
        let team = model::find(tx, org, id)?;
        let person = members::find(tx, org, member)?.ok_or_else(Refusal::not_found)?;
        if let Standing::Partner { partner, .. } = allowed.by {
            let given = reach::of_holder(tx, id)?;
            let beyond = given.iter().any(|product| !reach.holds(*product));
            if beyond || members::belongs(tx, person.user_id, partner)? {
                return Err(Refusal::by(Code::Forbidden, "ACC-5").into());
            }
        }
        let here = model::places(tx, id)?;
        if !here.iter().any(|(place, _)| *place == member) {
            model::join(tx, id, member)?;
            model::save(tx, &team, &team.name)?;
            record(tx, &identity, EventType::TeamMemberAdded, id, &allowed)?;
        }
        let (view, version) = again(tx, &identity, org, id)?;
        Ok(Reply::ok(&view)?.version(version))
    })
    .await
}

/// Take a member out of a team.
///
/// What it reached through the team alone is out of its reach with this answer.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("team_id" = TeamId, Path, description = "The team."), ("member_id" = MemberId, Path, description = "The member.")), responses((status = 204, description = "Taken out.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[delete("/v1/organizations/{org_id}/teams/{team_id}/members/{member_id}")]
pub async fn remove_team_member(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, TeamId, MemberId)>,
) -> Result<Reply<()>> {
    let (org, id, member) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (allowed, _) = manager(tx, &identity, org)?;
        let team = model::find(tx, org, id)?;
        let here = model::places(tx, id)?;
        let place = here.into_iter().find(|(place, _)| *place == member);
        let (_, from) = place.ok_or_else(Refusal::not_found)?;
        model::leave(tx, id, member, from)?;
        model::save(tx, &team, &team.name)?;
        record(tx, &identity, EventType::TeamMemberRemoved, id, &allowed)?;
        Ok(Reply::no_content())
    })
    .await
}

/// By which right the caller manages teams, and what it reaches by it.
fn manager(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
) -> Result<(Allowed<OrganizationId>, Reach)> {
    let found = witness::organization(tx, identity, org)?;
    let allowed = policy::allow(found, Action::ManageMembers)?;
    let alone = std::slice::from_ref(&allowed.by);
    let reach = reach::of(tx, alone, Action::ReadProducts, tx.now)?;
    Ok((allowed, reach))
}

fn record(
    tx: &mut Tx,
    identity: &Identity,
    kind: EventType,
    team: TeamId,
    allowed: &Allowed<OrganizationId>,
) -> Result<()> {
    let event = Event::new(kind, team).through(allowed.what, &allowed.by, allowed.rule);
    tx.record(Some(identity), event)?;
    Ok(())
}

/// A team as the caller sees it.
fn again(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
    id: TeamId,
) -> Result<(TeamView, i32)> {
    let reach = members::reader(tx, identity, org)?;
    let team = model::find(tx, org, id)?;
    let version = team.version;
    let view = views(tx, vec![team], &reach)?.pop();
    Ok((view.ok_or_else(Refusal::not_found)?, version))
}

/// Teams with their members and products, as many as there are, with two queries.
fn views(tx: &mut Tx, rows: Vec<Team>, reach: &Reach) -> Result<Vec<TeamView>> {
    let ids: Vec<TeamId> = rows.iter().map(|row| row.id).collect();
    let mut members = model::members(tx, &ids)?;
    let mut products = reach::given(tx, &ids)?;
    let view = |row: Team| {
        let given = products.remove(&row.id).unwrap_or_default();
        TeamView {
            id: row.id,
            name: row.name,
            member_ids: members.remove(&row.id).unwrap_or_default(),
            product_ids: given
                .into_iter()
                .filter(|product| reach.holds(*product))
                .collect(),
            created_at: row.created_at.and_utc(),
            version: row.version,
        }
    };
    Ok(rows.into_iter().map(view).collect())
}
