//! The signed-in person.
use super::{model, password};
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::record::Event;
use crate::db::schema::{memberships, organizations, users};
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{MemberId, OrganizationId, UserId};
use crate::domain::locale::Language;
use crate::domain::organization::{OperatorRole, Role};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use actix_web::web::Data;
use actix_web::{get, patch, put};
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
    /// The organizations this person is a member of.
    organizations: Vec<MyOrganizationView>,
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

/// What to change of one's profile; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// The person's name.
    #[validate(length(min = 1, max = 120))]
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
    let view = MeView {
        id: user.id,
        email: user.email,
        name: user.name,
        language: user.language,
        operator_role: identity.operator,
        organizations,
        version: user.version,
    };
    Ok(Reply::ok(&view)?.version(user.version))
}

/// Who am I.
///
/// The signed-in person's profile, with every organization it is a member of and its role there.
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
/// Needs the password until now; ends all other sessions of the account. An API token cannot do this.
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
        model::end_sessions(tx, identity.user, Some(session))?;
        let event = Event::new(EventType::UserPasswordChanged, identity.user);
        let event = tx.record(Some(&identity), event)?;
        super::mails::password_changed(tx, event, (&user.email, user.language))
    })
    .await?;
    Ok(Reply::no_content())
}
