//! Enrolments and their states.
use crate::db::Tx;
use crate::db::schema::{enrolment_states, enrolments};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{EnrolmentId, OrganizationId};
use crate::error::Result;
use diesel::dsl::exists;
use diesel::prelude::*;

/// Begins an enrolment in this state.
pub fn insert_enrolment(
    tx: &mut Tx,
    organization: OrganizationId,
    state: EnrolmentState,
) -> Result<EnrolmentId> {
    let id = tx.new_id()?;
    diesel::insert_into(enrolments::table)
        .values((
            enrolments::id.eq(id),
            enrolments::organization_id.eq(organization),
            enrolments::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    diesel::insert_into(enrolment_states::table)
        .values((
            enrolment_states::enrolment_id.eq(id),
            enrolment_states::organization_id.eq(organization),
            enrolment_states::state.eq(state),
            enrolment_states::valid_from.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

/// Only an approved partner can be invited, invite, answer tenders, or be listed (PRG-2).
pub fn is_approved(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    let approved = enrolment_states::table
        .filter(enrolment_states::organization_id.eq(organization))
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .filter(enrolment_states::valid_to.is_null());
    Ok(diesel::select(exists(approved)).get_result(tx.conn)?)
}
