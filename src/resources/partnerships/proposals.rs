//! A partner proposes another payment mode, its customer answers (PSH-6).
use super::change::{self, Replacing};
use super::model::{self, Partnership};
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::schema::payment_mode_proposals;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::access::{Access, PaymentMode};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId, PartnershipId, PaymentModeProposalId};
use crate::domain::mail::MailTemplate;
use crate::domain::partnership::PaymentModeProposalStatus;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// The payment mode that a partner would rather have.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaymentModeProposal {
    /// Whose payment methods would pay for what the partner orders and renews.
    payment_mode: PaymentMode,
    /// A word to the customer.
    #[validate(length(max = 1000))]
    #[schema(example = "We would pay, and bill you once a month.")]
    message: Option<String>,
}

/// A proposal of another payment mode.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentModeProposal)]
pub struct PaymentModeProposalView {
    /// Its id.
    id: PaymentModeProposalId,
    /// The partnership.
    partnership_id: PartnershipId,
    /// The payment mode that is proposed.
    payment_mode: PaymentMode,
    /// What became of it.
    status: PaymentModeProposalStatus,
    /// A word to the customer.
    #[schema(example = "We would pay, and bill you once a month.")]
    message: Option<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it left `pending`.
    answered_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = payment_mode_proposals)]
struct Row {
    id: PaymentModeProposalId,
    partnership_id: PartnershipId,
    payment_mode: PaymentMode,
    status: PaymentModeProposalStatus,
    message: Option<String>,
    created_at: NaiveDateTime,
    answered_at: Option<NaiveDateTime>,
}

impl From<Row> for PaymentModeProposalView {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            partnership_id: row.partnership_id,
            payment_mode: row.payment_mode,
            status: row.status,
            message: row.message,
            created_at: row.created_at.and_utc(),
            answered_at: row.answered_at.map(|at| at.and_utc()),
        }
    }
}

/// List the proposals of another payment mode.
///
/// For the administrators and legal representatives of both sides, the newest first.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership."), Paging),
    responses((status = 200, body = Page<PaymentModeProposalView>, description = "A page of proposals.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/payment-mode-proposals")]
pub async fn list_payment_mode_proposals(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<PaymentModeProposalView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        policy::allow(found, Action::ReadPaymentModeProposals)?;
        let query =
            || payment_mode_proposals::table.filter(payment_mode_proposals::partnership_id.eq(*id));
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Row> = query()
            .filter(payment_mode_proposals::id.lt(listing.before()))
            .order(payment_mode_proposals::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        Reply::page(&listing.page(tx.keys, rows, total, |row: &Row| row.id, Into::into)?)
    })
    .await
}

/// Propose another payment mode.
///
/// The partner's legal representative does, under full access; the customer is told by e-mail and decides. One proposal waits at most.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")), request_body = NewPaymentModeProposal,
    responses((status = 201, body = PaymentModeProposalView, description = "Proposed.")),
    extensions(("x-problems" = json!(["forbidden", "already_ended", "not_started", "pending_proposal_exists"]))))]
#[post("/v1/partnerships/{id}/payment-mode-proposals")]
pub async fn propose_payment_mode(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    new: Post<NewPaymentModeProposal>,
) -> Result<Reply<PaymentModeProposalView>> {
    let id = *id;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let (row, rule) = change::open_for(tx, identity, id, Action::ProposePaymentMode)?;
        must_differ(tx, id, new.payment_mode)?;
        let waiting: Option<PaymentModeProposalId> = payment_mode_proposals::table
            .filter(payment_mode_proposals::partnership_id.eq(id))
            .filter(payment_mode_proposals::status.eq(PaymentModeProposalStatus::Pending))
            .select(payment_mode_proposals::id)
            .first(tx.conn)
            .optional()?;
        if let Some(waiting) = waiting {
            return Err(Refusal::by(Code::PendingProposalExists, "PSH-6")
                .conflicts([waiting])
                .into());
        }
        let proposal: PaymentModeProposalId = tx.new_id()?;
        diesel::insert_into(payment_mode_proposals::table)
            .values((
                payment_mode_proposals::id.eq(proposal),
                payment_mode_proposals::partnership_id.eq(id),
                payment_mode_proposals::payment_mode.eq(new.payment_mode),
                payment_mode_proposals::status.eq(PaymentModeProposalStatus::Pending),
                payment_mode_proposals::message.eq(&new.message),
                payment_mode_proposals::proposed_by.eq(identity.user),
                payment_mode_proposals::created_at.eq(tx.now),
            ))
            .execute(tx.conn)?;
        let event = record(
            tx,
            identity,
            &row,
            EventType::PartnershipPaymentModeProposed,
            (proposal, rule),
        )?;
        let sides = (row.partner_id, row.customer_id);
        let template = MailTemplate::PaymentModeProposed;
        tell(tx, event, sides, new.payment_mode, template)?;
        let view: PaymentModeProposalView = find(tx, id, proposal)?.into();
        Reply::created(
            format!("/v1/partnerships/{id}/payment-mode-proposals"),
            &view,
        )
    })
    .await
}

