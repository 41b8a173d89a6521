//! Asking what an order would come to under other terms.
use super::scenarios::{ScenarioView, scenarios};
use crate::api::{Caller, Reply, Valid};
use crate::db::{Db, witness};
use crate::domain::policy::{self, Action, Standing};
use crate::domain::refusal::Code;
use crate::error::Result;
use crate::resources::billing::assess::Assessor;
use crate::resources::billing_events::views::Reader;
use crate::resources::organizations::reach;
use crate::resources::quotes::lines::{NewQuote, wanted};
use actix_web::post;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

/// An order under each kind of partnership.
#[derive(Serialize, ToSchema)]
#[schema(as = Simulation)]
pub struct SimulationView {
    /// One for each row of the settlement table that the side could meet.
    scenarios: Vec<ScenarioView>,
}

/// Simulate an order.
///
/// What it would cost whom and earn whom under each access level and payment mode, side by side, by the prices and units of now. Writes nothing. For whoever may order, on either side, also under limited access.
#[utoipa::path(tag = "Money", request_body = NewQuote, responses((status = 200, body = SimulationView, description = "The scenarios.")), extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["forbidden", "not_found"]))))]
#[post("/v1/simulations")]
pub async fn simulate_order(
    caller: Caller,
    db: Data<Db>,
    new: Valid<NewQuote>,
) -> Result<Reply<SimulationView>> {
    let new = new.0;
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, new.organization_id)?;
        let standings = found.standings.clone();
        let by = policy::allow(found, Action::Simulate)?.by;
        let reader = match by {
            Standing::Member { .. } | Standing::Support { .. } => Reader::Customer,
            Standing::Partner { .. } => Reader::Partner,
            Standing::Operator { .. } => Reader::Operator,
        };
        let reach = reach::of(tx, &standings, Action::ReadProducts, tx.now)?;
        let wanted = wanted(
            new.organization_id,
            new.acting_as,
            new.currency,
            &new.lines,
            &reach,
            tx.now,
        );
        let assessor = Assessor::load(tx, &[&wanted])?;
        let rule = match assessor.assess(&wanted) {
            Ok(now) => now.lines.first().map(|line| line.rule.clone()),
            Err(refusal) if refusal.code == Code::Forbidden => None,
            Err(refusal) => return Err(refusal.into()),
        };
        Reply::ok(&SimulationView {
            scenarios: scenarios(&assessor, &wanted, new.acting_as, rule.as_deref(), reader),
        })
    })
    .await
}
