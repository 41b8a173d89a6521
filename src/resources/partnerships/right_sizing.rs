//! What a partner was granted and did not use, and the narrower access that would do (PSH-11).
use super::model::{self, Partnership};
use crate::api::access::AccessView;
use crate::api::query::Query;
use crate::api::{Caller, Reply};
use crate::db::schema::{billing_events, product_uses, products};
use crate::db::{Db, Tx};
use crate::domain::access::Access;
use crate::domain::billing::Initiator;
use crate::domain::id::{PartnershipId, ProductId};
use crate::domain::policy::{self, Action};
use crate::domain::product::ProductState;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::{Error, Result};
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use diesel::dsl::max;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Over how long to look back, unless said.
const DAYS: i64 = 90;
/// The longest.
const MOST_DAYS: i64 = 366;

/// Over what period.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RightSizingPeriod {
    /// How many days to look back.
    #[param(minimum = 1, maximum = 366, default = 90)]
    days: Option<i64>,
}

/// A granted product, and when the partner last used it.
#[derive(Serialize, ToSchema)]
#[schema(as = GrantedProduct)]
pub struct GrantedProductView {
    /// The product.
    product_id: ProductId,
    /// Its name.
    #[schema(example = "velo-kurier.example")]
    name: String,
    /// Its family.
    #[schema(example = "web_hosting")]
    family: String,
    /// The last day of the period on which the partner looked at it, changed it, or ordered or renewed it; null if there is none.
    last_used_on: Option<NaiveDate>,
}

/// What of an access is used.
#[derive(Serialize, ToSchema)]
#[schema(as = RightSizing)]
pub struct RightSizingView {
    /// The partnership.
    partnership_id: PartnershipId,
    /// The first day of the period.
    from: NaiveDate,
    /// The last day of the period.
    to: NaiveDate,
    /// The access as it is.
    access: AccessView,
    /// Granted and used.
    used: Vec<GrantedProductView>,
    /// Granted and not used.
    unused: Vec<GrantedProductView>,
    /// The narrower access that would do; null where nothing is unused, or where the partner ordered or renewed, which takes full access.
    narrower_access: Option<AccessView>,
}

/// Show what of a partnership's access is used.
///
/// The products that the partner looked at, changed, ordered or renewed over a period, those that it did not, and the narrower selection that would do. For the administrators and legal representatives of both sides.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership."), RightSizingPeriod),
    responses((status = 200, body = RightSizingView, description = "Used, and unused.")), extensions(("x-problems" = json!(["forbidden", "already_ended", "not_started"]))))]
#[get("/v1/partnerships/{id}/right-sizing")]
pub async fn get_right_sizing(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    period: Query<RightSizingPeriod>,
) -> Result<Reply<RightSizingView>> {
    let days = period.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(out_of_range().into());
    }
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let (row, timeline) = policy::allow(found, Action::ReadRightSizing)?.what;
        row.must_be_in_force()?;
        let access = timeline
            .last()
            .map(|last| last.access)
            .ok_or_else(|| Error::internal("a partnership has no terms"))?;
        let to = tx.now.date();
        let from = to - TimeDelta::days(days - 1);
        let last_uses = last_uses(tx, &row, from)?;
        let granted = granted(tx, &row, &access, &last_uses)?;
        let (used, unused): (Vec<_>, Vec<_>) = granted
            .into_iter()
            .partition(|product| product.last_used_on.is_some());
        let narrower = Access::Limited {
            products: used.iter().map(|product| product.product_id).collect(),
        };
        let would_do = !unused.is_empty() && !ordered(tx, &row, from)?;
        Reply::ok(&RightSizingView {
            partnership_id: row.id,
            from,
            to,
            access: (&access).into(),
            used,
            unused,
            narrower_access: would_do.then(|| (&narrower).into()),
        })
    })
    .await
}

fn out_of_range() -> Refusal {
    let fault = Fault::new("days", "range")
        .with("min", 1)
        .with("max", MOST_DAYS);
    Refusal {
        faults: vec![fault],
        ..Refusal::new(Code::InvalidParameter).with("reason", "days")
    }
}

fn granted(
    tx: &mut Tx,
    row: &Partnership,
    access: &Access,
    last_uses: &BTreeMap<ProductId, NaiveDate>,
) -> Result<Vec<GrantedProductView>> {
    let active: Vec<(ProductId, String, String)> = products::table
        .filter(products::organization_id.eq(row.customer_id))
        .filter(products::state.eq(ProductState::Active))
        .order(products::id)
        .select((products::id, products::name, products::family))
        .load(tx.conn)?;
    let is_granted = |id: &ProductId| access.products().is_none_or(|chosen| chosen.contains(id));
    let view = |(product_id, name, family)| GrantedProductView {
        product_id,
        name,
        family,
        last_used_on: last_uses.get(&product_id).copied(),
    };
    let granted = active.into_iter().filter(|(id, ..)| is_granted(id));
    Ok(granted.map(view).collect())
}

/// The last day in the period on which the partner used each product.
fn last_uses(
    tx: &mut Tx,
    row: &Partnership,
    from: NaiveDate,
) -> Result<BTreeMap<ProductId, NaiveDate>> {
    let seen: Vec<(ProductId, Option<NaiveDate>)> = product_uses::table
        .filter(product_uses::partnership_id.eq(row.id))
        .filter(product_uses::day.ge(from))
        .group_by(product_uses::product_id)
        .select((product_uses::product_id, max(product_uses::day)))
        .load(tx.conn)?;
    let paid: Vec<(ProductId, Option<NaiveDateTime>)> = billing_events::table
        .filter(billing_events::partnership_id.eq(row.id))
        .filter(billing_events::initiator.eq(Initiator::Partner))
        .filter(billing_events::occurred_at.ge(from.and_time(NaiveTime::MIN)))
        .group_by(billing_events::product_id)
        .select((billing_events::product_id, max(billing_events::occurred_at)))
        .load(tx.conn)?;
    let mut last = BTreeMap::new();
    let paid = paid
        .into_iter()
        .map(|(id, at)| (id, at.map(|at| at.date())));
    for (id, day) in seen.into_iter().chain(paid) {
        if let Some(day) = day {
            let latest = last.entry(id).or_insert(day);
            *latest = day.max(*latest);
        }
    }
    Ok(last)
}

/// Whether the partner ordered or renewed in the period: no limited access would do (ACC-4).
fn ordered(tx: &mut Tx, row: &Partnership, from: NaiveDate) -> Result<bool> {
    let count: i64 = billing_events::table
        .filter(billing_events::partnership_id.eq(row.id))
        .filter(billing_events::initiator.eq(Initiator::Partner))
        .filter(billing_events::occurred_at.ge(from.and_time(NaiveTime::MIN)))
        .count()
        .get_result(tx.conn)?;
    Ok(count > 0)
}
