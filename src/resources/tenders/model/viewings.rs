//! Who opened a tender's contact details, and when (TND-3, TND-9).
use super::Tender;
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::tender_viewings;
use crate::domain::id::{OrganizationId, TenderId, TenderViewingId, UserId};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use std::collections::BTreeSet;

#[derive(Queryable, Selectable)]
#[diesel(table_name = tender_viewings)]
pub struct Viewing {
    pub id: TenderViewingId,
    pub partner_id: OrganizationId,
    pub viewed_at: NaiveDateTime,
}

/// The partners that have opened it.
pub fn openers(tx: &mut Tx, tender: TenderId) -> Result<BTreeSet<OrganizationId>> {
    let partners: Vec<OrganizationId> = tender_viewings::table
        .filter(tender_viewings::tender_id.eq(tender))
        .select(tender_viewings::partner_id)
        .distinct()
        .load(tx.conn)?;
    Ok(partners.into_iter().collect())
}

/// Records one more look; refuses a partner that would be one more than the author wanted.
pub fn insert(tx: &mut Tx, tender: &Tender, partner: OrganizationId, by: UserId) -> Result<()> {
    let openers = openers(tx, tender.id)?;
    let full = tender
        .opening_cap
        .is_some_and(|cap| i32::try_from(openers.len()).is_ok_and(|openers| openers >= cap));
    if full && !openers.contains(&partner) {
        return Err(Refusal::by(Code::TenderFull, "TND-9").into());
    }
    let id: TenderViewingId = tx.new_id()?;
    diesel::insert_into(tender_viewings::table)
        .values((
            tender_viewings::id.eq(id),
            tender_viewings::tender_id.eq(tender.id),
            tender_viewings::partner_id.eq(partner),
            tender_viewings::user_id.eq(by),
            tender_viewings::viewed_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Proposals and questions come from those who have read the whole, and so are committed (TND-3).
pub fn must_have_opened(tx: &mut Tx, tender: TenderId, partners: &[OrganizationId]) -> Result<()> {
    let openers = openers(tx, tender)?;
    match partners.iter().any(|partner| openers.contains(partner)) {
        true => Ok(()),
        false => Err(Refusal::by(Code::TenderNotViewed, "TND-3").into()),
    }
}

/// Those of the tenders that this partner has opened.
pub fn opened_by(
    tx: &mut Tx,
    partner: OrganizationId,
    of: &[TenderId],
) -> Result<BTreeSet<TenderId>> {
    let opened: Vec<TenderId> = tender_viewings::table
        .filter(tender_viewings::partner_id.eq(partner))
        .filter(tender_viewings::tender_id.among(of))
        .select(tender_viewings::tender_id)
        .distinct()
        .load(tx.conn)?;
    Ok(opened.into_iter().collect())
}
