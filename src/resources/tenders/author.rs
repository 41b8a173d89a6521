//! What the author does, signed in or by the link: choose, close, cancel (TND-5, TND-6).
use super::mails;
use super::model::proposals::{self, Proposal};
use super::model::{self, Deed, Tender};
use super::views::{self, ProposalView, TenderView, for_author};
use crate::api::access::AccessView;
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{products, selections};
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::access::{Access, PaymentMode};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, ProductId, TenderId};
use crate::domain::mail::MailTemplate;
use crate::domain::product::ProductState;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::tender::{TenderOutcome, TenderStatus};
use crate::error::Result;
use crate::resources::programme::model as programme;
use actix_web::post;
use actix_web::web::{Data, Path};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// How a tender ended without an award.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenderClosing {
    /// How it ended.
    pub outcome: TenderOutcome,
}

/// An invitation that only needs to be sent, by a legal representative of the customer.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationDraft)]
pub struct InvitationDraftView {
    /// The partner to invite.
    partner_id: OrganizationId,
    /// An access that would do: the customer's unmanaged products of the tender's families, or everything where it has none yet.
    access: AccessView,
    /// The tender that the partnership is won through.
    tender_id: TenderId,
    /// A word to the partner.
    #[schema(example = "A new website for our bakery")]
    message: String,
}

/// A tender that was awarded.
#[derive(Serialize, ToSchema)]
#[schema(as = TenderAward)]
pub struct TenderAwardView {
    /// The tender.
    tender: TenderView,
    /// The proposal that was chosen.
    proposal: ProposalView,
    /// Where to post the invitation; null while no organization asks: sign up first.
    #[schema(
        format = "uri-reference",
        example = "/v1/organizations/org_01jd8xk3v9e6mbyg4q5r7s8t9v/invitations"
    )]
    invitation_path: Option<String>,
    /// What to post there.
    invitation: InvitationDraftView,
}

/// Cancel a tender.
///
/// By its author: from now on no partner sees it. Cancelling again answers the same.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender.")),
    responses((status = 200, body = TenderView, description = "Cancelled.")), extensions(("x-problems" = json!(["forbidden", "tender_not_open"]))))]
#[post("/v1/tenders/{id}/cancel")]
pub async fn cancel_tender(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    nothing: Post<Nothing>,
) -> Result<Reply<TenderView>> {
    let id = *id;
    nothing
        .once(&db, caller, &["contact"], move |tx, identity, _| {
            let tender = own(tx, identity, id)?;
            Reply::ok(&cancel(tx, Some(identity), &tender)?)
        })
        .await
}

/// Close a tender.
///
/// By its author, without an award: says how it ended. Closing again answers the same.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender.")), request_body = TenderClosing,
    responses((status = 200, body = TenderView, description = "Closed.")), extensions(("x-problems" = json!(["forbidden", "tender_not_open"]))))]
#[post("/v1/tenders/{id}/close")]
pub async fn close_tender(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    closing: Post<TenderClosing>,
) -> Result<Reply<TenderView>> {
    let id = *id;
    closing
        .once(&db, caller, &["contact"], move |tx, identity, closing| {
            let tender = own(tx, identity, id)?;
            Reply::ok(&close(tx, Some(identity), &tender, closing.outcome)?)
        })
        .await
}

fn own(tx: &mut Tx, identity: &Identity, id: TenderId) -> Result<Tender> {
    let (tender, side) = model::find(tx, identity, id)?;
    side.must_be_author()?;
    Ok(tender)
}

pub fn cancel(tx: &mut Tx, by: Option<&Identity>, tender: &Tender) -> Result<TenderView> {
    conclude(
        tx,
        by,
        tender,
        &Deed::Cancel,
        EventType::TenderCancelled,
        "TND-6",
    )
}

pub fn close(
    tx: &mut Tx,
    by: Option<&Identity>,
    tender: &Tender,
    outcome: TenderOutcome,
) -> Result<TenderView> {
    let deed = Deed::Close(outcome);
    conclude(tx, by, tender, &deed, EventType::TenderClosed, "TND-5")
}

