//! What a partner says of itself in the directory, if it chooses to be listed.
use super::model::{self, ProfileRow};
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::record::Event;
use crate::db::witness;
use crate::db::{Db, Tx};
use crate::domain::directory::{Profile, ProfileItem};
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::catalogue::model as catalogue;
use crate::resources::programme::model as programme;
use actix_web::web::{Data, Path};
use actix_web::{get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What a partner says of itself.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"listed": true, "description": "Websites for galleries and museums.", "website": "https://studio-lumen.example/", "languages": ["fr", "de"], "regions": ["CH-VD", "CH-GE"], "specialities": ["Accessibility"], "families": ["web_hosting"]}))]
pub struct ProfileChange {
    /// Whether it is in the public directory.
    listed: bool,
    /// What it does, for whom.
    #[validate(length(max = 4000))]
    #[schema(max_length = 4000)]
    description: String,
    /// Where to read on, an https address.
    #[validate(length(max = 300))]
    #[schema(format = "uri", max_length = 300)]
    website: Option<String>,
    /// The languages it works in, ISO 639-1.
    #[validate(length(max = 30))]
    #[schema(max_items = 30)]
    languages: Vec<String>,
    /// Where it works: countries (ISO 3166-1) or parts of them (ISO 3166-2).
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    regions: Vec<String>,
    /// What it is especially good at.
    #[validate(length(max = 20), custom(function = "short"))]
    #[schema(max_items = 20)]
    specialities: Vec<String>,
    /// The product families it works with.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    families: Vec<String>,
}

fn short(specialities: &[String]) -> std::result::Result<(), validator::ValidationError> {
    match specialities.iter().all(|one| one.chars().count() <= 80) {
        true => Ok(()),
        false => Err(validator::ValidationError::new("length")),
    }
}

/// A partner's profile.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerProfile)]
pub struct ProfileView {
    /// Whether the partner wants to be in the public directory.
    listed: bool,
    /// Whether it is there now: only while it is an approved partner.
    visible: bool,
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
    /// Counts the changes; 0 before the first.
    #[schema(minimum = 0, maximum = 2147483647)]
    version: i32,
}

impl From<&ProfileChange> for Profile {
    fn from(change: &ProfileChange) -> Self {
        Self {
            listed: change.listed,
            description: change.description.trim().to_owned(),
            website: change.website.clone(),
            languages: change.languages.clone(),
            regions: change.regions.clone(),
            specialities: change.specialities.clone(),
            families: change.families.clone(),
        }
    }
}

/// Show the partner's profile.
///
/// As it is in the directory, or would be.
#[utoipa::path(tag = "Directory", params(("org_id" = OrganizationId, Path, description = "The partner.")), responses((status = 200, body = ProfileView, description = "The profile.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/partner-profile")]
pub async fn get_partner_profile(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<ProfileView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ManagePartnerProfile)?;
        shown(tx, *org)
    })
    .await
}

/// Set the partner's profile.
///
/// Its administrators do, and say whether it is in the public directory at all. Only an approved partner is listed; a suspended one may prepare what is shown once it is reinstated.
#[utoipa::path(tag = "Directory", params(("org_id" = OrganizationId, Path, description = "The partner.")), request_body = ProfileChange,
    responses((status = 200, body = ProfileView, description = "The profile as it is now.")),
    extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden", "not_a_partner"]))))]
#[put("/v1/organizations/{org_id}/partner-profile")]
pub async fn set_partner_profile(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    org: Path<OrganizationId>,
    change: Valid<ProfileChange>,
) -> Result<Reply<ProfileView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let rule = policy::allow(found, Action::ManagePartnerProfile)?.rule;
        let before = model::find(tx, *org)?.unwrap_or_else(|| ProfileRow::empty(*org));
        if_match.required(before.version)?;
        let state = programme::latest(tx, *org)?.map(|enrolment| enrolment.state());
        if !state.transpose()?.is_some_and(|state| state.is_partner()) {
            return Err(Refusal::by(Code::NotAPartner, "PRG-2").into());
        }
        let unknown = catalogue::unknown_families(tx, &change.families, "/families")?;
        let profile = Profile::from(&change.0).checked(unknown)?;
        model::set(tx, &before, &profile)?;
        let event = Event::new(EventType::PartnerProfileChanged, *org).of(*org);
        tx.record(Some(&identity), event.by_rule(rule))?;
        shown(tx, *org)
    })
    .await
}

fn shown(tx: &mut Tx, org: OrganizationId) -> Result<Reply<ProfileView>> {
    let row = model::find(tx, org)?.unwrap_or_else(|| ProfileRow::empty(org));
    let mut items = model::items(tx, &[org])?;
    let mut list = |kind| items.remove(&(org, kind)).unwrap_or_default();
    let view = ProfileView {
        listed: row.listed,
        visible: row.listed && programme::is_approved(tx, org)?,
        description: row.description,
        website: row.website,
        languages: list(ProfileItem::Language),
        regions: list(ProfileItem::Region),
        specialities: list(ProfileItem::Speciality),
        families: list(ProfileItem::Family),
        version: row.version,
    };
    Ok(Reply::ok(&view)?.version(row.version))
}
