//! Which of a partner's collaborators reach a customer, and which of its products (ORG-4). The
//! partner's own matter: its customer sees nothing of it.
use super::model;
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{assignments, memberships, partnerships, users};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{AssignmentId, MemberId, PartnershipId, ProductId};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::organizations::reach;
use actix_web::web::{Data, Path};
use actix_web::{get, put};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use validator::Validate;

/// A collaborator who reaches the customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Assignment)]
pub struct AssignmentView {
    /// The collaborator, a member of the partner.
    member_id: MemberId,
    /// The person's name.
    #[schema(example = "Maya Roth")]
    name: String,
    /// The only products that are reached; null for all that the partner reaches.
    product_ids: Option<Vec<ProductId>>,
}

/// The partner's collaborators who reach a customer; its administrators and legal representatives always do.
#[derive(Serialize, ToSchema)]
#[schema(as = Assignments)]
pub struct AssignmentsView {
    /// By name.
    items: Vec<AssignmentView>,
}

/// A collaborator to assign.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// The collaborator, a member of the partner.
    member_id: MemberId,
    /// The only products to reach; absent or null for all that the partner reaches.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000)]
    product_ids: Option<Vec<ProductId>>,
}

/// All collaborators who reach the customer from now on.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [{"member_id": "member_01jd8xk3v9e6mbyg4q5r7s8t9v", "product_ids": null}]}))]
pub struct AssignmentsChange {
    /// Everyone; who is not named reaches the customer no longer.
    #[validate(nested, length(max = 1000))]
    #[schema(max_items = 1000)]
    items: Vec<NewAssignment>,
}

/// An assignment that holds.
struct Held {
    id: AssignmentId,
    member: MemberId,
    name: String,
    /// None for all that the partner reaches.
    products: Option<BTreeSet<ProductId>>,
    from: NaiveDateTime,
}

type Wanted = BTreeMap<MemberId, Option<BTreeSet<ProductId>>>;

/// List the collaborators of a customer.
///
/// Those of the partner's collaborators who reach this customer, narrowed to products or not. For the partner's administrators and legal representatives.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")), responses((status = 200, body = AssignmentsView, description = "The assignments.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/assignments")]
pub async fn list_assignments(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
) -> Result<Reply<AssignmentsView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        policy::allow(found, Action::AssignCollaborators)?;
        answer(tx, *id)
    })
    .await
}

/// Assign collaborators to a customer.
///
/// Says who of the partner's collaborators reach this customer from now on, and where narrowed which products: those that the partner reaches. By the partner's administrators and legal representatives, who reach every customer themselves.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")), request_body = AssignmentsChange,
    responses((status = 200, body = AssignmentsView, description = "The assignments as they are now.")), extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden", "already_ended"]))))]
#[put("/v1/partnerships/{id}/assignments")]
pub async fn assign_collaborators(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    id: Path<PartnershipId>,
    change: Valid<AssignmentsChange>,
) -> Result<Reply<AssignmentsView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let allowed = policy::allow(found, Action::AssignCollaborators)?;
        let (row, timeline) = allowed.what;
        if row.ended_at.is_some() {
            return Err(Refusal::by(Code::AlreadyEnded, "PSH-7").into());
        }
        if_match.required(version(tx, *id)?)?;
        let access = timeline.last().map(|last| last.access);
        let reach = match access.as_ref().and_then(|access| access.products()) {
            Some(selected) => Reach::Only(selected.clone()),
            None => Reach::Everything,
        };
        must_fit(tx, &row, &change.items, &reach)?;
        let wanted: Wanted = change
            .items
            .iter()
            .map(|one| {
                let products = one.product_ids.as_ref();
                (
                    one.member_id,
                    products.map(|some| some.iter().copied().collect()),
                )
            })
            .collect();
        if assign(tx, *id, &wanted)? {
            let event = Event::new(EventType::PartnershipAssignmentsChanged, *id);
            let event = event.of(row.partner_id).by_rule(allowed.rule);
            tx.record(
                Some(&identity),
                Event {
                    partnership: Some(*id),
                    ..event
                },
            )?;
        }
        answer(tx, *id)
    })
    .await
}

