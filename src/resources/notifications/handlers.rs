//! A person's notifications.
use crate::api::idempotency::Nothing;
use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::{events, notifications};
use crate::db::{Db, MultiBackend};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, NotificationId};
use crate::domain::locale::Language;
use crate::domain::mail::{MailTemplate, NotificationCategory};
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::outbox::render::said;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something a person is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Notification)]
pub struct NotificationView {
    /// Its id.
    id: NotificationId,
    /// What kind of thing it tells.
    category: NotificationCategory,
    /// It in a few words, in the reader's language.
    #[schema(example = "Your invitation was accepted")]
    subject: String,
    /// It in a sentence or more, in the reader's language.
    #[schema(example = "Studio Lumen has accepted your invitation.")]
    text: String,
    /// The domain event that it follows from.
    event_id: EventId,
    /// The id of what it is about.
    #[schema(example = "partnership_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    about: String,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// When it was read.
    read_at: Option<DateTime<Utc>>,
}

/// Which notifications to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationFilters {
    /// Only those that were not read.
    #[serde(default)]
    #[param(default = false)]
    unread: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = notifications)]
struct Row {
    id: NotificationId,
    event_id: EventId,
    template: MailTemplate,
    arguments: String,
    created_at: NaiveDateTime,
    read_at: Option<NaiveDateTime>,
}

/// List my notifications.
///
/// In the reader's language, the newest first.
#[utoipa::path(tag = "Me", params(NotificationFilters, Paging), responses((status = 200, body = Page<NotificationView>, description = "A page of notifications.")))]
#[get("/v1/me/notifications")]
pub async fn list_notifications(
    caller: Caller,
    db: Data<Db>,
    listing: Listing<NotificationFilters>,
) -> Result<Reply<Page<NotificationView>>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        let query = || {
            let all = notifications::table
                .inner_join(events::table.on(events::id.eq(notifications::event_id)))
                .filter(notifications::user_id.eq(identity.user))
                .into_boxed::<MultiBackend>();
            match listing.filters.unread {
                true => all.filter(notifications::read_at.is_null()),
                false => all,
            }
        };
        let total = listing.total(|| query().count().get_result(tx.conn))?;
        let rows: Vec<(Row, String)> = query()
            .filter(notifications::id.lt(listing.before()))
            .order(notifications::id.desc())
            .limit(listing.fetch())
            .select((Row::as_select(), events::subject))
            .load(tx.conn)?;
        let views = rows
            .into_iter()
            .map(|(row, about)| row.view(identity.language, about))
            .collect::<Result<Vec<_>>>()?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

/// Mark a notification as read.
///
/// Repeating it changes nothing.
#[utoipa::path(tag = "Me", params(("id" = NotificationId, Path, description = "The notification.")), responses((status = 200, body = NotificationView, description = "As it is now.")))]
#[post("/v1/me/notifications/{id}/read")]
pub async fn read_notification(
    caller: Caller,
    db: Data<Db>,
    id: Path<NotificationId>,
    nothing: Post<Nothing>,
) -> Result<Reply<NotificationView>> {
    nothing
        .once(&db, caller, &[], move |tx, identity, _| {
            let (mut row, about): (Row, String) = notifications::table
                .inner_join(events::table.on(events::id.eq(notifications::event_id)))
                .filter(notifications::id.eq(*id))
                .filter(notifications::user_id.eq(identity.user))
                .select((Row::as_select(), events::subject))
                .first(tx.conn)
                .optional()?
                .ok_or_else(Refusal::not_found)?;
            if row.read_at.is_none() {
                row.read_at = Some(tx.now);
                diesel::update(notifications::table.find(*id))
                    .set(notifications::read_at.eq(tx.now))
                    .execute(tx.conn)?;
                tx.record(Some(identity), Event::new(EventType::NotificationRead, *id))?;
            }
            Reply::ok(&row.view(identity.language, about)?)
        })
        .await
}

impl Row {
    fn view(self, language: Language, about: String) -> Result<NotificationView> {
        let (subject, text) = said(self.template, language, &self.arguments)?;
        Ok(NotificationView {
            id: self.id,
            category: self.template.category(),
            subject,
            text,
            event_id: self.event_id,
            about,
            created_at: self.created_at.and_utc(),
            read_at: self.read_at.map(|at| at.and_utc()),
        })
    }
}
