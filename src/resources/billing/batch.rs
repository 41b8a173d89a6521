//! The rows of all acts that are booked together, written with one statement a table.
use super::facts::{Installed, Ownership};
use super::fallen::{self, Fallen};
use super::ledger;
use super::units::{self, Shift};
use crate::db::record::Event;
use crate::db::schema::{billing_events, orders, products, renewal_ownerships};
use crate::db::witness::Identity;
use crate::db::{Tx, insert_all, put_all};
use crate::domain::billing::{EventKind, Initiator};
use crate::domain::id::{
    BillingEventId, OrderId, OrganizationId, PartnershipId, PaymentMethodId, ProductId, QuoteId,
    UserId,
};
use crate::domain::ledger::{PaidBy, Transaction, Unbalanced};
use crate::domain::money::Currency;
use crate::domain::product::{Period, ends_at};
use crate::domain::settlement::{Orderer, Payer};
use crate::error::Result;
use crate::resources::invoices::model::{self as invoices, NewInvoice};
use crate::resources::organizations::model::{NewProduct, install_products};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::BTreeMap;

#[derive(Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
pub struct OrderRow {
    pub id: OrderId,
    pub organization_id: OrganizationId,
    pub acting_as: Orderer,
    pub partnership_id: Option<PartnershipId>,
    pub payer_id: OrganizationId,
    pub payment_method_id: Option<PaymentMethodId>,
    pub quote_id: Option<QuoteId>,
    pub currency: Currency,
    pub charged_minor: i64,
    pub created_by: Option<UserId>,
    pub created_at: NaiveDateTime,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = billing_events, treat_none_as_default_value = false)]
pub struct EventRow {
    pub id: BillingEventId,
    pub kind: EventKind,
    pub external_id: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub customer_id: OrganizationId,
    pub partner_id: Option<OrganizationId>,
    pub partnership_id: Option<PartnershipId>,
    pub product_id: ProductId,
    pub family: String,
    pub quantity: i64,
    pub period: Period,
    pub initiator: Initiator,
    pub payer: Payer,
    pub paid_by: PaidBy,
    pub currency: Currency,
    pub list_minor: i64,
    pub public_minor: i64,
    pub partner_minor: i64,
    pub charged_minor: i64,
    pub cashback_minor: i64,
    pub discount_minor: i64,
    pub volume_rate_ppm: i64,
    pub partner_rate_ppm: Option<i64>,
    pub units: i64,
    pub settlement_rule: String,
    pub period_start: NaiveDate,
    pub period_end: NaiveDate,
    pub order_id: Option<OrderId>,
    pub refunds_id: Option<BillingEventId>,
    pub occurred_at: NaiveDateTime,
    pub recorded_at: NaiveDateTime,
}

impl EventRow {
    /// Whose organization paid.
    pub fn payer_id(&self) -> OrganizationId {
        payer_id(self.payer, self.partner_id, self.customer_id)
    }
}

/// Whose organization paid: the partner that an event settled under, or the customer.
pub fn payer_id(
    payer: Payer,
    partner: Option<OrganizationId>,
    customer: OrganizationId,
) -> OrganizationId {
    match (payer, partner) {
        (Payer::Partner, Some(partner)) => partner,
        (Payer::Partner, None) | (Payer::Customer, _) => customer,
    }
}

/// What is to be written.
#[derive(Default)]
pub struct Batch {
    pub orders: Vec<OrderRow>,
    pub invoices: Vec<NewInvoice>,
    pub events: Vec<EventRow>,
    pub installed: Vec<NewProduct>,
    /// Products as they are from now on.
    renewed: BTreeMap<ProductId, Installed>,
    /// Ownerships that end, with their end.
    closed: Vec<Ownership>,
    opened: Vec<Ownership>,
    /// What fell back (PAY-6): to which customer, and from which partner.
    pub fallen: BTreeMap<ProductId, (OrganizationId, OrganizationId)>,
    /// What happened, for whoever wants to know.
    pub told: Vec<Event>,
    transactions: Vec<(BillingEventId, Transaction)>,
}

