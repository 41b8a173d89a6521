//! Who may ask an organization for access (INV-11): anyone in the programme unless it says otherwise.
use super::send;
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::{
    enrolment_states, invitation_preferences, memberships, organizations, refused_partners, users,
};
use crate::db::witness;
use crate::db::{Db, Tx, insert_all};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::event::EventType;
use crate::domain::id::OrganizationId;
use crate::domain::invitation::WhoMayAsk;
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Fault, Refusal};
use crate::error::{Error, Result};
use actix_web::web::{Data, Path};
use actix_web::{get, put};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// Who may ask an organization for access.
#[derive(Serialize, ToSchema)]
#[schema(as = InvitationPreferences)]
pub struct InvitationPreferencesView {
    /// Who may.
    allow: WhoMayAsk,
    /// The partners that may not, under `anyone_but`.
    except_partner_ids: Vec<OrganizationId>,
}

/// Who may ask the organization for access from now on.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"allow": "anyone_but", "except_partner_ids": ["org_01jd8xk3v9e6mbyg4q5r7s8t9v"]}))]
pub struct InvitationPreferencesChange {
    /// Who may.
    allow: WhoMayAsk,
    /// The partners that may not, under `anyone_but` and only there.
    #[validate(length(max = 1000))]
    #[schema(max_items = 1000)]
    except_partner_ids: Option<Vec<OrganizationId>>,
}

struct Preferences {
    allow: WhoMayAsk,
    except: BTreeSet<OrganizationId>,
    version: i32,
}

/// Show who may ask for access.
///
/// To the organization's administrators and legal representatives.
#[utoipa::path(tag = "Invitations", params(("org_id" = OrganizationId, Path, description = "The organization.")), responses((status = 200, body = InvitationPreferencesView, description = "The preferences.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/invitation-preferences")]
pub async fn get_invitation_preferences(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
) -> Result<Reply<InvitationPreferencesView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        policy::allow(found, Action::ReadInvitations)?;
        of(tx, *org)?.answer()
    })
    .await
}

/// Say who may ask for access.
///
/// Anyone in the programme, nobody, or anyone but a list, by the organization's legal representatives. Invitations that are pending already stay. Who asks by organization is told no; who asks by address is not told anything.
#[utoipa::path(tag = "Invitations", params(("org_id" = OrganizationId, Path, description = "The organization.")), request_body = InvitationPreferencesChange,
    responses((status = 200, body = InvitationPreferencesView, description = "The preferences as they are now.")), extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden"]))))]
#[put("/v1/organizations/{org_id}/invitation-preferences")]
pub async fn set_invitation_preferences(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    org: Path<OrganizationId>,
    change: Valid<InvitationPreferencesChange>,
) -> Result<Reply<InvitationPreferencesView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, *org)?;
        let allowed = policy::allow(found, Action::SetInvitationPreferences)?;
        let before = of(tx, *org)?;
        if_match.required(before.version)?;
        let named = change.except_partner_ids.as_deref();
        must_fit(tx, change.allow, named, &before.except)?;
        let after = Preferences {
            allow: change.allow,
            except: named.into_iter().flatten().copied().collect(),
            version: before.version + 1,
        };
        save(tx, *org, &after)?;
        let event = Event::new(EventType::InvitationPreferencesChanged, *org);
        let event = event
            .through(*org, &allowed.by, allowed.rule)
            .change(before.told(), after.told());
        tx.record(Some(&identity), event)?;
        after.answer()
    })
    .await
}

impl Preferences {
    /// For the audit log.
    fn told(&self) -> Value {
        json!({"allow": self.allow, "except_partner_ids": self.except})
    }

    fn answer(self) -> Result<Reply<InvitationPreferencesView>> {
        let view = InvitationPreferencesView {
            allow: self.allow,
            except_partner_ids: self.except.into_iter().collect(),
        };
        Ok(Reply::ok(&view)?.version(self.version))
    }
}

