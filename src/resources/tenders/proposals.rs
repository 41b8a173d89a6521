//! Proposals: made, revised and withdrawn by a partner, chosen by the author (TND-4, TND-5).
use super::author::{self, TenderAwardView};
use super::mails;
use super::model::proposals::{self, Offer, Proposal};
use super::model::{self, Answering, Side, Tender, viewings};
use super::views::{self, ProposalView};
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::views::MoneyView;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::proposals as table;
use crate::db::witness::Identity;
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, ProposalId, TenderId};
use crate::domain::mail::MailTemplate;
use crate::domain::money::Money;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::tender::ProposalStatus;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::organizations::model::name;
use actix_web::web::{Data, Path};
use actix_web::{get, patch, post};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use validator::Validate;

/// What a partner offers.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "We would build your shop in three weeks.", "price": {"amount": "4800.00", "currency": "CHF"}, "valid_until": "2027-01-31"}))]
pub struct NewProposal {
    /// What the partner offers.
    #[validate(length(min = 1, max = 10000))]
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
    /// For how much.
    price: Option<MoneyView>,
    /// The last day on which the offer holds.
    valid_until: NaiveDate,
    /// The partner for which the caller acts, where it works for several.
    organization_id: Option<OrganizationId>,
}

/// What to change of a proposal; what is absent stays, and a null price goes.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"price": {"amount": "4500.00", "currency": "CHF"}}))]
pub struct ProposalChange {
    /// What the partner offers.
    #[validate(length(min = 1, max = 10000))]
    #[schema(nullable = false, min_length = 1, max_length = 10000)]
    text: Option<String>,
    /// For how much.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<MoneyView>)]
    price: Option<Option<MoneyView>>,
    /// The last day on which the offer holds.
    #[schema(nullable = false)]
    valid_until: Option<NaiveDate>,
}

/// A field that is there, be it null.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// List a tender's proposals.
///
/// All of them for the author; a partner sees its own and no other, also when the tender is over.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender."), Paging),
    responses((status = 200, body = Page<ProposalView>, description = "A page of proposals.")))]
#[get("/v1/tenders/{id}/proposals")]
pub async fn list_proposals(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<ProposalView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let tender = model::if_there(tx, *id)?;
        if model::is_author(tx, &identity, tender.as_ref())? {
            let tender = tender.ok_or_else(Refusal::not_found)?;
            return of_tender(tx, &listing, &tender, None);
        }
        let own: Vec<OrganizationId> = model::answering(tx, identity.user)?
            .into_iter()
            .map(|partner| partner.organization)
            .collect();
        let mut has_proposed = false;
        for partner in &own {
            has_proposed |= !proposals::answered_by(tx, *partner, &[*id])?.is_empty();
        }
        // Whoever made none sees what it would see of the tender itself.
        if !has_proposed {
            model::find(tx, &identity, *id)?;
        }
        let tender = tender.ok_or_else(Refusal::not_found)?;
        of_tender(tx, &listing, &tender, Some(&own))
    })
    .await
}

/// A page of a tender's proposals: these partners', or all of them for the author.
pub fn of_tender(
    tx: &mut Tx,
    listing: &Listing<NoFilters>,
    tender: &Tender,
    only: Option<&[OrganizationId]>,
) -> Result<Reply<Page<ProposalView>>> {
    let query = || {
        let query = table::table
            .filter(table::tender_id.eq(tender.id))
            .into_boxed::<MultiBackend>();
        match only {
            Some(partners) => query.filter(table::partner_id.among(partners.to_vec())),
            None => query,
        }
    };
    let total = listing.total(|| query().count().get_result(tx.conn))?;
    let rows: Vec<Proposal> = query()
        .filter(table::id.lt(listing.before()))
        .order(table::id.desc())
        .limit(listing.fetch())
        .select(Proposal::as_select())
        .load(tx.conn)?;
    let views = views::proposals(tx, &rows, tender, only.is_none())?;
    Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
}

