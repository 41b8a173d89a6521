//! A person's support code: shown on the profile, renewed at will (SUP-1).
use super::model::{self, OnBehalf};
use crate::api::views::OrganizationNameView;
use crate::api::{Caller, Post, Query, Reply};
use crate::db::record::Event;
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::policy::{self, Action, Ruling, Standing};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::organizations::model::names;
use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Whom one acts for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupportCodeFilters {
    /// The customer for which the caller acts; without it, the caller's own code.
    customer_id: Option<OrganizationId>,
}

/// Which code to renew.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportCodeRotation {
    /// The customer for which the caller acts; without it, the caller's own code.
    customer_id: Option<OrganizationId>,
}

/// A code by which the support staff knows who is speaking. It is no domain-transfer code.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportCode)]
pub struct SupportCodeView {
    /// Twelve digits; null only where an answer is replayed.
    #[schema(pattern = "^[0-9]{12}$", example = "493850172634")]
    code: Option<String>,
    /// The customer for which the caller acts.
    customer: Option<OrganizationNameView>,
    /// The partner as which the caller acts for that customer.
    partner: Option<OrganizationNameView>,
    /// Since when it is good.
    created_at: DateTime<Utc>,
}

/// Show my support code.
///
/// By it the operator's support staff knows who is speaking. With `customer_id` a code that names both that customer and the caller's partner organization, good only while the partnership gives access.
#[utoipa::path(tag = "Support", params(SupportCodeFilters), responses((status = 200, body = SupportCodeView, description = "The code.")), extensions(("x-problems" = json!(["forbidden", "not_found"]))))]
#[get("/v1/me/support-code")]
pub async fn get_support_code(
    caller: Caller,
    db: Data<Db>,
    query: Query<SupportCodeFilters>,
) -> Result<Reply<SupportCodeView>> {
    let (asking, customer) = (caller.clone(), query.customer_id);
    let known = db
        .read(move |tx| {
            let identity = asking.identify(tx)?;
            let on_behalf = on_behalf(tx, &identity, customer)?;
            view(tx, &identity, on_behalf)
        })
        .await?;
    if let Some(known) = known {
        return Reply::ok(&known);
    }
    // The first time, it is made.
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let on_behalf = on_behalf(tx, &identity, customer)?;
        if model::code(tx, identity.user, on_behalf)?.is_none() {
            renew(tx, &identity, on_behalf)?;
        }
        let made = view(tx, &identity, on_behalf)?.ok_or_else(Refusal::not_found)?;
        Reply::ok(&made)
    })
    .await
}

/// Renew my support code.
///
/// The old one is dead at once.
#[utoipa::path(tag = "Support", request_body = SupportCodeRotation, responses((status = 200, body = SupportCodeView, description = "The new code.")), extensions(("x-problems" = json!(["forbidden", "not_found"]))))]
#[post("/v1/me/support-code/rotate")]
pub async fn rotate_support_code(
    caller: Caller,
    db: Data<Db>,
    rotation: Post<SupportCodeRotation>,
) -> Result<Reply<SupportCodeView>> {
    rotation
        .once(&db, caller, &["code"], move |tx, identity, rotation| {
            let on_behalf = on_behalf(tx, identity, rotation.customer_id)?;
            renew(tx, identity, on_behalf)?;
            let made = view(tx, identity, on_behalf)?.ok_or_else(Refusal::not_found)?;
            Reply::ok(&made)
        })
        .await
}

fn renew(tx: &mut Tx, identity: &Identity, on_behalf: Option<OnBehalf>) -> Result<()> {
    model::new_code_for(tx, identity.user, on_behalf)?;
    let event = Event::new(EventType::SupportCodeChanged, identity.user)
        .between(
            on_behalf.map(|(customer, _)| customer),
            on_behalf.map(|(_, partner)| partner),
        )
        .by_rule("SUP-1");
    tx.record(Some(identity), event)?;
    Ok(())
}

/// The customer with the partner through which the caller reaches it, now.
fn on_behalf(
    tx: &mut Tx,
    identity: &Identity,
    customer: Option<OrganizationId>,
) -> Result<Option<OnBehalf>> {
    let Some(customer) = customer else {
        return Ok(None);
    };
    let found = witness::organization(tx, identity, customer)?;
    let partner = acting_partner(&found.standings);
    policy::allow(found, Action::ReadOrganization)?;
    let partner = partner.ok_or_else(Refusal::not_found)?;
    Ok(Some((customer, partner)))
}

/// The partner as which one of these standings reaches the customer.
pub fn acting_partner(standings: &[Standing]) -> Option<OrganizationId> {
    standings.iter().find_map(|standing| match standing {
        Standing::Partner { partner, .. } => {
            let granted = matches!(
                policy::judge(standing, Action::ReadOrganization),
                Ruling::Granted(_)
            );
            granted.then_some(*partner)
        }
        Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => None,
    })
}

fn view(
    tx: &mut Tx,
    identity: &Identity,
    on_behalf: Option<OnBehalf>,
) -> Result<Option<SupportCodeView>> {
    let Some(code) = model::code(tx, identity.user, on_behalf)? else {
        return Ok(None);
    };
    let ids: BTreeSet<OrganizationId> = on_behalf
        .into_iter()
        .flat_map(|(customer, partner)| [customer, partner])
        .collect();
    let names = names(tx, &ids)?;
    let named = |id: OrganizationId| OrganizationNameView {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
    };
    Ok(Some(SupportCodeView {
        code: Some(code.code),
        customer: on_behalf.map(|(customer, _)| named(customer)),
        partner: on_behalf.map(|(_, partner)| named(partner)),
        created_at: code.since.and_utc(),
    }))
}
