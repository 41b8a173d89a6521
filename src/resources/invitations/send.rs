//! Sending an invitation: a customer to a partner (INV-1), or a partner to a customer (INV-2).
use super::model::{self, New};
use super::preferences;
use super::propose::{self, Proposal};
use super::views::{InvitationView, again};
use crate::api::access::WantedAccess;
use crate::api::field;
use crate::api::views::exactly_one;
use crate::api::{Caller, Post, Reply};
use crate::config::Config;
use crate::db::schema::{organizations, partnerships as partnership_table};
use crate::db::witness::{self, Identity};
use crate::db::{Db, Tx};
use crate::domain::access::{Access, Naming};
use crate::domain::id::{OrganizationId, PartnershipId, TenderId};
use crate::domain::invitation::Direction;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::accounts::model::normal;
use crate::resources::accounts::step_up::{self, PasswordGiven};
use crate::resources::catalogue::model as catalogue;
use crate::resources::programme::model as programme;
use actix_web::post;
use actix_web::web::{Data, Path};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// An invitation: exactly one of `partner_id`, `customer_organization_id` and `customer_email` says to whom.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"partner_id": "org_01jd8xk3v9e6mbyg4q5r7s8t9v", "access": {"level": "full", "product_ids": null, "payment_mode": "customer"}, "message": "Please take over."}))]
pub struct NewInvitation {
    /// From a customer: the approved partner it invites.
    partner_id: Option<OrganizationId>,
    /// From a partner: the customer it asks.
    customer_organization_id: Option<OrganizationId>,
    /// From a partner: the address it asks, whoever that is.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(format = "email", example = "marie@chalet-edelweiss.example")]
    customer_email: Option<String>,
    /// From a customer: the access it proposes.
    #[validate(nested)]
    access: Option<WantedAccess>,
    /// From a partner: the access it asks for; limited access names no products.
    #[validate(nested)]
    requested_access: Option<WantedAccess>,
    /// From a partner that asks for limited access: the product families it is about.
    #[validate(length(max = 50))]
    #[schema(max_items = 50, example = json!(["web_hosting"]))]
    requested_families: Option<Vec<String>>,
    /// From a customer: its partnerships that the acceptance ends.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    replace: Option<Vec<PartnershipId>>,
    /// The caller's password, where partnerships are replaced.
    #[validate(length(max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
    /// From a customer: when the partnership is to start; at once unless said.
    starts_at: Option<DateTime<Utc>>,
    /// From a customer: the tender that it has awarded to this partner.
    tender_id: Option<TenderId>,
    /// A word to the other side.
    #[validate(length(max = 1000))]
    #[schema(
        max_length = 1000,
        example = "We would like to look after your website."
    )]
    message: Option<String>,
}

