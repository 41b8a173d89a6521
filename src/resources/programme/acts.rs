//! What follows from each act on an enrolment, whoever does it (PRG-5, PRG-7).
use super::model::{self, Enrolment};
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::schema::partnerships as partnership_rows;
use crate::db::witness::Identity;
use crate::domain::enrolment::EnrolmentAct;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::mail::MailTemplate;
use crate::error::Result;
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use crate::resources::partnerships::{end, model::Partnership};
use crate::resources::renewals::ownership;
use diesel::prelude::*;
use serde_json::json;

/// Does it with all that follows, and tells the applicant what others decided.
pub fn perform(
    tx: &mut Tx,
    identity: &Identity,
    enrolment: &Enrolment,
    act: EnrolmentAct,
    reason: Option<&str>,
    rule: &'static str,
) -> Result<()> {
    let partner = enrolment.row.organization_id;
    model::advance(tx, enrolment, act, reason)?;
    match act {
        EnrolmentAct::Approve => model::confirm_website(tx, enrolment.row.id)?,
        EnrolmentAct::End | EnrolmentAct::Leave => end_partnerships(tx, identity, partner, reason)?,
        EnrolmentAct::Suspend => give_renewals_back(tx, identity, partner)?,
        EnrolmentAct::Inquire
        | EnrolmentAct::Answer
        | EnrolmentAct::Reject
        | EnrolmentAct::Reinstate => {}
    }
    let (kind, template) = told(act);
    let event = Event::new(kind, enrolment.row.id).of(partner).by_rule(rule);
    let event = tx.record(Some(identity), event)?;
    match template {
        Some(template) => tell(tx, event, partner, template, reason),
        None => Ok(()),
    }
}

/// The event that an act is recorded as, and the mail that tells the applicant of it.
const fn told(act: EnrolmentAct) -> (EventType, Option<MailTemplate>) {
    use {EnrolmentAct as Act, EventType as Event, MailTemplate as Mail};
    match act {
        Act::Inquire => (Event::EnrolmentInquired, Some(Mail::EnrolmentInquiring)),
        Act::Answer => (Event::EnrolmentAnswered, None),
        Act::Approve => (Event::EnrolmentApproved, Some(Mail::EnrolmentApproved)),
        Act::Reject => (Event::EnrolmentRejected, Some(Mail::EnrolmentRejected)),
        Act::Suspend => (Event::PartnerSuspended, Some(Mail::PartnerSuspended)),
        Act::Reinstate => (Event::PartnerReinstated, Some(Mail::PartnerReinstated)),
        Act::End => (Event::EnrolmentEnded, Some(Mail::PartnerEnded)),
        Act::Leave => (Event::EnrolmentEnded, None),
    }
}

/// What it owned of renewals falls back to its customers (PRG-5, PAY-6); its partnerships stay.
fn give_renewals_back(tx: &mut Tx, identity: &Identity, partner: OrganizationId) -> Result<()> {
    for partnership in open_partnerships(tx, partner)? {
        ownership::fall_back(tx, Some(identity), partnership.customer_id, partner)?;
    }
    Ok(())
}

/// As if the partner had ended each of them (PRG-7).
fn end_partnerships(
    tx: &mut Tx,
    identity: &Identity,
    partner: OrganizationId,
    reason: Option<&str>,
) -> Result<()> {
    for partnership in open_partnerships(tx, partner)? {
        end::conclude(tx, Some(identity), &partnership, partner, reason, "PRG-7")?;
    }
    Ok(())
}

/// The partnerships that follow the partner's status.
pub fn open_partnerships(tx: &mut Tx, partner: OrganizationId) -> Result<Vec<Partnership>> {
    Ok(partnership_rows::table
        .filter(partnership_rows::partner_id.eq(partner))
        .filter(partnership_rows::ended_at.is_null())
        .select(Partnership::as_select())
        .load(tx.conn)?)
}

fn tell(
    tx: &mut Tx,
    event: EventId,
    partner: OrganizationId,
    template: MailTemplate,
    reason: Option<&str>,
) -> Result<()> {
    let arguments = json!({"recipient": name(tx, partner)?, "reason": reason});
    mails::tell(tx, event, partner, template, &arguments)
}
