//! FLOOR 4: the rooms, one a resource.
pub mod access_checks;
pub mod accounts;
pub mod audit;
pub mod backup_units;
pub mod billing;
pub mod billing_events;
pub mod catalogue;
pub mod customers;
pub mod directory;
pub mod due;
pub mod events;
pub mod invitations;
pub mod invoices;
pub mod ledger;
pub mod members;
pub mod metadata;
pub mod metrics;
pub mod notifications;
pub mod orders;
pub mod organizations;
pub mod outbox;
pub mod partnerships;
pub mod payment_modes;
pub mod payouts;
pub mod permission_scopes;
pub mod prepaid_accounts;
pub mod programme;
pub mod quotes;
pub mod rebilling;
pub mod renewals;
pub mod security_contact;
pub mod service_status;
pub mod simulations;
pub mod statements;
pub mod support;
pub mod teams;
pub mod tenders;
pub mod users;
pub mod webhooks;

use crate::api::locale;
use crate::api::openapi::{down, finish};
use crate::api::problem::{self, Problem};
use crate::domain::event::EventType;
use crate::domain::locale::Language;
use crate::domain::refusal::Code;
use actix_web::web::ServiceConfig;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// The list of rooms: one entry registers a room's handlers and its documentation.
macro_rules! rooms {
    ($($room:ident),+ $(,)?) => {
        /// Every room's handlers.
        pub fn routes(app: &mut ServiceConfig) { $($room::routes(app);)+ }

        fn docs() -> utoipa::openapi::OpenApi {
            let mut book = Book::openapi();
            $(book.merge($room::Docs::openapi());)+
            book
        }
    };
}

rooms!(
    access_checks,
    accounts,
    audit,
    backup_units,
    billing_events,
    catalogue,
    directory,
    events,
    customers,
    invitations,
    invoices,
    ledger,
    members,
    notifications,
    orders,
    metadata,
    organizations,
    outbox,
    partnerships,
    payment_modes,
    payouts,
    permission_scopes,
    prepaid_accounts,
    programme,
    quotes,
    rebilling,
    security_contact,
    service_status,
    statements,
    renewals,
    simulations,
    support,
    teams,
    tenders,
    users,
    webhooks,
);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mandat",
        description = "The partner programme of a cloud provider: customers invite partners, grant them limited or full access, and from that follow what a partner may do, who pays which price, and what the partner earns.",
        contact(name = "Partner programme", email = "partners@mandat.example"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(Problem)),
    tags(
        (name = "Sign-in", description = "Signing in and out."),
        (name = "Me", description = "The signed-in person."),
        (name = "Invitations", description = "The proposal of a partnership, by either side."),
        (name = "Members", description = "Who belongs to an organization, and its work teams."),
        (name = "Organizations", description = "Who owns products, and what belongs to them."),
        (name = "Catalogue", description = "Product families and their dated prices."),
        (name = "Directory", description = "Finding a partner."),
        (name = "Backup", description = "The customers of a partner inside one backup product."),
        (name = "Programme", description = "Enrolling in the partner programme, and what it asks for and gives."),
        (name = "Money", description = "Quotes, orders, billing events, invoices, prepaid accounts."),
        (name = "Events", description = "What happened, for who follows along."),
        (name = "Audit", description = "Who did and saw what, by which right."),
        (name = "Reference", description = "The tables by which everything is judged and settled."),
        (name = "Access checks", description = "May somebody do something, and why."),
        (name = "Admin", description = "For the operator's staff."),
        (name = "Service", description = "How the service stands."),
        (name = "Partnerships", description = "What a customer lets a partner do."),
        (name = "Support", description = "Codes by which the staff knows people, support contracts, and temporary access for the staff."),
        (name = "Tenders", description = "Calls for help to all partners who want them, and their proposals."),
    ),
    modifiers(&Bearer),
)]
struct Book;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, book: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "An access token from `POST /v1/auth/login`, or an API token (`mdt_…`).",
            ))
            .build();
        book.components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The OpenAPI document as 3.1 and as 3.0.3.
pub fn documents() -> (Value, Value) {
    let title = |key: String| locale::text(Language::English, &key, &[]);
    let problems: Vec<(&str, u16, String)> = Code::ALL
        .iter()
        .map(|code| {
            (
                code.as_str(),
                problem::status(*code).as_u16(),
                title(format!("problem-{}", code.as_str().replace('_', "-"))),
            )
        })
        .collect();
    let catalogue: Vec<(&str, u16, &str)> = problems
        .iter()
        .map(|(code, status, title)| (*code, *status, title.as_str()))
        .collect();
    let events: Vec<(&str, String)> = EventType::ALL
        .iter()
        .map(|event| {
            (
                event.as_str(),
                title(format!("event-{}", event.as_str().replace(['.', '_'], "-"))),
            )
        })
        .collect();
    let events: Vec<(&str, &str)> = events
        .iter()
        .map(|(name, summary)| (*name, summary.as_str()))
        .collect();
    let newest = finish(docs(), &catalogue, &events);
    let older = down(&newest);
    (newest, older)
}