/// Invite.
///
/// A customer invites an approved partner and proposes an access; or a partner asks a customer, by organization or by address, for an access that the customer then grants as it likes. Only a legal representative does. The other side gets an e-mail with a link.
#[utoipa::path(tag = "Invitations", params(("org_id" = OrganizationId, Path, description = "The organization that invites.")), request_body = NewInvitation,
    responses((status = 201, body = InvitationView, description = "Sent.")),
    extensions(("x-problems" = json!(["forbidden", "not_a_partner", "already_partners", "opposite_partnership", "pending_invitation_exists", "conflicting_partnerships", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/organizations/{org_id}/invitations")]
pub async fn send_invitation(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    org: Path<OrganizationId>,
    new: Post<NewInvitation>,
) -> Result<Reply<InvitationView>> {
    let given = match new.body.replace.as_deref() {
        None | Some([]) => None,
        Some(_) => Some(step_up::with_password(&db, &caller, new.body.password.as_deref()).await?),
    };
    let (org, lasts) = (*org, TimeDelta::days(config.invitation_days));
    new.once(&db, caller, &[], move |tx, identity, new| {
        let found = witness::organization(tx, identity, org)?;
        let rule = policy::allow(found, Action::SendInvitation)?.rule;
        let sent = match new.partner_id {
            Some(partner) => {
                from_customer(tx, identity, (org, partner), new, given.as_ref(), lasts)?
            }
            None => from_partner(tx, identity, org, new, lasts)?,
        };
        propose::tell(tx, identity, &sent, rule)?;
        let invitation = sent.0;
        let (view, version) = again(tx, identity.user, invitation.id)?;
        Ok(Reply::created(format!("/v1/invitations/{}", invitation.id), &view)?.version(version))
    })
    .await
}

fn from_customer(
    tx: &mut Tx,
    identity: &Identity,
    (customer, partner): (OrganizationId, OrganizationId),
    new: &NewInvitation,
    given: Option<&PasswordGiven>,
    lasts: TimeDelta,
) -> Result<(model::Invitation, String)> {
    let mut faults = alternatives(new);
    faults.extend(absent("/requested_access", new.requested_access.is_some()));
    faults.extend(absent(
        "/requested_families",
        new.requested_families.is_some(),
    ));
    if let Some(given) = given {
        given.still_holds(tx, identity)?;
    }
    let replace = new.replace.iter().flatten().copied().collect();
    let proposal = Proposal {
        customer,
        partner,
        access: new.access.as_ref(),
        replace: &replace,
        starts_at: new.starts_at,
        tender: new.tender_id,
        message: new.message.as_deref(),
    };
    propose::propose(tx, identity, &proposal, faults, lasts)
}

fn from_partner(
    tx: &mut Tx,
    identity: &Identity,
    partner: OrganizationId,
    new: &NewInvitation,
    lasts: TimeDelta,
) -> Result<(model::Invitation, String)> {
    let mut faults = alternatives(new);
    faults.extend(absent("/access", new.access.is_some()));
    faults.extend(absent("/replace", new.replace.is_some()));
    faults.extend(absent("/starts_at", new.starts_at.is_some()));
    faults.extend(absent("/tender_id", new.tender_id.is_some()));
    let access = wanted(
        "/requested_access",
        new.requested_access.as_ref(),
        Naming::None,
        &mut faults,
    );
    let families = new.requested_families.clone().unwrap_or_default();
    if let Some(Access::Full { .. }) = access {
        faults.extend(absent("/requested_families", !families.is_empty()));
    }
    faults.extend(catalogue::unknown_families(
        tx,
        &families,
        "/requested_families",
    )?);
    match new.customer_organization_id {
        Some(customer) if customer == partner => {
            faults.push(Fault::new("/customer_organization_id", "same_organization"))
        }
        Some(customer) if !known(tx, customer)? => {
            faults.push(Fault::new("/customer_organization_id", "unknown"))
        }
        Some(_) | None => {}
    }
    let Some(access) = access.filter(|_| faults.is_empty()) else {
        return Err(Refusal::invalid(faults).rule("INV-2").into());
    };
    if !programme::is_approved(tx, partner)? {
        return Err(Refusal::by(Code::NotAPartner, "PRG-2").into());
    }
    let email = new.customer_email.as_deref().map(normal);
    match (new.customer_organization_id, &email) {
        (Some(customer), _) => {
            if !preferences::may_ask(tx, customer, partner)? {
                return Err(Refusal::by(Code::Forbidden, "INV-11").into());
            }
            between_strangers(tx, customer, partner)?;
        }
        (None, Some(email)) => {
            if let Some(pending) = model::pending_to_address(tx, email, partner)? {
                return Err(Refusal::by(Code::PendingInvitationExists, "INV-5")
                    .conflicts([pending])
                    .into());
            }
        }
        (None, None) => {}
    }
    let families: BTreeSet<String> = families.into_iter().collect();
    model::insert(
        tx,
        &New {
            direction: Direction::PartnerToCustomer,
            customer: new.customer_organization_id,
            email: email.as_deref(),
            partner,
            requested: &access,
            families: &families.into_iter().collect::<Vec<_>>(),
            replace: &BTreeSet::new(),
            starts_at: None,
            tender: None,
            message: new.message.as_deref(),
            by: identity.user,
            lasts,
        },
    )
}

fn alternatives(new: &NewInvitation) -> Vec<Fault> {
    exactly_one(&[
        ("partner_id", new.partner_id.is_some()),
        (
            "customer_organization_id",
            new.customer_organization_id.is_some(),
        ),
        ("customer_email", new.customer_email.is_some()),
    ])
}

fn absent(pointer: &str, given: bool) -> Option<Fault> {
    given.then(|| Fault::new(pointer, "expected_null"))
}

pub fn wanted(
    pointer: &str,
    access: Option<&WantedAccess>,
    naming: Naming,
    faults: &mut Vec<Fault>,
) -> Option<Access> {
    match access.map(|access| access.read(naming, pointer)) {
        Some(Ok(access)) => return Some(access),
        Some(Err(found)) => faults.extend(found),
        None => faults.push(Fault::new(pointer, "required")),
    }
    None
}

fn known(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    Ok(diesel::select(exists(organizations::table.find(organization))).get_result(tx.conn)?)
}

/// Two that are neither partners yet, nor partners the other way round, nor about to be.
pub fn between_strangers(
    tx: &mut Tx,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<()> {
    no_open_partnership(tx, customer, partner)?;
    if let Some(pending) = model::pending_between(tx, customer, partner)? {
        return Err(Refusal::by(Code::PendingInvitationExists, "INV-5")
            .conflicts([pending])
            .into());
    }
    Ok(())
}

/// Judged when it is sent and again when it is accepted (INV-8, INV-9).
pub fn no_open_partnership(
    tx: &mut Tx,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<()> {
    let mut open = |customer: OrganizationId, partner: OrganizationId| {
        partnership_table::table
            .filter(partnership_table::customer_id.eq(customer))
            .filter(partnership_table::partner_id.eq(partner))
            .filter(partnership_table::ended_at.is_null())
            .select(partnership_table::id)
            .first::<PartnershipId>(tx.conn)
            .optional()
    };
    if let Some(same) = open(customer, partner)? {
        return Err(Refusal::by(Code::AlreadyPartners, "INV-5")
            .conflicts([same])
            .into());
    }
    match open(partner, customer)? {
        Some(opposite) => Err(Refusal::by(Code::OppositePartnership, "INV-9")
            .conflicts([opposite])
            .into()),
        None => Ok(()),
    }
}
