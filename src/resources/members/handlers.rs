//! Managing the people of an organization: its own legal representatives and administrators do, and
//! its partner as far as its ceiling allows (ORG-3, ACC-5).
use super::giver::{Giver, Subject};
use super::model::{self, Membership, NewOffer, Offer};
use super::views::{self, MemberView};
use crate::api::field;
use crate::api::page::Paging;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid};
use crate::config::Config;
use crate::db::record::{Event, Mail};
use crate::db::schema::{member_invitations, memberships};
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, MemberId, OrganizationId, ProductId};
use crate::domain::invitation::InvitationStatus;
use crate::domain::mail::MailTemplate;
use crate::domain::membership::Place;
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action, Standing};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::accounts::model::{normal, user_by_email};
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::invitations::mails;
use crate::resources::organizations::model::name;
use crate::resources::organizations::reach;
use actix_web::web::{Data, Path};
use actix_web::{delete, get, patch, post};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// Whom to invite, and what for.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "lea.rey@atelier-lumen.example", "role": "collaborator", "may_order": false, "product_ids": ["product_01jd8xk3v9e6mbyg4q5r7s8t9v"]}))]
pub struct NewMember {
    /// The person's address, whether or not anyone has an account with it.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(format = "email", example = "lea.rey@atelier-lumen.example")]
    email: String,
    /// The role.
    role: Role,
    /// Whether a collaborator may order and renew; not unless said.
    #[schema(nullable = false)]
    may_order: Option<bool>,
    /// The products that a collaborator or an external is given.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000, nullable = false)]
    product_ids: Option<Vec<ProductId>>,
}

/// What to change of a member; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "collaborator", "may_order": true}))]
pub struct MemberChange {
    /// The role.
    #[schema(nullable = false)]
    role: Option<Role>,
    /// Whether a collaborator may order and renew.
    #[schema(nullable = false)]
    may_order: Option<bool>,
    /// All the products that a collaborator or an external is given; those the caller does not reach stay as they are.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000, nullable = false)]
    product_ids: Option<Vec<ProductId>>,
    /// True to keep a member whom a partner added when that partnership ends; a legal representative does.
    #[schema(nullable = false)]
    keep: Option<bool>,
}

/// List members.
///
/// An organization's members and those invited to become one, the newest first. For its own people and for its partners. Products appear as far as the caller reaches them.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), Paging), responses((status = 200, body = Page<MemberView>, description = "A page of members.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/members")]
pub async fn list_members(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<MemberView>>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let reach = model::reader(tx, &identity, *org)?;
        let here = || {
            memberships::table
                .filter(memberships::organization_id.eq(*org))
                .filter(memberships::valid_to.is_null())
        };
        let now = tx.now;
        let coming = || {
            member_invitations::table
                .filter(member_invitations::organization_id.eq(*org))
                .filter(member_invitations::status.eq(InvitationStatus::Pending))
                .filter(member_invitations::expires_at.gt(now))
        };
        let total = listing.total(|| {
            let (active, invited): (i64, i64) = (
                here().count().get_result(tx.conn)?,
                coming().count().get_result(tx.conn)?,
            );
            Ok(active + invited)
        })?;
        let active: Vec<Membership> = here()
            .filter(memberships::id.lt(listing.before()))
            .order(memberships::id.desc())
            .limit(listing.fetch())
            .select(Membership::as_select())
            .load(tx.conn)?;
        let invited: Vec<Offer> = coming()
            .filter(member_invitations::id.lt(listing.before()))
            .order(member_invitations::id.desc())
            .limit(listing.fetch())
            .select(Offer::as_select())
            .load(tx.conn)?;
        let mut views = views::members(tx, active, &reach)?;
        views.extend(views::offers(tx, invited, &reach)?);
        views.sort_by_key(|view| std::cmp::Reverse(view.id));
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Invite a member.
///
/// Sends a link to the address; whoever has that address, verified, accepts and is a member. The answer is the same whether or not anyone has an account with it. A legal representative is made by legal representatives only. A partner invites as far as its own ceiling, and nobody of its own; whom it adds leaves with it unless the customer keeps them (ACC-5).
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = NewMember,
    responses((status = 201, body = MemberView, description = "Invited.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden", "already_a_member", "pending_invitation_exists"]))))]
