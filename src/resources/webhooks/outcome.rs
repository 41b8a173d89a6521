//! What came of attempts: what has arrived, what is tried again and when, and which endpoint is left
//! alone for a while or for good.
use super::claim::{Claim, Due, LEASE};
use super::send::Attempt;
use crate::db::record::Event;
use crate::db::schema::{webhook_attempts, webhook_deliveries, webhook_endpoints};
use crate::db::{Tx, insert_all};
use crate::domain::event::EventType;
use crate::domain::id::{AttemptId, DeliveryId};
use crate::domain::mail::MailTemplate;
use crate::domain::webhook::{DeliveryState, DisabledReason, next_attempt, rest};
use crate::error::{Error, Result};
use crate::resources::organizations::mails;
use crate::secret;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use serde_json::json;
use url::Url;

/// How long an endpoint may fail before it gets nothing any more.
const PATIENCE: TimeDelta = TimeDelta::days(5);
/// From how many failures in a row on an endpoint is left alone for a while.
const SICK: i32 = 3;

/// An attempt that was made.
pub struct Made {
    pub due: Due,
    pub at: NaiveDateTime,
    pub millis: i64,
    pub attempt: Attempt,
}

#[derive(Insertable)]
#[diesel(table_name = webhook_attempts, treat_none_as_default_value = false)]
struct AttemptRow<'a> {
    id: AttemptId,
    delivery_id: DeliveryId,
    attempted_at: NaiveDateTime,
    millis: i64,
    status: Option<i32>,
    answer: &'a str,
}

/// How an endpoint does.
#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
struct Health {
    failures: i32,
    failing_since: Option<NaiveDateTime>,
    rests_until: NaiveDateTime,
    disabled: Option<DisabledReason>,
    removed_at: Option<NaiveDateTime>,
}

impl Claim {
    /// Keeps what came of attempts, in the order in which they ended. Whether to go on with this
    /// endpoint: not when it is no longer this worker's, gets nothing any more, or is sick.
    pub fn conclude(&self, tx: &mut Tx, made: &[Made]) -> Result<bool> {
        let endpoint = || webhook_endpoints::table.find(self.endpoint.id);
        let held = diesel::update(endpoint())
            .filter(webhook_endpoints::leased_by.eq(self.worker))
            .set(webhook_endpoints::leased_until.eq(tx.now + LEASE))
            .execute(tx.conn)?;
        if held == 0 {
            return Ok(false);
        }
        keep(tx, made)?;
        let mut health: Health = endpoint().select(Health::as_select()).first(tx.conn)?;
        let mut over = None;
        for one in made {
            match one.attempt.is_delivered() {
                true => (health.failures, health.failing_since) = (0, None),
                false => {
                    let [chance] = secret::random()?;
                    postpone(tx, one, chance)?;
                    over = over.or(health.failed(tx.now, &one.attempt, chance));
                }
            }
        }
        diesel::update(endpoint())
            .set((
                webhook_endpoints::failures.eq(health.failures),
                webhook_endpoints::failing_since.eq(health.failing_since),
                webhook_endpoints::rests_until.eq(health.rests_until),
            ))
            .execute(tx.conn)?;
        if !health.is_served() {
            return Ok(false);
        }
        if let Some(reason) = over {
            self.disable(tx, reason)?;
        }
        Ok(over.is_none() && !health.rests(tx.now))
    }

    /// Sends it nothing more, and says so.
    fn disable(&self, tx: &mut Tx, reason: DisabledReason) -> Result<()> {
        let endpoint = &self.endpoint;
        diesel::update(webhook_endpoints::table.find(endpoint.id))
            .set((
                webhook_endpoints::disabled.eq(reason),
                webhook_endpoints::version.eq(webhook_endpoints::version + 1),
            ))
            .execute(tx.conn)?;
        let event = Event::new(EventType::WebhookEndpointDisabled, endpoint.id)
            .of(endpoint.organization_id)
            .data(json!({"reason": reason}))
            .by_rule("NTF-3");
        let event = tx.record(None, event)?;
        // The rest of the URL may hold a secret of the receiver's.
        let url = Url::parse(&endpoint.url).map_err(Error::internal)?;
        let arguments = json!({"host": url.host_str()});
        let (organization, template) = (endpoint.organization_id, MailTemplate::WebhookDisabled);
        mails::tell(tx, event, organization, template, &arguments)
    }
}

