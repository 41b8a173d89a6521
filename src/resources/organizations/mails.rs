//! Mails to those who bind an organization.
use crate::db::Tx;
use crate::db::record::Mail;
use crate::db::schema::{memberships, users};
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::domain::organization::Role;
use crate::error::Result;
use diesel::prelude::*;
use serde_json::Value;

/// The addresses of those who bind an organization, each with its language.
pub fn legal_representatives(
    tx: &mut Tx,
    organization: OrganizationId,
) -> Result<Vec<(String, Language)>> {
    Ok(memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::role.eq(Role::LegalRepresentative))
        .filter(memberships::valid_to.is_null())
        .select((users::email, users::language))
        .load(tx.conn)?)
}

/// Tells those who bind an organization, each in their language.
pub fn tell(
    tx: &mut Tx,
    event: EventId,
    organization: OrganizationId,
    template: MailTemplate,
    arguments: &Value,
) -> Result<()> {
    let to = legal_representatives(tx, organization)?;
    tell_all(tx, event, to, template, arguments)
}

/// Tells these people the same, each in their language; without a link.
pub fn tell_all(
    tx: &mut Tx,
    event: EventId,
    to: Vec<(String, Language)>,
    template: MailTemplate,
    arguments: &Value,
) -> Result<()> {
    for (recipient, language) in to {
        let mail = Mail {
            recipient,
            language,
            template,
            arguments: arguments.clone(),
            token: None,
        };
        tx.mail(event, &mail)?;
    }
    Ok(())
}
