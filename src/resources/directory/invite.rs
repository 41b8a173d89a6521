//! Finding a partner to invite (INV-1): by the words of a listed one, or by its exact address.
use super::search::Wanted;
use crate::api::page::Paging;
use crate::api::views::OrganizationNameView;
use crate::api::{Caller, Listing, Page, Reply};
use crate::db::prepared::Among;
use crate::db::schema::{enrolment_states, organizations, partner_profiles};
use crate::db::{Db, Tx};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::OrganizationId;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::accounts::model::normal;
use actix_web::get;
use actix_web::web::Data;
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which partner to find.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartnerFilters {
    /// Words of a listed partner's name or profile, or their beginnings; or the exact e-mail address of any approved one.
    #[param(min_length = 1, max_length = 254, example = "studio lumen")]
    query: String,
}

/// Find a partner to invite.
///
/// Approved partners only: those that chose to be listed, by their words as in the directory; any of them by its exact e-mail address.
#[utoipa::path(tag = "Directory", params(PartnerFilters, Paging), responses((status = 200, body = Page<OrganizationNameView>, description = "A page of partners.")))]
#[get("/v1/partners")]
pub async fn find_partners(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<PartnerFilters>,
) -> Result<Reply<Page<OrganizationNameView>>> {
    db.snapshot(move |tx| {
        caller.identify(tx)?;
        let asked = listing.filters.query.trim();
        if asked.is_empty() || asked.chars().count() > 254 {
            let faults = vec![Fault::new("query", "length")];
            return Err(Refusal {
                faults,
                ..Refusal::new(Code::InvalidParameter).with("reason", "query")
            }
            .into());
        }
        let ids = match asked.contains('@') {
            true => at_address(tx, &normal(asked))?,
            false => Wanted::words(asked)
                .query()
                .select(partner_profiles::organization_id)
                .load(tx.conn)?,
        };
        let query = || organizations::table.filter(organizations::id.among(&ids));
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<(OrganizationId, String)> = query()
            .filter(organizations::id.lt(listing.before()))
            .order(organizations::id.desc())
            .limit(listing.fetch())
            .select((organizations::id, organizations::name))
            .load(tx.conn)?;
        let view = |(id, name)| OrganizationNameView { id, name };
        let id = |row: &(OrganizationId, String)| row.0;
        Reply::page(&listing.page(tx.keys, rows, total, id, view)?)
    })
    .await
}

/// The approved partner with this address, listed or not.
fn at_address(tx: &mut Tx, email: &str) -> Result<Vec<OrganizationId>> {
    Ok(organizations::table
        .inner_join(
            enrolment_states::table.on(enrolment_states::organization_id.eq(organizations::id)),
        )
        .filter(organizations::email.eq(email))
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .filter(enrolment_states::valid_to.is_null())
        .select(organizations::id)
        .load(tx.conn)?)
}
