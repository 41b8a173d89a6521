//! What access checks rest on: the caller, everyone's places and the products within them, in one statement.
use super::judge::Question;
use crate::api::Caller;
use crate::db::prepared::Among;
use crate::db::schema::{
    assignments, memberships, operator_roles, partnerships, products, reached_products, selections,
    sessions, standings, support_grant_products, support_grants, team_members, users,
};
use crate::db::witness::{Credential, Identity, Place, Proof};
use crate::db::{MultiBackend, Tx};
use crate::domain::id::{OrganizationId, ProductId, SupportGrantId, UserId};
use crate::domain::locale::Language;
use crate::domain::organization::OperatorRole;
use crate::domain::partnership::Interval;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::BTreeSet;

/// A place, with one product of its organization that was asked for, and what reaches it.
pub struct Fact {
    pub place: Place,
    /// The partnership's count of changes.
    pub version: Option<i32>,
    pub product: Option<ProductId>,
    /// In the partnership's selection.
    pub selected: Option<Interval>,
    /// Among those set on the membership, on one of its teams, or on a collaborator's assignment.
    pub given: Option<Interval>,
}

/// Temporary access that the caller has as one of the support staff (SUP-4).
#[derive(Debug, Clone)]
pub struct Grant {
    pub id: SupportGrantId,
    pub organization: OrganizationId,
    pub whole: bool,
    pub holds: Interval,
    /// One product of that organization that was asked for, and that it covers.
    pub product: Option<ProductId>,
}

/// The caller, with all that the questions need.
pub struct Known {
    pub identity: Identity,
    /// The caller's role among the operator's staff, and since when.
    pub operator: Option<(OperatorRole, NaiveDateTime)>,
    pub facts: Vec<Fact>,
    pub grants: Vec<Grant>,
}

type Span = Option<(NaiveDateTime, Option<NaiveDateTime>)>;

type Row = (
    Language,
    Option<(OperatorRole, NaiveDateTime)>,
    Option<(
        SupportGrantId,
        OrganizationId,
        bool,
        (NaiveDateTime, NaiveDateTime),
    )>,
    Option<ProductId>,
    Option<Place>,
    Option<i32>,
    Option<(ProductId, OrganizationId)>,
    Span,
    Span,
    Span,
    Option<bool>,
);

