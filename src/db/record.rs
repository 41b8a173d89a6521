//! What happened: the domain event and the audit row, written in the transaction in which it happened.
use super::Tx;
use super::schema::{audit_log, events, mails, notification_preferences, notifications, users};
use super::witness::Identity;
use crate::domain::event::EventType;
use crate::domain::id::{
    EntryId, EventId, MailId, NotificationId, OrganizationId, PartnershipId, UserId,
};
use crate::domain::locale::Language;
use crate::domain::mail::{MailTemplate, NotificationCategory};
use crate::domain::policy::Standing;
use crate::error::Result;
use crate::secret::{self, Purpose};
use diesel::prelude::*;
use serde_json::{Value, json};

/// One thing that happened. Ids only: personal data stay where they can be erased.
pub struct Event {
    pub kind: EventType,
    pub customer: Option<OrganizationId>,
    pub partner: Option<OrganizationId>,
    /// The id of what it happened to.
    pub subject: String,
    pub data: Value,
    /// What it was before and is now, where a change has that; for the audit log alone.
    pub change: Option<(Value, Value)>,
    /// The right by which it was done, and the partnership it came through.
    pub rule: Option<&'static str>,
    pub partnership: Option<PartnershipId>,
}

impl Event {
    pub fn new(kind: EventType, subject: impl ToString) -> Self {
        Self {
            kind,
            customer: None,
            partner: None,
            subject: subject.to_string(),
            data: json!({}),
            change: None,
            rule: None,
            partnership: None,
        }
    }

    /// Of an organization on its own.
    pub fn of(self, organization: OrganizationId) -> Self {
        Self {
            customer: Some(organization),
            ..self
        }
    }

    /// Between a customer and a partner.
    pub fn between(
        self,
        customer: Option<OrganizationId>,
        partner: Option<OrganizationId>,
    ) -> Self {
        Self {
            customer,
            partner,
            ..self
        }
    }

    /// Done to an organization by somebody who stands so towards it; a partner is told of its own acts.
    pub fn through(self, organization: OrganizationId, by: &Standing, rule: &'static str) -> Self {
        let (partner, partnership) = match by {
            Standing::Partner {
                partner,
                partnership,
                ..
            } => (Some(*partner), Some(*partnership)),
            Standing::Member { .. } | Standing::Operator { .. } => (None, None),
        };
        Self {
            partnership,
            ..self.between(Some(organization), partner).by_rule(rule)
        }
    }

    pub fn data(self, data: Value) -> Self {
        Self { data, ..self }
    }

    /// From what to what, in ids and words.
    pub fn change(self, before: Value, after: Value) -> Self {
        Self {
            change: Some((before, after)),
            ..self
        }
    }

    pub fn by_rule(self, rule: &'static str) -> Self {
        Self {
            rule: Some(rule),
            ..self
        }
    }
}

impl Tx<'_> {
    /// Writes what happened; `by` is nobody for what the system does by itself.
    pub fn record(&mut self, by: Option<&Identity>, event: Event) -> Result<EventId> {
        let id: EventId = self.new_id()?;
        let data = event.data.to_string();
        diesel::insert_into(events::table)
            .values((
                events::id.eq(id),
                events::kind.eq(event.kind.as_str()),
                events::customer_id.eq(event.customer),
                events::partner_id.eq(event.partner),
                events::subject.eq(&event.subject),
                events::data.eq(&data),
                events::occurred_at.eq(self.now),
            ))
            .execute(self.conn)?;
        let entry: EntryId = self.new_id()?;
        let address = by.and_then(|who| who.address.as_ref());
        let salt: Option<[u8; 16]> = address.map(|_| secret::random()).transpose()?;
        let digest = address
            .zip(salt.as_ref())
            .map(|(address, salt)| secret::commitment(salt, address));
        let (before, after) = event.change.unzip();
        diesel::insert_into(audit_log::table)
            .values((
                audit_log::id.eq(entry),
                audit_log::event_id.eq(id),
                audit_log::actor_id.eq(by.map(|who| who.user)),
                audit_log::credential.eq(by.map(|who| who.proof.to_string())),
                audit_log::organization_id.eq(event.customer.or(event.partner)),
                audit_log::partner_id.eq(event.customer.and(event.partner)),
                audit_log::partnership_id.eq(event.partnership),
                audit_log::action.eq(event.kind.as_str()),
                audit_log::rule.eq(event.rule),
                audit_log::subject.eq(&event.subject),
                audit_log::detail.eq(&data),
                audit_log::before.eq(before.map(|value| value.to_string())),
                audit_log::after.eq(after.map(|value| value.to_string())),
                audit_log::request_id.eq(by.map(|who| &who.request_id)),
                audit_log::address_digest.eq(digest),
                audit_log::recorded_at.eq(self.now),
                audit_log::address.eq(address),
                audit_log::salt.eq(salt.as_ref().map(|salt| salt.as_slice())),
            ))
            .execute(self.conn)?;
        Ok(id)
    }

    /// Tells someone: puts a mail into the outbox (template and arguments, rendered when it is
    /// delivered, a token in it sealed), unless its reader wants no mails of this kind, and a
    /// notification beside it, if the address is a user's.
    pub fn mail(&mut self, event: EventId, mail: &Mail) -> Result<()> {
        let user: Option<UserId> = users::table
            .filter(users::email.eq(&mail.recipient))
            .select(users::id)
            .first(self.conn)
            .optional()?;
        if let Some(user) = user {
            self.notify(event, user, mail)?;
            if !self.wants_mail(user, mail.template.category())? {
                return Ok(());
            }
        }
        let sealed = mail
            .token
            .as_ref()
            .map(|token| self.keys.seal(Purpose::Mail, token.as_bytes()))
            .transpose()?;
        let id: MailId = self.new_id()?;
        diesel::insert_into(mails::table)
            .values((
                mails::id.eq(id),
                mails::event_id.eq(event),
                mails::recipient.eq(&mail.recipient),
                mails::user_id.eq(user),
                mails::language.eq(mail.language),
                mails::template.eq(mail.template),
                mails::arguments.eq(mail.arguments.to_string()),
                mails::token.eq(sealed),
                mails::created_at.eq(self.now),
                mails::due_at.eq(self.now),
                mails::attempts.eq(0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn notify(&mut self, event: EventId, user: UserId, mail: &Mail) -> Result<()> {
        let id: NotificationId = self.new_id()?;
        diesel::insert_into(notifications::table)
            .values((
                notifications::id.eq(id),
                notifications::user_id.eq(user),
                notifications::event_id.eq(event),
                notifications::template.eq(mail.template),
                notifications::arguments.eq(mail.arguments.to_string()),
                notifications::created_at.eq(self.now),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn wants_mail(&mut self, user: UserId, category: NotificationCategory) -> Result<bool> {
        if category.is_contractual() {
            return Ok(true);
        }
        let preference: Option<bool> = notification_preferences::table
            .find((user, category))
            .select(notification_preferences::by_mail)
            .first(self.conn)
            .optional()?;
        Ok(preference.unwrap_or(true))
    }
}

pub struct Mail {
    pub recipient: String,
    pub language: Language,
    pub template: MailTemplate,
    /// Texts by name; `{"date": …}` and `{"amount": …, "currency": …}` are written in the reader's manner.
    pub arguments: Value,
    /// What its link carries.
    pub token: Option<String>,
}
