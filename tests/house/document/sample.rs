//! A small room, written as rooms write theirs: every shape that the document must carry appears once.
#![allow(dead_code)] // Nobody calls these handlers: their signatures are what is read.
use actix_web::{HttpResponse, get, post, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// The id of a partnership.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^partnership_[0-9a-hjkmnp-tv-z]{26}$")]
pub struct PartnershipId(String);

/// The id of an organization.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, pattern = "^org_[0-9a-hjkmnp-tv-z]{26}$")]
pub struct OrganizationId(String);

/// An exact amount of money.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// The amount, with the currency's number of places.
    #[schema(pattern = r"^-?\d{1,15}(\.\d{1,6})?$")]
    amount: String,
    /// The currency, in ISO 4217.
    currency: Currency,
}

/// A currency, in ISO 4217.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Chf,
    Eur,
}

/// Where a partnership stands.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartnershipStatus {
    Scheduled,
    Active,
    Ended,
}

/// What to sort by.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(title = "PartnershipSort")]
pub enum PartnershipSort {
    StartedAt,
    CustomerName,
}

/// How far a partner reaches.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    Limited,
    Full,
}

/// What a partner may reach.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": "full", "product_ids": null, "payment_mode": null}))]
pub struct Access {
    /// How far.
    level: AccessLevel,
    /// The products of limited access.
    product_ids: Option<Vec<String>>,
    /// Who pays, with full access.
    payment_mode: Option<String>,
}

/// What a partner may reach, and why. `Access` is an input, so this can't be called so.
#[derive(Serialize, ToSchema)]
pub struct AccessView {
    /// How far.
    level: AccessLevel,
    /// Why.
    explanation: Option<String>,
}

/// An organization, by id and name.
#[derive(Serialize, ToSchema)]
pub struct OrganizationNameView {
    /// Its id.
    id: OrganizationId,
    /// Its name.
    name: String,
}

/// A partnership between a customer and a partner.
#[derive(Serialize, ToSchema)]
pub struct PartnershipView {
    /// Its id.
    id: PartnershipId,
    /// Whose products it concerns.
    customer: OrganizationNameView,
    /// Who looks after them; null until somebody does.
    partner: Option<OrganizationNameView>,
    /// Where it stands.
    status: PartnershipStatus,
    /// What the partner may reach.
    access: Access,
    /// What the partner has cost so far; null to those who may not see it.
    spent: Option<Money>,
    /// Labels, by language.
    labels: std::collections::BTreeMap<String, String>,
    /// A note.
    note: Option<String>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended; null while it lasts.
    ended_at: Option<DateTime<Utc>>,
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    items: Vec<T>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// What is to change in what the partner may reach.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessChange {
    /// What the partner may reach from now on.
    access: Access,
    /// What the partner may spend; absent: without limit.
    limit: Option<Money>,
    /// The password of the one who changes it.
    #[schema(min_length = 12, max_length = 200)]
    password: Option<String>,
}

/// A new partnership.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartnership {
    /// With whom.
    partner_id: OrganizationId,
    /// What the partner may reach.
    access: Access,
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The address of the account.
    #[schema(format = "email")]
    email: String,
    /// Its password.
    #[schema(max_length = 200)]
    password: String,
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub struct TokensView {
    /// Goes into `Authorization: Bearer`.
    access_token: String,
    /// Seconds until it ends.
    #[schema(minimum = 1, maximum = 86400)]
    expires_in: u32,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// A page that explains it.
    #[schema(format = "uri-reference")]
    r#type: String,
    /// What went wrong, in few words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What never changes and programs may read.
    code: String,
    /// The faults of the input, all of them.
    errors: Vec<Fault>,
}

/// One fault of the input.
#[derive(Serialize, ToSchema)]
pub struct Fault {
    /// Where in the body, as JSON Pointer.
    pointer: String,
    /// What never changes and programs may read.
    code: String,
}

/// Which partnerships, and in what order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PartnershipQuery {
    /// Only those that stand so; may be repeated.
    #[serde(default)]
    pub status: Vec<PartnershipStatus>,
    /// What to sort by. Nothing but this query uses it, so it must be carried along.
    #[param(inline)]
    pub sort: Option<PartnershipSort>,
    /// How many, at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// List partnerships.