/// Ends it without an award, and tells those who had made a proposal.
fn conclude(
    tx: &mut Tx,
    by: Option<&Identity>,
    tender: &Tender,
    deed: &Deed,
    kind: EventType,
    rule: &'static str,
) -> Result<TenderView> {
    let Some(ended) = model::act(tx, tender, deed)? else {
        return for_author(tx, tender);
    };
    let event = Event::new(kind, ended.id)
        .between(ended.organization_id, None)
        .by_rule(rule);
    let event = tx.record(by, event)?;
    let proposers = proposals::standing(tx, ended.id)?;
    proposals::settle(tx, ended.id, None)?;
    mails::news(tx, event, &ended, &proposers, MailTemplate::TenderConcluded)?;
    for_author(tx, &ended)
}

/// Awards the tender to a proposal. Choosing the same again answers the same.
pub fn select(
    tx: &mut Tx,
    by: Option<&Identity>,
    tender: &Tender,
    proposal: &Proposal,
) -> Result<TenderAwardView> {
    if tender.status_at(tx.now) == TenderStatus::Awarded && tender.selected_id == Some(proposal.id)
    {
        return award(tx, tender, proposal);
    }
    tender.status_at(tx.now).must_be_open("TND-5")?;
    proposal.status.must_stand()?;
    if proposal.valid_until < tx.now.date() {
        return Err(Refusal::by(Code::ProposalSettled, "TND-4")
            .with("status", "expired")
            .into());
    }
    if !programme::is_approved(tx, proposal.partner_id)? {
        return Err(Refusal::by(Code::NotAPartner, "TND-5").into());
    }
    let awarded =
        model::act(tx, tender, &Deed::Award(proposal.id))?.ok_or_else(Refusal::not_found)?;
    let event = Event::new(EventType::TenderAwarded, awarded.id)
        .between(awarded.organization_id, Some(proposal.partner_id))
        .by_rule("TND-5");
    let event = tx.record(by, event)?;
    let mut losers = proposals::standing(tx, awarded.id)?;
    losers.retain(|partner| *partner != proposal.partner_id);
    proposals::settle(tx, awarded.id, Some(proposal.id))?;
    mails::news(
        tx,
        event,
        &awarded,
        &[proposal.partner_id],
        MailTemplate::TenderSelected,
    )?;
    mails::news(tx, event, &awarded, &losers, MailTemplate::TenderConcluded)?;
    let chosen = proposals::row(tx, proposal.id)?;
    award(tx, &awarded, &chosen)
}

fn award(tx: &mut Tx, tender: &Tender, proposal: &Proposal) -> Result<TenderAwardView> {
    let access = would_do(tx, tender)?;
    let proposals = views::proposals(tx, std::slice::from_ref(proposal), tender, true)?;
    let proposal_view = proposals
        .into_iter()
        .next()
        .ok_or_else(Refusal::not_found)?;
    Ok(TenderAwardView {
        // An answer may be kept to be replayed, and the author knows where to be reached.
        tender: for_author(tx, tender)?.without_contact(),
        proposal: proposal_view,
        invitation_path: tender
            .organization_id
            .map(|organization| format!("/v1/organizations/{organization}/invitations")),
        invitation: InvitationDraftView {
            partner_id: proposal.partner_id,
            access: (&access).into(),
            tender_id: tender.id,
            message: tender.subject.clone(),
        },
    })
}

/// The narrowest access that the tender's words ask for; the customer changes it before it sends.
fn would_do(tx: &mut Tx, tender: &Tender) -> Result<Access> {
    let topics = model::topics(tx, &[(tender.id, tender.region.clone())])?;
    let families = topics.get(&tender.id).cloned().unwrap_or_default().families;
    let managed = selections::table
        .filter(selections::product_id.eq(products::id))
        .filter(selections::valid_to.is_null());
    let fitting: Vec<ProductId> = products::table
        .filter(
            products::organization_id
                .nullable()
                .eq(tender.organization_id),
        )
        .filter(products::family.among(families))
        .filter(products::state.eq(ProductState::Active))
        .filter(not(exists(managed)))
        .select(products::id)
        .load(tx.conn)?;
    let products: BTreeSet<ProductId> = fitting.into_iter().collect();
    Ok(match products.is_empty() {
        true => Access::Full {
            payment_mode: PaymentMode::Customer,
        },
        false => Access::Limited { products },
    })
}
