//! Submitting a tender, signed in or not (TND-1), and what happens when it opens.
use super::mails;
use super::model::{self, Deed, New, Tender, matches};
use super::views::{TenderView, for_author};
use crate::api::caller::{Origin, Visitor};
use crate::api::views::MoneyView;
use crate::api::{Reply, Valid, locale};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::throttle::{self, Limit};
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::directory::is_region;
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::money::Money;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::tender::Topics;
use crate::error::Result;
use crate::resources::accounts::model as accounts;
use crate::resources::catalogue::model as catalogue;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Nobody uses this to send mails to strangers: each address gets a few a day at most.
const BY_EMAIL: Limit = Limit {
    what: "tender to",
    times: 5,
    seconds: 86_400,
    rule: "TND-1",
};
const BY_ADDRESS: Limit = Limit {
    what: "tender from",
    times: 20,
    seconds: 3_600,
    rule: "TND-1",
};

/// No deadline lies further ahead.
const LONGEST: i64 = 366;

/// How the author can be reached: shown to partners that open the tender, and to nobody else.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenderContact {
    /// The person's name.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "Anna Sommer")]
    name: String,
    /// The person's e-mail address, to which the links are sent.
    #[validate(length(max = 254), custom(function = "address"))]
    #[schema(format = "email", example = "anna@baeckerei-sommer.example")]
    email: String,
    /// The person's telephone number.
    #[validate(length(min = 3, max = 40))]
    #[schema(min_length = 3, max_length = 40, example = "+41215550123")]
    phone: String,
}

fn address(email: &str) -> std::result::Result<(), validator::ValidationError> {
    match email_address::EmailAddress::is_valid(email) {
        true => Ok(()),
        false => Err(validator::ValidationError::new("email")),
    }
}

/// A call for help.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": "A new website for our bakery", "description": "We bake, and would like to sell our bread online.", "families": ["web_hosting"], "region": "CH-VD", "languages": ["fr", "de"], "budget": {"amount": "5000.00", "currency": "CHF"}, "contact": {"name": "Anna Sommer", "email": "anna@baeckerei-sommer.example", "phone": "+41215550123"}, "opening_cap": 5}))]
pub struct NewTender {
    /// The organization that asks, where the caller administers one.
    organization_id: Option<OrganizationId>,
    /// What it is about.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120)]
    subject: String,
    /// What is wanted. Partners read the first 280 characters before they open the tender.
    #[validate(length(min = 1, max = 10000))]
    #[schema(min_length = 1, max_length = 10000)]
    description: String,
    /// The product families it is about.
    #[validate(length(min = 1, max = 50))]
    #[schema(min_items = 1, max_items = 50)]
    families: Vec<String>,
    /// Where: a country (ISO 3166-1), or one of its subdivisions (ISO 3166-2).
    #[schema(pattern = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    region: String,
    /// The languages in which the author can be spoken to.
    #[validate(length(min = 1, max = 5))]
    #[schema(min_items = 1, max_items = 5)]
    languages: Vec<Language>,
    /// What it may cost.
    budget: Option<MoneyView>,
    /// Until when proposals are welcome, within a year; the tender ends then by itself.
    deadline: Option<DateTime<Utc>>,
    /// How the author can be reached.
    #[validate(nested)]
    contact: NewTenderContact,
    /// How many partners may open it at most.
    #[validate(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000)]
    opening_cap: Option<i32>,
}

/// Submit a tender.
///
/// Asks all partners who want such tenders for help, free of charge, signed in or not. It opens at once if the contact address is the caller's own verified one, else when the link that is mailed there is followed and confirmed. The answer to a visitor is the only look without that link.
#[utoipa::path(tag = "Tenders", security((), ("bearer" = [])), request_body = NewTender,
    responses((status = 201, body = TenderView, description = "Submitted.")),
    extensions(("x-problems" = json!(["forbidden", "not_found"]))))]
