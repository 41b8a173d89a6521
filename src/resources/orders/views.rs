//! How an order is shown to each side.
use crate::api::views::MoneyView;
use crate::db::schema::orders;
use crate::domain::id::{OrderId, OrganizationId, PartnershipId, QuoteId, UserId};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::Standing;
use crate::domain::settlement::{Orderer, Payer};
use crate::resources::billing_events::views::Reader;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// The customer in whose organization the products are.
    organization_id: OrganizationId,
    /// On which side it was placed.
    acting_as: Orderer,
    /// Which side pays.
    payer: Payer,
    /// The full-access partnership it was placed under.
    partnership_id: Option<PartnershipId>,
    /// The quote it redeemed.
    quote_id: Option<QuoteId>,
    /// What was charged, to whoever reaches chosen products only for those of them; null to the customer of what the partner paid (BIL-11).
    charged_amount: Option<MoneyView>,
    /// When it was placed.
    created_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders)]
pub struct Row {
    pub id: OrderId,
    organization_id: OrganizationId,
    acting_as: Orderer,
    pub payer_id: OrganizationId,
    partnership_id: Option<PartnershipId>,
    quote_id: Option<QuoteId>,
    currency: Currency,
    pub charged_minor: i64,
    pub created_by: Option<UserId>,
    created_at: NaiveDateTime,
}

impl Row {
    fn payer(&self) -> Payer {
        if self.payer_id == self.organization_id {
            Payer::Customer
        } else {
            Payer::Partner
        }
    }

    pub fn view(self, reader: Reader) -> OrderView {
        let shown = reader.sees_price_of(self.payer());
        let charged = Money {
            minor: self.charged_minor,
            currency: self.currency,
        };
        OrderView {
            id: self.id,
            organization_id: self.organization_id,
            acting_as: self.acting_as,
            payer: self.payer(),
            partnership_id: self.partnership_id,
            quote_id: self.quote_id,
            charged_amount: shown.then(|| charged.into()),
            created_at: self.created_at.and_utc(),
        }
    }
}

/// As whom a standing reads.
pub fn reads_as(by: &Standing) -> Reader {
    match by {
        Standing::Member { .. } | Standing::Support { .. } => Reader::Customer,
        Standing::Partner { .. } => Reader::Partner,
        Standing::Operator { .. } => Reader::Operator,
    }
}
