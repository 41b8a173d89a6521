//! How a partnership begins: at once, or at the instant that was agreed on, by the first read or
//! write after it (PSH-12).
use super::model::{self, Partnership};
use super::views::{self, PartnershipView};
use super::{customer, end};
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::partnerships;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::access::Access;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId, PartnershipId};
use crate::domain::mail::MailTemplate;
use crate::domain::partnership::conflicts;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use crate::resources::invitations;
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use actix_web::post;
use actix_web::web::{Data, Path};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

/// Ends what it replaces and begins at the same instant: no gap, and nothing earned twice (PSH-10).
pub fn begin(
    tx: &mut Tx,
    by: Option<&Identity>,
    agreed: &Partnership,
    access: &Access,
    replaced: &BTreeSet<PartnershipId>,
) -> Result<EventId> {
    let mut from = model::instant(tx, agreed.customer_id, None)?.max(agreed.started_at);
    for id in replaced {
        let old = model::row(tx, *id)?;
        from = from.max(end::conclude(
            tx,
            by,
            &old,
            agreed.customer_id,
            None,
            "INV-8",
        )?);
    }
    customer::supersede_externals(tx, by, agreed.customer_id, agreed.partner_id)?;
    model::begin(tx, agreed, access, from)?;
    let started = tx.record(by, about(EventType::PartnershipStarted, agreed))?;
    if let Access::Full { .. } = access {
        let but = Some(agreed.invitation_id);
        invitations::model::supersede_others(tx, by, agreed.customer_id, but)?;
    }
    Ok(started)
}

/// What happened to a partnership, by its customer's legal representatives.
pub fn about(kind: EventType, row: &Partnership) -> Event {
    Event {
        partnership: Some(row.id),
        ..Event::new(kind, row.id)
            .between(Some(row.customer_id), Some(row.partner_id))
            .by_rule("ORG-2")
    }
}

/// When the first start that has not been applied is due.
pub fn next_due(tx: &mut Tx) -> Result<Option<NaiveDateTime>> {
    Ok(partnerships::table
        .filter(partnerships::scheduled.eq(true))
        .filter(partnerships::ended_at.is_null())
        .order(partnerships::started_at)
        .select(partnerships::started_at)
        .first(tx.conn)
        .optional()?)
}

/// The first start that is due. It is applied as of its own instant: whenever that is, nothing of this
/// customer has been read or written since.
pub fn first_due(tx: &mut Tx) -> Result<Option<Partnership>> {
    Ok(partnerships::table
        .filter(partnerships::scheduled.eq(true))
        .filter(partnerships::ended_at.is_null())
        .filter(partnerships::started_at.le(tx.now))
        .order((partnerships::started_at, partnerships::id))
        .select(Partnership::as_select())
        .first(tx.conn)
        .optional()?)
}

/// Begins it if nothing stands in its way by now.
pub fn apply(tx: &mut Tx, agreed: &Partnership) -> Result<()> {
    let invitation = invitations::model::row(tx, agreed.invitation_id)?;
    let (_, granted) = invitations::model::access_of(tx, &invitation)?;
    let access = granted.ok_or_else(|| Error::internal("what was agreed on cannot be read"))?;
    let open = model::open_of_customer(tx, agreed.customer_id)?;
    let may_end = invitations::model::replacements_of(tx, invitation.id)?;
    if !conflicts(&open, &access).is_subset(&may_end) {
        model::call_off(tx, agreed, None, None)?;
        let failed = tx.record(None, about(EventType::PartnershipStartFailed, agreed))?;
        return tell_both(tx, failed, agreed, MailTemplate::PartnershipStartFailed);
    }
    let replaced = open
        .iter()
        .map(|open| open.id)
        .filter(|id| may_end.contains(id))
        .collect();
    let started = begin(tx, None, agreed, &access, &replaced)?;
    tell_both(tx, started, agreed, MailTemplate::PartnershipStarted)
}

fn tell_both(tx: &mut Tx, event: EventId, row: &Partnership, template: MailTemplate) -> Result<()> {
    tell(tx, event, row, row.customer_id, template)?;
    tell(tx, event, row, row.partner_id, template)
}

fn tell(
    tx: &mut Tx,
    event: EventId,
    row: &Partnership,
    whom: OrganizationId,
    template: MailTemplate,
) -> Result<()> {
    let arguments = json!({
        "sender": name(tx, row.customer_id)?,
        "recipient": name(tx, row.partner_id)?,
    });
    mails::tell(tx, event, whom, template, &arguments)
}

/// Cancel the start of a partnership.
///
/// The customer's legal representative does, before the instant that was agreed on; the partner is told. Cancelling again answers the same.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")),
    responses((status = 200, body = PartnershipView, description = "The partnership, which will not start.")),
    extensions(("x-problems" = json!(["forbidden", "already_started"]))))]
#[post("/v1/partnerships/{id}/cancel-start")]
pub async fn cancel_partnership_start(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    nothing: Post<Nothing>,
) -> Result<Reply<PartnershipView>> {
    let id = *id;
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let found = model::find(tx, identity, id)?;
            let allowed = policy::allow(found, Action::CancelStart)?;
            let row = allowed.what.0;
            if !row.scheduled {
                return Err(Refusal::by(Code::AlreadyStarted, "PSH-12").into());
            }
            if row.ended_at.is_none() {
                model::call_off(tx, &row, Some(row.customer_id), None)?;
                let event = about(EventType::PartnershipStartCancelled, &row);
                let event = tx.record(Some(identity), event)?;
                let template = MailTemplate::PartnershipStartCancelled;
                tell(tx, event, &row, row.partner_id, template)?;
            }
            views::answer(tx, identity, id)
        })
        .await
}
