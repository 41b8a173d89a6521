//! The rows of payouts, and what each of their steps posts.
use crate::db::Tx;
use crate::db::schema::{payment_methods, payouts};
use crate::db::witness::{self, Identity};
use crate::domain::billing::PaymentMethodKind;
use crate::domain::id::{OrganizationId, PaymentMethodId, PayoutId, UserId};
use crate::domain::ledger as domain;
use crate::domain::money::{Currency, Money};
use crate::domain::payout::{PayoutAct, PayoutStatus, Step};
use crate::domain::policy::Found;
use crate::domain::refusal::{Code, Refusal};
use crate::error::Result;
use crate::resources::billing::{ledger, prepaid};
use chrono::NaiveDateTime;
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = payouts, treat_none_as_default_value = false)]
pub struct Payout {
    pub id: PayoutId,
    pub organization_id: OrganizationId,
    pub payment_method_id: PaymentMethodId,
    pub currency: Currency,
    pub amount_minor: i64,
    pub status: PayoutStatus,
    /// Why it failed, as the operator said it.
    pub failure: Option<String>,
    pub requested_by: UserId,
    pub requested_at: NaiveDateTime,
    pub processed_at: Option<NaiveDateTime>,
    pub settled_at: Option<NaiveDateTime>,
}

impl Payout {
    pub fn amount(&self) -> Money {
        Money {
            minor: self.amount_minor,
            currency: self.currency,
        }
    }
}

/// Moves the amount into transit: never more than the balance, and so never while it is below zero.
pub fn request(
    tx: &mut Tx,
    organization: OrganizationId,
    by: UserId,
    to: PaymentMethodId,
    amount: Money,
) -> Result<Payout> {
    must_take_payouts(tx, organization, to)?;
    prepaid::lock(tx, &[(organization, amount.currency)].into())?;
    if prepaid::balance(tx, organization, amount.currency)? < amount.minor {
        return Err(Refusal::by(Code::InsufficientBalance, "BIL-12").into());
    }
    let payout = Payout {
        id: tx.new_id()?,
        organization_id: organization,
        payment_method_id: to,
        currency: amount.currency,
        amount_minor: amount.minor,
        status: PayoutStatus::Requested,
        failure: None,
        requested_by: by,
        requested_at: tx.now,
        processed_at: None,
        settled_at: None,
    };
    diesel::insert_into(payouts::table)
        .values(&payout)
        .execute(tx.conn)?;
    let made = ledger::balanced(domain::payout_requested(*organization.bytes(), amount))?;
    ledger::post(tx, &[(payout.id, made)])?;
    Ok(payout)
}

/// A card or bank account of its own; from one prepaid account to another nothing is paid out.
fn must_take_payouts(tx: &mut Tx, owner: OrganizationId, to: PaymentMethodId) -> Result<()> {
    let kind: Option<PaymentMethodKind> = payment_methods::table
        .filter(payment_methods::id.eq(to))
        .filter(payment_methods::organization_id.eq(owner))
        .filter(payment_methods::removed_at.is_null())
        .select(payment_methods::kind)
        .first(tx.conn)
        .optional()?;
    match kind {
        Some(PaymentMethodKind::Card | PaymentMethodKind::BankAccount) => Ok(()),
        Some(PaymentMethodKind::Prepaid) => {
            Err(Refusal::fault("/payment_method_id", "takes_no_payout", "BIL-12").into())
        }
        None => Err(Refusal::fault("/payment_method_id", "unknown", "BIL-12").into()),
    }
}

/// A payout of this organization, with the caller's place towards it.
pub fn find(
    tx: &mut Tx,
    identity: &Identity,
    of: OrganizationId,
    id: PayoutId,
) -> Result<Found<Payout>> {
    let found = find_any(tx, identity, id)?;
    match found.what.organization_id == of {
        true => Ok(found),
        false => Err(Refusal::not_found().into()),
    }
}

/// Whosever it is, with the caller's place towards the organization whose balance it is.
pub fn find_any(tx: &mut Tx, identity: &Identity, id: PayoutId) -> Result<Found<Payout>> {
    let row: Option<Payout> = payouts::table
        .find(id)
        .select(Payout::as_select())
        .first(tx.conn)
        .optional()?;
    witness::owned(tx, identity, row, |row| row.organization_id)
}

/// Takes a payout one step further, with what that posts; whether anything was left to do.
pub fn step(tx: &mut Tx, payout: &mut Payout, act: PayoutAct, why: Option<&str>) -> Result<bool> {
    let to = match payout.status.after(act) {
        Step::To(next) => next,
        Step::Done => return Ok(false),
        Step::Refused => {
            return Err(Refusal::by(Code::NotInThisState, "BIL-12")
                .with("state", payout.status)
                .into());
        }
    };
    let holder = *payout.organization_id.bytes();
    let made = match to {
        PayoutStatus::Requested | PayoutStatus::Processing => None,
        PayoutStatus::Paid => Some(domain::payout_settled(holder, payout.amount())),
        PayoutStatus::Failed | PayoutStatus::Cancelled => {
            Some(domain::payout_returned(holder, payout.amount()))
        }
    };
    match made {
        None => payout.processed_at = Some(tx.now),
        Some(made) => {
            let made = ledger::balanced(made)?;
            ledger::post(tx, &[(payout.id, made)])?;
            payout.settled_at = Some(tx.now);
        }
    }
    payout.status = to;
    payout.failure = why.map(str::to_owned);
    diesel::update(payouts::table.find(payout.id))
        .set((
            payouts::status.eq(payout.status),
            payouts::failure.eq(&payout.failure),
            payouts::processed_at.eq(payout.processed_at),
            payouts::settled_at.eq(payout.settled_at),
        ))
        .execute(tx.conn)?;
    Ok(true)
}
