//! What people look at on another's behalf: noted while a request is judged, gathered by actor,
//! organization, action and hour, and written to the audit log by a job (AUD-1).
use super::schema::{audit_log, support_uses};
use super::witness::Identity;
use super::{Tx, insert_all};
use crate::domain::id::{
    EntryId, OrganizationId, PartnershipId, SupportGrantId, SupportUseId, UserId,
};
use crate::domain::policy::Standing;
use crate::error::Result;
use crate::secret;
use chrono::{DurationRound, NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::mem::take;
use std::sync::Arc;

/// The organizations that one request looked at as somebody else.
#[derive(Debug, Clone, Default)]
pub struct Sightings(Arc<Mutex<Vec<Sighting>>>);

/// Who looked at whose, by which right.
#[derive(Debug, Clone)]
pub struct Sighting {
    actor: UserId,
    credential: String,
    organization: OrganizationId,
    /// The partner's organization and the partnership; none for the operator's staff.
    through: Option<(OrganizationId, PartnershipId)>,
    /// The grants by which the support staff looked (SUP-4).
    grants: Vec<SupportGrantId>,
    request_id: String,
    address: Option<String>,
}

impl Sightings {
    /// Notes it, unless the caller is a member.
    pub(super) fn note(&self, who: &Identity, whose: OrganizationId, standings: &[Standing]) {
        let member = |standing: &Standing| matches!(standing, Standing::Member { .. });
        if standings.is_empty() || standings.iter().any(member) {
            return;
        }
        let through = standings.iter().find_map(|standing| match standing {
            Standing::Partner {
                partnership,
                partner,
                ..
            } => Some((*partner, *partnership)),
            _ => None,
        });
        let granted = |standing: &Standing| match standing {
            Standing::Support { grant, .. } => Some(*grant),
            Standing::Member { .. } | Standing::Partner { .. } | Standing::Operator { .. } => None,
        };
        self.0.lock().push(Sighting {
            grants: standings.iter().filter_map(granted).collect(),
            actor: who.user,
            credential: who.proof.to_string(),
            organization: whose,
            through,
            request_id: who.request_id.clone(),
            address: who.address.clone(),
        });
    }

    /// What was looked at by the support staff's grants, and all else.
    pub fn take(&self) -> (Vec<Sighting>, Vec<Sighting>) {
        let seen: Vec<Sighting> = take(&mut *self.0.lock());
        seen.into_iter()
            .partition(|sighting| !sighting.grants.is_empty())
    }
}

/// The reads of this node that are not written yet.
#[derive(Default)]
pub struct Reads(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    hour: NaiveDateTime,
    known: HashSet<(UserId, OrganizationId, String)>,
    waiting: Vec<Read>,
}

/// What is written of an hour's reads: the first of them.
pub struct Read {
    action: String,
    first: Sighting,
    at: NaiveDateTime,
}

impl Reads {
    /// Keeps what was not read in this hour already.
    pub fn gather(&self, action: &str, sightings: Vec<Sighting>, at: NaiveDateTime) {
        let mut gathered = self.0.lock();
        let hour = at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at);
        if gathered.hour != hour {
            gathered.hour = hour;
            gathered.known.clear();
        }
        for first in sightings {
            let key = (first.actor, first.organization, action.to_owned());
            if gathered.known.insert(key) {
                let action = action.to_owned();
                gathered.waiting.push(Read { action, first, at });
            }
        }
    }

    /// What waits to be written.
    pub fn take(&self) -> Vec<Read> {
        take(&mut self.0.lock().waiting)
    }

    /// Takes back what could not be written.
    pub fn put_back(&self, reads: Vec<Read>) {
        self.0.lock().waiting.extend(reads);
    }
}

#[derive(Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
struct Row<'r> {
    id: EntryId,
    actor_id: UserId,
    credential: &'r str,
    organization_id: OrganizationId,
    partner_id: Option<OrganizationId>,
    partnership_id: Option<PartnershipId>,
    action: &'r str,
    rule: &'static str,
    subject: String,
    detail: &'static str,
    request_id: &'r str,
    address_digest: Option<Vec<u8>>,
    recorded_at: NaiveDateTime,
    address: Option<&'r str>,
    salt: Option<Vec<u8>>,
}

#[derive(Insertable)]
#[diesel(table_name = support_uses, treat_none_as_default_value = false)]
struct UseRow<'u> {
    id: SupportUseId,
    grant_id: SupportGrantId,
    staff_id: UserId,
    operation: &'u str,
    path: &'u str,
    used_at: NaiveDateTime,
}

impl Tx<'_> {
    /// Writes each use of a support grant by itself: for the organization, and to the audit log.
    pub fn record_support_uses(
        &mut self,
        operation: &str,
        path: &str,
        seen: &[Sighting],
    ) -> Result<()> {
        let mut uses = Vec::new();
        for sighting in seen {
            for grant in &sighting.grants {
                uses.push(UseRow {
                    id: self.new_id()?,
                    grant_id: *grant,
                    staff_id: sighting.actor,
                    operation,
                    path,
                    used_at: self.now,
                });
            }
        }
        insert_all!(self, support_uses::table, &uses);
        let reads = seen.iter().map(|first| Read {
            action: operation.to_owned(),
            first: first.clone(),
            at: self.now,
        });
        self.record_reads(&reads.collect::<Vec<_>>())
    }

    /// Writes reads to the audit log.
    pub fn record_reads(&mut self, reads: &[Read]) -> Result<()> {
        let rows = reads.iter().map(|read| self.row(read));
        let rows = rows.collect::<Result<Vec<Row>>>()?;
        insert_all!(self, audit_log::table, &rows);
        Ok(())
    }

    fn row<'r>(&self, Read { action, first, at }: &'r Read) -> Result<Row<'r>> {
        let salt = first.address.as_ref().map(|_| secret::random::<16>());
        let salt = salt.transpose()?.map(Vec::from);
        let commitment = first.address.as_ref().zip(salt.as_ref());
        Ok(Row {
            id: self.new_id()?,
            actor_id: first.actor,
            credential: &first.credential,
            organization_id: first.organization,
            partner_id: first.through.map(|(partner, _)| partner),
            partnership_id: first.through.map(|(_, partnership)| partnership),
            action,
            rule: match first.grants.as_slice() {
                [] => "ACC-1",
                [..] => "SUP-4",
            },
            subject: first.organization.to_string(),
            detail: "{}",
            request_id: &first.request_id,
            address_digest: commitment.map(|(address, salt)| secret::commitment(salt, address)),
            recorded_at: *at,
            address: first.address.as_deref(),
            salt,
        })
    }
}
