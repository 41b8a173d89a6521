//! The table of permission scopes, for whoever shows or explains it (SPEC section 5).
use crate::api::Reply;
use crate::api::scopes::{ScopeView, of_terms};
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::locale::Language;
use crate::error::Result;
use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(list_permission_scopes);

/// What one kind of partnership gives.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionScopeColumn)]
pub struct PermissionScopeColumnView {
    /// The access level.
    level: Level,
    /// The payment mode; null under limited access.
    payment_mode: Option<PaymentMode>,
    /// The six scopes.
    scopes: Vec<ScopeView>,
}

/// The table of permission scopes.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionScopeTable)]
pub struct PermissionScopeTableView {
    /// One column for each kind of partnership.
    columns: Vec<PermissionScopeColumnView>,
}

/// The table of permission scopes.
///
/// What limited access, and full access with each payment mode, give of the six scopes: the same table by which every request is judged.
#[utoipa::path(tag = "Reference", security(()), responses((status = 200, body = PermissionScopeTableView, description = "The table.")))]
#[get("/v1/permission-scopes")]
pub async fn list_permission_scopes() -> Result<Reply<PermissionScopeTableView>> {
    let column = |terms: Terms| PermissionScopeColumnView {
        level: terms.level(),
        payment_mode: terms.payment_mode(),
        scopes: of_terms(terms, Language::English),
    };
    Reply::ok(&PermissionScopeTableView {
        columns: Terms::ALL.into_iter().map(column).collect(),
    })
}
