//! What happened: the domain event and the audit row, written in the transaction in which it happened.
use super::schema::{audit_log, events, mails, notification_preferences, notifications, users};
use super::witness::Identity;
use super::{Tx, insert_all};
use crate::domain::event::EventType;
use crate::domain::id::{
    EntryId, EventId, MailId, NotificationId, OrganizationId, PartnershipId, UserId,
};
use crate::domain::locale::Language;
use crate::domain::mail::{MailTemplate, NotificationCategory};
use crate::domain::policy::Standing;
use crate::error::{Error, Result};
use crate::secret::{self, Purpose};
use chrono::NaiveDateTime;
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
            Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => {
                (None, None)
            }
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

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct EventRow {
    id: EventId,
    kind: &'static str,
    customer_id: Option<OrganizationId>,
    partner_id: Option<OrganizationId>,
    subject: String,
    data: String,
    occurred_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
struct AuditRow<'a> {
    id: EntryId,
    event_id: EventId,
    actor_id: Option<UserId>,
    credential: Option<String>,
    organization_id: Option<OrganizationId>,
    partner_id: Option<OrganizationId>,
    partnership_id: Option<PartnershipId>,
    action: &'static str,
    rule: Option<&'static str>,
    subject: String,
    detail: String,
    before: Option<String>,
    after: Option<String>,
    request_id: Option<&'a str>,
    address_digest: Option<Vec<u8>>,
    recorded_at: NaiveDateTime,
    address: Option<&'a str>,
    salt: Option<Vec<u8>>,
}

impl Tx<'_> {
    /// Writes what happened; `by` is nobody for what the system does by itself.
    pub fn record(&mut self, by: Option<&Identity>, event: Event) -> Result<EventId> {
        self.record_all(by, vec![event])?
            .pop()
            .ok_or_else(|| Error::internal("an event was not recorded"))
    }

    /// Writes all that happened at once, with two statements.
    pub fn record_all(&mut self, by: Option<&Identity>, all: Vec<Event>) -> Result<Vec<EventId>> {
        let ids = self.new_ids(all.len())?;
        let entries = self.new_ids(all.len())?;
        let address = by.and_then(|who| who.address.as_deref());
        let (mut rows, mut audited) = (Vec::new(), Vec::new());
        for ((event, id), entry) in all.into_iter().zip(&ids).zip(entries) {
            let data = event.data.to_string();
            let salt: Option<[u8; 16]> = address.map(|_| secret::random()).transpose()?;
            let digest = address
                .zip(salt.as_ref())
                .map(|(address, salt)| secret::commitment(salt, address));
            let (before, after) = event.change.unzip();
            audited.push(AuditRow {
                id: entry,
                event_id: *id,
                actor_id: by.map(|who| who.user),
                credential: by.map(|who| who.proof.to_string()),
                organization_id: event.customer.or(event.partner),
                partner_id: event.customer.and(event.partner),
                partnership_id: event.partnership,
                action: event.kind.as_str(),
                rule: event.rule,
                subject: event.subject.clone(),
                detail: data.clone(),
                before: before.map(|value| value.to_string()),
                after: after.map(|value| value.to_string()),
                request_id: by.map(|who| who.request_id.as_str()),
                address_digest: digest,
                recorded_at: self.now,
                address,
                salt: salt.map(|salt| salt.to_vec()),
            });
            rows.push(EventRow {
                id: *id,
                kind: event.kind.as_str(),
                customer_id: event.customer,
                partner_id: event.partner,
                subject: event.subject,
                data,
                occurred_at: self.now,
            });
        }
        insert_all!(self, events::table, &rows);
        insert_all!(self, audit_log::table, &audited);
        Ok(ids)
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
    /// Texts by name; `{"date": …}`, `{"amount": …, "currency": …}` and `{"label": …}` are written in
    /// the reader's manner, several of them one after the other.
    pub arguments: Value,
    /// What its link carries.
    pub token: Option<String>,
}