impl Batch {
    /// Posts one balanced transaction (BIL-5); a free line has none.
    pub fn post(
        &mut self,
        event: BillingEventId,
        made: Result<Option<Transaction>, Unbalanced>,
    ) -> Result<()> {
        let made = ledger::balanced(made)?;
        self.transactions.extend(made.map(|made| (event, made)));
        Ok(())
    }

    pub fn renew(&mut self, product: Installed) {
        self.renewed.insert(product.id, product);
    }

    /// Ends an ownership; one that was opened in this batch never stands open.
    pub fn close(&mut self, ended: Ownership) {
        let same = |one: &&mut Ownership| {
            (one.product_id, one.valid_from) == (ended.product_id, ended.valid_from)
        };
        match self.opened.iter_mut().find(same) {
            Some(opened) => opened.valid_to = ended.valid_to,
            None => self.closed.push(ended),
        }
    }

    pub fn open(&mut self, ownership: Ownership) {
        self.opened.push(ownership);
    }

    /// A constant number of statements, in the order that foreign keys ask for; only telling two sides
    /// what fell back takes some more: of what is over by now nobody has to be told whose it was.
    pub fn write(self, tx: &mut Tx, by: Option<&Identity>) -> Result<()> {
        insert_all!(tx, orders::table, &self.orders);
        install_products(tx, &self.installed)?;
        let renewed: Vec<Installed> = self.renewed.into_values().collect();
        update_products(tx, &renewed)?;
        change_owners(tx, &self.closed, &self.opened)?;
        invoices::issue(tx, &self.invoices)?;
        insert_all!(tx, billing_events::table, &self.events);
        ledger::post(tx, &self.transactions)?;
        tx.record_all(by, self.told)?;
        let installed = self.installed.iter();
        let installed = installed.map(|one| (one.id, &one.name, one.renews_on));
        let renewed = renewed.iter().map(|one| (one.id, &one.name, one.renews_on));
        let mut fallen: BTreeMap<_, Vec<Fallen>> = BTreeMap::new();
        for (product_id, name, renews_on) in installed.chain(renewed) {
            if let Some(between) = self.fallen.get(&product_id)
                && ends_at(renews_on) > tx.now
            {
                fallen.entry(*between).or_default().push(Fallen {
                    product_id,
                    name: name.clone(),
                    renews_on,
                });
            }
        }
        for ((customer, partner), fallen) in fallen {
            fallen::tell(tx, by, customer, partner, &fallen)?;
        }
        Ok(())
    }
}

/// Changes of products' renewals: each row as it is from now on.
pub fn update_products(tx: &mut Tx, rows: &[Installed]) -> Result<()> {
    for row in rows {
        tx.falls_due(row.expires_at());
    }
    put_all!(
        tx,
        products::table,
        rows,
        products::id,
        (
            products::state.eq(excluded(products::state)),
            products::automatic.eq(excluded(products::automatic)),
            products::payment_method_id.eq(excluded(products::payment_method_id)),
            products::renews_on.eq(excluded(products::renews_on)),
            products::failed_renewals.eq(excluded(products::failed_renewals)),
            products::retry_at.eq(excluded(products::retry_at)),
            products::version.eq(products::version + 1),
        )
    );
    Ok(())
}

/// Closes and opens ownerships of renewals, and moves the units with them (PRC-4).
pub fn change_owners(tx: &mut Tx, closed: &[Ownership], opened: &[Ownership]) -> Result<()> {
    put_all!(
        tx,
        renewal_ownerships::table,
        closed,
        (
            renewal_ownerships::product_id,
            renewal_ownerships::valid_from
        ),
        renewal_ownerships::valid_to.eq(excluded(renewal_ownerships::valid_to))
    );
    insert_all!(tx, renewal_ownerships::table, opened);
    let lost = closed.iter().map(|of| (of, -of.quantity));
    let open = opened.iter().filter(|of| of.valid_to.is_none());
    let gained = open.map(|of| (of, of.quantity));
    let shifts: Vec<Shift> = lost
        .chain(gained)
        .map(|(of, units)| Shift {
            owner: of.owner_id,
            family: &of.family,
            units,
        })
        .collect();
    units::shift(tx, &shifts)
}
