//! The mails of invitations.
use super::model::Invitation;
use super::preferences;
use crate::db::Tx;
use crate::db::prepared::Among;
use crate::db::record::Mail;
use crate::db::schema::mails;
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::invitation::Direction;
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::error::Result;
use crate::resources::organizations::mails::{legal_representatives, tell};
use crate::resources::organizations::model::name;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

/// How many invitations a day go to one address.
const INVITATIONS_A_DAY: i64 = 10;

/// Whether another invitation may be mailed to this address today, whoever sends it (INV-11).
pub fn may_be_written_to(tx: &mut Tx, recipient: &str) -> Result<bool> {
    let lately: i64 = mails::table
        .filter(mails::recipient.eq(recipient))
        .filter(mails::template.among([MailTemplate::Invitation, MailTemplate::MemberInvitation]))
        .filter(mails::created_at.gt(tx.now - TimeDelta::days(1)))
        .count()
        .get_result(tx.conn)?;
    Ok(lately < INVITATIONS_A_DAY)
}

/// The invitation itself, with the link that only its recipients get.
pub fn invite(tx: &mut Tx, event: EventId, invitation: &Invitation, token: &str) -> Result<()> {
    let (sender, recipient) = match invitation.direction {
        Direction::CustomerToPartner => (invitation.customer_id, Some(invitation.partner_id)),
        Direction::PartnerToCustomer => (Some(invitation.partner_id), invitation.customer_id),
    };
    let sender = sender
        .map(|id| name(tx, id))
        .transpose()?
        .unwrap_or_default();
    let (to, called) = match (recipient, &invitation.customer_email) {
        (Some(organization), None) => (
            legal_representatives(tx, organization)?,
            name(tx, organization)?,
        ),
        (_, Some(email)) => match preferences::is_welcome(tx, email, invitation.partner_id)? {
            true => (vec![(email.clone(), Language::English)], email.clone()),
            false => (Vec::new(), String::new()),
        },
        (None, None) => (Vec::new(), String::new()),
    };
    for (recipient, language) in to {
        if !may_be_written_to(tx, &recipient)? {
            continue;
        }
        let arguments = json!({
            "sender": sender,
            "recipient": called,
            "access": access(invitation),
            "until": {"date": invitation.expires_at.date().to_string()},
        });
        let token = Some(token.to_owned());
        tx.mail(
            event,
            &Mail {
                recipient,
                language,
                template: MailTemplate::Invitation,
                arguments,
                token,
            },
        )?;
    }
    Ok(())
}

/// The access that is proposed or asked for, in the reader's words.
fn access(invitation: &Invitation) -> Vec<Value> {
    let level = json!({"label": format!("access-level.{}", invitation.requested_level)});
    let mode = invitation.requested_mode;
    let mode = mode.map(|mode| json!({"label": format!("payment-mode.{mode}")}));
    std::iter::once(level).chain(mode).collect()
}

/// Tells a partner that the invitation between it and this customer no longer stands (INV-10).
pub fn tell_superseded(
    tx: &mut Tx,
    event: EventId,
    customer: OrganizationId,
    partner: OrganizationId,
) -> Result<()> {
    let arguments = json!({"sender": name(tx, customer)?});
    let template = MailTemplate::InvitationSuperseded;
    tell(tx, event, partner, template, &arguments)
}

/// Tells the side that sent it what became of it.
pub fn tell_sender(
    tx: &mut Tx,
    event: EventId,
    invitation: &Invitation,
    template: MailTemplate,
) -> Result<()> {
    let (sender, other) = match invitation.direction {
        Direction::CustomerToPartner => (invitation.customer_id, Some(invitation.partner_id)),
        Direction::PartnerToCustomer => (Some(invitation.partner_id), invitation.customer_id),
    };
    let Some(sender) = sender else { return Ok(()) };
    let by = match (other, &invitation.customer_email) {
        (Some(other), _) => name(tx, other)?,
        (None, email) => email.clone().unwrap_or_default(),
    };
    let mut arguments = json!({"sender": by});
    if let Some(starts) = invitation.starts_at {
        arguments["starts"] = json!({"date": starts.date().to_string()});
    }
    tell(tx, event, sender, template, &arguments)
}
