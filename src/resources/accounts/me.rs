//! The signed-in person.
use super::{mails, model, password, reset};
use crate::api::{Caller, IfMatch, Reply, Valid, field};
use crate::db::record::Event;
use crate::db::schema::{memberships, organizations, standings, users};
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::enrolment::EnrolmentState;
use crate::domain::event::EventType;
use crate::domain::id::{MemberId, OrganizationId, PartnershipId, UserId};
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::organization::{OperatorRole, Role};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use actix_web::web::Data;
use actix_web::{get, patch, put};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The signed-in person.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// The account.
    id: UserId,
    /// Its e-mail address.
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
    /// The person's name.
    #[schema(example = "Claire Morel")]
    name: String,
    /// The language of mails to this person.
    language: Language,
    /// The role among the operator's staff, if any.
    operator_role: Option<OperatorRole>,
    /// When the address was proven.
    email_verified_at: Option<DateTime<Utc>>,
    /// The organizations this person is a member of.
    organizations: Vec<MyOrganizationView>,
    /// The customers this person reaches through a partnership, by name: the first 200. `GET /v1/organizations?via=partnership` lists them all.
    customers: Vec<MyCustomerView>,
    /// How many customers these are in all.
    #[schema(minimum = 0, maximum = 2147483647)]
    customers_total: i64,
    /// When the account was made.
    created_at: DateTime<Utc>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    version: i32,
}

/// A person's place in an organization.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = MyOrganization)]
pub struct MyOrganizationView {
    /// The organization.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Atelier Lumen SA")]
    name: String,
    /// The membership.
    member_id: MemberId,
    /// The person's role.
    role: Role,
    /// Whether a collaborator may order and renew.
    may_order: bool,
}

/// A customer that a person reaches as a member of its partner.
#[derive(Serialize, Queryable, ToSchema)]
#[schema(as = MyCustomer)]
pub struct MyCustomerView {
    /// The customer.
    id: OrganizationId,
    /// Its name.
    #[schema(example = "Galerie Arno")]
    name: String,
    /// The partner whose member this person is.
    partner_id: OrganizationId,
    /// The partnership.
    partnership_id: Option<PartnershipId>,
}

/// The most customers that a profile names.
const MOST_CUSTOMERS: i64 = 200;

/// What to change of one's profile; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// The person's name.
    #[validate(length(min = 1, max = 120), custom(function = "field::not_blank"))]
    #[schema(example = "Claire Morel", nullable = false)]
    name: Option<String>,
    /// The language of mails to this person.
    #[schema(nullable = false)]
    language: Option<Language>,
}

/// The old password and the new one.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "correct horse battery staple")]
    current_password: String,
    /// The password from now on: at least 12 characters, and not easy to guess.
    #[validate(length(min = 12, max = 256))]
    #[schema(example = "seven purple teapots sing")]
    new_password: String,
}

fn view(tx: &mut Tx, identity: &Identity) -> Result<Reply<MeView>> {
    let user = model::user(tx, identity.user)?;
    let organizations = memberships::table
        .inner_join(organizations::table.on(organizations::id.eq(memberships::organization_id)))
        .filter(memberships::user_id.eq(user.id))
        .filter(memberships::valid_to.is_null())
        .order(organizations::name)
        .select((
            organizations::id,
            organizations::name,
            memberships::id,
            memberships::role,
            memberships::may_order,
        ))
        .load(tx.conn)?;
    let (customers, customers_total) = customers(tx, user.id)?;
    let view = MeView {
        id: user.id,
        email: user.email,
        name: user.name,
        language: user.language,
        operator_role: identity.operator,
        email_verified_at: user.verified_at.map(|at| at.and_utc()),
        organizations,
        customers,
        customers_total,
        created_at: user.created_at.and_utc(),
        version: user.version,
    };
    Ok(Reply::ok(&view)?.version(user.version))
}

