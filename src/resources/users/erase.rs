//! The end of an account: personal data go, what was booked and recorded stays valid (ERA-1).
//!
//! Events, audit log and ledger hold the user's id alone, which names nobody any more. The chain of
//! the audit log covers a salted digest of each address that a request came from: address and salt go.
use super::forget;
use super::model::{self, UserView};
use crate::api::idempotency::Nothing;
use crate::api::{Caller, Post, Reply};
use crate::db::prepared::Among;
use crate::db::record::Event;
use crate::db::schema::memberships;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::organization::Role;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::accounts::{model as accounts, tokens};
use crate::resources::members::model::{self as members, Membership};
use actix_web::post;
use actix_web::web::{Data, Path};
use diesel::prelude::*;

/// Erase a user.
///
/// Name, address, sessions, tokens, second factor, mails and network addresses go, and with them every membership and role; open tenders of theirs are cancelled; ledger and audit log stay valid. An organization's last legal representative cannot be erased: `conflicts` names the organizations (ORG-1). Again it answers the same. For the operator's administrators, not for themselves.
#[utoipa::path(tag = "Admin", params(("id" = UserId, Path, description = "The user.")),
    responses((status = 200, body = UserView, description = "What is left.")),
    extensions(("x-problems" = json!(["forbidden", "last_legal_representative"]))))]
#[post("/v1/admin/users/{id}/erase")]
pub async fn erase_user(
    caller: Caller,
    db: Data<Db>,
    id: Path<UserId>,
    nothing: Post<Nothing>,
) -> Result<Reply<UserView>> {
    let id = *id;
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            policy::allow_staff(identity.operator, Action::ManageUsers)?;
            let user = accounts::user(tx, id)?;
            if id == identity.user {
                return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
            }
            if user.erased_at.is_none() {
                must_not_be_last(tx, id)?;
                leave(tx, identity, id)?;
                forget::tenders(tx, identity, &user)?;
                forget::contacts(tx, identity, &user)?;
                forget::words(tx, &user)?;
                tx.record(Some(identity), Event::new(EventType::UserErased, id))?;
            }
            Reply::ok(&model::view(tx, id)?)
        })
        .await
}

/// Refuses to leave an organization without a legal representative, and names all of them.
fn must_not_be_last(tx: &mut Tx, user: UserId) -> Result<()> {
    let leaders = || {
        memberships::table
            .filter(memberships::role.eq(Role::LegalRepresentative))
            .filter(memberships::valid_to.is_null())
            .select(memberships::organization_id)
    };
    let led: Vec<OrganizationId> = leaders()
        .filter(memberships::user_id.eq(user))
        .load(tx.conn)?;
    let shared: Vec<OrganizationId> = leaders()
        .filter(memberships::user_id.ne(user))
        .filter(memberships::organization_id.among(&led))
        .load(tx.conn)?;
    let alone: Vec<OrganizationId> = led
        .into_iter()
        .filter(|organization| !shared.contains(organization))
        .collect();
    match alone.is_empty() {
        true => Ok(()),
        false => Err(Refusal::by(Code::LastLegalRepresentative, "ERA-1")
            .conflicts(alone)
            .into()),
    }
}

/// Ends every right.
fn leave(tx: &mut Tx, by: &Identity, user: UserId) -> Result<()> {
    let open: Vec<Membership> = memberships::table
        .filter(memberships::user_id.eq(user))
        .filter(memberships::valid_to.is_null())
        .select(Membership::as_select())
        .load(tx.conn)?;
    for membership in &open {
        members::leave(tx, membership)?;
    }
    accounts::change_operator_role(tx, user, None)?;
    accounts::end_sessions(tx, user, None)?;
    tokens::revoke_all(tx, Some(by), user)
}
