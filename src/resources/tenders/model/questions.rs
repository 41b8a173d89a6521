//! Questions of those who opened a tender, answered once for all of them (TND-9).
use crate::db::Tx;
use crate::db::schema::tender_questions;
use crate::domain::id::{OrganizationId, TenderId, TenderQuestionId};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tender_questions)]
pub struct Question {
    pub id: TenderQuestionId,
    pub partner_id: OrganizationId,
    pub text: String,
    pub answer: Option<String>,
    pub asked_at: NaiveDateTime,
    pub answered_at: Option<NaiveDateTime>,
}

pub fn insert(
    tx: &mut Tx,
    tender: TenderId,
    partner: OrganizationId,
    text: &str,
) -> Result<Question> {
    let id: TenderQuestionId = tx.new_id()?;
    diesel::insert_into(tender_questions::table)
        .values((
            tender_questions::id.eq(id),
            tender_questions::tender_id.eq(tender),
            tender_questions::partner_id.eq(partner),
            tender_questions::text.eq(text),
            tender_questions::asked_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    row(tx, tender, id)
}

fn row(tx: &mut Tx, tender: TenderId, id: TenderQuestionId) -> Result<Question> {
    tender_questions::table
        .filter(tender_questions::tender_id.eq(tender))
        .filter(tender_questions::id.eq(id))
        .select(Question::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

pub fn answer(tx: &mut Tx, tender: TenderId, id: TenderQuestionId, text: &str) -> Result<Question> {
    let question = row(tx, tender, id)?;
    if question.answer.is_some() {
        return Err(Refusal::by(Code::AlreadyAnswered, "TND-9").into());
    }
    diesel::update(tender_questions::table.find(id))
        .set((
            tender_questions::answer.eq(text),
            tender_questions::answered_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    row(tx, tender, id)
}
