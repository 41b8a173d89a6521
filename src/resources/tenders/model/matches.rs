//! Which partners want which tenders (TND-2). Matches are rows, so that an inbox is one look-up and
//! the rule stands in the domain alone.
use super::{Tender, topics};
use crate::db::prepared::Among;
use crate::db::schema::{
    enrolment_states, tender_matches, tender_preference_items, tender_preferences, tender_viewings,
    tenders,
};
use crate::db::{Tx, insert_all};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{OrganizationId, TenderId};
use crate::domain::locale::Language;
use crate::domain::tender::{Preferences, TenderStatus};
use crate::error::{Error, Result};
use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Insertable)]
#[diesel(table_name = tender_matches, treat_none_as_default_value = false)]
struct MatchRow {
    tender_id: TenderId,
    partner_id: OrganizationId,
}

#[derive(Insertable)]
#[diesel(table_name = tender_preference_items, treat_none_as_default_value = false)]
struct ItemRow<'a> {
    organization_id: OrganizationId,
    kind: &'static str,
    value: &'a str,
}

/// Whether a partner sees this open tender: it was told of it, or has opened it.
pub fn sees(tx: &mut Tx, partner: OrganizationId, tender: TenderId) -> Result<bool> {
    let told = tender_matches::table.find((partner, tender));
    let opened = tender_viewings::table
        .filter(tender_viewings::partner_id.eq(partner))
        .filter(tender_viewings::tender_id.eq(tender));
    Ok(diesel::select(exists(told).or(exists(opened))).get_result(tx.conn)?)
}

/// Lets the matching partners see a tender that opens; answers which of them are to be told.
pub fn of_tender(tx: &mut Tx, tender: &Tender) -> Result<Vec<OrganizationId>> {
    let about = topics(tx, &[(tender.id, tender.region.clone())])?
        .remove(&tender.id)
        .unwrap_or_default();
    let asking: Vec<OrganizationId> = tender_preferences::table
        .filter(tender_preferences::wanted.eq(true))
        .select(tender_preferences::organization_id)
        .load(tx.conn)?;
    let matching: Vec<OrganizationId> = preferences(tx, &asking)?
        .into_iter()
        .filter(|(partner, (preferences, _))| {
            Some(*partner) != tender.organization_id && preferences.want(&about)
        })
        .map(|(partner, _)| partner)
        .collect();
    let rows: Vec<MatchRow> = matching
        .iter()
        .map(|partner| MatchRow {
            tender_id: tender.id,
            partner_id: *partner,
        })
        .collect();
    insert_all!(tx, tender_matches::table, &rows);
    // A suspended partner is told nothing, but finds the tender once it is reinstated.
    Ok(enrolment_states::table
        .filter(enrolment_states::organization_id.among(matching))
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .filter(enrolment_states::valid_to.is_null())
        .select(enrolment_states::organization_id)
        .load(tx.conn)?)
}

/// Each one's preferences with their version; those who never said anything want nothing.
pub fn preferences(
    tx: &mut Tx,
    of: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, (Preferences, i32)>> {
    let said: Vec<(OrganizationId, bool, i32)> = tender_preferences::table
        .filter(tender_preferences::organization_id.among(of))
        .select((
            tender_preferences::organization_id,
            tender_preferences::wanted,
            tender_preferences::version,
        ))
        .load(tx.conn)?;
    let mut found: BTreeMap<OrganizationId, (Preferences, i32)> = said
        .into_iter()
        .map(|(organization, wanted, version)| {
            let preferences = Preferences {
                wanted,
                ..Preferences::default()
            };
            (organization, (preferences, version))
        })
        .collect();
    let items: Vec<(OrganizationId, String, String)> = tender_preference_items::table
        .filter(tender_preference_items::organization_id.among(of))
        .load(tx.conn)?;
    for (organization, kind, value) in items {
        let Some((preferences, _)) = found.get_mut(&organization) else {
            continue;
        };
        match kind.as_str() {
            FAMILY => preferences.families.insert(value),
            REGION => preferences.regions.insert(value),
            _ => preferences.languages.insert(
                Language::parse(&value)
                    .ok_or_else(|| Error::internal("a preferred language cannot be read"))?,
            ),
        };
    }
    Ok(found)
}

const FAMILY: &str = "family";
const REGION: &str = "region";
const LANGUAGE: &str = "language";

/// Writes what a partner wants from now on, and lets it see the open tenders that match.
pub fn change(
    tx: &mut Tx,
    partner: OrganizationId,
    wanted: &Preferences,
    version: i32,
) -> Result<()> {
    let values = (
        tender_preferences::wanted.eq(wanted.wanted),
        tender_preferences::version.eq(version),
    );
    let known = diesel::update(tender_preferences::table.find(partner))
        .set(values)
        .execute(tx.conn)?;
    if known == 0 {
        diesel::insert_into(tender_preferences::table)
            .values((tender_preferences::organization_id.eq(partner), values))
            .execute(tx.conn)?;
    }
    let items = tender_preference_items::organization_id.eq(partner);
    diesel::delete(tender_preference_items::table.filter(items)).execute(tx.conn)?;
    let item = |kind, value| ItemRow {
        organization_id: partner,
        kind,
        value,
    };
    let families = wanted.families.iter().map(|family| item(FAMILY, family));
    let regions = wanted.regions.iter().map(|region| item(REGION, region));
    let languages = wanted
        .languages
        .iter()
        .map(|language| item(LANGUAGE, language.as_str()));
    let rows: Vec<ItemRow> = families.chain(regions).chain(languages).collect();
    insert_all!(tx, tender_preference_items::table, &rows);
    match_open_tenders(tx, partner, wanted)
}

fn match_open_tenders(tx: &mut Tx, partner: OrganizationId, wanted: &Preferences) -> Result<()> {
    diesel::delete(tender_matches::table.filter(tender_matches::partner_id.eq(partner)))
        .execute(tx.conn)?;
    let open: Vec<(TenderId, String, Option<OrganizationId>)> = tenders::table
        .filter(tenders::status.eq(TenderStatus::Open))
        .filter(tenders::expires_at.gt(tx.now))
        .select((tenders::id, tenders::region, tenders::organization_id))
        .load(tx.conn)?;
    let others: Vec<(TenderId, String)> = open
        .into_iter()
        .filter(|(_, _, author)| *author != Some(partner))
        .map(|(id, region, _)| (id, region))
        .collect();
    let rows: Vec<MatchRow> = topics(tx, &others)?
        .into_iter()
        .filter(|(_, topics)| wanted.want(topics))
        .map(|(tender, _)| MatchRow {
            tender_id: tender,
            partner_id: partner,
        })
        .collect();
    insert_all!(tx, tender_matches::table, &rows);
    Ok(())
}
