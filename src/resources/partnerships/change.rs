//! Changing what a partner may reach, and who pays: the customer's alone (PSH-5, PSH-6).
use super::customer;
use super::model::{self, Partnership};
use super::views::{self, PartnershipView};
use crate::api::access::WantedAccess;
use crate::api::{Caller, IfMatch, Reply, Valid};
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::db::{Db, Tx};
use crate::domain::access::{Access, Level, Naming, PaymentMode};
use crate::domain::event::EventType;
use crate::domain::id::{PartnershipId, ProductId};
use crate::domain::mail::MailTemplate;
use crate::domain::partnership::conflicts;
use crate::domain::policy::{self, Action};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::error::Result;
use crate::resources::accounts::step_up::{self, PasswordGiven};
use crate::resources::invitations;
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use crate::resources::renewals::ownership;
use actix_web::put;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use validator::Validate;

/// What the partner may reach from now on.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"level": "limited", "product_ids": ["product_01jd8xk3v9e6mbyg4q5r7s8t9v"]}))]
pub struct AccessChange {
    /// Chosen products, or everything.
    level: Level,
    /// The chosen products of limited access; may be empty.
    #[validate(length(max = 10000))]
    #[schema(max_items = 10000)]
    product_ids: Option<Vec<ProductId>>,
    /// Who pays for what the partner orders, under full access.
    payment_mode: Option<PaymentMode>,
    /// Other partnerships to end, since this access cannot stand beside them.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    replace: Option<Vec<PartnershipId>>,
    /// The caller's password, where others are replaced.
    #[validate(length(max = 256))]
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
}

/// Who pays from now on.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentModeChange {
    /// Whose payment methods pay for what the partner orders and renews.
    payment_mode: PaymentMode,
}

/// Change what a partner may reach.
///
/// Only the customer's legal representative does, at any time and at once: the partner's next request is judged by it. Going to full access asks for a payment mode, going back drops it. If the access cannot stand beside other partnerships, repeat with `replace` and your password.
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")), request_body = AccessChange,
    responses((status = 200, body = PartnershipView, description = "The partnership as it is now.")),
    extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden", "already_ended", "not_started", "conflicting_partnerships", "password_required", "wrong_password", "session_required", "locked_out"]))))]
#[put("/v1/partnerships/{id}/access")]
pub async fn change_partnership_access(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    id: Path<PartnershipId>,
    change: Valid<AccessChange>,
) -> Result<Reply<PartnershipView>> {
    let replace: BTreeSet<PartnershipId> = change.replace.iter().flatten().copied().collect();
    let given = match replace.is_empty() {
        true => None,
        false => Some(step_up::with_password(&db, &caller, change.password.as_deref()).await?),
    };
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let wanted = WantedAccess {
            level: change.level,
            product_ids: change.product_ids.clone(),
            payment_mode: change.payment_mode,
        };
        let access = wanted.read(Naming::Any, "").map_err(Refusal::invalid)?;
        let (row, rule) = open_for(tx, &identity, *id, Action::ChangeAccess)?;
        if_match.required(row.version)?;
        set(
            tx,
            &identity,
            &row,
            &access,
            &Replacing {
                ids: &replace,
                given: given.as_ref(),
            },
            rule,
        )?;
        views::answer(tx, &identity, *id)
    })
    .await
}

/// Change who pays.
///
/// Only the customer's legal representative does, under full access, at any time; the partner is told by e-mail (PSH-6).
#[utoipa::path(tag = "Partnerships", params(("id" = PartnershipId, Path, description = "The partnership.")), request_body = PaymentModeChange,
    responses((status = 200, body = PartnershipView, description = "The partnership as it is now.")),
    extensions(("x-if-match" = json!("required")), ("x-problems" = json!(["forbidden", "already_ended", "not_started"]))))]
#[put("/v1/partnerships/{id}/payment-mode")]
pub async fn change_payment_mode(
    caller: Caller,
    db: Data<Db>,
    if_match: IfMatch,
    id: Path<PartnershipId>,
    change: Valid<PaymentModeChange>,
) -> Result<Reply<PartnershipView>> {
    db.write(move |tx| {
        let identity = caller.identify(tx)?;
        let (row, rule) = open_for(tx, &identity, *id, Action::ChangePaymentMode)?;
        if_match.required(row.version)?;
        let timeline = model::timelines(tx, &[*id])?
            .remove(id.as_ref())
            .unwrap_or_default();
        if let Some(Access::Limited { .. }) = timeline.last().map(|last| last.access) {
            return Err(Refusal::fault("/payment_mode", "expected_null", "INV-4").into());
        }
        let access = Access::Full {
            payment_mode: change.payment_mode,
        };
        set(
            tx,
            &identity,
            &row,
            &access,
            &Replacing {
                ids: &BTreeSet::new(),
                given: None,
            },
            rule,
        )?;
        views::answer(tx, &identity, *id)
    })
    .await
}