///
/// Those in which the organization is customer or partner, the newest first.
#[utoipa::path(tag = "Partnerships", params(("org_id" = OrganizationId, Path), PartnershipQuery), responses((status = 200, body = Page<PartnershipView>)), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true))))]
#[get("/v1/organizations/{org_id}/partnerships")]
pub async fn list_partnerships(
    _org: web::Path<OrganizationId>,
    _query: web::Query<PartnershipQuery>,
) -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Show a partnership.
///
/// To both of its sides, as long as they may see it.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path)), responses((status = 200, body = PartnershipView)), extensions(("x-etag" = json!(true))))]
#[get("/v1/partnerships/{id}")]
pub async fn show_partnership(_id: web::Path<PartnershipId>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Show what the partner may reach.
///
/// As the policy sees it, with reasons.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path)), responses((status = 200, body = AccessView)))]
#[get("/v1/partnerships/{id}/access")]
pub async fn show_access(_id: web::Path<PartnershipId>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Begin a partnership.
///
/// Without an invitation, so by the programme's staff only.
#[utoipa::path(tag = "Partnerships", params(("org_id" = OrganizationId, Path)), request_body = NewPartnership, responses((status = 201, body = PartnershipView)), extensions(("x-problems" = json!(["forbidden", "already_partners"]))))]
#[post("/v1/organizations/{org_id}/partnerships")]
pub async fn begin_partnership(
    _org: web::Path<OrganizationId>,
    _new: web::Json<NewPartnership>,
) -> HttpResponse {
    HttpResponse::Created().finish()
}

/// Change what the partner may reach.
///
/// The customer's legal representative decides.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path)), request_body = AccessChange, responses((status = 200, body = PartnershipView)), extensions(("x-problems" = json!(["forbidden", "already_ended"])), ("x-if-match" = json!("required"))))]
#[put("/v1/partnerships/{id}/access")]
pub async fn change_access(
    _id: web::Path<PartnershipId>,
    _change: web::Json<AccessChange>,
) -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Sign in.
///
/// With an address and a password.
#[utoipa::path(tag = "Sign-in", request_body = Login, responses((status = 200, body = TokensView)), security(()), extensions(("x-problems" = json!(["wrong_credentials"]))))]
#[post("/v1/auth/login")]
pub async fn login(_login: web::Json<Login>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// Forget a session.
///
/// Its tokens are worth nothing from then on.
#[utoipa::path(tag = "Sign-in", responses((status = 204)), extensions(("x-no-idempotency" = json!(true))))]
#[post("/v1/auth/logout")]
pub async fn logout() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Sample", version = "1.0.0", description = "A sample.", contact(name = "Mandat", url = "https://mandat.example", email = "api@mandat.example"), license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(list_partnerships, show_partnership, show_access, begin_partnership, change_access, login, logout),
    components(schemas(Problem)),
    tags((name = "Partnerships", description = "Who looks after whom."), (name = "Sign-in", description = "Sessions."))
)]
pub struct Sample;

/// The document of the sample, finished; with codes enough for every trait of an operation.
pub fn document() -> serde_json::Value {
    let events = [
        ("partnership.started", "A partnership has begun."),
        ("partnership.ended", "A partnership has ended."),
    ];
    mandat::api::openapi::finish(Sample::openapi(), &PROBLEMS, &events)
}

/// What the sample can answer.
pub const PROBLEMS: [(&str, u16, &str); 22] = [
    ("malformed_body", 400, "The body can't be read"),
    ("invalid_parameter", 400, "A parameter can't be read"),
    ("cursor_mismatch", 400, "The cursor belongs to another list"),
    (
        "idempotency_key_required",
        400,
        "An Idempotency-Key is required",
    ),
    ("unauthenticated", 401, "Nobody is signed in"),
    ("wrong_credentials", 401, "Address or password is wrong"),
    ("forbidden", 403, "Not allowed"),
    (
        "insufficient_scope",
        403,
        "The token's scopes don't suffice",
    ),
    ("not_found", 404, "No such thing"),
    ("already_ended", 409, "It has ended already"),
    ("already_partners", 409, "They are partners already"),
    ("dead_link", 410, "The link is dead"),
    ("version_mismatch", 412, "Changed meanwhile"),
    ("payload_too_large", 413, "The body is too large"),
    ("unsupported_media_type", 415, "Not JSON"),
    ("invalid", 422, "The input has faults"),
    (
        "idempotency_key_reused",
        422,
        "The key was used for something else",
    ),
    ("if_match_required", 428, "If-Match is required"),
    ("too_many_requests", 429, "Too many requests"),
    ("internal", 500, "Our fault"),
    ("unavailable", 503, "Out of order for now"),
    ("odd", 418, "Nothing of ours answers this"),
];
