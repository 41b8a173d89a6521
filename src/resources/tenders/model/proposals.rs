//! Proposals: one for each partner and tender (TND-4).
use super::{Tender, money};
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::schema::{proposals, tenders};
use crate::domain::id::{OrganizationId, ProposalId, TenderId};
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::tender::{ProposalStatus, TenderFacts};
use crate::error::Result;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = proposals)]
pub struct Proposal {
    pub id: ProposalId,
    pub tender_id: TenderId,
    pub partner_id: OrganizationId,
    pub status: ProposalStatus,
    pub text: String,
    price_minor: Option<i64>,
    price_currency: Option<Currency>,
    pub valid_until: NaiveDate,
    pub version: i32,
    pub created_at: NaiveDateTime,
    pub revised_at: Option<NaiveDateTime>,
}

impl Proposal {
    pub fn price(&self) -> Option<Money> {
        money(self.price_minor, self.price_currency)
    }
}

/// What a partner offers.
pub struct Offer<'a> {
    pub text: &'a str,
    pub price: Option<Money>,
    pub valid_until: NaiveDate,
}

pub fn insert(
    tx: &mut Tx,
    tender: TenderId,
    partner: OrganizationId,
    offer: &Offer,
) -> Result<ProposalId> {
    if let Some(first) = of_partner(tx, tender, partner)? {
        return Err(Refusal::by(Code::ProposalExists, "TND-4")
            .conflicts([first])
            .into());
    }
    let id: ProposalId = tx.new_id()?;
    diesel::insert_into(proposals::table)
        .values((
            proposals::id.eq(id),
            proposals::tender_id.eq(tender),
            proposals::partner_id.eq(partner),
            proposals::status.eq(ProposalStatus::Submitted),
            proposals::text.eq(offer.text),
            proposals::price_minor.eq(offer.price.map(|price| price.minor)),
            proposals::price_currency.eq(offer.price.map(|price| price.currency)),
            proposals::valid_until.eq(offer.valid_until),
            proposals::created_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

fn of_partner(
    tx: &mut Tx,
    tender: TenderId,
    partner: OrganizationId,
) -> Result<Option<ProposalId>> {
    Ok(proposals::table
        .filter(proposals::tender_id.eq(tender))
        .filter(proposals::partner_id.eq(partner))
        .select(proposals::id)
        .first(tx.conn)
        .optional()?)
}

pub fn row(tx: &mut Tx, id: ProposalId) -> Result<Proposal> {
    proposals::table
        .find(id)
        .select(Proposal::as_select())
        .first(tx.conn)
        .optional()?
        .ok_or_else(|| Refusal::not_found().into())
}

/// A proposal with its tender. One query.
pub fn with_tender(tx: &mut Tx, id: ProposalId) -> Result<Option<(Proposal, Tender)>> {
    Ok(proposals::table
        .inner_join(tenders::table.on(tenders::id.eq(proposals::tender_id)))
        .filter(proposals::id.eq(id))
        .select((Proposal::as_select(), Tender::as_select()))
        .first(tx.conn)
        .optional()?)
}

pub fn revise(tx: &mut Tx, proposal: &Proposal, offer: &Offer) -> Result<()> {
    diesel::update(proposals::table.find(proposal.id))
        .set((
            proposals::text.eq(offer.text),
            proposals::price_minor.eq(offer.price.map(|price| price.minor)),
            proposals::price_currency.eq(offer.price.map(|price| price.currency)),
            proposals::valid_until.eq(offer.valid_until),
            proposals::revised_at.eq(tx.now),
            proposals::version.eq(proposal.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

pub fn withdraw(tx: &mut Tx, proposal: &Proposal) -> Result<()> {
    diesel::update(proposals::table.find(proposal.id))
        .set((
            proposals::status.eq(ProposalStatus::Withdrawn),
            proposals::version.eq(proposal.version + 1),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Decides upon all that stand: one is chosen, or none.
pub fn settle(tx: &mut Tx, tender: TenderId, chosen: Option<ProposalId>) -> Result<()> {
    let version = || proposals::version.eq(proposals::version + 1);
    if let Some(chosen) = chosen {
        diesel::update(proposals::table.find(chosen))
            .set((proposals::status.eq(ProposalStatus::Selected), version()))
            .execute(tx.conn)?;
    }
    let others = proposals::table
        .filter(proposals::tender_id.eq(tender))
        .filter(proposals::status.eq(ProposalStatus::Submitted));
    diesel::update(others)
        .set((proposals::status.eq(ProposalStatus::NotSelected), version()))
        .execute(tx.conn)?;
    Ok(())
}

/// The partners whose proposal stands.
pub fn standing(tx: &mut Tx, tender: TenderId) -> Result<Vec<OrganizationId>> {
    Ok(proposals::table
        .filter(proposals::tender_id.eq(tender))
        .filter(proposals::status.eq(ProposalStatus::Submitted))
        .select(proposals::partner_id)
        .load(tx.conn)?)
}

/// Those of the tenders that this partner has made a proposal to.
pub fn answered_by(
    tx: &mut Tx,
    partner: OrganizationId,
    of: &[TenderId],
) -> Result<BTreeSet<TenderId>> {
    let answered: Vec<TenderId> = proposals::table
        .filter(proposals::partner_id.eq(partner))
        .filter(proposals::tender_id.among(of))
        .select(proposals::tender_id)
        .load(tx.conn)?;
    Ok(answered.into_iter().collect())
}

/// What the directory says of each of these partners (TND-9).
pub fn facts(tx: &mut Tx, of: &[OrganizationId]) -> Result<BTreeMap<OrganizationId, TenderFacts>> {
    let answers: Vec<(OrganizationId, NaiveDateTime, NaiveDateTime)> = proposals::table
        .inner_join(tenders::table.on(tenders::id.eq(proposals::tender_id)))
        .filter(proposals::partner_id.among(of))
        .select((
            proposals::partner_id,
            tenders::opened_at.assume_not_null(),
            proposals::created_at,
        ))
        .load(tx.conn)?;
    let mut hours: BTreeMap<OrganizationId, Vec<i64>> =
        of.iter().map(|partner| (*partner, Vec::new())).collect();
    for (partner, opened, answered) in answers {
        hours
            .entry(partner)
            .or_default()
            .push((answered - opened).num_hours());
    }
    Ok(hours
        .into_iter()
        .map(|(partner, hours)| (partner, TenderFacts::of(hours)))
        .collect())
}