/// Full access under the other mode.
fn must_differ(tx: &mut Tx, id: PartnershipId, wanted: PaymentMode) -> Result<()> {
    let timeline = model::timelines(tx, &[id])?.remove(&id).unwrap_or_default();
    match timeline.last().map(|last| last.access) {
        Some(Access::Full { payment_mode }) if payment_mode == wanted => {
            Err(Refusal::fault("/payment_mode", "unchanged", "PSH-6").into())
        }
        Some(Access::Full { .. }) => Ok(()),
        Some(Access::Limited { .. }) | None => {
            Err(Refusal::fault("/payment_mode", "expected_null", "INV-4").into())
        }
    }
}

/// Accept another payment mode.
///
/// The customer's legal representative does; it holds at once, as if the customer had changed the mode itself.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership."), ("proposal_id" = PaymentModeProposalId, Path, description = "The proposal.")),
    responses((status = 200, body = PaymentModeProposalView, description = "Accepted.")),
    extensions(("x-problems" = json!(["forbidden", "already_ended", "not_started", "already_answered"]))))]
#[post("/v1/partnerships/{id}/payment-mode-proposals/{proposal_id}/accept")]
pub async fn accept_payment_mode_proposal(
    caller: Caller,
    db: Data<Db>,
    path: Path<(PartnershipId, PaymentModeProposalId)>,
    nothing: Post<Nothing>,
) -> Result<Reply<PaymentModeProposalView>> {
    let (id, proposal) = path.into_inner();
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let (row, rule, pending) = pending(tx, identity, id, proposal)?;
            conclude(tx, proposal, PaymentModeProposalStatus::Accepted)?;
            let access = Access::Full {
                payment_mode: pending.payment_mode,
            };
            let nobody = Replacing {
                ids: &BTreeSet::new(),
                given: None,
            };
            change::set(tx, identity, &row, &access, &nobody, rule)?;
            Reply::ok(&PaymentModeProposalView::from(find(tx, id, proposal)?))
        })
        .await
}

/// Decline another payment mode.
///
/// The customer's legal representative does; nothing changes, and the partner is told.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership."), ("proposal_id" = PaymentModeProposalId, Path, description = "The proposal.")),
    responses((status = 200, body = PaymentModeProposalView, description = "Declined.")),
    extensions(("x-problems" = json!(["forbidden", "already_ended", "not_started", "already_answered"]))))]
#[post("/v1/partnerships/{id}/payment-mode-proposals/{proposal_id}/decline")]
pub async fn decline_payment_mode_proposal(
    caller: Caller,
    db: Data<Db>,
    path: Path<(PartnershipId, PaymentModeProposalId)>,
    nothing: Post<Nothing>,
) -> Result<Reply<PaymentModeProposalView>> {
    let (id, proposal) = path.into_inner();
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let (row, rule, pending) = pending(tx, identity, id, proposal)?;
            conclude(tx, proposal, PaymentModeProposalStatus::Declined)?;
            let kind = EventType::PartnershipPaymentModeDeclined;
            let event = record(tx, identity, &row, kind, (proposal, rule))?;
            let sides = (row.customer_id, row.partner_id);
            let template = MailTemplate::PaymentModeDeclined;
            tell(tx, event, sides, pending.payment_mode, template)?;
            Reply::ok(&PaymentModeProposalView::from(find(tx, id, proposal)?))
        })
        .await
}

/// A proposal that the caller may answer.
fn pending(
    tx: &mut Tx,
    identity: &Identity,
    id: PartnershipId,
    proposal: PaymentModeProposalId,
) -> Result<(Partnership, &'static str, Row)> {
    let (row, rule) = change::open_for(tx, identity, id, Action::AnswerPaymentModeProposal)?;
    let found = find(tx, id, proposal)?;
    match found.status {
        PaymentModeProposalStatus::Pending => Ok((row, rule, found)),
        PaymentModeProposalStatus::Accepted
        | PaymentModeProposalStatus::Declined
        | PaymentModeProposalStatus::Superseded => Err(Refusal::by(Code::AlreadyAnswered, "PSH-6")
            .with("status", found.status)
            .into()),
    }
}

fn find(tx: &mut Tx, id: PartnershipId, proposal: PaymentModeProposalId) -> Result<Row> {
    payment_mode_proposals::table
        .find(proposal)
        .filter(payment_mode_proposals::partnership_id.eq(id))
        .select(Row::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

fn conclude(
    tx: &mut Tx,
    proposal: PaymentModeProposalId,
    status: PaymentModeProposalStatus,
) -> Result<()> {
    diesel::update(payment_mode_proposals::table.find(proposal))
        .set((
            payment_mode_proposals::status.eq(status),
            payment_mode_proposals::answered_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

fn record(
    tx: &mut Tx,
    identity: &Identity,
    row: &Partnership,
    kind: EventType,
    (proposal, rule): (PaymentModeProposalId, &'static str),
) -> Result<EventId> {
    let event = super::start::about(kind, row)
        .data(json!({"proposal_id": proposal}))
        .by_rule(rule);
    tx.record(Some(identity), event)
}

fn tell(
    tx: &mut Tx,
    event: EventId,
    (sender, other): (OrganizationId, OrganizationId),
    mode: PaymentMode,
    template: MailTemplate,
) -> Result<()> {
    let mode = json!({"label": format!("payment-mode.{mode}")});
    let arguments = json!({"sender": name(tx, sender)?, "mode": mode});
    mails::tell(tx, event, other, template, &arguments)
}
