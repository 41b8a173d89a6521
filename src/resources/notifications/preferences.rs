//! What a person wants by mail.
use super::model;
use crate::api::{Caller, Reply, Valid};
use crate::db::record::Event;
use crate::db::{Db, Tx};
use crate::domain::event::EventType;
use crate::domain::id::UserId;
use crate::domain::mail::NotificationCategory;
use crate::domain::refusal::{Fault, Refusal};
use crate::error::Result;
use actix_web::web::{Data, Path};
use actix_web::{get, post, put};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

/// Whether mails of one kind come.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationPreference)]
pub struct NotificationPreferenceView {
    /// Which kind.
    category: NotificationCategory,
    /// Whether they come by mail; in the application they always do.
    by_mail: bool,
    /// Whether they belong to the contract, so that they cannot be turned off.
    contractual: bool,
}

/// What a person wants by mail.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub struct NotificationPreferencesView {
    /// Every kind.
    items: Vec<NotificationPreferenceView>,
}

/// A choice for one kind.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationChoice {
    /// Which kind.
    category: NotificationCategory,
    /// Whether its mails shall come.
    by_mail: bool,
}

/// What a person wants by mail from now on; a kind that is not named comes.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationChoices {
    /// At most one choice for each kind.
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    items: Vec<NotificationChoice>,
}

/// Show what I want by mail.
///
/// For each kind of notification whether it comes by mail too.
#[utoipa::path(tag = "Me", responses((status = 200, body = NotificationPreferencesView, description = "The preferences.")))]
#[get("/v1/me/notification-preferences")]
pub async fn get_notification_preferences(
    caller: Caller,
    db: Data<Db>,
) -> Result<Reply<NotificationPreferencesView>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        Reply::ok(&view(tx, identity.user)?)
    })
    .await
}

/// Say what I want by mail.
///
/// Replaces all choices. What belongs to the contract cannot be turned off.
#[utoipa::path(tag = "Me", request_body = NotificationChoices, responses((status = 200, body = NotificationPreferencesView, description = "The preferences as they are now.")))]
#[put("/v1/me/notification-preferences")]
pub async fn replace_notification_preferences(
    caller: Caller,
    db: Data<Db>,
    choices: Valid<NotificationChoices>,
) -> Result<Reply<NotificationPreferencesView>> {
    let faults: Vec<Fault> = choices
        .items
        .iter()
        .enumerate()
        .filter(|(_, choice)| choice.category.is_contractual() && !choice.by_mail)
        .map(|(at, _)| Fault::new(format!("/items/{at}/by_mail"), "contractual"))
        .collect();
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).rule("NTF-2").into());
    }
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        for category in NotificationCategory::ALL {
            let choice = choices
                .items
                .iter()
                .find(|choice| choice.category == *category);
            let by_mail = choice.is_none_or(|choice| choice.by_mail);
            model::choose(tx, identity.user, *category, by_mail)?;
        }
        let event = Event::new(EventType::NotificationPreferencesChanged, identity.user);
        tx.record(Some(&identity), event)?;
        Reply::ok(&view(tx, identity.user)?)
    })
    .await
}

/// Turn off a kind of mail.
///
/// By the link in such a mail, with one click (RFC 8058). Repeating it changes nothing; a link that is not ours is as unknown as any.
#[utoipa::path(tag = "Me", security(()), params(("token" = String, Path, description = "What the link in the mail carries.")), responses((status = 204, description = "No more mails of this kind.")), extensions(("x-no-idempotency" = json!(true))))]
#[post("/v1/unsubscribe-links/{token}")]
pub async fn unsubscribe(db: Data<Db>, token: Path<String>) -> Result<Reply<()>> {
    db.write(move |tx| {
        let (user, category) =
            model::read_unsubscribe_token(tx.keys, &token).ok_or_else(Refusal::not_found)?;
        let on = model::preferences(tx, user)?.contains(&(category, true));
        if on && !category.is_contractual() {
            model::choose(tx, user, category, false)?;
            let event = Event::new(EventType::NotificationPreferencesChanged, user);
            tx.record(
                None,
                event.data(json!({"category": category, "by_mail": false})),
            )?;
        }
        Ok(Reply::no_content())
    })
    .await
}

fn view(tx: &mut Tx, user: UserId) -> Result<NotificationPreferencesView> {
    let one = |(category, by_mail): (NotificationCategory, bool)| NotificationPreferenceView {
        category,
        by_mail,
        contractual: category.is_contractual(),
    };
    let items = model::preferences(tx, user)?.into_iter().map(one).collect();
    Ok(NotificationPreferencesView { items })
}
