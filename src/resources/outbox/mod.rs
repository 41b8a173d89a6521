//! The outbox: mails as they will read, for whoever develops without SMTP (NTF-2).
pub mod deliver;
pub mod render;

use crate::api::page::Paging;
use crate::api::{Caller, Listing, Page, Reply};
use crate::config::Config;
use crate::db::Db;
use crate::db::schema::mails;
use crate::domain::id::MailId;
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::organization::OperatorRole;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::secret::Keyring;
use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use render::{Rendered, render};
use serde::Serialize;
use utoipa::ToSchema;

crate::api::room::room!(list_outbox_mails);

/// A mail that waits to be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = OutboxMail)]
pub struct OutboxMailView {
    /// Its id.
    id: MailId,
    /// Whom it goes to.
    #[schema(format = "email", example = "claire@studio-lumen.example")]
    recipient: String,
    /// In which language.
    language: Language,
    /// The subject.
    #[schema(example = "Galerie Arno invites Studio Lumen")]
    subject: String,
    /// The text.
    #[schema(example = "Galerie Arno invites Studio Lumen to a partnership.")]
    text: String,
    /// The same as HTML.
    #[schema(example = "<!DOCTYPE html><html lang=\"en\"></html>")]
    html: String,
    /// The link in it; null once it was sent.
    #[schema(
        format = "uri",
        example = "http://127.0.0.1:8080/v1/invitation-links/bXkgdG9rZW4"
    )]
    link: Option<String>,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// How often it was tried.
    #[schema(minimum = 0, maximum = 100)]
    attempts: i32,
    /// Why the last attempt failed.
    #[schema(example = "permanent error (550): no such user")]
    failure: Option<String>,
    /// When it is tried next; null once it was sent or given up.
    next_attempt_at: Option<DateTime<Utc>>,
    /// When it was sent.
    sent_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = mails)]
struct Row {
    id: MailId,
    recipient: String,
    language: Language,
    template: MailTemplate,
    arguments: String,
    token: Option<Vec<u8>>,
    created_at: NaiveDateTime,
    due_at: Option<NaiveDateTime>,
    attempts: i32,
    sent_at: Option<NaiveDateTime>,
    failure: Option<String>,
}

/// Read the outbox.
///
/// The mails that wait to be sent, as they will read, the newest first. For the operator's administrators.
#[utoipa::path(tag = "Admin", params(Paging), responses((status = 200, body = Page<OutboxMailView>, description = "A page of mails.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/admin/outbox")]
pub async fn list_outbox_mails(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<OutboxMailView>>> {
    db.read(move |tx| {
        let identity = caller.identify(tx)?;
        if identity.operator != Some(OperatorRole::Admin) {
            return Err(Refusal::by(Code::Forbidden, "ACC-1").into());
        }
        let total = listing.total(|| mails::table.count().get_result(tx.conn))?;
        let rows: Vec<Row> = mails::table
            .filter(mails::id.lt(listing.before()))
            .order((mails::created_at.desc(), mails::id.desc()))
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        let views = rows
            .into_iter()
            .map(|row| row.view(tx.keys, &config))
            .collect::<Result<Vec<_>>>()?;
        Reply::page(&listing.page(tx.keys, views, total, |view| view.id, |view| view)?)
    })
    .await
}

impl Row {
    fn view(self, keys: &Keyring, config: &Config) -> Result<OutboxMailView> {
        let Rendered {
            subject,
            text,
            html,
            link,
        } = render(
            self.template,
            self.language,
            &self.arguments,
            self.token.as_deref(),
            keys,
            config,
        )?;
        Ok(OutboxMailView {
            id: self.id,
            recipient: self.recipient,
            language: self.language,
            subject,
            text,
            html,
            link,
            attempts: self.attempts,
            failure: self.failure,
            next_attempt_at: self.due_at.map(|at| at.and_utc()),
            created_at: self.created_at.and_utc(),
            sent_at: self.sent_at.map(|at| at.and_utc()),
        })
    }
}
