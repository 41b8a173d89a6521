//! Drawing, for a period, what to charge a customer.
use super::lines::{self, Line};
use crate::api::csv::{self, Cell, Column, Table};
use crate::api::media::{Accepts, Formed, Media};
use crate::api::views::MoneyView;
use crate::api::{Caller, Query, Reply};
use crate::db::Db;
use crate::domain::billing::LineKind;
use crate::domain::id::{BillingEventId, PartnershipId, ProductId};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::error::{Error, Result};
use crate::resources::partnerships::model as partnerships;
use actix_web::web::{Data, Path};
use actix_web::{Either, get};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use utoipa::{IntoParams, ToSchema};

/// For which period.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RebillingPeriod {
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
}

impl RebillingPeriod {
    /// From the first instant of the first day to the last of the last.
    fn instants(&self) -> Result<Range<NaiveDateTime>> {
        let wrong = || Refusal::fault("to", "out_of_range", "BIL-7");
        let after = self.to.succ_opt().filter(|after| *after > self.from);
        let end = after.ok_or_else(wrong)?.and_time(NaiveTime::MIN);
        Ok(self.from.and_time(NaiveTime::MIN)..end)
    }
}

/// What to charge a customer for a period.
#[derive(Serialize, ToSchema)]
#[schema(as = Rebilling)]
pub struct RebillingView {
    /// The partnership.
    partnership_id: PartnershipId,
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// What to charge in all, by currency, excluding VAT.
    totals: Vec<MoneyView>,
    /// One line for each billing event that the partner paid, and for each whose payment failed later, the first first.
    lines: Vec<RebillingLineView>,
}

/// What to charge for one billing event.
#[derive(Serialize, ToSchema)]
#[schema(as = RebillingLine)]
pub struct RebillingLineView {
    /// The billing event.
    billing_event_id: BillingEventId,
    /// What it records; what was refunded, or not paid in the end, is to be given back.
    kind: LineKind,
    /// The product.
    product_id: ProductId,
    /// What the product is called.
    #[schema(example = "praxis-weiss.example")]
    product_name: String,
    /// The product's family.
    #[schema(example = "web_hosting")]
    family: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    quantity: i64,
    /// The first day paid for.
    period_start: NaiveDate,
    /// The day after the last.
    period_end: NaiveDate,
    /// When it happened; the terms of that instant hold, and for what is given back those by which it was charged.
    occurred_at: DateTime<Utc>,
    /// When it was booked, or its payment reported as failed: in the period.
    recorded_at: DateTime<Utc>,
    /// The list price.
    list_amount: MoneyView,
    /// What the partner paid.
    paid_amount: MoneyView,
    /// What to charge.
    resale_amount: MoneyView,
}

/// Draw what to charge a customer.
///
/// For what the partner itself paid, booked in a period of whole days (UTC), by its resale terms; what was refunded or not paid in the end is given back in the period in which that became known. Periods that follow each other miss nothing and take nothing twice. The partner's own: for the customer it does not exist (BIL-11).
#[utoipa::path(tag = "Money", params(("id" = PartnershipId, Path, description = "The partnership."), RebillingPeriod), responses((status = 200, body = RebillingView, description = "What to charge.")), extensions(("x-problems" = json!(["forbidden", "invalid"])), ("x-csv" = json!(true))))]
#[get("/v1/partnerships/{id}/rebilling")]
pub async fn draw_rebilling(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    period: Query<RebillingPeriod>,
    accepts: Accepts,
) -> Result<Formed<RebillingView>> {
    let (instants, from, to) = (period.instants()?, period.from, period.to);
    let drawn = db
        .snapshot(move |tx| {
            let identity = caller.identify(tx)?;
            let found = partnerships::find(tx, &identity, *id)?;
            policy::allow(found, Action::ReadRebilling)?;
            let lines = lines::of(tx, *id, &instants)?;
            Ok(RebillingView {
                partnership_id: *id,
                from,
                to,
                totals: totals(&lines)?,
                lines: lines.into_iter().map(RebillingLineView::from).collect(),
            })
        })
        .await?;
    match accepts.choose(&[Media::Json, Media::Csv]) {
        Media::Csv => {
            let name = format!("rebilling-{from}-{to}");
            Ok(Either::Right(csv::answer(&name, &drawn.lines)?))
        }
        Media::Json | Media::Pdf => Ok(Either::Left(Reply::ok(&drawn)?)),
    }
}

impl From<Line> for RebillingLineView {
    fn from(line: Line) -> Self {
        let row = line.row;
        Self {
            billing_event_id: row.event,
            kind: line.kind,
            product_id: row.product.0,
            product_name: row.product.1,
            family: row.family,
            quantity: row.quantity,
            period_start: row.period.0,
            period_end: row.period.1,
            occurred_at: row.occurred_at.and_utc(),
            recorded_at: line.recorded_at.and_utc(),
            list_amount: line.list.into(),
            paid_amount: line.paid.into(),
            resale_amount: line.resale.into(),
        }
    }
}

fn totals(lines: &[Line]) -> Result<Vec<MoneyView>> {
    let mut totals = Vec::new();
    for &currency in Currency::ALL {
        let mut of = lines
            .iter()
            .map(|line| line.resale)
            .filter(|amount| amount.currency == currency)
            .peekable();
        if of.peek().is_some() {
            let nothing = Money::zero(currency);
            let sum = of.try_fold(nothing, Money::checked_add);
            let sum = sum.map_err(|_| Error::internal("more than an amount holds"))?;
            totals.push(sum.into());
        }
    }
    Ok(totals)
}

impl Table for RebillingLineView {
    const NAME: &'static str = "rebilling";
    const COLUMNS: &'static [Column<Self>] = &[
        ("billing_event_id", |line| Cell::text(line.billing_event_id)),
        ("kind", |line| Cell::text(line.kind)),
        ("occurred_at", |line| Cell::time(&line.occurred_at)),
        ("recorded_at", |line| Cell::time(&line.recorded_at)),
        ("product_id", |line| Cell::text(line.product_id)),
        ("product_name", |line| Cell::text(&line.product_name)),
        ("family", |line| Cell::text(&line.family)),
        ("quantity", |line| Cell::number(line.quantity)),
        ("period_start", |line| Cell::text(line.period_start)),
        ("period_end", |line| Cell::text(line.period_end)),
        ("currency", |line| Cell::text(line.resale_amount.currency)),
        ("list_amount", |line| Cell::amount(&line.list_amount)),
        ("paid_amount", |line| Cell::amount(&line.paid_amount)),
        ("resale_amount", |line| Cell::amount(&line.resale_amount)),
    ];
}
