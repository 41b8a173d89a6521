//! The versions of a partner's resale terms.
use crate::db::Tx;
use crate::db::schema::rebilling_terms;
use crate::domain::id::PartnershipId;
use crate::domain::money::Rate;
use crate::domain::rebilling::{RebillingBasis, ResaleTerms};
use crate::error::{Error, Result};
use chrono::NaiveDateTime;
use diesel::prelude::*;

/// A version of the terms, and since when it holds.
#[derive(Debug, Clone, Copy)]
pub struct Version {
    pub number: i32,
    pub terms: ResaleTerms,
    pub from: NaiveDateTime,
}

/// All versions, the first first.
pub fn versions(tx: &mut Tx, id: PartnershipId) -> Result<Vec<Version>> {
    let rows: Vec<(i32, RebillingBasis, i64, NaiveDateTime)> = rebilling_terms::table
        .filter(rebilling_terms::partnership_id.eq(id))
        .order(rebilling_terms::version)
        .select((
            rebilling_terms::version,
            rebilling_terms::basis,
            rebilling_terms::rate_ppm,
            rebilling_terms::valid_from,
        ))
        .load(tx.conn)?;
    let version = |(number, basis, ppm, from)| {
        let rate = Rate::from_ppm(ppm).ok_or_else(|| Error::internal("a rate cannot be read"))?;
        let terms = ResaleTerms { basis, rate };
        Ok(Version {
            number,
            terms,
            from,
        })
    };
    rows.into_iter().map(version).collect()
}

/// Opens a version after the last, at the later of now and the last start + 1 µs.
pub fn set(
    tx: &mut Tx,
    id: PartnershipId,
    last: Option<&Version>,
    terms: ResaleTerms,
) -> Result<Version> {
    let from = tx.after(last.map(|last| last.from));
    diesel::update(rebilling_terms::table)
        .filter(rebilling_terms::partnership_id.eq(id))
        .filter(rebilling_terms::valid_to.is_null())
        .set(rebilling_terms::valid_to.eq(from))
        .execute(tx.conn)?;
    let number = last.map_or(1, |last| last.number + 1);
    diesel::insert_into(rebilling_terms::table)
        .values((
            rebilling_terms::partnership_id.eq(id),
            rebilling_terms::version.eq(number),
            rebilling_terms::basis.eq(terms.basis),
            rebilling_terms::rate_ppm.eq(terms.rate.ppm()),
            rebilling_terms::valid_from.eq(from),
        ))
        .execute(tx.conn)?;
    Ok(Version {
        number,
        terms,
        from,
    })
}

/// The terms in force at an instant; the first that were ever set hold for what lies before them.
pub fn at(versions: &[Version], instant: NaiveDateTime) -> ResaleTerms {
    let begun = versions.iter().rev().find(|one| one.from <= instant);
    begun
        .or(versions.first())
        .map_or(ResaleTerms::AT_COST, |one| one.terms)
}
