//! The rows of enrolments, with every state that each has been in, and of affiliations.
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{affiliations, enrolment_states, enrolments, programme_roles};
use crate::db::witness::{self, Identity};
use crate::domain::enrolment::{Application, EnrolmentAct, EnrolmentState, ProgrammeRole};
use crate::domain::id::{EnrolmentId, OrganizationId};
use crate::domain::policy::Found;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::register::RegisterKind;
use crate::error::{Error, Result};
use chrono::NaiveDateTime;
use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = enrolments)]
pub struct EnrolmentRow {
    pub id: EnrolmentId,
    pub organization_id: OrganizationId,
    pub register_kind: RegisterKind,
    pub register_number: String,
    pub register_country: String,
    pub website: String,
    pub website_confirmed_at: Option<NaiveDateTime>,
    pub terms_version: String,
    pub version: i32,
    pub created_at: NaiveDateTime,
}

/// A state, since when, and what was said with it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = enrolment_states)]
pub struct Step {
    pub state: EnrolmentState,
    pub reason: Option<String>,
    pub valid_from: NaiveDateTime,
}

/// An enrolment with its steps, the newest last.
#[derive(Debug, Clone)]
pub struct Enrolment {
    pub row: EnrolmentRow,
    pub steps: Vec<Step>,
}

impl Enrolment {
    pub fn last(&self) -> Result<&Step> {
        let none = || Error::internal("an enrolment has no state");
        self.steps.last().ok_or_else(none)
    }

    pub fn state(&self) -> Result<EnrolmentState> {
        Ok(self.last()?.state)
    }

    /// Since when the organization is a partner.
    pub fn approved_at(&self) -> Option<NaiveDateTime> {
        let approval = |step: &&Step| step.state == EnrolmentState::Approved;
        self.steps.iter().find(approval).map(|step| step.valid_from)
    }
}

/// The organization's newest enrolment.
pub fn latest(tx: &mut Tx, organization: OrganizationId) -> Result<Option<Enrolment>> {
    let row = enrolments::table
        .filter(enrolments::organization_id.eq(organization))
        .order(enrolments::id.desc())
        .select(EnrolmentRow::as_select())
        .first(tx.conn)
        .optional()?;
    row.map(|row| whole(tx, row)).transpose()
}

/// An enrolment with the caller's standings towards its organization.
pub fn find(tx: &mut Tx, identity: &Identity, id: EnrolmentId) -> Result<Found<Enrolment>> {
    let row: Option<EnrolmentRow> = enrolments::table
        .find(id)
        .select(EnrolmentRow::as_select())
        .first(tx.conn)
        .optional()?;
    let steps = steps(tx, &[id])?.remove(&id).unwrap_or_default();
    let enrolment = row.map(|row| Enrolment { row, steps });
    witness::owned(tx, identity, enrolment, |enrolment| {
        enrolment.row.organization_id
    })
}

fn whole(tx: &mut Tx, row: EnrolmentRow) -> Result<Enrolment> {
    let steps = steps(tx, &[row.id])?.remove(&row.id).unwrap_or_default();
    Ok(Enrolment { row, steps })
}

/// The steps of several, in one query.
pub fn steps(tx: &mut Tx, ids: &[EnrolmentId]) -> Result<BTreeMap<EnrolmentId, Vec<Step>>> {
    let rows: Vec<(EnrolmentId, Step)> = enrolment_states::table
        .filter(enrolment_states::enrolment_id.among(ids))
        .order(enrolment_states::valid_from)
        .select((enrolment_states::enrolment_id, Step::as_select()))
        .load(tx.conn)?;
    let mut found: BTreeMap<EnrolmentId, Vec<Step>> = BTreeMap::new();
    for (id, step) in rows {
        found.entry(id).or_default().push(step);
    }
    Ok(found)
}

