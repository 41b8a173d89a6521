//! Looking at tenders: one's own, a partner's inbox, and the act of opening one (TND-2, TND-3).
use super::model::viewings::{self, Viewing};
use super::model::{self, Tender, proposals};
use super::views::{self, Reader, TenderView, TenderViewingView, for_side};
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{memberships, tender_matches, tender_viewings, tenders};
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, TenderId};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action};
use crate::domain::tender::TenderStatus;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::programme::model as programme;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use diesel::dsl::exists;
use diesel::prelude::*;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Which tenders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenderFilters {
    /// Those of this organization: its own, and if it is a partner those that it wants; without it, the caller's own.
    organization_id: Option<OrganizationId>,
    /// Only those that stand so.
    status: Option<TenderStatus>,
}

/// Which of the caller's partners acts.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActingPartner {
    /// The partner for which the caller acts, where it works for several.
    organization_id: Option<OrganizationId>,
}

/// List tenders.
///
/// With `organization_id` those that the organization has submitted and, if it is an approved partner, extracts of the open ones that it wants; for its administrators and legal representatives. Without it those that the caller has submitted. The newest first.
#[utoipa::path(tag = "Tenders", params(TenderFilters, Paging),
    responses((status = 200, body = Page<TenderView>, description = "A page of tenders.")), extensions(("x-problems" = json!(["forbidden", "not_found"]))))]
#[get("/v1/tenders")]
pub async fn list_tenders(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<TenderFilters>,
) -> Result<Reply<Page<TenderView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (user, now) = (identity.user, tx.now);
        let organization = listing.filters.organization_id;
        let inbox = match organization {
            Some(organization) => {
                let found = witness::organization(tx, &identity, organization)?;
                policy::allow(found, Action::ReadTenders)?;
                programme::is_approved(tx, organization)?
            }
            None => false,
        };
        let query = || {
            let query = tenders::table.into_boxed::<MultiBackend>();
            let query = match organization {
                Some(organization) => {
                    let own = tenders::organization_id.eq(organization).assume_not_null();
                    let told = tender_matches::table
                        .filter(tender_matches::partner_id.eq(organization))
                        .filter(tender_matches::tender_id.eq(tenders::id));
                    let opened = tender_viewings::table
                        .filter(tender_viewings::partner_id.eq(organization))
                        .filter(tender_viewings::tender_id.eq(tenders::id));
                    let open = tenders::status
                        .eq(TenderStatus::Open)
                        .and(tenders::expires_at.gt(now));
                    match inbox {
                        true => query.filter(own.or(open.and(exists(told).or(exists(opened))))),
                        false => query.filter(own),
                    }
                }
                None => {
                    let administered = memberships::table
                        .filter(memberships::user_id.eq(user))
                        .filter(
                            memberships::role
                                .among([Role::LegalRepresentative, Role::Administrator]),
                        )
                        .filter(memberships::valid_to.is_null())
                        .select(memberships::organization_id.nullable());
                    query
                        .filter(tenders::author_id.eq(user).assume_not_null())
                        .filter(
                            tenders::organization_id
                                .is_null()
                                .or(tenders::organization_id
                                    .eq_any(administered)
                                    .assume_not_null()),
                        )
                }
            };
            match listing.filters.status {
                Some(status @ (TenderStatus::PendingConfirmation | TenderStatus::Open)) => query
                    .filter(tenders::status.eq(status))
                    .filter(tenders::expires_at.gt(now)),
                Some(TenderStatus::Expired) => query
                    .filter(
                        tenders::status
                            .among([TenderStatus::PendingConfirmation, TenderStatus::Open]),
                    )
                    .filter(tenders::expires_at.le(now)),
                Some(
                    status @ (TenderStatus::Awarded
                    | TenderStatus::Closed
                    | TenderStatus::Cancelled),
                ) => query.filter(tenders::status.eq(status)),
                None => query,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<Tender> = query()
            .filter(tenders::id.lt(listing.before()))
            .order(tenders::id.desc())
            .limit(listing.fetch())
            .select(Tender::as_select())
            .load(tx.conn)?;
        let views = list(tx, &rows, organization)?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Own tenders in full, the others as extracts.
fn list(
    tx: &mut Tx,
    rows: &[Tender],
    organization: Option<OrganizationId>,
) -> Result<Vec<TenderView>> {
    let regions: Vec<(TenderId, String)> = rows
        .iter()
        .map(|row| (row.id, row.region.clone()))
        .collect();
    let ids: Vec<TenderId> = rows.iter().map(|row| row.id).collect();
    let topics = model::topics(tx, &regions)?;
    let (opened, answered) = match organization {
        Some(organization) => (
            viewings::opened_by(tx, organization, &ids)?,
            proposals::answered_by(tx, organization, &ids)?,
        ),
        None => (BTreeSet::new(), BTreeSet::new()),
    };
    let view = |row: &Tender| {
        let own = organization.is_none() || row.organization_id == organization;
        let reader = match own {
            true => Reader::Author,
            false => Reader::Partner {
                opening: false,
                has_opened: opened.contains(&row.id),
                has_proposed: answered.contains(&row.id),
            },
        };
        let about = topics.get(&row.id).cloned().unwrap_or_default();
        views::view(row, &about, reader, tx.now)
    };
    Ok(rows.iter().map(view).collect())
}

/// Show a tender.
///
/// To its author all of it; to a partner that wants such tenders an extract, while it is open. For everybody else, and for partners once it is not open any more, it does not exist.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender.")),
    responses((status = 200, body = TenderView, description = "The tender.")), extensions(("x-etag" = json!(true))))]