/// Every member named is a collaborator of the partner, once; every product is the customer's, and
/// within the partner's reach (ACC-3).
fn must_fit(
    tx: &mut Tx,
    row: &model::Partnership,
    items: &[NewAssignment],
    reach: &Reach,
) -> Result<()> {
    let named: Vec<MemberId> = items.iter().map(|one| one.member_id).collect();
    let collaborators: Vec<MemberId> = memberships::table
        .filter(memberships::organization_id.eq(row.partner_id))
        .filter(memberships::role.eq(Role::Collaborator))
        .filter(memberships::valid_to.is_null())
        .filter(memberships::id.among(&named))
        .select(memberships::id)
        .load(tx.conn)?;
    let mut faults = Vec::new();
    for (index, member) in named.iter().enumerate() {
        let at = format!("/items/{index}/member_id");
        if !collaborators.contains(member) {
            faults.push(Fault::new(at, "not_a_collaborator"));
        } else if named.iter().take(index).any(|before| before == member) {
            faults.push(Fault::new(at, "twice"));
        }
    }
    let products: Vec<(String, ProductId)> = items
        .iter()
        .enumerate()
        .flat_map(|(index, one)| {
            let some = one.product_ids.iter().flatten().enumerate();
            some.map(move |(at, product)| (format!("/items/{index}/product_ids/{at}"), *product))
        })
        .collect();
    faults.extend(reach::beyond(tx, row.customer_id, &products, reach)?);
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(faults).rule("ORG-4").into()),
    }
}

/// Closes the assignments that go or change and opens what comes; answers whether anything did.
fn assign(tx: &mut Tx, id: PartnershipId, wanted: &Wanted) -> Result<bool> {
    let held = held(tx, id)?;
    let same = |one: &&Held| wanted.get(&one.member) == Some(&one.products);
    let stays: BTreeSet<MemberId> = held.iter().filter(same).map(|one| one.member).collect();
    let goes: Vec<&Held> = held.iter().filter(|one| !same(one)).collect();
    let comes = wanted.iter().filter(|(member, _)| !stays.contains(member));
    let changed = !goes.is_empty() || stays.len() < wanted.len();
    for one in &goes {
        model::unassign(tx, one.id, one.from)?;
    }
    for (member, products) in comes {
        let before = goes.iter().find(|one| one.member == *member);
        let from = tx.after(before.map(|one| one.from));
        let assignment = model::assign(tx, id, *member, products.is_some(), from)?;
        if let Some(products) = products {
            reach::set(tx, assignment, products)?;
        }
    }
    if changed {
        diesel::update(partnerships::table.find(id))
            .set(partnerships::assignments_version.eq(partnerships::assignments_version + 1))
            .execute(tx.conn)?;
    }
    Ok(changed)
}

fn answer(tx: &mut Tx, id: PartnershipId) -> Result<Reply<AssignmentsView>> {
    let items = held(tx, id)?
        .into_iter()
        .map(|one| AssignmentView {
            member_id: one.member,
            name: one.name,
            product_ids: one.products.map(|some| some.into_iter().collect()),
        })
        .collect();
    let version = version(tx, id)?;
    Ok(Reply::ok(&AssignmentsView { items })?.version(version))
}

fn version(tx: &mut Tx, id: PartnershipId) -> Result<i32> {
    Ok(partnerships::table
        .find(id)
        .select(partnerships::assignments_version)
        .first(tx.conn)?)
}

/// The assignments that hold: of members who are collaborators still.
fn held(tx: &mut Tx, id: PartnershipId) -> Result<Vec<Held>> {
    let rows: Vec<(AssignmentId, MemberId, String, bool, NaiveDateTime)> = assignments::table
        .inner_join(memberships::table.on(memberships::id.eq(assignments::member_id)))
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(assignments::partnership_id.eq(id))
        .filter(assignments::valid_to.is_null())
        .filter(memberships::valid_to.is_null())
        .filter(memberships::role.eq(Role::Collaborator))
        .order((users::name, assignments::member_id))
        .select((
            assignments::id,
            assignments::member_id,
            users::name,
            assignments::narrowed,
            assignments::valid_from,
        ))
        .load(tx.conn)?;
    let ids: Vec<AssignmentId> = rows.iter().map(|(id, ..)| *id).collect();
    let mut given = reach::given(tx, &ids)?;
    let held = |(id, member, name, narrowed, from): (AssignmentId, _, _, bool, _)| Held {
        id,
        member,
        name,
        products: narrowed.then(|| given.remove(&id).into_iter().flatten().collect()),
        from,
    };
    Ok(rows.into_iter().map(held).collect())
}