/// Writes a complete application; whoever calls has seen that nothing else is in force.
pub fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    application: &Application,
) -> Result<EnrolmentId> {
    let id = tx.new_id()?;
    take_role(tx, organization, ProgrammeRole::Partner)?;
    diesel::insert_into(enrolments::table)
        .values((
            enrolments::id.eq(id),
            enrolments::organization_id.eq(organization),
            enrolments::register_kind.eq(application.register.kind),
            enrolments::register_number.eq(&application.register.number),
            enrolments::register_country.eq(&application.register.country),
            enrolments::website.eq(&application.website),
            enrolments::terms_version.eq(&application.terms_version),
            enrolments::version.eq(1),
            enrolments::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    let now = tx.now;
    open(tx, (id, organization), EnrolmentState::Submitted, None, now)?;
    Ok(id)
}

fn open(
    tx: &mut Tx,
    (id, organization): (EnrolmentId, OrganizationId),
    state: EnrolmentState,
    reason: Option<&str>,
    from: NaiveDateTime,
) -> Result<()> {
    diesel::insert_into(enrolment_states::table)
        .values((
            enrolment_states::enrolment_id.eq(id),
            enrolment_states::organization_id.eq(organization),
            enrolment_states::state.eq(state),
            enrolment_states::live_role.eq(state.is_in_force().then_some(ProgrammeRole::Partner)),
            enrolment_states::reason.eq(reason),
            enrolment_states::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Goes to the state that the act leads to, or refuses.
pub fn advance(
    tx: &mut Tx,
    enrolment: &Enrolment,
    act: EnrolmentAct,
    reason: Option<&str>,
) -> Result<()> {
    let (row, last) = (&enrolment.row, enrolment.last()?);
    let next = last.state.must(act)?;
    let at = tx.after(last.valid_from);
    diesel::update(enrolment_states::table.find((row.id, last.valid_from)))
        .set((
            enrolment_states::valid_to.eq(at),
            enrolment_states::live_role.eq(None::<ProgrammeRole>),
        ))
        .execute(tx.conn)?;
    open(tx, (row.id, row.organization_id), next, reason, at)?;
    diesel::update(enrolments::table.find(row.id))
        .set(enrolments::version.eq(row.version + 1))
        .execute(tx.conn)?;
    Ok(())
}

/// What the applicant corrects while it is asked.
pub fn correct(tx: &mut Tx, id: EnrolmentId, application: &Application) -> Result<()> {
    diesel::update(enrolments::table.find(id))
        .set((
            enrolments::register_kind.eq(application.register.kind),
            enrolments::register_number.eq(&application.register.number),
            enrolments::register_country.eq(&application.register.country),
            enrolments::website.eq(&application.website),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// The operator has seen that the website is live (PRG-1).
pub fn confirm_website(tx: &mut Tx, id: EnrolmentId) -> Result<()> {
    diesel::update(enrolments::table.find(id))
        .set(enrolments::website_confirmed_at.eq(tx.now))
        .execute(tx.conn)?;
    Ok(())
}

/// Says what the organization is from now on; the database refuses it while something of the other
/// role is in force (PRG-4).
fn take_role(tx: &mut Tx, organization: OrganizationId, role: ProgrammeRole) -> Result<()> {
    let set = diesel::update(programme_roles::table.find(organization))
        .set(programme_roles::role.eq(role))
        .execute(tx.conn)?;
    if set == 0 {
        diesel::insert_into(programme_roles::table)
            .values((
                programme_roles::organization_id.eq(organization),
                programme_roles::role.eq(role),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// Refuses while an enrolment is in force, of this role (PRG-2) or the other (PRG-4).
pub fn must_be_free(
    tx: &mut Tx,
    organization: OrganizationId,
    wanted: ProgrammeRole,
) -> Result<()> {
    let enrolment: Option<EnrolmentId> = enrolment_states::table
        .filter(enrolment_states::organization_id.eq(organization))
        .filter(enrolment_states::live_role.is_not_null())
        .select(enrolment_states::enrolment_id)
        .first(tx.conn)
        .optional()?;
    let affiliation = affiliation(tx, organization)?.filter(|row| row.valid_to.is_none());
    let in_force = enrolment
        .map(|id| (ProgrammeRole::Partner, id))
        .or(affiliation.map(|row| (ProgrammeRole::Affiliate, row.id)));
    match in_force {
        None => Ok(()),
        Some((role, id)) => {
            let rule = if role == wanted { "PRG-2" } else { "PRG-4" };
            Err(Refusal::by(Code::AlreadyEnrolled, rule)
                .conflicts([id])
                .into())
        }
    }
}

/// Only an approved partner can be invited, invite, answer tenders, or be listed (PRG-2).
pub fn is_approved(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    let approved = enrolment_states::table
        .filter(enrolment_states::organization_id.eq(organization))
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .filter(enrolment_states::valid_to.is_null());
    Ok(diesel::select(exists(approved)).get_result(tx.conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = affiliations)]
pub struct Affiliation {
    pub id: EnrolmentId,
    pub organization_id: OrganizationId,
    pub valid_from: NaiveDateTime,
    pub valid_to: Option<NaiveDateTime>,
}

/// The organization's newest enrolment as an affiliate.
pub fn affiliation(tx: &mut Tx, organization: OrganizationId) -> Result<Option<Affiliation>> {
    Ok(affiliations::table
        .filter(affiliations::organization_id.eq(organization))
        .order(affiliations::id.desc())
        .select(Affiliation::as_select())
        .first(tx.conn)
        .optional()?)
}

pub fn insert_affiliation(tx: &mut Tx, organization: OrganizationId) -> Result<EnrolmentId> {
    let id = tx.new_id()?;
    take_role(tx, organization, ProgrammeRole::Affiliate)?;
    diesel::insert_into(affiliations::table)
        .values((
            affiliations::id.eq(id),
            affiliations::organization_id.eq(organization),
            affiliations::live_role.eq(ProgrammeRole::Affiliate),
            affiliations::valid_from.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

pub fn end_affiliation(tx: &mut Tx, row: &Affiliation) -> Result<()> {
    let at = tx.after(row.valid_from);
    diesel::update(affiliations::table.find(row.id))
        .set((
            affiliations::valid_to.eq(at),
            affiliations::live_role.eq(None::<ProgrammeRole>),
        ))
        .execute(tx.conn)?;
    Ok(())
}
