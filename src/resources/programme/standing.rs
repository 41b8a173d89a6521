//! Whether a partner manages enough within the programme (PRG-3).
use super::enrolment::own;
use crate::api::views::MoneyView;
use crate::api::{Caller, Reply};
use crate::config::Config;
use crate::db::schema::{billing_events, enrolment_states};
use crate::db::{Db, Tx};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::id::{EnrolmentId, OrganizationId};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::Action;
use crate::domain::refusal::Refusal;
use crate::domain::standing::{StandingStatus, Window};
use crate::error::{Error, Result};
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::{min, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How a partner stands against the thresholds of the programme.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerStanding)]
pub struct StandingView {
    /// How it stands; `below` flags the partner, and only an operator suspends it.
    status: StandingStatus,
    /// The figures, one for each currency: reaching either threshold is enough.
    amounts: Vec<StandingAmountView>,
    /// The totals count what occurred after this, a year back.
    counted_from: DateTime<Utc>,
    /// Until then nothing is asked for: twelve months from the approval.
    grace_until: DateTime<Utc>,
    /// The next anniversary of the approval, to which the forecast looks.
    period_end: DateTime<Utc>,
}

/// The figure of one currency.
#[derive(Serialize, ToSchema)]
#[schema(as = StandingAmount)]
pub struct StandingAmountView {
    /// Public prices less refunds of what its partnerships ordered and renewed over the trailing twelve months, excluding VAT.
    total: MoneyView,
    /// What is asked for.
    threshold: MoneyView,
    /// What the trailing twelve months will hold at the end of the period, if it goes on like this.
    forecast: MoneyView,
}

/// Show the partner's standing.
///
/// The total of what is managed within the programme over the trailing twelve months, for each currency, with the threshold and a forecast. The forecast for the end of the period is what occurred since the day one year before it, and for each day that remains as much as an average day of the total: `forecast = since + total × remaining / observed`, where `observed` are the days since the approval, at least 30 and at most 365.
#[utoipa::path(tag = "Programme", params(("org_id" = OrganizationId, Path, description = "The partner.")), responses((status = 200, body = StandingView, description = "The standing.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/partner-standing")]
pub async fn get_partner_standing(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    org: Path<OrganizationId>,
) -> Result<Reply<StandingView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (enrolment, ..) = own(tx, &identity, *org, Action::ReadEnrolment)?;
        let is_partner = enrolment.state()?.is_partner();
        let approved_at = enrolment.approved_at().filter(|_| is_partner);
        let window = Window::new(approved_at.ok_or_else(Refusal::not_found)?, tx.now);
        let totals = totals(tx, *org, window.from)?;
        let since_start = self::totals(tx, *org, window.period_start)?;
        let against = config
            .thresholds
            .map(|least| (of(&totals, least.currency), least));
        let amounts = against.map(|(total, threshold)| {
            let since = of(&since_start, threshold.currency);
            let forecast = window.forecast(total, since);
            Ok(StandingAmountView {
                total: total.into(),
                threshold: threshold.into(),
                forecast: forecast
                    .map_err(|fault| Error::internal(format!("{fault:?}")))?
                    .into(),
            })
        });
        Reply::ok(&StandingView {
            status: window.status(tx.now, &against),
            amounts: amounts.into_iter().collect::<Result<_>>()?,
            counted_from: window.from.and_utc(),
            grace_until: window.grace_until.and_utc(),
            period_end: window.period_end.and_utc(),
        })
    })
    .await
}

fn of(totals: &BTreeMap<Currency, i64>, currency: Currency) -> Money {
    Money {
        minor: totals.get(&currency).copied().unwrap_or(0),
        currency,
    }
}

/// Refunds are events of their own, with amounts below nothing.
const NET: &str = "CAST(SUM(public_minor) AS BIGINT)";

/// What the partner's events came to after an instant, in minor units.
fn totals(
    tx: &mut Tx,
    partner: OrganizationId,
    after: NaiveDateTime,
) -> Result<BTreeMap<Currency, i64>> {
    let rows: Vec<(Currency, i64)> = billing_events::table
        .filter(billing_events::partner_id.eq(partner))
        .filter(billing_events::occurred_at.gt(after))
        .filter(billing_events::occurred_at.le(tx.now))
        .group_by(billing_events::currency)
        .select((billing_events::currency, sql::<BigInt>(NET)))
        .load(tx.conn)?;
    Ok(rows.into_iter().collect())
}

/// The enrolments in force of the partners that stand so. Two queries for any number of partners.
pub fn standing_so(
    tx: &mut Tx,
    thresholds: [Money; 2],
    wanted: StandingStatus,
) -> Result<Vec<EnrolmentId>> {
    let approved: Vec<(EnrolmentId, OrganizationId, Option<NaiveDateTime>)> =
        enrolment_states::table
            .filter(enrolment_states::state.eq(EnrolmentState::Approved))
            .group_by((
                enrolment_states::enrolment_id,
                enrolment_states::organization_id,
            ))
            .select((
                enrolment_states::enrolment_id,
                enrolment_states::organization_id,
                min(enrolment_states::valid_from),
            ))
            .load(tx.conn)?;
    let year = Window::new(tx.now, tx.now).from;
    let rows: Vec<(Option<OrganizationId>, Currency, i64)> = billing_events::table
        .filter(billing_events::partner_id.is_not_null())
        .filter(billing_events::occurred_at.gt(year))
        .filter(billing_events::occurred_at.le(tx.now))
        .group_by((billing_events::partner_id, billing_events::currency))
        .select((
            billing_events::partner_id,
            billing_events::currency,
            sql::<BigInt>(NET),
        ))
        .load(tx.conn)?;
    let totals: BTreeMap<(Option<OrganizationId>, Currency), i64> = rows
        .into_iter()
        .map(|(partner, currency, net)| ((partner, currency), net))
        .collect();
    let stands_so = |(id, partner, approved_at): (EnrolmentId, OrganizationId, Option<_>)| {
        let window = Window::new(approved_at?, tx.now);
        let against = thresholds.map(|least| {
            let minor = totals.get(&(Some(partner), least.currency));
            let minor = minor.copied().unwrap_or(0);
            (Money { minor, ..least }, least)
        });
        (window.status(tx.now, &against) == wanted).then_some(id)
    };
    Ok(approved.into_iter().filter_map(stands_so).collect())
}