impl Health {
    fn is_served(&self) -> bool {
        self.disabled.is_none() && self.removed_at.is_none()
    }

    fn rests(&self, now: NaiveDateTime) -> bool {
        self.rests_until > now
    }

    /// Counts a failure; why it gets nothing any more, if that was too much. What was under way when
    /// it was found sick says nothing new, and is not counted again.
    fn failed(
        &mut self,
        now: NaiveDateTime,
        attempt: &Attempt,
        chance: u8,
    ) -> Option<DisabledReason> {
        let wait = attempt.wait.unwrap_or(0);
        let mut rests = wait;
        if !self.rests(now) {
            self.failures += 1;
            let sick = attempt.wait.is_some()
                || matches!(attempt.status, None | Some(429 | 502..=504))
                || self.failures >= SICK;
            if sick {
                rests = rest(self.failures, chance).max(wait);
            }
        }
        self.rests_until = self.rests_until.max(now + TimeDelta::seconds(rests));
        let since = *self.failing_since.get_or_insert(now);
        match attempt.status {
            Some(410) => Some(DisabledReason::Gone),
            _ if now - since >= PATIENCE => Some(DisabledReason::Failing),
            _ => None,
        }
    }
}

/// Every attempt, and what has arrived.
fn keep(tx: &mut Tx, made: &[Made]) -> Result<()> {
    let mut rows = Vec::with_capacity(made.len());
    for one in made {
        rows.push(AttemptRow {
            id: tx.new_id()?,
            delivery_id: one.due.id,
            attempted_at: one.at,
            millis: one.millis,
            status: one.attempt.status.map(i32::from),
            answer: &one.attempt.answer,
        });
    }
    insert_all!(tx, webhook_attempts::table, &rows);
    let arrived = made.iter().filter(|one| one.attempt.is_delivered());
    finish(
        tx,
        arrived.map(|one| one.due.id).collect(),
        DeliveryState::Delivered,
    )
}

/// Tries again later, or gives up.
fn postpone(tx: &mut Tx, one: &Made, chance: u8) -> Result<()> {
    let (failed, wait) = (one.due.failed + 1, one.attempt.wait.unwrap_or(0));
    let Some(seconds) = next_attempt(failed, chance) else {
        return finish(tx, vec![one.due.id], DeliveryState::Failed);
    };
    let due_at = tx.now + TimeDelta::seconds(seconds.max(wait));
    diesel::update(webhook_deliveries::table.find(one.due.id))
        .set((
            webhook_deliveries::failed.eq(failed),
            webhook_deliveries::due_at.eq(due_at),
        ))
        .execute(tx.conn)?;
    Ok(())
}

fn finish(tx: &mut Tx, ids: Vec<DeliveryId>, state: DeliveryState) -> Result<()> {
    diesel::update(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(ids)))
        .set((
            webhook_deliveries::state.eq(state),
            webhook_deliveries::finished_at.eq(tx.now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// How long what has been delivered or given up is kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Sweeps away what was finished long ago.
pub fn sweep(tx: &mut Tx) -> Result<()> {
    let old = || webhook_deliveries::finished_at.lt(tx.now - KEPT);
    let of_old = webhook_deliveries::table
        .filter(old())
        .select(webhook_deliveries::id);
    diesel::delete(webhook_attempts::table)
        .filter(webhook_attempts::delivery_id.eq_any(of_old))
        .execute(tx.conn)?;
    diesel::delete(webhook_deliveries::table)
        .filter(old())
        .execute(tx.conn)?;
    Ok(())
}
