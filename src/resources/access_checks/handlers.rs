//! Asking whether something is allowed. Nothing is written.
use super::judge::{self, Question};
use super::views::{AccessCheckView, AccessChecksView};
use crate::api::{Caller, Reply, Valid};
use crate::db::Db;
use crate::domain::id::{OrganizationId, ProductId, UserId};
use crate::domain::policy::Action;
use crate::error::{Error, Result};
use actix_web::post;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// May this person do this?
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "order", "organization_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v"}))]
pub struct AccessQuestion {
    /// Who; the caller unless said. Others than the caller are for the administrators of their organization.
    user_id: Option<UserId>,
    /// What.
    action: Action,
    /// The organization concerned.
    organization_id: OrganizationId,
    /// The product it is about.
    product_id: Option<ProductId>,
    /// As of this instant; now unless said.
    as_of: Option<DateTime<Utc>>,
}

/// Several questions at once.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"checks": [{"action": "order", "organization_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v"}]}))]
pub struct AccessQuestions {
    /// At most a hundred.
    #[validate(nested, length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    checks: Vec<AccessQuestion>,
}

/// Check an access.
///
/// Whether somebody may do something to an organization or one of its products, now or as of an instant: the rule that decides, and the chain of facts it rests on. Whoever asks about another is an administrator of that person's organization, and learns only of what comes through that organization. What the caller cannot see is refused like what does not exist.
#[utoipa::path(tag = "Access checks", request_body = AccessQuestion, responses((status = 200, body = AccessCheckView, description = "The answer.")),
    extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/access-checks")]
pub async fn check_access(
    caller: Caller,
    db: Data<Db>,
    question: Valid<AccessQuestion>,
) -> Result<Reply<AccessCheckView>> {
    db.read(move |tx| {
        let mut answers = judge::answers(tx, &caller, &[question.0.asked()])?;
        let only = answers.pop();
        Reply::ok(&only.ok_or_else(|| Error::internal("a question without an answer"))?)
    })
    .await
}

/// Check several accesses.
///
/// Up to a hundred questions, answered in their order, all of one instant.
#[utoipa::path(tag = "Access checks", request_body = AccessQuestions, responses((status = 200, body = AccessChecksView, description = "The answers.")),
    extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["not_found"]))))]
#[post("/v1/access-checks/batch")]
pub async fn check_accesses(
    caller: Caller,
    db: Data<Db>,
    questions: Valid<AccessQuestions>,
) -> Result<Reply<AccessChecksView>> {
    db.read(move |tx| {
        let asked: Vec<Question> = questions.checks.iter().map(AccessQuestion::asked).collect();
        let items = judge::answers(tx, &caller, &asked)?;
        Reply::ok(&AccessChecksView { items })
    })
    .await
}

impl AccessQuestion {
    fn asked(&self) -> Question {
        Question {
            user: self.user_id,
            action: self.action,
            organization: self.organization_id,
            product: self.product_id,
            as_of: self.as_of.map(|at| at.naive_utc()),
        }
    }
}
