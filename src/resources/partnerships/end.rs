//! Ending a partnership: either side's legal representative, with the password again (PSH-7, ORG-7).
use super::consequences;
use super::customer;
use super::model::{self, Partnership};
use super::views::{self, PartnershipView};
use crate::api::{Caller, Post, Reply};
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PartnershipId};
use crate::domain::mail::MailTemplate;
use crate::domain::policy::{self, Action, Standing};
use crate::error::Result;
use crate::resources::accounts::step_up;
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use crate::resources::renewals;
use actix_web::post;
use actix_web::web::{Data, Path};
use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

/// The end of a partnership.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnershipEnd {
    /// The caller's password.
    #[validate(length(min = 1, max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
    /// Why, for the other side.
    #[validate(length(max = 1000))]
    #[schema(example = "We look after our website ourselves now.")]
    reason: Option<String>,
}

/// End a partnership.
///
/// Either side's legal representative does, at any time, with the password again. Access ends with this answer; what was earned stays earned, and both sides keep the history. Ending what has ended answers the same, unchanged.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")), request_body = PartnershipEnd,
    responses((status = 200, body = PartnershipView, description = "The partnership, ended.")),
    extensions(("x-problems" = json!(["forbidden", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[post("/v1/partnerships/{id}/end")]
pub async fn end_partnership(
    caller: Caller,
    db: Data<Db>,
    id: Path<PartnershipId>,
    end: Post<PartnershipEnd>,
) -> Result<Reply<PartnershipView>> {
    let (asking, id) = (caller.clone(), *id);
    // Who may not end it is told so before any password is looked at.
    db.read(move |tx| {
        let identity = asking.identify(tx)?;
        let found = model::find(tx, &identity, id)?;
        match found.what.0.ended_at {
            Some(_) => policy::allow(found, Action::ReadPartnership).map(drop)?,
            None => policy::allow(found, Action::EndPartnership).map(drop)?,
        }
        Ok(())
    })
    .await?;
    let given = step_up::with_password(&db, &caller, end.body.password.as_deref()).await?;
    end.once(&db, caller, &[], move |tx, identity, end| {
        given.still_holds(tx, identity)?;
        let found = model::find(tx, identity, id)?;
        if found.what.0.ended_at.is_none() {
            let allowed = policy::allow(found, Action::EndPartnership)?;
            let row = allowed.what.0;
            let by = match allowed.by {
                Standing::Partner { partner, .. } => partner,
                Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => {
                    row.customer_id
                }
            };
            conclude(
                tx,
                Some(identity),
                &row,
                by,
                end.reason.as_deref(),
                allowed.rule,
            )?;
        }
        views::answer(tx, identity, id)
    })
    .await
}

/// Ends it with all that follows: members whom the partner added leave with it (ACC-5), the renewals
/// it owned fall back (PAY-6), and the other side is told. Answers the instant.
pub fn conclude(
    tx: &mut Tx,
    identity: Option<&Identity>,
    row: &Partnership,
    by: OrganizationId,
    reason: Option<&str>,
    rule: &'static str,
) -> Result<NaiveDateTime> {
    let ended_at = match row.scheduled {
        true => {
            model::call_off(tx, row, Some(by), reason)?;
            tx.now
        }
        false => {
            let taken = consequences::of(tx, row)?;
            let ended_at = model::end(tx, row, by, reason)?;
            consequences::keep(tx, row, &taken, ended_at)?;
            renewals::ownership::fall_back(tx, identity, row.customer_id, row.partner_id)?;
            ended_at
        }
    };
    customer::dismiss_added_by(tx, identity, row)?;
    let event = Event::new(EventType::PartnershipEnded, row.id)
        .between(Some(row.customer_id), Some(row.partner_id))
        .data(json!({"ended_by": by}))
        .by_rule(rule);
    let event = tx.record(
        identity,
        Event {
            partnership: Some(row.id),
            ..event
        },
    )?;
    let (sender, other) = if by == row.customer_id {
        (row.customer_id, row.partner_id)
    } else {
        (row.partner_id, row.customer_id)
    };
    let arguments = json!({
        "sender": name(tx, sender)?,
        "recipient": name(tx, other)?,
    });
    mails::tell(tx, event, other, MailTemplate::PartnershipEnded, &arguments)?;
    Ok(ended_at)
}