/// Make a proposal.
///
/// A partner that has opened the tender makes one; the author is told by e-mail.
#[utoipa::path(tag = "Tenders", params(("id" = TenderId, Path, description = "The tender.")), request_body = NewProposal,
    responses((status = 201, body = ProposalView, description = "Made.")),
    extensions(("x-problems" = json!(["forbidden", "proposal_exists", "tender_not_viewed"]))))]
#[post("/v1/tenders/{id}/proposals")]
pub async fn submit_proposal(
    caller: Caller,
    db: Data<Db>,
    id: Path<TenderId>,
    new: Post<NewProposal>,
) -> Result<Reply<ProposalView>> {
    let id = *id;
    new.once(&db, caller, &[], move |tx, identity, new| {
        let (tender, side) = model::find(tx, identity, id)?;
        let partner = side.partner(new.organization_id)?;
        viewings::must_have_opened(tx, id, &[partner])?;
        let price = price(new.price.as_ref());
        let price = offered(tx, &new.text, price, new.valid_until)?;
        let offer = Offer {
            text: &new.text,
            price,
            valid_until: new.valid_until,
        };
        let proposal = proposals::insert(tx, id, partner, &offer)?;
        let event = record(
            tx,
            identity,
            EventType::ProposalSubmitted,
            (&tender, partner, proposal),
        )?;
        let sender = name(tx, partner)?;
        mails::to_author(
            tx,
            event,
            &tender,
            MailTemplate::TenderProposal,
            Some(&sender),
        )?;
        let (view, version) = again(tx, &tender, proposal, false)?;
        Ok(Reply::created(format!("/v1/tenders/{id}/proposals"), &view)?.version(version))
    })
    .await
}

fn price(price: Option<&MoneyView>) -> std::result::Result<Option<Money>, Fault> {
    price.map(|price| price.read("/price")).transpose()
}

/// What is wrong with an offer, all at once; its price if nothing is.
fn offered(
    tx: &Tx,
    text: &str,
    price: std::result::Result<Option<Money>, Fault>,
    valid_until: NaiveDate,
) -> Result<Option<Money>> {
    let mut faults = Vec::new();
    if text.trim().is_empty() {
        faults.push(Fault::new("/text", "blank"));
    }
    if valid_until < tx.now.date() {
        faults.push(Fault::new("/valid_until", "in_the_past"));
    }
    match price {
        Ok(price) if faults.is_empty() => Ok(price),
        price => {
            faults.extend(price.err());
            Err(Refusal::invalid(faults).rule("TND-4").into())
        }
    }
}

/// Revise a proposal.
///
/// By the partner that made it, while the tender is open.
#[utoipa::path(tag = "Tenders", params(("id" = ProposalId, Path, description = "The proposal.")), request_body = ProposalChange,
    responses((status = 200, body = ProposalView, description = "The proposal as it is now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden", "proposal_settled", "tender_not_open"]))))]
#[patch("/v1/proposals/{id}")]
pub async fn revise_proposal(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    id: Path<ProposalId>,
    change: Valid<ProposalChange>,
) -> Result<Reply<ProposalView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (proposal, tender) = made(tx, &identity, *id)?;
        if_match.check(proposal.version)?;
        tender.status_at(tx.now).must_be_open("TND-4")?;
        proposal.status.must_stand()?;
        let text = change.text.as_deref().unwrap_or(&proposal.text);
        let valid_until = change.valid_until.unwrap_or(proposal.valid_until);
        let wanted = match &change.price {
            None => Ok(proposal.price()),
            Some(wanted) => price(wanted.as_ref()),
        };
        let price = offered(tx, text, wanted, valid_until)?;
        let offer = Offer {
            text,
            price,
            valid_until,
        };
        proposals::revise(tx, &proposal, &offer)?;
        let about = (&tender, proposal.partner_id, proposal.id);
        record(tx, &identity, EventType::ProposalRevised, about)?;
        let (view, version) = again(tx, &tender, proposal.id, false)?;
        Ok(Reply::ok(&view)?.version(version))
    })
    .await
}

/// Withdraw a proposal.
///
/// By the partner that made it, while the tender is open. Withdrawing again answers the same; a partner makes no second one.
#[utoipa::path(tag = "Tenders", params(("id" = ProposalId, Path, description = "The proposal.")),
    responses((status = 200, body = ProposalView, description = "Withdrawn.")),
    extensions(("x-problems" = json!(["forbidden", "proposal_settled", "tender_not_open"]))))]