fn customers(tx: &mut Tx, user: UserId) -> Result<(Vec<MyCustomerView>, i64)> {
    let now = tx.now;
    let reached = || {
        standings::table
            .inner_join(organizations::table.on(organizations::id.eq(standings::organization_id)))
            .filter(standings::user_id.eq(user))
            .filter(standings::enrolment_state.eq(EnrolmentState::Approved))
            .filter(standings::member_to.is_null())
            .filter(standings::terms_from.le(now))
            .filter(
                standings::terms_to
                    .is_null()
                    .or(standings::terms_to.gt(now)),
            )
            .filter(standings::enrolment_to.is_null())
            .filter(standings::assigned_to.is_null())
    };
    let total = reached().count().get_result(tx.conn)?;
    let named = reached()
        .order((organizations::name, organizations::id))
        .limit(MOST_CUSTOMERS)
        .select((
            organizations::id,
            organizations::name,
            standings::member_of,
            standings::partnership_id,
        ))
        .load(tx.conn)?;
    Ok((named, total))
}

/// Who am I.
///
/// The signed-in person's profile, with every organization it is a member of and its role there, and the customers it reaches through partnerships.
#[utoipa::path(tag = "Me", responses((status = 200, body = MeView, description = "The signed-in person.")))]
#[get("/v1/me")]
pub async fn get_me(caller: Caller, db: Data<Db>) -> Result<Reply<MeView>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        view(tx, &identity)
    })
    .await
}

/// Change my profile.
///
/// Changes name or language; what is absent stays.
#[utoipa::path(tag = "Me", request_body = MeChange,
    responses((status = 200, body = MeView, description = "The profile as it is now.")),
    extensions(("x-if-match" = json!("optional"))))]
#[patch("/v1/me")]
pub async fn update_me(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    change: Valid<MeChange>,
) -> Result<Reply<MeView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let user = model::user(tx, identity.user)?;
        if_match.check(user.version)?;
        diesel::update(users::table.find(user.id))
            .set((
                users::name.eq(change.name.clone().unwrap_or(user.name)),
                users::language.eq(change.language.unwrap_or(user.language)),
                users::version.eq(user.version + 1),
            ))
            .execute(tx.conn)?;
        tx.record(Some(&identity), Event::new(EventType::UserChanged, user.id))?;
        view(tx, &identity)
    })
    .await
}

/// Change my password.
///
/// Needs the password until now; ends all other sessions of the account. API tokens stay: revoke those that are not needed any more. An API token cannot do this.
#[utoipa::path(tag = "Me", request_body = PasswordChange,
    responses((status = 204, description = "The password has changed.")),
    extensions(("x-problems" = json!(["wrong_password", "session_required", "locked_out", "too_many_requests"]))))]
#[put("/v1/me/password")]
pub async fn change_password(
    caller: Caller,
    db: Data<Db>,
    change: Valid<PasswordChange>,
) -> Result<Reply<()>> {
    let given = super::step_up::with_password(&db, &caller, Some(&change.current_password)).await?;
    let asking = caller.clone();
    let user = db
        .read(move |tx| {
            let identity = asking.identify(tx)?;
            model::user(tx, identity.user)
        })
        .await?;
    if !password::is_strong(&change.new_password, &[&user.name, &user.email]) {
        return Err(Refusal::invalid(vec![Fault::new("/new_password", "weak")]).into());
    }
    let hash = password::hash(change.0.new_password).await?;
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        given.still_holds(tx, &identity)?;
        let Proof::Session(session) = identity.proof else {
            return Err(Refusal::by(Code::SessionRequired, "ORG-7").into());
        };
        diesel::update(users::table.find(identity.user))
            .set(users::password_hash.eq(&hash))
            .execute(tx.conn)?;
        reset::forget(tx, identity.user)?;
        model::end_sessions(tx, identity.user, Some(session))?;
        let event = Event::new(EventType::UserPasswordChanged, identity.user);
        let event = tx.record(Some(&identity), event)?;
        mails::tell(tx, event, &user, MailTemplate::PasswordChanged)
    })
    .await?;
    Ok(Reply::no_content())
}
