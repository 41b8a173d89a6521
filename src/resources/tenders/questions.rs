//! Questions of partners that opened a tender, and the author's answers to all of them (TND-9).
use super::mails;
use super::model::questions::{self, Question};
use super::model::{self, Side, Tender, viewings};
use super::views::{self, TenderQuestionView};
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::tender_questions;
use crate::db::throttle::{self, Limit};
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, TenderId, TenderQuestionId};
use crate::domain::mail::MailTemplate;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Each question is a mail to the author.
const QUESTIONS: Limit = Limit {
    what: "tender question",
    times: 10,
    seconds: 86_400,
    rule: "TND-9",
};

/// A question about a tender.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenderQuestion {
    /// The question.
    #[validate(length(min = 1, max = 2000))]
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Is there a logo already?"
    )]
    text: String,
    /// The partner for which the caller acts, where it works for several.
    organization_id: Option<OrganizationId>,
}

/// An answer, for all who opened the tender.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenderAnswer {
    /// The answer.
    #[validate(length(min = 1, max = 5000))]
    #[schema(min_length = 1, max_length = 5000, example = "Yes, in print quality.")]
    pub text: String,
}

/// List a tender's questions.
///
/// For its author, and while it is open for the partners that opened it, who do not see which of the others asked.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender."), Paging),
    responses((status = 200, body = Page<TenderQuestionView>, description = "A page of questions.")), extensions(("x-problems" = json!(["tender_not_viewed"]))))]
#[get("/v1/tenders/{id}/questions")]
pub async fn list_tender_questions(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<TenderQuestionView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (tender, side) = model::find(tx, &identity, *id)?;
        if let Side::Partners(partners) = &side {
            viewings::must_have_opened(tx, *id, partners)?;
        }
        of_tender(tx, &listing, &tender, &side)
    })
    .await
}

/// A page of a tender's questions, as a side sees them.
pub fn of_tender(
    tx: &mut Tx,
    listing: &Listing<NoFilters>,
    tender: &Tender,
    side: &Side,
) -> Result<Reply<Page<TenderQuestionView>>> {
    let query = || tender_questions::table.filter(tender_questions::tender_id.eq(tender.id));
    let total = listing.total(|| query().count().get_result(tx.conn))?;
    let rows: Vec<Question> = query()
        .filter(tender_questions::id.lt(listing.before()))
        .order(tender_questions::id.desc())
        .limit(listing.fetch())
        .select(Question::as_select())
        .load(tx.conn)?;
    let views = views::questions(tx, rows, side)?;
    Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
}

/// Ask about a tender.
///
/// By a partner that has opened it; the author is told by e-mail, and answers once for all.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender.")), request_body = NewTenderQuestion,
    responses((status = 201, body = TenderQuestionView, description = "Asked.")),
    extensions(("x-problems" = json!(["forbidden", "tender_not_viewed"]))))]
#[post("/v1/tenders/{id}/questions")]
pub async fn ask_tender_question(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    new: Post<NewTenderQuestion>,
) -> Result<Reply<TenderQuestionView>> {
    let id = *id;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let (tender, side) = model::find(tx, identity, id)?;
        let partner = side.partner(new.organization_id)?;
        viewings::must_have_opened(tx, id, &[partner])?;
        not_blank(&new.text)?;
        throttle::count(tx, &QUESTIONS, &format!("{partner} {id}"))?;
        let question = questions::insert(tx, id, partner, &new.text)?;
        let event = Event::new(EventType::TenderQuestionAsked, question.id)
            .between(tender.organization_id, Some(partner))
            .data(serde_json::json!({"tender_id": id}))
            .by_rule("TND-9");
        let event = tx.record(Some(identity), event)?;
        mails::to_author(tx, event, &tender, MailTemplate::TenderQuestion, None)?;
        Reply::created(
            format!("/v1/tenders/{id}/questions"),
            &one(tx, question, &side)?,
        )
    })
    .await
}

/// Answer a question.
///
/// By the tender's author, once, for all partners that opened the tender.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender."), ("question_id" = TenderQuestionId, Path, description = "The question.")), request_body = NewTenderAnswer,
    responses((status = 200, body = TenderQuestionView, description = "Answered.")),
    extensions(("x-problems" = json!(["forbidden", "already_answered", "tender_not_open"]))))]
#[post("/v1/tenders/{id}/questions/{question_id}/answer")]
pub async fn answer_tender_question(
    caller: Caller,
    db: Data<Db>,
    path: Path<(TenderId, TenderQuestionId)>,
    new: Post<NewTenderAnswer>,
) -> Result<Reply<TenderQuestionView>> {
    let (id, question) = *path;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let (tender, side) = model::find(tx, identity, id)?;
        side.must_be_author()?;
        Reply::ok(&answer(tx, Some(identity), &tender, question, &new.text)?)
    })
    .await
}

/// Answers, signed in or by the link, and tells all who opened the tender.
pub fn answer(
    tx: &mut Tx,
    by: Option<&Identity>,
    tender: &Tender,
    question: TenderQuestionId,
    text: &str,
) -> Result<TenderQuestionView> {
    tender.status_at(tx.now).must_be_open("TND-9")?;
    not_blank(text)?;
    let answered = questions::answer(tx, tender.id, question, text)?;
    let event = Event::new(EventType::TenderQuestionAnswered, question)
        .between(tender.organization_id, None)
        .data(serde_json::json!({"tender_id": tender.id}))
        .by_rule("TND-9");
    let event = tx.record(by, event)?;
    let openers: Vec<OrganizationId> = viewings::openers(tx, tender.id)?.into_iter().collect();
    mails::news(tx, event, tender, &openers, MailTemplate::TenderAnswer)?;
    one(tx, answered, &Side::Author)
}

fn not_blank(text: &str) -> Result<()> {
    match text.trim().is_empty() {
        true => Err(Refusal::invalid(vec![Fault::new("/text", "blank")])
            .rule("TND-9")
            .into()),
        false => Ok(()),
    }
}

fn one(tx: &mut Tx, question: Question, side: &Side) -> Result<TenderQuestionView> {
    views::questions(tx, vec![question], side)?
        .pop()
        .ok_or_else(|| Refusal::not_found().into())
}