/// An open partnership on which the caller may do this.
pub fn open_for(
    tx: &mut Tx,
    identity: &Identity,
    id: PartnershipId,
    action: Action,
) -> Result<(Partnership, &'static str)> {
    let found = model::find(tx, identity, id)?;
    let allowed = policy::allow(found, action)?;
    let row = allowed.what.0;
    row.must_be_in_force()?;
    Ok((row, allowed.rule))
}

/// What the caller would end for this.
pub struct Replacing<'a> {
    pub ids: &'a BTreeSet<PartnershipId>,
    pub given: Option<&'a PasswordGiven>,
}

pub fn set(
    tx: &mut Tx,
    identity: &Identity,
    row: &Partnership,
    access: &Access,
    replacing: &Replacing,
    rule: &'static str,
) -> Result<()> {
    customer::must_own(tx, row.customer_id, access.products(), "/product_ids")?;
    let before = model::timelines(tx, &[row.id])?
        .remove(&row.id)
        .and_then(|timeline| timeline.last());
    if before
        .as_ref()
        .is_some_and(|before| before.access == *access)
    {
        return Ok(());
    }
    let others: Vec<_> = model::open_of_customer(tx, row.customer_id)?
        .into_iter()
        .filter(|open| open.id != row.id)
        .collect();
    let in_the_way = conflicts(&others, access);
    if let Some(unknown) = replacing
        .ids
        .iter()
        .find(|id| !others.iter().any(|open| open.id == **id))
    {
        return Err(
            Refusal::invalid(vec![Fault::new("/replace", "unknown").with("id", unknown)])
                .rule("INV-8")
                .into(),
        );
    }
    if !in_the_way.is_subset(replacing.ids) {
        let rule = match access {
            Access::Full { .. } => "PSH-1",
            Access::Limited { .. } => "PSH-3",
        };
        return Err(Refusal::by(Code::ConflictingPartnerships, rule)
            .conflicts(&in_the_way)
            .into());
    }
    if let Some(given) = replacing.given {
        given.still_holds(tx, identity)?;
    }
    for id in replacing.ids {
        let other = model::row(tx, *id)?;
        super::end::conclude(tx, Some(identity), &other, row.customer_id, None, "INV-8")?;
    }
    model::change_access(tx, row, access)?;
    let partner_pays = Access::Full {
        payment_mode: PaymentMode::Partner,
    };
    if *access != partner_pays {
        ownership::fall_back(tx, Some(identity), row.customer_id, row.partner_id)?;
    }
    let before = before.map(|before| before.access);
    // Another payment mode starts nothing that is not there (INV-10): a handover stays pending.
    let becomes_full =
        matches!(access, Access::Full { .. }) && !matches!(before, Some(Access::Full { .. }));
    record(tx, identity, row, before, access, rule)?;
    if becomes_full {
        invitations::model::supersede_others(tx, Some(identity), row.customer_id, None)?;
    }
    Ok(())
}

fn record(
    tx: &mut Tx,
    identity: &Identity,
    row: &Partnership,
    before: Option<Access>,
    access: &Access,
    rule: &'static str,
) -> Result<()> {
    let (old, new) = (before.as_ref().map(Access::terms), access.terms());
    let only_mode = old.is_some_and(|old| old.level() == Level::Full && new.level() == Level::Full);
    let kind = if only_mode {
        EventType::PartnershipPaymentModeChanged
    } else {
        EventType::PartnershipAccessChanged
    };
    let facts = |access: &Access| {
        let terms = access.terms();
        json!({"level": terms.level(), "payment_mode": terms.payment_mode(), "product_ids": access.products()})
    };
    let told = json!({"before": old.map(|old| old.as_str()), "after": new.as_str(), "product_ids": access.products()});
    let event = Event {
        partnership: Some(row.id),
        ..Event::new(kind, row.id)
            .between(Some(row.customer_id), Some(row.partner_id))
            .data(told)
            .change(before.as_ref().map_or(Value::Null, facts), facts(access))
            .by_rule(rule)
    };
    let event = tx.record(Some(identity), event)?;
    if only_mode {
        let sender = name(tx, row.customer_id)?;
        let mode = new.payment_mode();
        let mode = mode.map(|mode| json!({"label": format!("payment-mode.{mode}")}));
        let arguments = json!({"sender": sender, "mode": mode});
        let template = MailTemplate::PaymentModeChanged;
        mails::tell(tx, event, row.partner_id, template, &arguments)?;
    }
    Ok(())
}
