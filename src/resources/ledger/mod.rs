//! The proof of the books, for the operator's staff (BIL-5).
use crate::api::{Caller, Reply};
use crate::db::Db;
use crate::domain::organization::OperatorRole;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::billing::verify;
use actix_web::post;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(verify_ledger);

/// What the proof of the books found.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerProof)]
pub struct LedgerProofView {
    /// Whether the books are right.
    valid: bool,
    /// How many transactions were looked at.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    transactions: usize,
    /// How many entries they have.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    entries: usize,
    /// Each difference, for whoever looks into it.
    #[schema(example = json!([]))]
    differences: Vec<String>,
}

/// Prove the ledger.
///
/// Every transaction adds up to nothing in each currency; every billing event, invoice and payout stands in the ledger as it says of itself. Changes nothing. For the operator's billing staff and administrators.
#[utoipa::path(tag = "Admin", responses((status = 200, body = LedgerProofView, description = "What was found.")), extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[post("/v1/admin/ledger/verify")]
pub async fn verify_ledger(caller: Caller, db: Data<Db>) -> Result<Reply<LedgerProofView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let Some(OperatorRole::Admin | OperatorRole::Billing) = identity.operator else {
            return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
        };
        let proof = verify::verify(tx)?;
        Reply::ok(&LedgerProofView {
            valid: proof.differences.is_empty(),
            transactions: proof.transactions,
            entries: proof.entries,
            differences: proof.differences,
        })
    })
    .await
}
