//! Many reported events at once: each line succeeds or fails by itself (BIL-3).
use super::report::{NewBillingEvent, Reporter};
use crate::api::caller::Origin;
use crate::api::lines::{Line, Lines};
use crate::api::locale;
use crate::api::problem::{Asked, Problem};
use crate::api::{Caller, Query, Reply};
use crate::db::{Db, Tx};
use crate::domain::id::BillingEventId;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::billing::book::{Outcome, book};
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use futures_util::future::join;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// How many lines share a transaction, and so a constant number of statements.
const CHUNK: usize = 500;

/// What the answer is to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchOptions {
    /// Only the lines that ended so; all unless said. A very long batch asks for `refused`.
    only: Option<LineOutcome>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(description = "What became of a line.")]
pub enum LineOutcome {
    /// It was booked.
    Booked,
    /// It had been reported before: nothing was done.
    Known,
    /// It was refused.
    Refused,
}

/// What became of a line of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchLine)]
pub struct BatchLineView {
    /// Its number, from 1; of an array its place.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    line: u64,
    /// Its external id; null where it cannot be read.
    #[schema(example = "shop-2026-004711")]
    external_id: Option<String>,
    /// What became of it.
    outcome: LineOutcome,
    /// The event.
    billing_event_id: Option<BillingEventId>,
    /// Why it was refused.
    problem: Option<Problem>,
}

/// What became of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = Batch)]
pub struct BatchView {
    /// How many lines were booked.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    booked: u64,
    /// How many had been reported before.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    known: u64,
    /// How many were refused.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    refused: u64,
    /// The lines, in their order.
    items: Vec<BatchLineView>,
}

/// Report many billing events.
///
/// As a JSON array of at most 16 MiB, or as NDJSON of any length, 64 KiB a line. Each line succeeds or fails by itself, and the answer says which; sending all of it again is safe, since every line has its `external_id`. For the operator's commerce system (token scope `billing`).
#[utoipa::path(tag = "Money", params(BatchOptions), request_body(content((Vec<NewBillingEvent> = "application/json"), (NewBillingEvent = "application/x-ndjson"))), responses((status = 200, body = BatchView, description = "What became of each line.")),
    extensions(("x-no-idempotency" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[post("/v1/billing-events/batch")]
pub async fn report_billing_events(
    caller: Caller,
    db: Data<Db>,
    request: HttpRequest,
    options: Query<BatchOptions>,
    mut lines: Lines<NewBillingEvent>,
) -> Result<Reply<BatchView>> {
    let asking = caller.clone();
    // Who may not report is told so before anything is read.
    db.read(move |tx| Reporter::of(&asking.identify(tx)?).map(drop))
        .await?;
    let asked = Asked {
        path: request.path(),
        request_id: &Origin::of(&request).request_id,
        language: locale::accepted(&request),
    };
    let mut batch = BatchView {
        booked: 0,
        known: 0,
        refused: 0,
        items: Vec::new(),
    };
    let mut chunk = Arc::new(lines.next(CHUNK).await?);
    while !chunk.is_empty() {
        let (caller, reported) = (caller.clone(), chunk.clone());
        let booked = db.write(move |tx| report(tx, &caller, &reported));
        // While these are booked, the next are read.
        let (outcomes, next) = join(booked, lines.next(CHUNK)).await;
        for (line, outcome) in chunk.iter().zip(outcomes?) {
            batch.add(line, outcome, &asked, options.only);
        }
        chunk = Arc::new(next?);
    }
    Reply::ok(&batch)
}

/// Books what can be read of a chunk, in its order.
fn report(tx: &mut Tx, caller: &Caller, lines: &[Line<NewBillingEvent>]) -> Result<Vec<Outcome>> {
    let identity = caller.identify(tx)?;
    let by = Reporter::of(&identity)?;
    let readable = lines.iter().filter_map(|line| line.as_ref().ok());
    let intents = readable
        .map(|event| event.intent(&by))
        .collect::<Result<Vec<_>>>()?;
    let mut booked = book(tx, Some(&identity), &intents)?.into_iter();
    let outcome = |line: &Line<NewBillingEvent>| match line {
        Ok(_) => booked.next(),
        Err(refusal) => Some(Err(refusal.clone())),
    };
    Ok(lines.iter().filter_map(outcome).collect())
}

impl BatchView {
    fn add(
        &mut self,
        line: &Line<NewBillingEvent>,
        outcome: Outcome,
        asked: &Asked,
        only: Option<LineOutcome>,
    ) {
        let (kind, count) = match &outcome {
            Ok(booked) if booked.known => (LineOutcome::Known, &mut self.known),
            Ok(_) => (LineOutcome::Booked, &mut self.booked),
            Err(_) => (LineOutcome::Refused, &mut self.refused),
        };
        *count += 1;
        let number = self.booked + self.known + self.refused;
        if only.is_none_or(|only| only == kind) {
            self.items.push(BatchLineView {
                line: number,
                external_id: line.as_ref().ok().map(|event| event.external_id.clone()),
                outcome: kind,
                billing_event_id: outcome
                    .as_ref()
                    .ok()
                    .and_then(|it| it.events.first().copied()),
                problem: outcome
                    .err()
                    .map(|refusal: Refusal| Problem::new(&refusal, asked)),
            });
        }
    }
}
