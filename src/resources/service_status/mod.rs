//! Whether the service lives and is ready, and what its problem codes mean.
use crate::api::{Reply, locale, problem};
use crate::db::Db;
use crate::domain::locale::Language;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(
    get_liveness,
    get_readiness,
    list_problem_codes,
    get_problem_page
);

/// How the service stands.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
pub struct ServiceStatusView {
    /// Always `ok`; a service that is not answers a problem.
    #[schema(example = "ok")]
    status: &'static str,
}

/// A kind of problem.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemCode)]
pub struct ProblemCodeView {
    /// Its stable code.
    code: Code,
    /// Its HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 403)]
    status: u16,
    /// What it is called.
    #[schema(example = "Not allowed")]
    title: String,
    /// What it means.
    #[schema(example = "You may not do this.")]
    meaning: String,
}

/// Every kind of problem.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemCodes)]
pub struct ProblemCodesView {
    /// All codes.
    codes: Vec<ProblemCodeView>,
}

fn meaning(code: Code) -> ProblemCodeView {
    let key = format!("problem-{}", code.as_str().replace('_', "-"));
    ProblemCodeView {
        code,
        status: problem::status(code).as_u16(),
        title: locale::text(Language::English, &key, &[]),
        meaning: locale::text(Language::English, &format!("{key}.detail"), &[]),
    }
}

/// Whether the process lives.
///
/// Asks nothing of the database.
#[utoipa::path(tag = "Service", security(()), responses((status = 200, body = ServiceStatusView, description = "It lives.")))]
#[get("/livez")]
pub async fn get_liveness() -> Result<Reply<ServiceStatusView>> {
    Reply::ok(&ServiceStatusView { status: "ok" })
}

/// Whether the service can do its work.
///
/// The database answers, and its schema is the one this program was built for.
#[utoipa::path(tag = "Service", security(()), responses((status = 200, body = ServiceStatusView, description = "It is ready.")))]
#[get("/readyz")]
pub async fn get_readiness(db: Data<Db>) -> Result<Reply<ServiceStatusView>> {
    match db.pending_migrations().await?.is_empty() {
        true => Reply::ok(&ServiceStatusView { status: "ok" }),
        false => Err(Refusal::new(Code::Unavailable).into()),
    }
}

/// Every problem code.
///
/// What each code means and which HTTP status it comes with.
#[utoipa::path(tag = "Reference", security(()), responses((status = 200, body = ProblemCodesView, description = "All codes.")))]
#[get("/v1/problem-codes")]
pub async fn list_problem_codes() -> Result<Reply<ProblemCodesView>> {
    Reply::ok(&ProblemCodesView {
        codes: Code::ALL.iter().map(|code| meaning(*code)).collect(),
    })
}

/// What a problem means.
///
/// The page that a problem document's `type` leads to.
#[utoipa::path(tag = "Reference", security(()), params(("code" = String, Path, description = "The problem's code.")), responses((status = 200, body = ProblemCodeView, description = "The code and its meaning.")))]
#[get("/problems/{code}")]
pub async fn get_problem_page(code: Path<String>) -> Result<Reply<ProblemCodeView>> {
    let code = Code::parse(&code).ok_or_else(Refusal::not_found)?;
    Reply::ok(&meaning(code))
}
