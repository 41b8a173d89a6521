//! The mails of tenders: to the author with a link, to partners without one.
use super::model::{self, Tender};
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::record::Mail;
use crate::db::schema::{memberships, users};
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::organization::Role;
use crate::domain::tender;
use crate::error::Result;
use crate::resources::organizations::mails::tell_all;
use diesel::prelude::*;
use serde_json::{Value, json};

/// To the contact address, with a link of its own: whoever reads that mailbox is the author.
pub fn to_author(
    tx: &mut Tx,
    event: EventId,
    tender: &Tender,
    template: MailTemplate,
    sender: Option<&str>,
) -> Result<()> {
    let token = model::new_link(tx, tender.id)?;
    tx.mail(
        event,
        &Mail {
            recipient: tender.contact_email.clone(),
            language: tender.language,
            template,
            arguments: json!({
                "subject": tender.subject,
                "until": {"date": tender.expires_at.date()},
                "sender": sender.unwrap_or_default(),
            }),
            token: Some(token),
        },
    )
}

/// The extract, to all who want such tenders (TND-2).
pub fn extract(
    tx: &mut Tx,
    event: EventId,
    tender: &Tender,
    partners: &[OrganizationId],
) -> Result<()> {
    let arguments = json!({
        "subject": tender::without_contact(&tender.subject),
        "extract": tender::extract(&tender.description),
        "tender": tender.id,
    });
    to_partners(tx, event, partners, MailTemplate::TenderExtract, &arguments)
}

/// Tells partners that have to do with a tender what became of it.
pub fn news(
    tx: &mut Tx,
    event: EventId,
    tender: &Tender,
    partners: &[OrganizationId],
    template: MailTemplate,
) -> Result<()> {
    let arguments = json!({"subject": tender.subject});
    to_partners(tx, event, partners, template, &arguments)
}

fn to_partners(
    tx: &mut Tx,
    event: EventId,
    partners: &[OrganizationId],
    template: MailTemplate,
    arguments: &Value,
) -> Result<()> {
    let people: Vec<(String, Language)> = memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::organization_id.among(partners))
        .filter(memberships::role.among([Role::LegalRepresentative, Role::Administrator]))
        .filter(memberships::valid_to.is_null())
        .select((users::email, users::language))
        .distinct()
        .load(tx.conn)?;
    tell_all(tx, event, people, template, arguments)
}
