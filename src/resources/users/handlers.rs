//! Finding, making and changing accounts, by the operator's administrators.
use super::model::{self, UserView};
use crate::api::page::Paging;
use crate::api::{Caller, IfMatch, Listing, Page, Post, Reply, Valid, field};
use crate::config::Config;
use crate::db::record::Event;
use crate::db::schema::{operator_roles, second_factors, users};
use crate::db::{Db, MultiBackend};
use crate::domain::event::EventType;
use crate::domain::id::UserId;
use crate::domain::locale::Language;
use crate::domain::organization::OperatorRole;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::accounts::model::{self as accounts, NewUser, User, normal};
use crate::resources::accounts::{reset, second_factor};
use actix_web::web::{Data, Path};
use actix_web::{get, patch, post};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserFilters {
    /// Only the one that has this address.
    email: Option<String>,
    /// Only those of the operator's staff who have this role.
    operator_role: Option<OperatorRole>,
}

/// An account to make for someone.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserAccount {
    /// The person's name.
    #[validate(length(min = 1, max = 120), custom(function = "field::not_blank"))]
    #[schema(example = "Claire Morel")]
    name: String,
    /// The address to sign in with; a link to set the password goes to it.
    #[validate(length(max = 254), custom(function = "field::address"))]
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    email: String,
    /// The language of mails to this person; English unless said.
    #[schema(nullable = false)]
    language: Option<Language>,
    /// The role among the operator's staff, if any.
    #[schema(nullable = false)]
    operator_role: Option<OperatorRole>,
}

/// What to change of an account; what is absent stays.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The person's name.
    #[validate(length(min = 1, max = 120), custom(function = "field::not_blank"))]
    #[schema(example = "Claire Morel", nullable = false)]
    name: Option<String>,
    /// The language of mails to this person.
    #[schema(nullable = false)]
    language: Option<Language>,
    /// The role among the operator's staff; null takes it.
    #[serde(default, deserialize_with = "field::clearable")]
    #[schema(value_type = Option<OperatorRole>)]
    operator_role: Option<Option<OperatorRole>>,
    /// `false` removes the second factor of someone who has lost it; nobody else can give one.
    #[schema(example = false, nullable = false)]
    second_factor: Option<bool>,
}

/// List users.
///
/// All accounts, erased ones too, the newest first. For the operator's administrators.
#[utoipa::path(tag = "Admin", params(UserFilters, Paging), responses((status = 200, body = Page<UserView>, description = "A page of users.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/users")]
pub async fn list_users(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<UserFilters>,
) -> Result<Reply<Page<UserView>>> {
    db.read(move |tx| {
        policy::allow_staff(caller.identify(tx)?.operator, Action::ManageUsers)?;
        let query = || {
            let mut query = model::accounts().into_boxed::<MultiBackend>();
            if let Some(email) = &listing.filters.email {
                query = query.filter(users::email.eq(normal(email)));
            }
            if let Some(role) = listing.filters.operator_role {
                query = query.filter(operator_roles::role.eq(role));
            }
            query
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows = query()
            .filter(users::id.lt(listing.before()))
            .order(users::id.desc())
            .limit(listing.fetch())
            .select((
                User::as_select(),
                operator_roles::role.nullable(),
                second_factors::confirmed_at.nullable(),
            ))
            .load(tx.conn)?;
        let id = |row: &model::Row| row.0.id;
        Reply::page(&listing.page(tx.keys, rows, total, id, UserView::new)?)
    })
    .await
}

/// Make an account for someone.
///
/// A link to set the password goes to the address; following it proves the address. For the operator's administrators.
#[utoipa::path(tag = "Admin", request_body = NewUserAccount,
    responses((status = 201, body = UserView, description = "Made.")),
    extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden", "email_taken"]))))]
#[post("/v1/admin/users")]
pub async fn create_user(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    new: Post<NewUserAccount>,
) -> Result<Reply<UserView>> {
    let hours = config.sign_up_hours;
    new.once(&db, caller, &[], move |tx, identity, new| {
        policy::allow_staff(identity.operator, Action::ManageUsers)?;
        if let Some(taken) = accounts::user_by_email(tx, &new.email)? {
            let refusal = Refusal::by(Code::EmailTaken, "ORG-6");
            return Err(refusal.conflicts([taken.id]).into());
        }
        let row = NewUser {
            email: &new.email,
            name: &new.name,
            language: new.language.unwrap_or(Language::English),
            password_hash: None,
            verified: false,
        };
        let id = accounts::insert_user(tx, &row)?;
        accounts::change_operator_role(tx, id, new.operator_role)?;
        let event = Event::new(EventType::UserCreated, id);
        let event = event.data(json!({"operator_role": new.operator_role}));
        let event = tx.record(Some(identity), event)?;
        let user = accounts::user(tx, id)?;
        reset::send_first_link(tx, event, &user, hours)?;
        let reply = Reply::created(format!("/v1/admin/users/{id}"), &model::view(tx, id)?)?;
        Ok(reply.version(user.version))
    })
    .await
}

/// Show a user.
///
/// For the operator's administrators.
#[utoipa::path(tag = "Admin", params(("id" = UserId, Path, description = "The user.")), responses((status = 200, body = UserView, description = "The user.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/users/{id}")]
pub async fn get_user(caller: Caller, db: Data<Db>, id: Path<UserId>) -> Result<Reply<UserView>> {
    db.read(move |tx| {
        policy::allow_staff(caller.identify(tx)?.operator, Action::ManageUsers)?;
        let view = model::view(tx, *id)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}

/// Change a user.
///
/// Name, language, the role among the operator's staff, and the end of a second factor that its owner has lost. Nobody changes their own role (ACC-1). For the operator's administrators.
#[utoipa::path(tag = "Admin", params(("id" = UserId, Path, description = "The user.")), request_body = UserChange,
    responses((status = 200, body = UserView, description = "The user as it is now.")),
    extensions(("x-if-match" = json!("optional")), ("x-problems" = json!(["forbidden", "user_erased"]))))]
#[patch("/v1/admin/users/{id}")]
pub async fn update_user(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    id: Path<UserId>,
    change: Valid<UserChange>,
) -> Result<Reply<UserView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        policy::allow_staff(identity.operator, Action::ManageUsers)?;
        let user = accounts::user(tx, *id)?;
        if user.erased_at.is_some() {
            return Err(Refusal::by(Code::UserErased, "ERA-1").into());
        }
        if_match.check(user.version)?;
        let mut event = Event::new(EventType::UserChanged, user.id);
        if let Some(role) = change.operator_role {
            if user.id == identity.user && role != identity.operator {
                return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
            }
            accounts::change_operator_role(tx, user.id, role)?;
            event = Event::new(EventType::UserRoleChanged, user.id);
            event = event.data(json!({"operator_role": role}));
        }
        match change.second_factor {
            Some(true) => return Err(Refusal::fault("/second_factor", "invalid", "ORG-6").into()),
            Some(false) => second_factor::remove(tx, &identity, &user)?,
            None => {}
        }
        diesel::update(users::table.find(user.id))
            .set((
                users::name.eq(change.name.as_ref().unwrap_or(&user.name)),
                users::language.eq(change.language.unwrap_or(user.language)),
                users::version.eq(user.version + 1),
            ))
            .execute(tx.conn)?;
        tx.record(Some(&identity), event)?;
        let view = model::view(tx, user.id)?;
        Ok(Reply::ok(&view)?.version(view.version))
    })
    .await
}