#[post("/v1/organizations/{org_id}/members")]
pub async fn add_member(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    org: Path<OrganizationId>,
    new: Post<NewMember>,
) -> Result<Reply<MemberView>> {
    let (org, lasts) = (*org, TimeDelta::days(config.invitation_days));
    new.once(&db, caller, &[], move |tx, identity, new| {
        let found = witness::organization(tx, identity, org)?;
        let standings = found.standings.clone();
        policy::allow(found, Action::ManageMembers)?;
        let place = Place {
            role: new.role,
            may_order: new.may_order.unwrap_or(false),
        };
        must_fit(place, new.product_ids.as_deref())?;
        let giver = Giver::of(tx, &standings, None, Some(place))?;
        let products = new.product_ids.clone().unwrap_or_default();
        reach::must_hold(tx, org, &products, &giver.reach)?;
        let email = normal(&new.email);
        must_be_new(tx, org, &email, &giver.standing)?;
        let offer = NewOffer {
            organization: org,
            email: &email,
            place,
            added_by: giver.lends_through(tx, org)?,
            by: identity.user,
            lasts,
        };
        let (offer, token) = model::insert_offer(tx, &offer)?;
        reach::set(tx, offer.id, &products.into_iter().collect())?;
        let event = giver
            .event(EventType::MemberInvited, offer.id, org)
            .data(json!({"role": place.role}));
        let event = tx.record(Some(identity), event)?;
        invite(tx, identity, event, &offer, token)?;
        let location = format!("/v1/organizations/{org}/members/{}", offer.id);
        let (view, version) = again(tx, identity, org, offer.id)?;
        Ok(Reply::created(location, &view)?.version(version))
    })
    .await
}

/// Show a member.
///
/// Or whoever is invited to become one. For the organization's own people and for its partners.
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("member_id" = MemberId, Path, description = "The member.")), responses((status = 200, body = MemberView, description = "The member.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/members/{member_id}")]
pub async fn get_member(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, MemberId)>,
) -> Result<Reply<MemberView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let identity = caller.identify(tx)?;
        let (view, version) = again(tx, &identity, org, id)?;
        Ok(Reply::ok(&view)?.version(version))
    })
    .await
}

/// Change a member.
///
/// Role, products, and whether a collaborator may order; of an invited one, what it will get. Nobody changes their own. The last legal representative stays one (ORG-1). A partner changes nobody above its ceiling (ACC-5).
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("member_id" = MemberId, Path, description = "The member.")), request_body = MemberChange,
    responses((status = 200, body = MemberView, description = "The member as it is now.")), extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden", "last_legal_representative"]))))]
#[patch("/v1/organizations/{org_id}/members/{member_id}")]
pub async fn update_member(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    path: Path<(OrganizationId, MemberId)>,
    change: Valid<MemberChange>,
) -> Result<Reply<MemberView>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        let standings = found.standings.clone();
        policy::allow(found, Action::ManageMembers)?;
        let subject = Subject::find(tx, org, id)?;
        if subject.is(&identity) {
            return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
        }
        if_match.required(subject.version())?;
        let before = subject.place();
        let after = changed(before, &change);
        must_fit(after, change.product_ids.as_deref())?;
        let giver = Giver::of(tx, &standings, Some(before), Some(after))?;
        let keeps = change.keep == Some(true);
        if (keeps && !giver.represents()) || giver.raises_its_own(tx, &subject)? {
            return Err(Refusal::by(Code::Forbidden, "ACC-5").into());
        }
        let kept = keeps || after.role == Role::LegalRepresentative;
        let added_by = subject.added_by().filter(|_| !kept);
        if let Subject::Active(member) = &subject
            && after.role != Role::LegalRepresentative
        {
            model::must_not_be_last(tx, member)?;
        }
        let had = reach::of_holder(tx, id)?;
        let products = match (&change.product_ids, after.role.is_narrow()) {
            (_, false) => BTreeSet::new(),
            (None, true) => had.clone(),
            (Some(named), true) => reach::regiven(tx, org, id, named, &giver.reach)?,
        };
        match &subject {
            Subject::Active(member) => model::change(tx, member, after, added_by)?,
            Subject::Invited(offer) => model::change_offer(tx, offer, after, added_by)?,
        }
        reach::set(tx, id, &products)?;
        let event = giver
            .event(EventType::MemberChanged, id, org)
            .data(json!({"before": before.role, "after": after.role}))
            .change(told(before, &had), told(after, &products));
        tx.record(Some(&identity), event)?;
        let (view, version) = again(tx, &identity, org, id)?;
        Ok(Reply::ok(&view)?.version(version))
    })
    .await
}

