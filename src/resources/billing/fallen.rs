//! Renewals that fell back to the customer, as both sides are told of them (PAY-6).
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, ProductId};
use crate::domain::mail::MailTemplate;
use crate::error::Result;
use crate::resources::organizations::mails;
use crate::resources::organizations::model::name;
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;

/// A product whose renewals fell back, and when it is due.
#[derive(Debug, Clone, Serialize)]
pub struct Fallen {
    pub product_id: ProductId,
    #[serde(skip)]
    pub name: String,
    pub renews_on: NaiveDate,
}

/// Tells both sides which, and when they are due, if there are any.
pub fn tell(
    tx: &mut Tx,
    by: Option<&Identity>,
    customer: OrganizationId,
    partner: OrganizationId,
    fallen: &[Fallen],
) -> Result<()> {
    if fallen.is_empty() {
        return Ok(());
    }
    let event = Event::new(EventType::RenewalsFellBack, customer)
        .between(Some(customer), Some(partner))
        .data(json!({"products": fallen}))
        .by_rule("PAY-6");
    let listed: Vec<String> = fallen
        .iter()
        .map(|one| format!("{} ({})", one.name, one.renews_on))
        .collect();
    let event = tx.record(by, event)?;
    let arguments = json!({
        "customer": name(tx, customer)?,
        "partner": name(tx, partner)?,
        "products": listed.join(", "),
    });
    for told in [customer, partner] {
        mails::tell(tx, event, told, MailTemplate::RenewalsFellBack, &arguments)?;
    }
    Ok(())
}
