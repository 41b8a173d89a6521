//! Finding a partner: for anyone, and only those that are approved and want to be found.
use super::model::{self, ProfileRow};
use crate::api::page::Paging;
use crate::api::{Listing, Page, Reply};
use crate::db::prepared::Among;
use crate::db::schema::{
    directory_words, enrolment_states, partner_profile_items as items_table, partner_profiles,
};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::directory::{ProfileItem, country_of, folded_words, is_region};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{EnrolmentId, OrganizationId};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::organizations::model::names;
use crate::resources::tenders::model::proposals as tenders;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::min;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Which partners to find.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DirectoryFilters {
    /// Words, or their beginnings, of name, description and specialities; all must be there. Accents and case make no difference.
    #[param(max_length = 200, example = "galerie lausanne")]
    q: Option<String>,
    /// Only those that work in one of these: a country (`CH`) or a part of one (`CH-VD`), for which those of the whole country are found too.
    #[serde(default)]
    #[param(required = false)]
    region: Vec<String>,
    /// Only those that work in one of these languages, ISO 639-1.
    #[serde(default)]
    #[param(required = false)]
    language: Vec<String>,
    /// Only those that work with one of these product families.
    #[serde(default)]
    #[param(required = false)]
    family: Vec<String>,
}

/// A partner, as the public sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = DirectoryPartner)]
pub struct DirectoryPartnerView {
    /// The organization's id.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Studio Lumen")]
    name: String,
    /// Its status in the programme: always `approved`, or it would not be here.
    status: EnrolmentState,
    /// Since when it is a partner.
    partner_since: DateTime<Utc>,
    /// What it does, for whom.
    #[schema(example = "Websites for galleries and museums.")]
    description: String,
    /// Where to read on.
    #[schema(format = "uri", example = "https://studio-lumen.example/")]
    website: Option<String>,
    /// The languages it works in, ISO 639-1.
    #[schema(example = json!(["fr", "de"]))]
    languages: Vec<String>,
    /// Where it works: countries (ISO 3166-1) or parts of them (ISO 3166-2).
    #[schema(example = json!(["CH-VD", "CH-GE"]))]
    regions: Vec<String>,
    /// What it is especially good at.
    #[schema(example = json!(["Accessibility"]))]
    specialities: Vec<String>,
    /// The product families it works with.
    #[schema(example = json!(["web_hosting"]))]
    families: Vec<String>,
    /// How many calls for help it has answered with a proposal.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    tenders_answered: usize,
    /// How soon after they opened: the median, in whole hours; null if it has answered none.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    tender_answer_hours: Option<i64>,
}

/// Search the directory.
///
/// Approved partners that chose to be listed, whoever asks. Answers may be kept by caches that ask each time whether they still hold: a partner that is suspended or ends vanishes at once.
#[utoipa::path(tag = "Directory", security(()), params(DirectoryFilters, Paging), responses((status = 200, body = Page<DirectoryPartnerView>, description = "A page of partners.")), extensions(("x-etag" = json!(true))))]
#[get("/v1/directory/partners")]
pub async fn search_directory(
    db: Data<Db>,
    listing: Listing<DirectoryFilters>,
) -> Result<Reply<Page<DirectoryPartnerView>>> {
    db.snapshot(move |tx| {
        let wanted = Wanted::of(&listing.filters)?;
        let total = listing.total(|| wanted.query().count().get_result(tx.conn))?;
        let rows: Vec<ProfileRow> = wanted
            .query()
            .filter(partner_profiles::organization_id.lt(listing.before()))
            .order(partner_profiles::organization_id.desc())
            .limit(listing.fetch())
            .select(ProfileRow::as_select())
            .load(tx.conn)?;
        let views = views(tx, rows)?;
        let page = listing.page(tx.keys, views, total, |view| view.id, |view| view)?;
        Ok(Reply::page(&page)?.shared())
    })
    .await
}

/// Show a partner's page.
///
/// It confirms that the organization is an approved partner; anything else is not there.
#[utoipa::path(tag = "Directory", security(()), params(("org_id" = OrganizationId, Path, description = "The partner.")), responses((status = 200, body = DirectoryPartnerView, description = "The partner.")), extensions(("x-etag" = json!(true))))]
#[get("/v1/directory/partners/{org_id}")]
pub async fn get_directory_partner(
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<DirectoryPartnerView>> {
    db.snapshot(move |tx| {
        let row: Option<ProfileRow> = Wanted::default()
            .query()
            .filter(partner_profiles::organization_id.eq(*org))
            .select(ProfileRow::as_select())
            .first(tx.conn)
            .optional()?;
        let found = views(tx, row.into_iter().collect())?.pop();
        Ok(Reply::ok(&found.ok_or_else(Refusal::not_found)?)?.shared())
    })
    .await
}

/// The filters, as the rows are compared with them.
#[derive(Default)]
pub struct Wanted<'f> {
    words: Vec<Vec<u8>>,
    regions: &'f [String],
    languages: &'f [String],
    families: &'f [String],
}

