//! The staff submits a code and gets the identity behind it (SUP-3).
use super::codes::acting_partner;
use super::model::{self, Named, OnBehalf};
use crate::api::{Caller, Reply, Valid};
use crate::db::record::Event;
use crate::db::schema::memberships;
use crate::db::throttle::{self, Limit, Room};
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::policy::Action;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::support::{IdentificationOutcome, SupportPlan, read_code};
use crate::error::Result;
use crate::resources::accounts::model as accounts;
use crate::resources::organizations::mails::{legal_representatives, tell_all};
use crate::resources::organizations::model::names;
use actix_web::post;
use actix_web::web::Data;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// Wrong codes, of one member of the staff and of all together.
const WRONG: Limit = Limit {
    what: "wrong support code",
    times: 10,
    seconds: 900,
    rule: "SUP-3",
};
const WRONG_IN_ALL: Limit = Limit {
    what: "wrong support code in all",
    times: 100,
    ..WRONG
};

/// A code that somebody has read out or written.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmittedCode {
    /// A support code or a VIP code; blanks and dashes in it are of no matter.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "4938 5017 2634")]
    code: String,
}

/// Who is speaking.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportUser)]
pub struct SupportUserView {
    /// The account.
    id: UserId,
    /// The person's name.
    #[schema(example = "Claire Morel")]
    name: String,
    /// The person's e-mail address.
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
    /// The language to speak to this person in.
    language: Language,
}

/// An organization that a code names.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportOrganization)]
pub struct SupportOrganizationView {
    /// Its id.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Studio Lumen")]
    name: String,
    /// What support it has.
    plan: SupportPlan,
}

/// The identity behind a code.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportIdentity)]
pub struct SupportIdentityView {
    /// The person; null for a VIP code, which names an organization alone.
    user: Option<SupportUserView>,
    /// The organizations: the person's, or the customer and the partner that acts for it, or the one with this VIP code.
    organizations: Vec<SupportOrganizationView>,
    /// The customer for which the person acts.
    customer_id: Option<OrganizationId>,
    /// The partner that acts for it.
    partner_id: Option<OrganizationId>,
}

/// Identify somebody by a support code.
///
/// For the operator's support staff. Every attempt is recorded, and told to whom it named; wrong codes are throttled, for each member of the staff and in all. Each attempt is one by itself, so there is no Idempotency-Key.
#[utoipa::path(tag = "Support", request_body = SubmittedCode, responses((status = 200, body = SupportIdentityView, description = "The identity behind the code.")),
    extensions(("x-problems" = json!(["forbidden"])), ("x-no-idempotency" = json!(true))))]
#[post("/v1/support/identifications")]
pub async fn identify_by_support_code(
    caller: Caller,
    db: Data<Db>,
    submitted: Valid<SubmittedCode>,
) -> Result<Reply<SupportIdentityView>> {
    let code = read_code(&submitted.code);
    let outcome = db
        .write(move |tx| {
            let identity = caller.identify(tx)?;
            witness::staff(&identity, Action::GiveSupport)?;
            attempt(tx, &identity, code.as_deref())
        })
        .await?;
    Ok(outcome?)
}

/// A refusal leaves its trace: the attempt is committed with it.
fn attempt(
    tx: &mut Tx,
    staff: &Identity,
    code: Option<&str>,
) -> Result<std::result::Result<Reply<SupportIdentityView>, Refusal>> {
    let who = staff.user.to_string();
    for (limit, of) in [(&WRONG, who.as_str()), (&WRONG_IN_ALL, "")] {
        if let Room::Full { seconds } = throttle::room(tx, limit, of)? {
            failed(tx, staff, IdentificationOutcome::Throttled)?;
            let refusal = Refusal::by(Code::TooManyRequests, limit.rule);
            return Ok(Err(refusal.with("seconds", seconds)));
        }
    }
    let named = match code {
        Some(code) => model::named_by(tx, code)?,
        None => None,
    };
    match named {
        Some(Named::User { user, on_behalf }) if holds(tx, user, on_behalf)? => {
            user_identified(tx, staff, user, on_behalf).map(Ok)
        }
        Some(Named::Organization(organization)) => {
            organization_identified(tx, staff, organization).map(Ok)
        }
        Some(Named::User { .. }) | None => {
            throttle::add(tx, &WRONG, &who)?;
            throttle::add(tx, &WRONG_IN_ALL, "")?;
            failed(tx, staff, IdentificationOutcome::Unknown)?;
            Ok(Err(Refusal::fault("/code", "unknown", "SUP-3")))
        }
    }
}

