//! How a partnership is shown.
use super::model::{self, Partnership};
use crate::api::Reply;
use crate::api::access::AccessView;
use crate::api::scopes::{self, ScopeView};
use crate::api::views::OrganizationNameView;
use crate::db::Tx;
use crate::db::witness::Identity;
use crate::domain::access::Access;
use crate::domain::id::{OrganizationId, PartnershipId, TenderId};
use crate::domain::locale::Language;
use crate::domain::partnership::{Timeline, Version};
use crate::domain::policy::{self, Action, Standing};
use crate::error::{Error, Result};
use crate::resources::organizations::model::names;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// How a partnership stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartnershipStatus {
    /// To begin at a later instant (PSH-12).
    Scheduled,
    Active,
    Ended,
}

/// The link between a customer and a partner.
#[derive(Serialize, ToSchema)]
#[schema(as = Partnership)]
pub struct PartnershipView {
    /// Its id.
    pub id: PartnershipId,
    /// Who owns the products.
    pub customer: OrganizationNameView,
    /// Who looks after them.
    pub partner: OrganizationNameView,
    /// How it stands.
    pub status: PartnershipStatus,
    /// The tender it was won through.
    pub tender_id: Option<TenderId>,
    /// What the partner may reach; of an ended partnership, what it reached last.
    pub access: AccessView,
    /// The six permission scopes, as the access gives them.
    pub scopes: Vec<ScopeView>,
    /// When it started, or is to start.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Which side ended it.
    pub ended_by: Option<OrganizationId>,
    /// Counts the changes.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub version: i32,
    /// What this caller may do now, by the policy.
    pub available_actions: Vec<Action>,
}

/// What held during one interval.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnershipVersion)]
pub struct PartnershipVersionView {
    /// What the partner could reach.
    pub access: AccessView,
    /// From when.
    pub valid_from: DateTime<Utc>,
    /// Until when; null while it holds.
    pub valid_to: Option<DateTime<Utc>>,
}

impl From<Version> for PartnershipVersionView {
    fn from(version: Version) -> Self {
        Self {
            access: (&version.access).into(),
            valid_from: version.interval.from.and_utc(),
            valid_to: version.interval.to.map(|to| to.and_utc()),
        }
    }
}

/// What can be done to a partnership itself.
const ACTIONS: &[Action] = &[
    Action::ChangeAccess,
    Action::ChangePaymentMode,
    Action::EndPartnership,
    Action::HandOver,
    Action::CancelStart,
];

pub type Names = BTreeMap<OrganizationId, String>;

/// How a partnership stood at an instant.
pub fn status(row: &Partnership, at: NaiveDateTime) -> PartnershipStatus {
    match row.ended_at.filter(|ended| *ended <= at) {
        Some(_) => PartnershipStatus::Ended,
        None if row.scheduled || row.started_at > at => PartnershipStatus::Scheduled,
        None => PartnershipStatus::Active,
    }
}

/// A partnership as of an instant; it does not exist before it was agreed on.
pub fn view(
    names: &Names,
    row: &Partnership,
    timeline: &Timeline,
    standings: &[Standing],
    language: Language,
    at: NaiveDateTime,
) -> Result<PartnershipView> {
    let status = status(row, at);
    let access = access_at(timeline, status, at)?;
    let ended_at = row.ended_at.filter(|_| status == PartnershipStatus::Ended);
    let full = matches!(access, Access::Full { .. });
    let name = |id: OrganizationId| OrganizationNameView {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
    };
    let fits = |action: &Action| match (action, row.scheduled) {
        _ if row.ended_at.is_some() => false,
        (Action::CancelStart, scheduled) => scheduled,
        (Action::EndPartnership, _) => true,
        (Action::ChangePaymentMode, scheduled) => full && !scheduled,
        (_, scheduled) => !scheduled,
    };
    Ok(PartnershipView {
        id: row.id,
        customer: name(row.customer_id),
        partner: name(row.partner_id),
        status,
        tender_id: row.tender_id,
        scopes: scopes::of_terms(access.terms(), language),
        access: (&access).into(),
        started_at: row.started_at.and_utc(),
        ended_at: ended_at.map(|at| at.and_utc()),
        ended_by: row.ended_by.filter(|_| ended_at.is_some()),
        version: row.version,
        available_actions: policy::available(standings, ACTIONS)
            .into_iter()
            .filter(fits)
            .collect(),
    })
}

/// What is reached at an instant, is to be reached at first, or was reached last before an end.
pub fn access_at(
    timeline: &Timeline,
    status: PartnershipStatus,
    at: NaiveDateTime,
) -> Result<Access> {
    let version = match status {
        PartnershipStatus::Scheduled => timeline.first(),
        PartnershipStatus::Active => timeline.at(at),
        PartnershipStatus::Ended => timeline.last(),
    };
    version
        .map(|version| version.access)
        .ok_or_else(|| Error::internal("a partnership has no terms"))
}

/// One partnership with its names.
pub fn one(
    tx: &mut Tx,
    row: &Partnership,
    timeline: &Timeline,
    standings: &[Standing],
    language: Language,
    at: NaiveDateTime,
) -> Result<PartnershipView> {
    let names = names(tx, &BTreeSet::from([row.customer_id, row.partner_id]))?;
    view(&names, row, timeline, standings, language, at)
}

/// A partnership after an act, as the caller sees it.
pub fn answer(
    tx: &mut Tx,
    identity: &Identity,
    id: PartnershipId,
) -> Result<Reply<PartnershipView>> {
    let found = model::find(tx, identity, id)?;
    let (row, timeline) = found.what;
    let at = timeline
        .last()
        .map_or(tx.now, |last| last.interval.from.max(tx.now));
    let view = one(tx, &row, &timeline, &found.standings, identity.language, at)?;
    Ok(Reply::ok(&view)?.version(row.version))
}
