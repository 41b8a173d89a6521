//! Everything that is kept of a user, for that user (ERA-1).
mod rows;
mod views;

use super::model;
use crate::api::{Caller, Reply};
use crate::db::record::Event;
use crate::db::witness::{Identity, Proof};
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::UserId;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use actix_web::get;
use actix_web::web::{Data, Path};
use views::UserDataView;

/// Read everything that is kept of me.
///
/// Account, memberships, sessions, tokens, mails, notifications, calls for help, invitations and what I did. It is recorded that it was read. Needs a sign-in, not an API token.
#[utoipa::path(tag = "Me", responses((status = 200, body = UserDataView, description = "Everything.")), extensions(("x-problems" = json!(["session_required"]))))]
#[get("/v1/me/data-export")]
pub async fn export_my_data(caller: Caller, db: Data<Db>) -> Result<Reply<UserDataView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        if let Proof::Token(..) = identity.proof {
            return Err(Refusal::by(Code::SessionRequired, "ERA-1").into());
        }
        export(tx, &identity, identity.user)
    })
    .await
}

/// Read everything that is kept of a user.
///
/// To answer a request for access. It is recorded that it was read. For the operator's administrators.
#[utoipa::path(tag = "Admin", params(("id" = UserId, Path, description = "The user.")), responses((status = 200, body = UserDataView, description = "Everything.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/users/{id}/data-export")]
pub async fn export_user_data(
    caller: Caller,
    db: Data<Db>,
    id: Path<UserId>,
) -> Result<Reply<UserDataView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        policy::allow_staff(identity.operator, Action::ManageUsers)?;
        export(tx, &identity, *id)
    })
    .await
}

fn export(tx: &mut Tx, by: &Identity, id: UserId) -> Result<Reply<UserDataView>> {
    let user = model::view(tx, id)?;
    tx.record(Some(by), Event::new(EventType::UserDataExported, id))?;
    Reply::ok(&UserDataView {
        exported_at: tx.now.and_utc(),
        external_identities: rows::identities(tx, id)?,
        memberships: rows::past_memberships(tx, id)?,
        sessions: rows::past_sessions(tx, id)?,
        api_tokens: rows::past_tokens(tx, id)?,
        mails: rows::sent_mails(tx, id)?,
        notifications: rows::notifications(tx, id)?,
        tenders: rows::tenders(tx, id)?,
        invitations: rows::invitations(tx, id)?,
        identifications: rows::identifications(tx, id)?,
        activity: rows::activity(tx, id)?,
        user,
    })
}