/// Remove a member.
///
/// Its rights end with this answer; an invitation's link is dead. Anyone may leave, but for the last legal representative (ORG-1). A partner removes nobody above its ceiling (ACC-5).
#[utoipa::path(tag = "Members", params(("org_id" = OrganizationId, Path, description = "The organization."), ("member_id" = MemberId, Path, description = "The member.")), responses((status = 204, description = "Removed.")), extensions(("x-problems" = json!(["forbidden", "last_legal_representative"]))))]
#[delete("/v1/organizations/{org_id}/members/{member_id}")]
pub async fn remove_member(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, MemberId)>,
) -> Result<Reply<()>> {
    let (org, id) = path.into_inner();
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, org)?;
        let standings = found.standings.clone();
        let own = model::find(tx, org, id)?.filter(|member| member.user_id == identity.user);
        if let Some(member) = own {
            policy::allow(found, Action::ReadOrganization)?;
            model::must_not_be_last(tx, &member)?;
            model::leave(tx, &member)?;
            let event = Event::new(EventType::MemberRemoved, id).of(org);
            tx.record(Some(&identity), event.by_rule("ACC-1"))?;
            return Ok(Reply::no_content());
        }
        policy::allow(found, Action::ManageMembers)?;
        let subject = Subject::find(tx, org, id)?;
        let giver = Giver::of(tx, &standings, Some(subject.place()), None)?;
        let kind = match &subject {
            Subject::Active(member) => {
                model::must_not_be_last(tx, member)?;
                model::leave(tx, member)?;
                EventType::MemberRemoved
            }
            Subject::Invited(offer) => {
                model::conclude_offer(tx, offer, InvitationStatus::Cancelled)?;
                EventType::MemberInvitationCancelled
            }
        };
        tx.record(Some(&identity), giver.event(kind, id, org))?;
        Ok(Reply::no_content())
    })
    .await
}

/// A member as the caller sees it.
fn again(
    tx: &mut Tx,
    identity: &Identity,
    org: OrganizationId,
    id: MemberId,
) -> Result<(MemberView, i32)> {
    let reach = model::reader(tx, identity, org)?;
    let view = match Subject::find(tx, org, id)? {
        Subject::Active(member) => views::members(tx, vec![member], &reach)?,
        Subject::Invited(offer) => views::offers(tx, vec![offer], &reach)?,
    }
    .pop()
    .ok_or_else(Refusal::not_found)?;
    let version = view.version;
    Ok((view, version))
}

fn changed(before: Place, change: &MemberChange) -> Place {
    let role = change.role.unwrap_or(before.role);
    Place {
        role,
        may_order: change
            .may_order
            .unwrap_or(before.may_order && role == Role::Collaborator),
    }
}

/// A member's place and products, for the audit log.
fn told(place: Place, products: &BTreeSet<ProductId>) -> Value {
    json!({"role": place.role, "may_order": place.may_order, "product_ids": products})
}

/// Only collaborators are marked, and only they and externals are given products.
fn must_fit(place: Place, products: Option<&[ProductId]>) -> Result<()> {
    let mut faults = Vec::new();
    if place.may_order && place.role != Role::Collaborator {
        faults.push(Fault::new("/may_order", "only_collaborators"));
    }
    if products.is_some() && !place.role.is_narrow() {
        faults.push(Fault::new("/product_ids", "expected_null"));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(faults).rule("ORG-8").into()),
    }
}

/// Refuses whoever is a member already, or invited; and from a partner its own people (ACC-5).
fn must_be_new(tx: &mut Tx, org: OrganizationId, email: &str, by: &Standing) -> Result<()> {
    if let Standing::Partner { partner, .. } = by
        && model::by_address(tx, *partner, email)?.is_some()
    {
        return Err(Refusal::fault("/email", "own_member", "ACC-5").into());
    }
    if let Some(member) = model::by_address(tx, org, email)? {
        return Err(Refusal::new(Code::AlreadyAMember)
            .conflicts([member])
            .into());
    }
    match model::offered(tx, org, email)? {
        Some(offer) => Err(Refusal::new(Code::PendingInvitationExists)
            .conflicts([offer])
            .into()),
        None => Ok(()),
    }
}

/// Mails the link, in the language of whoever has the address, else in the sender's.
fn invite(
    tx: &mut Tx,
    identity: &Identity,
    event: EventId,
    offer: &Offer,
    token: String,
) -> Result<()> {
    if !mails::may_be_written_to(tx, &offer.email)? {
        return Ok(());
    }
    let known = user_by_email(tx, &offer.email)?;
    let arguments = json!({
        "sender": name(tx, offer.organization_id)?,
        "until": {"date": offer.expires_at.date().to_string()},
    });
    tx.mail(
        event,
        &Mail {
            recipient: offer.email.clone(),
            language: known.map_or(identity.language, |user| user.language),
            template: MailTemplate::MemberInvitation,
            arguments,
            token: Some(token),
        },
    )
}