/// `anyone_but` names somebody, the others nobody; everyone named is a partner, or was named before.
fn must_fit(
    tx: &mut Tx,
    allow: WhoMayAsk,
    named: Option<&[OrganizationId]>,
    before: &BTreeSet<OrganizationId>,
) -> Result<()> {
    let at = "/except_partner_ids";
    let named = named.unwrap_or_default();
    let faults = match (allow, named.is_empty()) {
        (WhoMayAsk::Anyone | WhoMayAsk::Nobody, true) => Vec::new(),
        (WhoMayAsk::Anyone | WhoMayAsk::Nobody, false) => vec![Fault::new(at, "expected_null")],
        (WhoMayAsk::AnyoneBut, true) => vec![Fault::new(at, "required")],
        (WhoMayAsk::AnyoneBut, false) => {
            // Partners are no secret, nor that one is suspended; other organizations are, and those that
            // have left.
            let known: Vec<OrganizationId> = enrolment_states::table
                .filter(enrolment_states::organization_id.among(named))
                .filter(
                    enrolment_states::state
                        .eq_any([EnrolmentState::Approved, EnrolmentState::Suspended]),
                )
                .filter(enrolment_states::valid_to.is_null())
                .select(enrolment_states::organization_id)
                .load(tx.conn)?;
            let named = named.iter().enumerate();
            named
                .filter(|(_, partner)| !known.contains(partner) && !before.contains(partner))
                .map(|(index, _)| Fault::new(format!("{at}/{index}"), "unknown"))
                .collect()
        }
    };
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::invalid(faults).rule("INV-11").into()),
    }
}

fn of(tx: &mut Tx, org: OrganizationId) -> Result<Preferences> {
    let kept: Option<(WhoMayAsk, i32)> = invitation_preferences::table
        .find(org)
        .select((
            invitation_preferences::allow,
            invitation_preferences::version,
        ))
        .first(tx.conn)
        .optional()?;
    let except: Vec<OrganizationId> = refused_partners::table
        .filter(refused_partners::organization_id.eq(org))
        .select(refused_partners::partner_id)
        .load(tx.conn)?;
    let (allow, version) = kept.unwrap_or((WhoMayAsk::Anyone, 1));
    Ok(Preferences {
        allow,
        except: except.into_iter().collect(),
        version,
    })
}

#[derive(Insertable)]
#[diesel(table_name = refused_partners, treat_none_as_default_value = false)]
struct RefusedRow {
    organization_id: OrganizationId,
    partner_id: OrganizationId,
}

fn save(tx: &mut Tx, org: OrganizationId, after: &Preferences) -> Result<()> {
    let (allow, version) = (
        invitation_preferences::allow.eq(after.allow),
        invitation_preferences::version.eq(after.version),
    );
    let known = diesel::update(invitation_preferences::table.find(org))
        .set((allow, version))
        .execute(tx.conn)?;
    if known == 0 {
        diesel::insert_into(invitation_preferences::table)
            .values((
                invitation_preferences::organization_id.eq(org),
                allow,
                version,
            ))
            .execute(tx.conn)?;
    }
    diesel::delete(refused_partners::table.filter(refused_partners::organization_id.eq(org)))
        .execute(tx.conn)?;
    let rows: Vec<RefusedRow> = after
        .except
        .iter()
        .map(|partner| RefusedRow {
            organization_id: org,
            partner_id: *partner,
        })
        .collect();
    insert_all!(tx, refused_partners::table, &rows);
    Ok(())
}

/// Whether this partner may ask this organization.
pub fn may_ask(tx: &mut Tx, customer: OrganizationId, partner: OrganizationId) -> Result<bool> {
    let preferences = of(tx, customer)?;
    Ok(preferences
        .allow
        .lets(preferences.except.contains(&partner)))
}

/// Whether a partner's invitation to an address goes out. Where the address is known, INV-5, INV-9
/// and the preferences are judged here, silently: the answer must not tell who has an account.
pub fn is_welcome(tx: &mut Tx, email: &str, partner: OrganizationId) -> Result<bool> {
    let led = memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(users::email.eq(email))
        .filter(memberships::role.eq(Role::LegalRepresentative))
        .filter(memberships::valid_to.is_null())
        .select(memberships::organization_id);
    let behind: Vec<OrganizationId> = organizations::table
        .filter(
            organizations::email
                .eq(email)
                .or(organizations::id.eq_any(led)),
        )
        .select(organizations::id)
        .load(tx.conn)?;
    for customer in &behind {
        let open = match send::between_strangers(tx, *customer, partner) {
            Ok(()) => *customer != partner,
            Err(Error::Refused(_)) => false,
            Err(failed) => return Err(failed),
        };
        if open && may_ask(tx, *customer, partner)? {
            return Ok(true);
        }
    }
    Ok(behind.is_empty())
}
