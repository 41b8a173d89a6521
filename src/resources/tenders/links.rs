//! All that an author does without an account, by the link that was mailed to the contact address.
use super::author::{self, TenderAwardView, TenderClosing};
use super::model::{self, Side};
use super::proposals;
use super::questions::{self, NewTenderAnswer};
use super::read;
use super::submit;
use super::views::{ProposalView, TenderQuestionView, TenderView, TenderViewingView, for_author};
use crate::api::body::Valid;
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::{Listing, Page, Post, Reply};
use crate::config::Config;
use crate::db::Db;
use crate::domain::id::{ProposalId, TenderQuestionId};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Which proposal is chosen.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalChoice {
    /// One of the tender's proposals.
    proposal_id: ProposalId,
}

/// Follow a tender's link.
///
/// Shows the tender and changes nothing, since mail scanners follow links. Whoever reads the contact address is its author.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token.")),
    responses((status = 200, body = TenderView, description = "The tender.")))]
#[get("/v1/tender-links/{token}")]
pub async fn get_tender_link(db: Data<Db>, token: Path<String>) -> Result<Reply<TenderView>> {
    db.snapshot(move |tx| {
        let tender = model::by_token(tx, &token)?;
        Reply::ok(&for_author(tx, &tender)?)
    })
    .await
}

/// Confirm a tender by its link.
///
/// Opens it: the partners who want such tenders are told. Confirming again answers the same.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token.")),
    responses((status = 200, body = TenderView, description = "Open.")), extensions(("x-problems" = json!(["tender_not_open"]))))]
#[post("/v1/tender-links/{token}/confirm")]
pub async fn confirm_tender_link(
    db: Data<Db>,
    config: Data<Config>,
    token: Path<String>,
    _: Post<Nothing>,
) -> Result<Reply<TenderView>> {
    let lasts = TimeDelta::days(config.tender_days);
    db.write(move |tx| {
        let tender = model::by_token(tx, &token)?;
        let opened = submit::open(tx, None, &tender, lasts)?;
        Reply::ok(&for_author(tx, &opened)?)
    })
    .await
}

/// Cancel a tender by its link.
///
/// From now on no partner sees it. Cancelling again answers the same.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token.")),
    responses((status = 200, body = TenderView, description = "Cancelled.")), extensions(("x-problems" = json!(["tender_not_open"]))))]
#[post("/v1/tender-links/{token}/cancel")]
pub async fn cancel_tender_link(
    db: Data<Db>,
    token: Path<String>,
    _: Post<Nothing>,
) -> Result<Reply<TenderView>> {
    db.write(move |tx| {
        let tender = model::by_token(tx, &token)?;
        Reply::ok(&author::cancel(tx, None, &tender)?)
    })
    .await
}

/// Close a tender by its link.
///
/// Without an award: says how it ended. Closing again answers the same.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token.")), request_body = TenderClosing,
    responses((status = 200, body = TenderView, description = "Closed.")), extensions(("x-problems" = json!(["tender_not_open"]))))]
#[post("/v1/tender-links/{token}/close")]
pub async fn close_tender_link(
    db: Data<Db>,
    token: Path<String>,
    closing: Valid<TenderClosing>,
) -> Result<Reply<TenderView>> {
    db.write(move |tx| {
        let tender = model::by_token(tx, &token)?;
        Reply::ok(&author::close(tx, None, &tender, closing.outcome)?)
    })
    .await
}

/// List a tender's proposals by its link.
///
/// All of them, the newest first.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token."), Paging),
    responses((status = 200, body = Page<ProposalView>, description = "A page of proposals.")))]
#[get("/v1/tender-links/{token}/proposals")]
pub async fn list_tender_link_proposals(
    db: Data<Db>,
    token: Path<String>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<ProposalView>>> {
    db.snapshot(move |tx| {
        let tender = model::by_token(tx, &token)?;
        proposals::of_tender(tx, &listing, &tender, None)
    })
    .await
}

/// Choose a proposal by the tender's link.
///
/// Awards the tender, and answers with an invitation ready to be sent to the partner, by a legal representative of the customer only. Choosing the same again answers the same.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token.")), request_body = ProposalChoice,
    responses((status = 200, body = TenderAwardView, description = "Awarded.")),
    extensions(("x-problems" = json!(["not_a_partner", "proposal_settled", "tender_not_open"]))))]
#[post("/v1/tender-links/{token}/select")]
pub async fn select_tender_link_proposal(
    db: Data<Db>,
    token: Path<String>,
    choice: Valid<ProposalChoice>,
) -> Result<Reply<TenderAwardView>> {
    db.write(move |tx| {
        let tender = model::by_token(tx, &token)?;
        let proposal = model::proposals::row(tx, choice.proposal_id)?;
        if proposal.tender_id != tender.id {
            return Err(Refusal::not_found().into());
        }
        Reply::ok(&author::select(tx, None, &tender, &proposal)?)
    })
    .await
}

/// Who opened a tender, by its link.
///
/// Every look at its contact details, the newest first.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token."), Paging),
    responses((status = 200, body = Page<TenderViewingView>, description = "A page of viewings.")))]
#[get("/v1/tender-links/{token}/viewings")]
pub async fn list_tender_link_viewings(
    db: Data<Db>,
    token: Path<String>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<TenderViewingView>>> {
    db.snapshot(move |tx| {
        let tender = model::by_token(tx, &token)?;
        read::viewings_of(tx, &listing, &tender)
    })
    .await
}

/// List a tender's questions by its link.
///
/// All of them, the newest first.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token."), Paging),
    responses((status = 200, body = Page<TenderQuestionView>, description = "A page of questions.")))]
#[get("/v1/tender-links/{token}/questions")]
pub async fn list_tender_link_questions(
    db: Data<Db>,
    token: Path<String>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<TenderQuestionView>>> {
    db.snapshot(move |tx| {
        let tender = model::by_token(tx, &token)?;
        questions::of_tender(tx, &listing, &tender, &Side::Author)
    })
    .await
}

/// Answer a question by the tender's link.
///
/// Once, for all partners that opened the tender.
#[utoipa::path(tag = "Tenders", security(()), params(("token" = String, Path, description = "The link's token."), ("id" = TenderQuestionId, Path, description = "The question.")), request_body = NewTenderAnswer,
    responses((status = 200, body = TenderQuestionView, description = "Answered.")),
    extensions(("x-problems" = json!(["already_answered", "tender_not_open"]))))]
#[post("/v1/tender-links/{token}/questions/{id}/answer")]
pub async fn answer_tender_link_question(
    db: Data<Db>,
    path: Path<(String, TenderQuestionId)>,
    new: Valid<NewTenderAnswer>,
) -> Result<Reply<TenderQuestionView>> {
    db.write(move |tx| {
        let (token, question) = &*path;
        let tender = model::by_token(tx, token)?;
        Reply::ok(&questions::answer(tx, None, &tender, *question, &new.text)?)
    })
    .await
}
