//! What is to be booked: an order, a renewal, what the commerce system reports, a refund.
use super::assess::SettledLine;
use super::facts::Installed;
use crate::domain::billing::{EventKind, Initiator};
use crate::domain::id::{
    BillingEventId, OrderId, OrganizationId, PartnershipId, PaymentMethodId, ProductId, QuoteId,
    UserId,
};
use crate::domain::money::{Currency, Money};
use crate::domain::product::Period;
use crate::domain::reach::Reach;
use crate::domain::settlement::Payer;
use chrono::{NaiveDate, NaiveDateTime};

/// One product to order or to renew.
#[derive(Debug, Clone)]
pub struct WantedLine {
    pub family: String,
    pub quantity: i64,
    pub period: Period,
    /// What it is an add-on or upgrade of (BIL-2).
    pub parent: Option<ProductId>,
    pub label: Option<String>,
    /// The product that is paid for again; without one a product is installed.
    pub product: Option<ProductId>,
    /// The first day paid for; the day of the act unless said.
    pub starts: Option<NaiveDate>,
}

impl WantedLine {
    /// The product's next period.
    pub fn renewing(product: &Installed) -> Self {
        Self {
            family: product.family.clone(),
            quantity: product.quantity,
            period: product.period,
            parent: None,
            label: None,
            product: Some(product.id),
            starts: Some(product.renews_on),
        }
    }
}

/// Who orders or renews what for whom, and when.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub customer: OrganizationId,
    pub initiator: Initiator,
    pub currency: Currency,
    pub lines: Vec<WantedLine>,
    /// What whoever asks reaches: a product outside does not exist (ACC-3).
    pub reach: Reach,
    pub at: NaiveDateTime,
}

/// The price at which a quote is redeemed, and the facts it depends on (PRC-6).
#[derive(Debug, Clone)]
pub struct Quoted {
    pub id: QuoteId,
    pub payer_id: OrganizationId,
    pub under: Option<(PartnershipId, NaiveDateTime)>,
    pub lines: Vec<SettledLine>,
}

/// How it came here, and so how it is paid.
#[derive(Debug, Clone)]
pub enum Channel {
    /// Ordered or renewed here: charged to this method, and invoiced.
    Here {
        payment_method: PaymentMethodId,
        quote: Option<Quoted>,
    },
    /// Reported by the commerce system, which collected it (BIL-3).
    Reported {
        external_id: String,
        /// A hash of the content, which the same id must come with again.
        fingerprint: Vec<u8>,
        /// That it was made here, and so is here already.
        order: Option<OrderId>,
    },
}

/// An order or a renewal; several lines are all or nothing (BIL-1).
#[derive(Debug, Clone)]
pub struct Sale {
    pub kind: EventKind,
    pub wanted: Wanted,
    pub channel: Channel,
    /// Who asked for it; nobody for an automatic renewal.
    pub by: Option<UserId>,
    /// The right by which it is done.
    pub rule: &'static str,
}

/// A refund of a billing event, of what is left of its charge unless an amount is given (BIL-4).
#[derive(Debug, Clone)]
pub struct Refund {
    pub event: BillingEventId,
    pub amount: Option<Money>,
    pub rule: &'static str,
}

/// One act to book.
#[derive(Debug, Clone)]
pub enum Intent {
    Sale(Sale),
    Refund(Refund),
}

/// What an act has made; empty where nothing of a kind.
#[derive(Debug, Clone)]
pub struct Booked {
    pub order: Option<OrderId>,
    pub events: Vec<BillingEventId>,
    pub products: Vec<ProductId>,
    pub payer: Payer,
    /// It had been reported before: nothing was done.
    pub known: bool,
}