impl<'f> Wanted<'f> {
    fn of(filters: &'f DirectoryFilters) -> Result<Self> {
        let q = filters.q.as_deref().unwrap_or_default();
        let mut faults = Vec::new();
        if q.chars().count() > 200 {
            faults.push(Fault::new("q", "length"));
        }
        if !filters.region.iter().all(|region| is_region(region)) {
            faults.push(Fault::new("region", "region"));
        }
        if let Some(fault) = faults.first() {
            let reason = fault.pointer.clone();
            return Err(Refusal {
                faults,
                ..Refusal::new(Code::InvalidParameter).with("reason", reason)
            }
            .into());
        }
        Ok(Self {
            regions: &filters.region,
            languages: &filters.language,
            families: &filters.family,
            ..Self::words(q)
        })
    }

    /// Whatever has all of these words, or their beginnings.
    pub fn words(text: &str) -> Self {
        let words = folded_words(text).into_iter();
        Self {
            words: words.map(String::into_bytes).collect(),
            ..Self::default()
        }
    }

    /// Approved now, listed, and all that is wanted.
    pub fn query(&self) -> partner_profiles::BoxedQuery<'_, MultiBackend> {
        let approved = enrolment_states::table
            .filter(enrolment_states::state.eq(EnrolmentState::Approved))
            .filter(enrolment_states::valid_to.is_null())
            .select(enrolment_states::organization_id);
        let mut query = partner_profiles::table
            .into_boxed::<MultiBackend>()
            .filter(partner_profiles::listed.eq(true))
            .filter(partner_profiles::organization_id.eq_any(approved));
        for word in &self.words {
            // No UTF-8 text holds this byte: it stands behind every word that begins so.
            let end = [word.as_slice(), &[u8::MAX]].concat();
            let having = directory_words::table
                .filter(directory_words::word.ge(word))
                .filter(directory_words::word.lt(end))
                .select(directory_words::organization_id);
            query = query.filter(partner_profiles::organization_id.eq_any(having));
        }
        for (kind, items) in [
            (ProfileItem::Language, self.languages),
            (ProfileItem::Family, self.families),
        ] {
            if !items.is_empty() {
                let having = items_table::table
                    .filter(items_table::kind.eq(kind))
                    .filter(items_table::item.among(items))
                    .select(items_table::organization_id);
                query = query.filter(partner_profiles::organization_id.eq_any(having));
            }
        }
        if !self.regions.is_empty() {
            let having = items_table::table
                .filter(items_table::kind.eq(ProfileItem::Region))
                .filter(
                    items_table::item
                        .among(reaching(self.regions))
                        .or(items_table::part_of.among(self.regions)),
                )
                .select(items_table::organization_id);
            query = query.filter(partner_profiles::organization_id.eq_any(having));
        }
        query
    }
}

/// The regions, and the countries that they lie in.
fn reaching(regions: &[String]) -> Vec<&str> {
    let countries = regions.iter().filter_map(|region| country_of(region));
    regions
        .iter()
        .map(String::as_str)
        .chain(countries)
        .collect()
}

fn views(tx: &mut Tx, rows: Vec<ProfileRow>) -> Result<Vec<DirectoryPartnerView>> {
    let ids: Vec<OrganizationId> = rows.iter().map(|row| row.organization_id).collect();
    let mut items = model::items(tx, &ids)?;
    let facts = tenders::facts(tx, &ids)?;
    let (since, mut names) = (since(tx, &ids)?, names(tx, &ids.into_iter().collect())?);
    let view = |row: ProfileRow| {
        let id = row.organization_id;
        let since = since.get(&id)?.and_utc();
        let facts = facts.get(&id).copied().unwrap_or_default();
        let mut list = |kind| items.remove(&(id, kind)).unwrap_or_default();
        Some(DirectoryPartnerView {
            id,
            name: names.remove(&id)?,
            status: EnrolmentState::Approved,
            partner_since: since,
            description: row.description,
            website: row.website,
            languages: list(ProfileItem::Language),
            regions: list(ProfileItem::Region),
            specialities: list(ProfileItem::Speciality),
            families: list(ProfileItem::Family),
            tenders_answered: facts.answered,
            tender_answer_hours: facts.median_hours,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// When the enrolment that is in force was approved first.
fn since(
    tx: &mut Tx,
    partners: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, NaiveDateTime>> {
    let in_force: Vec<EnrolmentId> = enrolment_states::table
        .filter(enrolment_states::organization_id.among(partners))
        .filter(enrolment_states::live_role.is_not_null())
        .select(enrolment_states::enrolment_id)
        .load(tx.conn)?;
    let rows: Vec<(OrganizationId, Option<NaiveDateTime>)> = enrolment_states::table
        .filter(enrolment_states::enrolment_id.among(in_force))
        .filter(enrolment_states::state.eq(EnrolmentState::Approved))
        .group_by(enrolment_states::organization_id)
        .select((
            enrolment_states::organization_id,
            min(enrolment_states::valid_from),
        ))
        .load(tx.conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(partner, since)| Some((partner, since?)))
        .collect())
}