#[get("/v1/tenders/{id}")]
pub async fn get_tender(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
) -> Result<Reply<TenderView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (tender, side) = model::find(tx, &identity, *id)?;
        Ok(Reply::ok(&for_side(tx, &tender, &side, false)?)?.version(tender.version))
    })
    .await
}

/// Open a tender.
///
/// Shows all of it, with its author's contact details, to an approved partner, which has committed itself to the exclusivity of tenders (PRG-1), while it is open. Each look is recorded and shown to the author, who may have said how many partners can open it at most. In a replay of this answer description and contact are null.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender.")), request_body = ActingPartner,
    responses((status = 200, body = TenderView, description = "All of the tender.")),
    extensions(("x-problems" = json!(["forbidden", "tender_full"]))))]
#[post("/v1/tenders/{id}/open")]
pub async fn open_tender(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    acting: Post<ActingPartner>,
) -> Result<Reply<TenderView>> {
    let id = *id;
    acting
        .once(
            &db,
            caller,
            &["description", "contact"],
            move |tx, identity, acting| {
                let (tender, side) = model::find(tx, identity, id)?;
                let partner = side.partner(acting.organization_id)?;
                // An approved partner has committed itself to the exclusivity: there is no enrolment
                // without (PRG-1).
                viewings::insert(tx, &tender, partner, identity.user)?;
                let event = Event::new(EventType::TenderViewed, id)
                    .between(tender.organization_id, Some(partner))
                    .by_rule("TND-3");
                tx.record(Some(identity), event)?;
                Reply::ok(&for_side(tx, &tender, &side, true)?)
            },
        )
        .await
}

/// Who opened a tender.
///
/// Every look at the contact details of the tender, for its author, the newest first.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender."), Paging),
    responses((status = 200, body = Page<TenderViewingView>, description = "A page of viewings.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/tenders/{id}/viewings")]
pub async fn list_tender_viewings(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<TenderViewingView>>> {
    db.snapshot(move |tx| {
        let identity: Identity = caller.identify(tx)?;
        let (tender, side) = model::find(tx, &identity, *id)?;
        side.must_be_author()?;
        viewings_of(tx, &listing, &tender)
    })
    .await
}

/// A page of who opened this tender.
pub fn viewings_of(
    tx: &mut Tx,
    listing: &Listing<NoFilters>,
    tender: &Tender,
) -> Result<Reply<Page<TenderViewingView>>> {
    let query = || tender_viewings::table.filter(tender_viewings::tender_id.eq(tender.id));
    let total = listing.total(|| query().count().get_result(tx.conn))?;
    let rows: Vec<Viewing> = query()
        .filter(tender_viewings::id.lt(listing.before()))
        .order(tender_viewings::id.desc())
        .limit(listing.fetch())
        .select(Viewing::as_select())
        .load(tx.conn)?;
    let views = views::viewings(tx, rows)?;
    Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
}