#[post("/v1/proposals/{id}/withdraw")]
pub async fn withdraw_proposal(
    caller: Caller,
    db: Data<Db>,
    id: Path<ProposalId>,
    nothing: Post<Nothing>,
) -> Result<Reply<ProposalView>> {
    let id = *id;
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let (proposal, tender) = made(tx, identity, id)?;
            if proposal.status != ProposalStatus::Withdrawn {
                tender.status_at(tx.now).must_be_open("TND-4")?;
                proposal.status.must_stand()?;
                proposals::withdraw(tx, &proposal)?;
                let about = (&tender, proposal.partner_id, id);
                record(tx, identity, EventType::ProposalWithdrawn, about)?;
            }
            let (view, version) = again(tx, &tender, id, false)?;
            Ok(Reply::ok(&view)?.version(version))
        })
        .await
}

/// Choose a proposal.
///
/// By the tender's author: awards the tender, and answers with an invitation ready to be sent to the partner, by a legal representative of the customer only. Choosing the same again answers the same.
#[utoipa::path(tag = "Tenders", params(("id" = ProposalId, Path, description = "The proposal.")),
    responses((status = 200, body = TenderAwardView, description = "Awarded.")),
    extensions(("x-problems" = json!(["forbidden", "not_a_partner", "proposal_settled", "tender_not_open"]))))]
#[post("/v1/proposals/{id}/select")]
pub async fn select_proposal(
    caller: Caller,
    db: Data<Db>,
    id: Path<ProposalId>,
    nothing: Post<Nothing>,
) -> Result<Reply<TenderAwardView>> {
    let id = *id;
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let (proposal, tender, side) = find(tx, identity, id)?;
            side.must_be_author()?;
            Reply::ok(&author::select(tx, Some(identity), &tender, &proposal)?)
        })
        .await
}

/// A proposal, as the tender's author or the partner that made it sees it; nobody else does.
fn find(tx: &mut Tx, identity: &Identity, id: ProposalId) -> Result<(Proposal, Tender, Side)> {
    let known = proposals::with_tender(tx, id)?;
    let tender = known.as_ref().map(|(_, tender)| tender);
    let is_author = model::is_author(tx, identity, tender)?;
    let answering = match is_author {
        true => Vec::new(),
        false => model::answering(tx, identity.user)?,
    };
    let (proposal, tender) = known.ok_or_else(Refusal::not_found)?;
    let made = |partner: &Answering| partner.organization == proposal.partner_id;
    let side = match (is_author, answering.iter().any(made)) {
        (true, _) => Side::Author,
        (false, true) => Side::Partners(vec![proposal.partner_id]),
        (false, false) => return Err(Refusal::not_found().into()),
    };
    Ok((proposal, tender, side))
}

/// A proposal that the caller's partner made.
fn made(tx: &mut Tx, identity: &Identity, id: ProposalId) -> Result<(Proposal, Tender)> {
    match find(tx, identity, id)? {
        (proposal, tender, Side::Partners(_)) => Ok((proposal, tender)),
        (_, _, Side::Author) => Err(Refusal::by(Code::Forbidden, "TND-4").into()),
    }
}

fn record(
    tx: &mut Tx,
    identity: &Identity,
    kind: EventType,
    (tender, partner, proposal): (&Tender, OrganizationId, ProposalId),
) -> Result<crate::domain::id::EventId> {
    let event = Event::new(kind, proposal)
        .between(tender.organization_id, Some(partner))
        .data(serde_json::json!({"tender_id": tender.id}))
        .by_rule("TND-4");
    tx.record(Some(identity), event)
}

fn again(
    tx: &mut Tx,
    tender: &Tender,
    id: ProposalId,
    for_author: bool,
) -> Result<(ProposalView, i32)> {
    let row = proposals::row(tx, id)?;
    let version = row.version;
    let view = views::proposals(tx, &[row], tender, for_author)?
        .pop()
        .ok_or_else(Refusal::not_found)?;
    Ok((view, version))
}