fn failed(tx: &mut Tx, staff: &Identity, outcome: IdentificationOutcome) -> Result<()> {
    model::record_identification(tx, staff.user, outcome, None)?;
    let event = Event::new(EventType::SupportIdentificationFailed, staff.user)
        .data(json!({"outcome": outcome}))
        .by_rule("SUP-3");
    tx.record(Some(staff), event)?;
    Ok(())
}

/// A code on a customer's behalf holds only while that partner still reaches the customer.
fn holds(tx: &mut Tx, user: UserId, on_behalf: Option<OnBehalf>) -> Result<bool> {
    let Some((customer, partner)) = on_behalf else {
        return Ok(true);
    };
    let standings = witness::standings_of(tx, user, customer, tx.now)?;
    Ok(standings
        .iter()
        .any(|standing| acting_partner(std::slice::from_ref(standing)) == Some(partner)))
}

fn user_identified(
    tx: &mut Tx,
    staff: &Identity,
    user: UserId,
    on_behalf: Option<OnBehalf>,
) -> Result<Reply<SupportIdentityView>> {
    let person = accounts::user(tx, user)?;
    let named: BTreeSet<OrganizationId> = match on_behalf {
        Some((customer, partner)) => BTreeSet::from([customer, partner]),
        None => {
            let own: Vec<OrganizationId> = memberships::table
                .filter(memberships::user_id.eq(user))
                .filter(memberships::valid_to.is_null())
                .select(memberships::organization_id)
                .load(tx.conn)?;
            own.into_iter().collect()
        }
    };
    let (customer, partner) = on_behalf.unzip();
    let event = Event::new(EventType::SupportIdentified, user).between(customer, partner);
    let to = vec![(person.email.clone(), person.language)];
    told(tx, staff, event, Some(user), to)?;
    Reply::ok(&SupportIdentityView {
        user: Some(SupportUserView {
            id: person.id,
            name: person.name,
            email: person.email,
            language: person.language,
        }),
        organizations: organizations(tx, &named)?,
        customer_id: customer,
        partner_id: partner,
    })
}

fn organization_identified(
    tx: &mut Tx,
    staff: &Identity,
    organization: OrganizationId,
) -> Result<Reply<SupportIdentityView>> {
    let event = Event::new(EventType::SupportIdentified, organization).of(organization);
    let to = legal_representatives(tx, organization)?;
    told(tx, staff, event, None, to)?;
    Reply::ok(&SupportIdentityView {
        user: None,
        organizations: organizations(tx, &BTreeSet::from([organization]))?,
        customer_id: None,
        partner_id: None,
    })
}

/// Records an identification, and tells whom it named.
fn told(
    tx: &mut Tx,
    staff: &Identity,
    event: Event,
    user: Option<UserId>,
    to: Vec<(String, Language)>,
) -> Result<()> {
    let outcome = IdentificationOutcome::Identified;
    model::record_identification(tx, staff.user, outcome, user)?;
    let event = tx.record(Some(staff), event.by_rule("SUP-3"))?;
    let template = MailTemplate::SupportIdentified;
    tell_all(tx, event, to, template, &json!({}))
}

fn organizations(
    tx: &mut Tx,
    ids: &BTreeSet<OrganizationId>,
) -> Result<Vec<SupportOrganizationView>> {
    let (names, plans) = (names(tx, ids)?, model::plans(tx, ids)?);
    let view = |(id, plan): (OrganizationId, SupportPlan)| SupportOrganizationView {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
        plan,
    };
    Ok(plans.into_iter().map(view).collect())
}