/// The caller with all that these questions need. One statement for a session that asks about its own
/// rights, whatever the number of questions; any other credential, and where others are asked about the
/// caller's organizations, are looked up first.
pub fn gather(tx: &mut Tx, caller: &Caller, questions: &[Question]) -> Result<Known> {
    let (asker, session, known) = match caller.credential() {
        Credential::Session { user, session, .. } => (*user, Some(*session), None),
        Credential::Token(_) | Credential::External { .. } => {
            let identity = caller.identify(tx)?;
            (identity.user, None, Some(identity))
        }
    };
    let people: BTreeSet<UserId> = questions
        .iter()
        .filter_map(|question| question.user)
        .chain([asker])
        .collect();
    let mut organizations: BTreeSet<OrganizationId> = questions
        .iter()
        .map(|question| question.organization)
        .collect();
    if people.len() > 1 {
        // Whom the caller may ask about shows in its own organizations.
        organizations.extend(memberships_of(tx, asker)?);
    }
    let wanted: BTreeSet<ProductId> = questions
        .iter()
        .filter_map(|question| question.product)
        .collect();

    let query = users::table
        .left_join(
            operator_roles::table.on(operator_roles::user_id
                .eq(users::id)
                .and(operator_roles::valid_to.is_null())),
        )
        .left_join(
            support_grants::table.on(operator_roles::role
                .eq(OperatorRole::Support)
                .and(support_grants::organization_id.among(organizations.clone()))
                .and(support_grants::valid_from.le(tx.now))
                .and(support_grants::valid_to.gt(tx.now))),
        )
        .left_join(
            standings::table.on(standings::user_id
                .among(people)
                .and(standings::organization_id.among(organizations))),
        )
        .left_join(
            partnerships::table.on(standings::partnership_id.eq(partnerships::id.nullable())),
        )
        .left_join(
            products::table.on(products::id.among(wanted).and(
                products::organization_id
                    .eq(standings::organization_id)
                    .or(products::organization_id.eq(support_grants::organization_id)),
            )),
        )
        .left_join(
            support_grant_products::table.on(support_grant_products::grant_id
                .eq(support_grants::id)
                .and(support_grant_products::product_id.eq(products::id))),
        )
        .left_join(
            selections::table.on(standings::partnership_id
                .eq(selections::partnership_id.nullable())
                .and(selections::product_id.eq(products::id))),
        )
        .left_join(
            assignments::table.on(standings::partnership_id
                .eq(assignments::partnership_id.nullable())
                .and(assignments::member_id.eq(standings::member_id))
                .and(assignments::valid_from.eq(standings::assigned_from))),
        )
        .left_join(
            team_members::table.on(standings::partnership_id
                .is_null()
                .and(team_members::member_id.eq(standings::member_id))),
        )
        .left_join(
            reached_products::table.on(reached_products::product_id.eq(products::id).and(
                reached_products::holder_id
                    .eq(standings::member_id)
                    .or(reached_products::holder_id.eq(team_members::team_id))
                    .or(reached_products::holder_id.eq(assignments::id)),
            )),
        )
        .filter(users::id.eq(asker))
        .select((
            users::language,
            (operator_roles::role, operator_roles::valid_from).nullable(),
            (
                support_grants::id,
                support_grants::organization_id,
                support_grants::whole,
                (support_grants::valid_from, support_grants::valid_to),
            )
                .nullable(),
            support_grant_products::product_id.nullable(),
            Option::<Place>::as_select(),
            partnerships::version.nullable(),
            (products::id, products::organization_id).nullable(),
            (selections::valid_from, selections::valid_to).nullable(),
            (reached_products::valid_from, reached_products::valid_to).nullable(),
            (team_members::valid_from, team_members::valid_to).nullable(),
            reached_products::holder_id
                .eq(team_members::team_id)
                .nullable(),
        ))
        .into_boxed::<MultiBackend>();
    let query = match session {
        Some(session) => query.filter(exists(
            sessions::table
                .filter(sessions::id.eq(session))
                .filter(sessions::user_id.eq(asker))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(tx.now)),
        )),
        None => query,
    };
    let rows: Vec<Row> = query.load(tx.conn)?;
    let (language, operator) = rows
        .first()
        .map(|(language, operator, ..)| (*language, *operator))
        .ok_or_else(|| Refusal::new(Code::Unauthenticated))?;
    let identity = match (known, session) {
        (Some(identity), _) => identity,
        (None, Some(session)) => {
            let role = operator.map(|(role, _)| role);
            caller.admit((asker, language, role, Proof::Session(session)))?
        }
        (None, None) => return Err(Refusal::new(Code::Unauthenticated).into()),
    };
    Ok(Known {
        identity,
        operator,
        grants: rows.iter().filter_map(grant).collect(),
        facts: rows.into_iter().filter_map(fact).collect(),
    })
}

fn memberships_of(tx: &mut Tx, user: UserId) -> Result<Vec<OrganizationId>> {
    Ok(memberships::table
        .filter(memberships::user_id.eq(user))
        .filter(memberships::valid_to.is_null())
        .select(memberships::organization_id)
        .load(tx.conn)?)
}

fn grant((_, _, grant, chosen, _, _, product, ..): &Row) -> Option<Grant> {
    let (id, organization, whole, (from, to)) = (*grant)?;
    let covered = |(product, owner): &(ProductId, OrganizationId)| {
        *owner == organization && (whole || *chosen == Some(*product))
    };
    Some(Grant {
        id,
        organization,
        whole,
        holds: Interval { from, to: Some(to) },
        product: product.filter(covered).map(|(product, _)| product),
    })
}

fn fact(row: Row) -> Option<Fact> {
    let (.., place, version, product, selected, given, team, by_team) = row;
    let place = place?;
    let interval = |span: Span| span.map(|(from, to)| Interval { from, to });
    let given = interval(given).and_then(|given| match (by_team, interval(team)) {
        (Some(true), Some(team)) => given.meet(team),
        (Some(true) | Some(false) | None, _) => Some(given),
    });
    Some(Fact {
        version,
        product: product
            .filter(|(_, owner)| *owner == place.organization_id)
            .map(|(product, _)| product),
        selected: interval(selected),
        given,
        place,
    })
}
