//! What the end of a partnership takes away: shown before, and kept as it was at that instant (PSH-7).
use super::consequences::{self, Consequences, Person};
use super::model;
use crate::api::{Caller, Reply};
use crate::db::schema::exit_reports;
use crate::db::{Db, Tx};
use crate::domain::id::{BackupUnitId, MemberId, PartnershipId, ProductId};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::settlement::Payer;
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A product that loses its manager.
#[derive(Serialize, ToSchema)]
#[schema(as = UnmanagedProduct)]
pub struct UnmanagedProductView {
    /// The product.
    product_id: ProductId,
    /// Its name.
    #[schema(example = "galerie-arno.example")]
    name: String,
    /// Its family.
    #[schema(example = "web_hosting")]
    family: String,
}

/// Somebody who loses a right.
#[derive(Serialize, ToSchema)]
#[schema(as = LeavingPerson)]
pub struct LeavingPersonView {
    /// The membership.
    member_id: MemberId,
    /// The person's name; null once it was erased.
    #[schema(example = "Maya Roth")]
    name: Option<String>,
    /// The role.
    role: Role,
}

/// An automatic renewal that changes its payer.
#[derive(Serialize, ToSchema)]
#[schema(as = ReturningRenewal)]
pub struct ReturningRenewalView {
    /// The product.
    product_id: ProductId,
    /// Its name.
    #[schema(example = "galerie-arno.example")]
    name: String,
    /// The day of its next renewal.
    renews_on: NaiveDate,
    /// Who pays it now.
    payer_before: Payer,
    /// Whose it is then: it renews by itself only once the customer confirms it with a payment method (PAY-6).
    payer_after: Payer,
}

/// A backup unit that stays in the partner's account.
#[derive(Serialize, ToSchema)]
#[schema(as = StayingBackupUnit)]
pub struct StayingBackupUnitView {
    /// The unit.
    unit_id: BackupUnitId,
    /// The partner's backup product that it is in.
    product_id: ProductId,
    /// Its name.
    #[schema(example = "Praxis Weiss, front desk")]
    name: String,
}

/// What the end of a partnership takes away.
#[derive(Serialize, ToSchema)]
#[schema(as = EndConsequences)]
pub struct EndConsequencesView {
    /// The partnership.
    partnership_id: PartnershipId,
    /// The instant of which this is: now, or the partnership's end.
    as_of: DateTime<Utc>,
    /// Products that lose their manager.
    products: Vec<UnmanagedProductView>,
    /// People of the partner who lose access to the customer.
    people: Vec<LeavingPersonView>,
    /// Members whom the partner added: they leave with it, unless the customer keeps them.
    added_members: Vec<LeavingPersonView>,
    /// Automatic renewals that change their payer.
    renewals: Vec<ReturningRenewalView>,
    /// The customer's backup units: they stay in the partner's account (BAK-2).
    backup_units: Vec<StayingBackupUnitView>,
}

/// Preview the end of a partnership.
///
/// What it would take away: products without a manager, people without access, members whom the partner added, renewals that change their payer; and the backup units that stay with the partner. For the legal representatives of both sides; nothing changes.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")),
    responses((status = 200, body = EndConsequencesView, description = "What it would take away.")), extensions(("x-problems" = json!(["forbidden", "already_ended"]))))]
#[get("/v1/partnerships/{id}/end-preview")]
pub async fn preview_partnership_end(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
) -> Result<Reply<EndConsequencesView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        let row = policy::allow(found, Action::ReadExitReport)?.what.0;
        if row.ended_at.is_some() {
            return Err(Refusal::by(Code::AlreadyEnded, "PSH-7").into());
        }
        let now = tx.now;
        let taken = consequences::of(tx, &row)?;
        Reply::ok(&view(tx, *id, taken, now)?)
    })
    .await
}

/// Show the exit report of a partnership.
///
/// What its end took away, as it was at that instant. For the legal representatives of both sides, for as long as there is a history; there is none before the end, nor of a partnership that never started.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")),
    responses((status = 200, body = EndConsequencesView, description = "What it took away.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/partnerships/{id}/exit-report")]
pub async fn get_exit_report(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
) -> Result<Reply<EndConsequencesView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = model::find(tx, &identity, *id)?;
        policy::allow(found, Action::ReadExitReport)?;
        let kept: Option<(String, NaiveDateTime)> = exit_reports::table
            .find(*id)
            .select((exit_reports::report, exit_reports::created_at))
            .first(tx.conn)
            .optional()?;
        let (report, at) = kept.ok_or_else(|| Refusal::not_found().rule("PSH-7"))?;
        let taken = serde_json::from_str(&report)?;
        Reply::ok(&view(tx, *id, taken, at)?)
    })
    .await
}

fn view(
    tx: &mut Tx,
    id: PartnershipId,
    taken: Consequences,
    at: NaiveDateTime,
) -> Result<EndConsequencesView> {
    let people = taken.people.iter().chain(&taken.added);
    let users = people.map(|person| person.user).collect();
    let names: BTreeMap<_, _> = consequences::names(tx, &users)?;
    let person = |person: Person| LeavingPersonView {
        member_id: person.member,
        name: names.get(&person.user).cloned(),
        role: person.role,
    };
    Ok(EndConsequencesView {
        partnership_id: id,
        as_of: at.and_utc(),
        products: taken
            .products
            .into_iter()
            .map(|product| UnmanagedProductView {
                product_id: product.id,
                name: product.name,
                family: product.family,
            })
            .collect(),
        people: taken.people.into_iter().map(person).collect(),
        added_members: taken.added.into_iter().map(person).collect(),
        renewals: taken
            .renewals
            .into_iter()
            .map(|renewal| ReturningRenewalView {
                product_id: renewal.product,
                name: renewal.name,
                renews_on: renewal.renews_on,
                payer_before: Payer::Partner,
                payer_after: Payer::Customer,
            })
            .collect(),
        backup_units: taken
            .backup_units
            .into_iter()
            .map(|unit| StayingBackupUnitView {
                unit_id: unit.id,
                product_id: unit.product,
                name: unit.name,
            })
            .collect(),
    })
}
