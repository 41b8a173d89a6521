//! Looking at a partner's statements.
use super::model::{self, Scope};
use super::paper;
use super::views::{StatementSummaryView, StatementView, StatementsView};
use crate::api::media::{Accepts, Formed, Media};
use crate::api::{Caller, Query, Reply, csv, pdf};
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::id::OrganizationId;
use crate::domain::money::Currency;
use crate::domain::month::Month;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::Refusal;
use crate::domain::statement::Totals;
use crate::error::{Error, Result};
use crate::resources::organizations::model::names;
use actix_web::web::{Data, Path};
use actix_web::{Either, get};
use serde::Deserialize;
use utoipa::IntoParams;

/// Of which account.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementFilters {
    /// The account's currency.
    currency: Currency,
}

/// List a partner's statements.
///
/// One for each month since something first moved on the prepaid account, the newest first: each opens with what the one before closed with.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The partner."), StatementFilters), responses((status = 200, body = StatementsView, description = "The statements in short.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/statements")]
pub async fn list_statements(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    filters: Query<StatementFilters>,
) -> Result<Reply<StatementsView>> {
    db.snapshot(move |tx| {
        may_read(tx, &caller, *org)?;
        let months = model::months(tx, *org, filters.currency)?;
        let now = tx.now;
        let items = months.into_iter().map(|(month, opening, closing)| {
            StatementSummaryView::new(month, month.is_closed(now), opening, closing)
        });
        Reply::ok(&StatementsView {
            items: items.collect(),
        })
    })
    .await
}

/// Show a month's statement.
///
/// From the opening balance to the closing one: cashback by customer and product, discounts obtained, refunds, payments from the account, payouts. A month that is over never changes: what arrives late for it is shown in the month in which it was booked, with the day on which it occurred.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The partner."), ("month" = Month, Path, description = "The month."), StatementFilters), responses((status = 200, body = StatementView, description = "The statement.")), extensions(("x-problems" = json!(["forbidden"])), ("x-csv" = json!(true)), ("x-pdf" = json!(true))))]
#[get("/v1/organizations/{org_id}/statements/{month}")]
pub async fn get_statement(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, Month)>,
    filters: Query<StatementFilters>,
    accepts: Accepts,
) -> Result<Formed<StatementView>> {
    let (organization, month) = path.into_inner();
    let scope = Scope {
        organization,
        month,
        currency: filters.currency,
    };
    let (statement, names, language) = db
        .snapshot(move |tx| {
            let language = may_read(tx, &caller, organization)?.language;
            let names = names(tx, &[organization].into())?;
            Ok((draw(tx, &scope)?, names, language))
        })
        .await?;
    let name = format!("statement-{month}-{}", scope.currency);
    Ok(
        match accepts.choose(&[Media::Json, Media::Csv, Media::Pdf]) {
            Media::Json => Either::Left(Reply::ok(&statement)?),
            Media::Csv => Either::Right(csv::answer(&name, &statement.rows())?),
            Media::Pdf => {
                let partner = names.get(&organization).map_or("", String::as_str);
                let paper = paper::print(&statement, partner, language);
                Either::Right(pdf::answer(&name, paper))
            }
        },
    )
}

fn may_read(tx: &mut Tx, caller: &Caller, organization: OrganizationId) -> Result<Identity> {
    let identity = caller.identify(tx)?;
    let found = witness::organization(tx, &identity, organization)?;
    policy::allow(found, Action::ReadPrepaidAccounts)?;
    Ok(identity)
}

/// A month that has not begun has none.
fn draw(tx: &mut Tx, scope: &Scope) -> Result<StatementView> {
    if scope.month > Month::of(tx.now) {
        return Err(Refusal::not_found().into());
    }
    let opening = model::opening(tx, scope)?;
    let lines = model::lines(tx, scope)?;
    let amounts = lines.iter().map(|(about, line)| (about.kind, line.amount));
    let totals = Totals::of(opening, amounts)
        .map_err(|_| Error::internal("a statement exceeds what an amount holds"))?;
    let closed = scope.month.is_closed(tx.now);
    Ok(StatementView::new(scope, closed, totals, lines))
}
