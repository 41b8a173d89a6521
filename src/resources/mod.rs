//! FLOOR 4: the rooms, one a resource.
pub mod accounts;

use actix_web::web::ServiceConfig;
use utoipa::OpenApi;

/// Every room's handlers.
pub fn routes(app: &mut ServiceConfig) {
    accounts::routes(app);
}

/// Every room's documentation, as utoipa writes it.
pub fn docs() -> utoipa::openapi::OpenApi {
    let mut book = utoipa::openapi::OpenApi::default();
    book.merge(accounts::Docs::openapi());
    book
}
