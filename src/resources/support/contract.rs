//! What support an organization has: its plan, VIP code, contact channels and contact person (SUP-2).
use super::model::{self, Manager};
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::organizations;
use crate::db::witness;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::domain::support::{SupportChannel, SupportPlan};
use crate::error::Result;
use crate::resources::accounts::model::normal;
use actix_web::web::{Data, Path};
use actix_web::{get, put};
use diesel::dsl::exists;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// A way to reach the support staff.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportContact)]
pub struct SupportContactView {
    /// Which way.
    channel: SupportChannel,
    /// The address or number.
    #[schema(example = "support@mandat.example")]
    address: String,
}

/// Who looks after an organization's technical questions.
#[derive(Serialize, ToSchema)]
#[schema(as = TechnicalAccountManager)]
pub struct ManagerView {
    /// The person's name.
    #[schema(example = "Iris Favre")]
    name: String,
    /// The person's e-mail address.
    #[schema(format = "email", example = "iris@mandat.example")]
    email: String,
    /// The person's telephone number.
    #[schema(example = "+41215550123")]
    phone: Option<String>,
}

/// What support an organization has.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportContract)]
pub struct SupportContractView {
    /// Its plan.
    plan: SupportPlan,
    /// With Premium Support: what to say on the phone.
    #[schema(pattern = "^[0-9]{12}$", example = "493850172634")]
    vip_code: Option<String>,
    /// How to reach the support staff under this plan.
    channels: Vec<SupportContactView>,
    /// Who looks after its technical questions.
    technical_account_manager: Option<ManagerView>,
    /// Counts the changes; 0 where nothing but the standard was ever agreed.
    #[schema(minimum = 0, maximum = 2147483647)]
    version: i32,
}

/// Who is to look after an organization's technical questions.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTechnicalAccountManager {
    /// The person's name.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "Iris Favre")]
    name: String,
    /// The person's e-mail address.
    #[validate(length(max = 254), email)]
    #[schema(format = "email", example = "iris@mandat.example")]
    email: String,
    /// The person's telephone number.
    #[validate(length(min = 3, max = 40))]
    #[schema(min_length = 3, max_length = 40, example = "+41215550123")]
    phone: Option<String>,
}

/// What was agreed.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"plan": "premium", "technical_account_manager": {"name": "Iris Favre", "email": "iris@mandat.example", "phone": "+41215550123"}}))]
pub struct SupportContractChange {
    /// The plan from now on.
    plan: SupportPlan,
    /// Who looks after its technical questions.
    #[validate(nested)]
    technical_account_manager: Option<NewTechnicalAccountManager>,
}

/// Show a support contract.
///
/// The organization's plan, and with Premium Support its VIP code, for its administrators and legal representatives.
#[utoipa::path(tag = "Support", params(("org_id" = OrganizationId, Path, description = "The organization.")),
    responses((status = 200, body = SupportContractView, description = "The contract.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/support-contract")]
pub async fn get_support_contract(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    org: Path<OrganizationId>,
) -> Result<Reply<SupportContractView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadSupportContract)?;
        answer(tx, &config, *org, true)
    })
    .await
}

/// Agree on a support contract.
///
/// By the operator's administrators. When Premium Support begins the organization gets a VIP code, which the operator does not see here.
#[utoipa::path(tag = "Support", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = SupportContractChange,
    responses((status = 200, body = SupportContractView, description = "The contract as it is now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden"]))))]
#[put("/v1/admin/organizations/{org_id}/support-contract")]
pub async fn set_support_contract(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    if_match: IfMatch,
    org: Path<OrganizationId>,
    change: Valid<SupportContractChange>,
) -> Result<Reply<SupportContractView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let rule = witness::staff(&identity, Action::AgreeSupportContract)?;
        let known = exists(organizations::table.find(*org));
        if !diesel::select(known).get_result::<bool>(tx.conn)? {
            return Err(Refusal::not_found().into());
        }
        if_match.check(model::contract(tx, *org)?.version)?;
        let manager = change
            .technical_account_manager
            .clone()
            .map(|manager| Manager {
                name: manager.name,
                email: normal(&manager.email),
                phone: manager.phone,
            });
        model::agree(tx, *org, change.plan, manager.as_ref())?;
        let event = Event::new(EventType::SupportContractChanged, *org)
            .of(*org)
            .data(serde_json::json!({"plan": change.plan}))
            .by_rule(rule);
        tx.record(Some(&identity), event)?;
        answer(tx, &config, *org, false)
    })
    .await
}

fn answer(
    tx: &mut Tx,
    config: &Config,
    organization: OrganizationId,
    shows_code: bool,
) -> Result<Reply<SupportContractView>> {
    let contract = model::contract(tx, organization)?;
    let email = SupportContactView {
        channel: SupportChannel::Email,
        address: config.support_email.clone(),
    };
    let phone = SupportContactView {
        channel: SupportChannel::Phone,
        address: config.support_phone.clone(),
    };
    let view = SupportContractView {
        plan: contract.plan,
        vip_code: contract.vip_code.filter(|_| shows_code),
        channels: match contract.plan {
            SupportPlan::Standard => vec![email],
            SupportPlan::Premium => vec![phone, email],
        },
        technical_account_manager: contract.manager.map(|manager| ManagerView {
            name: manager.name,
            email: manager.email,
            phone: manager.phone,
        }),
        version: contract.version,
    };
    Ok(Reply::ok(&view)?.version(contract.version))
}
