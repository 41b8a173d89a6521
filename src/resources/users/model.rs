//! Accounts as the operator's administrators see them.
use crate::db::Tx;
use crate::db::schema::{operator_roles, second_factors, users};
use crate::domain::id::UserId;
use crate::domain::locale::Language;
use crate::domain::organization::OperatorRole;
use crate::error::Result;
use crate::resources::accounts::model::User;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// A person's account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// Its id.
    pub id: UserId,
    /// The address it signs in with; null once it is erased.
    #[schema(format = "email", example = "claire.morel@atelier-lumen.example")]
    pub email: Option<String>,
    /// The person's name; null once it is erased.
    #[schema(example = "Claire Morel")]
    pub name: Option<String>,
    /// The language of mails to this person.
    pub language: Language,
    /// The role among the operator's staff, if any.
    pub operator_role: Option<OperatorRole>,
    /// When the address was proven.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// Whether signing in asks for a second factor.
    pub second_factor: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When it was erased.
    pub erased_at: Option<DateTime<Utc>>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub version: i32,
}

/// An account with its role and its second factor.
pub type Row = (User, Option<OperatorRole>, Option<NaiveDateTime>);

impl UserView {
    pub fn new((user, operator_role, second_factor_at): Row) -> Self {
        let kept = user.erased_at.is_none();
        Self {
            id: user.id,
            email: Some(user.email).filter(|_| kept),
            name: Some(user.name).filter(|_| kept),
            language: user.language,
            operator_role,
            email_verified_at: user.verified_at.map(|at| at.and_utc()),
            second_factor: second_factor_at.is_some(),
            created_at: user.created_at.and_utc(),
            erased_at: user.erased_at.map(|at| at.and_utc()),
            version: user.version,
        }
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
pub fn accounts() -> _ {
    let role = operator_roles::table.on(operator_roles::user_id
        .eq(users::id)
        .and(operator_roles::valid_to.is_null()));
    let factor = second_factors::table.on(second_factors::user_id
        .eq(users::id)
        .and(second_factors::confirmed_at.is_not_null()));
    users::table.left_join(role).left_join(factor)
}

pub fn view(tx: &mut Tx, id: UserId) -> Result<UserView> {
    let row: Row = accounts()
        .filter(users::id.eq(id))
        .select((
            User::as_select(),
            operator_roles::role.nullable(),
            second_factors::confirmed_at.nullable(),
        ))
        .first(tx.conn)?;
    Ok(UserView::new(row))
}
