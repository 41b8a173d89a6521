//! Changing the catalogue: families by their code, prices by adding a dated list (PRC-8).
use super::model;
use super::price_lists::{self, NewPriceList, PriceListView};
use super::views::FamilyView;
use crate::api::{Caller, Post, Reply, Valid};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::{Db, witness};
use crate::domain::event::EventType;
use crate::domain::policy::Action;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use actix_web::web::{Data, Path};
use actix_web::{post, put};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

/// A product family as it is to be.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyChange {
    /// Its name.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "Web hosting")]
    name: String,
}

/// Add or rename a product family.
///
/// For the operator's billing staff and administrators. A family can be ordered once a price list has it.
#[utoipa::path(tag = "Catalogue", params(("code" = String, Path, description = "The family's code: lower-case letters, digits and underscores.", example = "web_hosting")), request_body = FamilyChange, responses((status = 200, body = FamilyView, description = "The family as it is now.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[put("/v1/admin/catalogue/families/{code}")]
pub async fn save_family(
    caller: Caller,
    db: Data<Db>,
    code: Path<String>,
    change: Valid<FamilyChange>,
) -> Result<Reply<FamilyView>> {
    let (code, name) = (code.into_inner(), change.0.name);
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let rule = witness::staff(&identity, Action::ManageCatalogue)?;
        if !is_code(&code) {
            return Err(Refusal::fault("code", "invalid", "PRC-2").into());
        }
        model::save_family(tx, &code, &name)?;
        let event = Event::new(EventType::FamilyChanged, &code).data(json!({"name": name}));
        tx.record(Some(&identity), event.by_rule(rule))?;
        Reply::ok(&FamilyView {
            code: code.clone(),
            name: name.clone(),
        })
    })
    .await
}

fn is_code(code: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    code.starts_with(|first: char| first.is_ascii_lowercase())
        && code.len() <= 60
        && code.bytes().all(letter)
}

/// Add a price list.
///
/// It is in force from its date on, for the families, currencies and periods it has; what it lacks keeps its price. The past is never rewritten: a list that would start earlier than now is refused, and so is one that names a partner advantage above the ceiling (PRC-2, PRC-8). Prices come as JSON, or as the text of a CSV file with the columns `family`, `period`, `currency`, `list_price`, `partner_rate`, `partner_price` and `volume_tiers` (`35:0.25 100:0.30`).
#[utoipa::path(tag = "Catalogue", request_body = NewPriceList, responses((status = 201, body = PriceListView, description = "The list.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[post("/v1/admin/catalogue/price-lists")]
pub async fn add_price_list(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    new: Post<NewPriceList>,
) -> Result<Reply<PriceListView>> {
    let ceiling = config.partner_rate_ceiling;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let rule = witness::staff(identity, Action::ManageCatalogue)?;
        let list = price_lists::add(tx, new, ceiling)?;
        let event = Event::new(EventType::PriceListAdded, list.id);
        tx.record(Some(identity), event.by_rule(rule))?;
        Reply::created(format!("/v1/catalogue/prices?on={}", list.day()), &list)
    })
    .await
}
