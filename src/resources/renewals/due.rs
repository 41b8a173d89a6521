//! Automatic renewals that are due, tried again on a schedule (BIL-8, BIL-13).
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::schema::{products, renewal_ownerships};
use crate::domain::billing::{EventKind, Initiator};
use crate::domain::event::EventType;
use crate::domain::id::{EventId, OrganizationId};
use crate::domain::mail::MailTemplate;
use crate::domain::product::ProductState;
use crate::domain::reach::Reach;
use crate::domain::refusal::Refusal;
use crate::error::Result;
use crate::resources::billing::batch::update_products;
use crate::resources::billing::book::book;
use crate::resources::billing::facts::{Installed, Ownership};
use crate::resources::billing::intent::{Channel, Intent, Sale, Wanted, WantedLine};
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;

/// How many products one transaction renews.
pub const MOST: i64 = 200;
/// When a renewal that failed is tried again.
const AGAIN: TimeDelta = TimeDelta::hours(24);

/// Renews what is due so many days before its period ends; how many it tried. A product is renewed
/// once for each period, however many nodes do this: a second one finds its date moved on.
pub fn renew(tx: &mut Tx, days_before: i64) -> Result<usize> {
    let horizon = (tx.now + TimeDelta::days(days_before)).date();
    let due: Vec<(Installed, Ownership)> = products::table
        .inner_join(renewal_ownerships::table.on(renewal_ownerships::product_id.eq(products::id)))
        .filter(renewal_ownerships::valid_to.is_null())
        .filter(products::state.eq(ProductState::Active))
        .filter(products::automatic.eq(true))
        .filter(products::payment_method_id.is_not_null())
        .filter(products::renews_on.le(horizon))
        .filter(
            products::retry_at
                .is_null()
                .or(products::retry_at.le(tx.now)),
        )
        .order((products::renews_on, products::id))
        .limit(MOST)
        .select((Installed::as_select(), Ownership::as_select()))
        .load(tx.conn)?;
    let intents: Vec<Intent> = due
        .iter()
        .filter_map(|(product, _)| intent(tx, product))
        .collect();
    let outcomes = book(tx, None, &intents)?;
    let mut failed = Vec::new();
    for (owned, outcome) in due.iter().zip(outcomes) {
        if let Err(refusal) = outcome {
            failed.push((owned, refusal));
        }
    }
    note_failures(tx, &failed)?;
    Ok(due.len())
}

fn intent(tx: &Tx, product: &Installed) -> Option<Intent> {
    Some(Intent::Sale(Sale {
        kind: EventKind::Renewal,
        wanted: Wanted {
            customer: product.organization_id,
            initiator: Initiator::Automatic,
            currency: product.currency,
            lines: vec![WantedLine::renewing(product)],
            reach: Reach::Everything,
            at: tx.now,
        },
        channel: Channel::Here {
            payment_method: product.payment_method_id?,
            quote: None,
        },
        by: None,
        rule: "BIL-8",
    }))
}

/// The product stays active until its period ends; both sides are told the first time.
fn note_failures(tx: &mut Tx, failed: &[(&(Installed, Ownership), Refusal)]) -> Result<()> {
    let changed: Vec<Installed> = failed
        .iter()
        .map(|((product, _), _)| Installed {
            failed_renewals: product.failed_renewals + 1,
            retry_at: Some(tx.now + AGAIN),
            ..product.clone()
        })
        .collect();
    update_products(tx, &changed)?;
    let events: Vec<Event> = failed
        .iter()
        .map(|((product, ownership), refusal)| {
            let owner = ownership.owner_id;
            Event::new(EventType::RenewalFailed, product.id)
                .between(
                    Some(product.organization_id),
                    Some(owner).filter(|owner| *owner != product.organization_id),
                )
                .data(json!({"code": refusal.code, "rule": refusal.rule, "renews_on": product.renews_on}))
                .by_rule("BIL-13")
        })
        .collect();
    let ids = tx.record_all(None, events)?;
    for (((product, ownership), _), event) in failed.iter().zip(ids) {
        if product.failed_renewals == 0 {
            tell(tx, event, product, ownership.owner_id)?;
        }
    }
    Ok(())
}

fn tell(tx: &mut Tx, event: EventId, product: &Installed, owner: OrganizationId) -> Result<()> {
    let customer = product.organization_id;
    let arguments = json!({
        "customer": name(tx, customer)?,
        "product": product.name,
        "until": {"date": product.renews_on},
    });
    let both = [
        Some(customer),
        Some(owner).filter(|owner| *owner != customer),
    ];
    for told in both.into_iter().flatten() {
        let template = MailTemplate::RenewalFailed;
        mails::tell(tx, event, told, template, &arguments)?;
    }
    Ok(())
}
