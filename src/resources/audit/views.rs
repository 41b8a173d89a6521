//! What a reader sees of the audit log and of its proof.
use super::chain::{self, Head};
use super::proof::{Difference, Proof};
use crate::api::csv::{Cell, Column, Table};
use crate::api::views::words_of;
use crate::db::schema::audit_log;
use crate::domain::audit::AuditFault;
use crate::domain::id::{EntryId, EventId, OrganizationId, PartnershipId, UserId};
use crate::error::Result;
use crate::secret::Keyring;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    /// Its id.
    id: EntryId,
    /// Its place in the chain; null for the moment that it takes to be linked.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    position: Option<i64>,
    /// When.
    recorded_at: DateTime<Utc>,
    /// What was done: an event's type, or the name of a reading operation. Reads stand here once an hour.
    #[schema(example = "partnership.payment_mode_changed")]
    action: String,
    /// By whom; null for what the service did by itself.
    actor_id: Option<UserId>,
    /// By which session or API token.
    #[schema(example = "session_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    credential: Option<String>,
    /// For which organization.
    organization_id: Option<OrganizationId>,
    /// With which partner.
    partner_id: Option<OrganizationId>,
    /// Through which partnership.
    partnership_id: Option<PartnershipId>,
    /// By which rule.
    #[schema(example = "ORG-2")]
    rule: Option<String>,
    /// What it happened to.
    #[schema(example = "partnership_01jd8xk3v9e6mbyg4q5r7s8t9v")]
    subject_id: String,
    /// The event that it wrote.
    event_id: Option<EventId>,
    /// More of what was done, in ids and words.
    detail: BTreeMap<String, String>,
    /// What it was before, where it changed.
    before: BTreeMap<String, String>,
    /// What it was after, where it changed.
    after: BTreeMap<String, String>,
    /// The request's id.
    #[schema(example = "0193a1f2-7c1e-7d3a-9b2e-3f4d5c6b7a89")]
    request_id: Option<String>,
    /// From which address; for the organization concerned, and until the person is erased.
    #[schema(example = "192.0.2.17")]
    address: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub struct Row {
    pub id: EntryId,
    event_id: Option<EventId>,
    actor_id: Option<UserId>,
    credential: Option<String>,
    organization_id: Option<OrganizationId>,
    partner_id: Option<OrganizationId>,
    partnership_id: Option<PartnershipId>,
    action: String,
    rule: Option<String>,
    subject: String,
    detail: String,
    before: Option<String>,
    after: Option<String>,
    request_id: Option<String>,
    recorded_at: NaiveDateTime,
    address: Option<String>,
    position: Option<i64>,
}

impl Row {
    /// As this organization sees it; the operator's administrators see all of it.
    pub fn view(self, reader: Option<OrganizationId>) -> AuditEntryView {
        let concerned = reader.is_none() || reader == self.organization_id;
        AuditEntryView {
            id: self.id,
            position: self.position,
            recorded_at: self.recorded_at.and_utc(),
            action: self.action,
            actor_id: self.actor_id,
            credential: self.credential.filter(|_| concerned),
            organization_id: self.organization_id,
            partner_id: self.partner_id,
            partnership_id: self.partnership_id,
            rule: self.rule,
            subject_id: self.subject,
            event_id: self.event_id,
            detail: words_of(&self.detail),
            before: self.before.as_deref().map(words_of).unwrap_or_default(),
            after: self.after.as_deref().map(words_of).unwrap_or_default(),
            request_id: self.request_id,
            address: self.address.filter(|_| concerned),
        }
    }
}

fn id(of: &Option<impl std::fmt::Display>) -> Cell {
    of.as_ref().map(Cell::text).into()
}

fn pairs(words: &BTreeMap<String, String>) -> Cell {
    let pair = |(name, value): (&String, &String)| format!("{name}={value}");
    Cell::text(words.iter().map(pair).collect::<Vec<_>>().join("; "))
}

impl Table for AuditEntryView {
    const NAME: &'static str = "audit-log";
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |entry| Cell::text(entry.id)),
        ("position", |entry| entry.position.map(Cell::number).into()),
        ("recorded_at", |entry| Cell::time(&entry.recorded_at)),
        ("action", |entry| Cell::text(&entry.action)),
        ("actor_id", |entry| id(&entry.actor_id)),
        ("credential", |entry| id(&entry.credential)),
        ("organization_id", |entry| id(&entry.organization_id)),
        ("partner_id", |entry| id(&entry.partner_id)),
        ("partnership_id", |entry| id(&entry.partnership_id)),
        ("rule", |entry| id(&entry.rule)),
        ("subject_id", |entry| Cell::text(&entry.subject_id)),
        ("detail", |entry| pairs(&entry.detail)),
        ("before", |entry| pairs(&entry.before)),
        ("after", |entry| pairs(&entry.after)),
        ("request_id", |entry| id(&entry.request_id)),
        ("address", |entry| id(&entry.address)),
    ];
}

/// What was proved of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditProof)]
pub struct AuditProofView {
    /// Whether everything is as it was written.
    intact: bool,
    /// How many lines were proved.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    entries: i64,
    /// Where the chain ends, signed: keep it elsewhere and give it to a later proof, which then finds whether the log was cut off before it.
    #[schema(example = "mandat-audit-1:1042:kq3v9e6mbyg4q5r7s8t9vA:c2lnbmF0dXJl")]
    head: Option<String>,
    /// The key by which the head is signed (Ed25519, base64url): it signs the head up to its last colon.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    public_key: String,
    /// Each difference with its place, at most a thousand.
    differences: Vec<AuditDifferenceView>,
}

/// A difference between the audit log and its chain.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditDifference)]
pub struct AuditDifferenceView {
    /// What is wrong.
    fault: AuditFault,
    /// At which position, or from which on.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    from: i64,
    /// Up to which position.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    to: i64,
    /// Which line, where one is left.
    entry_id: Option<EntryId>,
}

impl AuditProofView {
    pub fn new(keys: &Keyring, proof: Proof) -> Result<Self> {
        let view = |one: Difference| AuditDifferenceView {
            fault: one.fault,
            from: one.from,
            to: one.to,
            entry_id: one.entry,
        };
        Ok(Self {
            intact: proof.differences.is_empty(),
            entries: proof.entries,
            head: proof.head.as_ref().map(Head::to_string),
            public_key: URL_SAFE_NO_PAD.encode(chain::public_key(keys)?),
            differences: proof.differences.into_iter().map(view).collect(),
        })
    }
}