#[post("/v1/tenders")]
pub async fn submit_tender(
    visitor: Visitor,
    db: Data<Db>,
    config: Data<Config>,
    request: HttpRequest,
    new: Valid<NewTender>,
) -> Result<Reply<TenderView>> {
    let accepted = locale::accepted(&request);
    let from = Origin::of(&request).address.unwrap_or_default();
    let lasts = TimeDelta::days(config.tender_days);
    db.write(move |tx| {
        let identity = visitor.identify(tx)?;
        let rule = for_organization(tx, identity.as_ref(), new.organization_id)?;
        let (topics, budget) = read(tx, &new)?;
        let email = accounts::normal(&new.contact.email);
        throttle::count(tx, &BY_ADDRESS, &from)?;
        throttle::count(tx, &BY_EMAIL, &email)?;
        let tender = model::insert(
            tx,
            &New {
                organization: new.organization_id,
                author: identity.as_ref().map(|who| who.user),
                subject: &new.subject,
                description: &new.description,
                topics: &topics,
                budget,
                deadline: new.deadline.map(|at| at.naive_utc()),
                contact: (&new.contact.name, &email, &new.contact.phone),
                language: identity.as_ref().map_or(accepted, |who| who.language),
                opening_cap: new.opening_cap,
                expires_at: ends(tx.now, new.deadline.map(|at| at.naive_utc()), lasts),
            },
        )?;
        let event = Event::new(EventType::TenderSubmitted, tender.id)
            .between(tender.organization_id, None)
            .by_rule(rule);
        let event = tx.record(identity.as_ref(), event)?;
        let is_own = match &identity {
            Some(who) => model::has_address(tx, who.user, &email)?,
            None => false,
        };
        let tender = match is_own {
            true => open(tx, identity.as_ref(), &tender, lasts)?,
            false => {
                mails::to_author(tx, event, &tender, MailTemplate::TenderConfirm, None)?;
                tender
            }
        };
        Reply::created(
            format!("/v1/tenders/{}", tender.id),
            &for_author(tx, &tender)?,
        )
    })
    .await
}

/// Only those who administer an organization ask in its name.
fn for_organization(
    tx: &mut Tx,
    identity: Option<&Identity>,
    organization: Option<OrganizationId>,
) -> Result<&'static str> {
    match (organization, identity) {
        (None, _) => Ok("TND-1"),
        (Some(_), None) => Err(Refusal::new(Code::Unauthenticated).into()),
        (Some(organization), Some(identity)) => {
            let found = witness::organization(tx, identity, organization)?;
            Ok(policy::allow(found, Action::ManageTenders)?.rule)
        }
    }
}

fn read(tx: &mut Tx, new: &NewTender) -> Result<(Topics, Option<Money>)> {
    let mut faults = catalogue::unknown_families(tx, &new.families, "/families")?;
    if !is_region(&new.region) {
        faults.push(Fault::new("/region", "region"));
    }
    match new.deadline.map(|at| at.naive_utc()) {
        Some(deadline) if deadline <= tx.now => {
            faults.push(Fault::new("/deadline", "in_the_past"));
        }
        Some(deadline) if deadline > tx.now + TimeDelta::days(LONGEST) => {
            faults.push(Fault::new("/deadline", "out_of_range"));
        }
        Some(_) | None => {}
    }
    for (pointer, text) in [
        ("/subject", &new.subject),
        ("/description", &new.description),
        ("/contact/name", &new.contact.name),
        ("/contact/phone", &new.contact.phone),
    ] {
        if text.trim().is_empty() {
            faults.push(Fault::new(pointer, "blank"));
        }
    }
    let budget = new.budget.as_ref().map(|budget| budget.read("/budget"));
    match (faults.is_empty(), budget.transpose()) {
        (true, Ok(budget)) => Ok((
            Topics {
                families: new.families.iter().cloned().collect(),
                region: new.region.clone(),
                languages: new.languages.iter().copied().collect(),
            },
            budget,
        )),
        (_, budget) => {
            faults.extend(budget.err());
            Err(Refusal::invalid(faults).rule("TND-1").into())
        }
    }
}

/// A tender ends by its deadline, or after the time that the configuration gives it (TND-7).
fn ends(from: NaiveDateTime, deadline: Option<NaiveDateTime>, lasts: TimeDelta) -> NaiveDateTime {
    deadline.unwrap_or(from + lasts)
}

/// Opens a tender and tells the partners that want such; once it is open nothing changes any more.
pub fn open(
    tx: &mut Tx,
    by: Option<&Identity>,
    tender: &Tender,
    lasts: TimeDelta,
) -> Result<Tender> {
    let expires_at = ends(tx.now, tender.deadline, lasts);
    let Some(opened) = model::act(tx, tender, &Deed::Confirm { expires_at })? else {
        return Ok(tender.clone());
    };
    let event = Event::new(EventType::TenderOpened, opened.id)
        .between(opened.organization_id, None)
        .by_rule("TND-1");
    let event = tx.record(by, event)?;
    mails::to_author(tx, event, &opened, MailTemplate::TenderOpened, None)?;
    let partners = matches::of_tender(tx, &opened)?;
    mails::extract(tx, event, &opened, &partners)?;
    Ok(opened)
}
