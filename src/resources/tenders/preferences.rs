//! Which tenders a partner wants (TND-2).
use super::model::matches;
use super::views::{TenderPreferencesView, preferences};
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::Db;
use crate::db::record::Event;
use crate::db::witness;
use crate::domain::directory::is_region;
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::locale::Language;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::tender::Preferences;
use crate::error::Result;
use crate::resources::catalogue::model as catalogue;
use crate::resources::programme::model as programme;
use actix_web::web::{Data, Path};
use actix_web::{get, put};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Which tenders to be told of from now on.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"wanted": true, "families": ["web_hosting"], "regions": ["CH", "FR-74"], "languages": ["fr"]}))]
pub struct TenderPreferencesChange {
    /// Whether any are wanted.
    wanted: bool,
    /// Only of these product families; none for all.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    families: Vec<String>,
    /// Only from these countries or subdivisions; none for all.
    #[validate(length(max = 300))]
    #[schema(max_items = 300)]
    regions: Vec<String>,
    /// Only where one of these languages is spoken; none for all.
    #[validate(length(max = 5))]
    #[schema(max_items = 5)]
    languages: Vec<Language>,
}

/// Which tenders a partner wants.
///
/// For its administrators and legal representatives; none are wanted until said otherwise.
#[utoipa::path(tag = "Tenders", params(("org_id" = OrganizationId, Path, description = "The partner.")),
    responses((status = 200, body = TenderPreferencesView, description = "What it wants.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/tender-preferences")]
pub async fn get_tender_preferences(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<TenderPreferencesView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadTenders)?;
        let view = preferences(tx, *org)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}

/// Choose which tenders a partner wants.
///
/// By its legal representative: on or off, by product families, regions and languages. Tenders that are open already are seen at once if they match.
#[utoipa::path(tag = "Tenders", params(("org_id" = OrganizationId, Path, description = "The partner.")), request_body = TenderPreferencesChange,
    responses((status = 200, body = TenderPreferencesView, description = "What it wants now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden", "not_a_partner"]))))]
#[put("/v1/organizations/{org_id}/tender-preferences")]
pub async fn change_tender_preferences(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    org: Path<OrganizationId>,
    change: Valid<TenderPreferencesChange>,
) -> Result<Reply<TenderPreferencesView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let rule = policy::allow(found, Action::EditTenderPreferences)?.rule;
        if !programme::is_approved(tx, *org)? {
            return Err(Refusal::by(Code::NotAPartner, "TND-2").into());
        }
        let before = preferences(tx, *org)?.version;
        if_match.check(before)?;
        let mut faults = catalogue::unknown_families(tx, &change.families, "/families")?;
        let wrong = change.regions.iter().enumerate();
        let wrong = wrong.filter(|(_, region)| !is_region(region));
        faults.extend(wrong.map(|(at, _)| Fault::new(format!("/regions/{at}"), "region")));
        if !faults.is_empty() {
            return Err(Refusal::invalid(faults).rule("TND-2").into());
        }
        let wanted = Preferences {
            wanted: change.wanted,
            families: change.families.iter().cloned().collect(),
            regions: change.regions.iter().cloned().collect(),
            languages: change.languages.iter().copied().collect(),
        };
        matches::change(tx, *org, &wanted, before + 1)?;
        let event = Event::new(EventType::TenderPreferencesChanged, *org)
            .of(*org)
            .by_rule(rule);
        tx.record(Some(&identity), event)?;
        let view = preferences(tx, *org)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}
