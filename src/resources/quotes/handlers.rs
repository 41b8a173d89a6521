//! Asking for a quote, and reading it.
use super::lines::{self, NewQuote};
use super::model::{self, Quote};
use crate::api::views::MoneyView;
use crate::api::{Caller, Post, Reply};
use crate::config::Config;
use crate::db::Db;
use crate::db::record::Event;
use crate::domain::event::EventType;
use crate::domain::id::{OrganizationId, PartnershipId, QuoteId};
use crate::domain::money::{Currency, Money};
use crate::domain::product::Period;
use crate::domain::settlement::{Orderer, Payer};
use crate::error::Result;
use crate::resources::billing::assess::{SettledLine, assess_one};
use crate::resources::billing_events::views::rate;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A line of a quote: every step of its price (PRC-6).
#[derive(Serialize, ToSchema)]
#[schema(as = QuoteLine)]
pub struct QuoteLineView {
    /// The product family.
    #[schema(example = "web_hosting")]
    family: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 1000000)]
    quantity: i64,
    /// How long one payment lasts.
    period: Period,
    /// The units that picked the volume tier (PRC-4).
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    units: i64,
    /// The list price.
    list_amount: MoneyView,
    /// The partner discount's rate; null where the partner has a price of its own.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.20")]
    partner_rate: Option<String>,
    /// After the partner discount.
    partner_discounted_amount: MoneyView,
    /// The volume discount's rate.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.25")]
    volume_rate: String,
    /// The public price: the list price less the volume discount.
    public_amount: MoneyView,
    /// The partner price: after both discounts.
    partner_amount: MoneyView,
    /// What is charged.
    charged_amount: MoneyView,
    /// The partner that earns cashback or has the discount.
    partner_id: Option<OrganizationId>,
    /// What it earns.
    cashback_amount: MoneyView,
    /// What it is spared.
    discount_amount: MoneyView,
    /// The row of the settlement table.
    #[schema(example = "full_partner_partner")]
    settlement_rule: String,
    /// The partnership it settles under.
    partnership_id: Option<PartnershipId>,
}

/// What an order would be charged.
#[derive(Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteView {
    /// Its id.
    id: QuoteId,
    /// The customer.
    organization_id: OrganizationId,
    /// On which side it was asked for.
    acting_as: Orderer,
    /// Which side pays.
    payer: Payer,
    /// The lines.
    lines: Vec<QuoteLineView>,
    /// What is charged in all.
    charged_amount: MoneyView,
    /// Whether it has been redeemed.
    redeemed: bool,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it can no longer be redeemed.
    expires_at: DateTime<Utc>,
}

fn line(line: SettledLine, currency: Currency) -> Result<QuoteLineView> {
    let money = |minor| MoneyView::from(Money { minor, currency });
    Ok(QuoteLineView {
        family: line.family,
        quantity: line.quantity,
        period: line.period,
        units: line.units,
        list_amount: money(line.list_minor),
        partner_rate: line.partner_rate_ppm.map(rate).transpose()?,
        partner_discounted_amount: money(line.discounted_minor),
        volume_rate: rate(line.volume_rate_ppm)?,
        public_amount: money(line.public_minor),
        partner_amount: money(line.partner_minor),
        charged_amount: money(line.charged_minor),
        partner_id: line.partner,
        cashback_amount: money(line.cashback_minor),
        discount_amount: money(line.discount_minor),
        settlement_rule: line.rule,
        partnership_id: line.partnership,
    })
}

fn view(quote: &Quote, redeemed: bool) -> Result<QuoteView> {
    let lines = quote.lines()?;
    let charged = lines.iter().map(|line| line.charged_minor).sum();
    Ok(QuoteView {
        id: quote.id,
        organization_id: quote.organization_id,
        acting_as: quote.acting_as,
        payer: quote.payer(),
        lines: lines
            .into_iter()
            .map(|one| line(one, quote.currency))
            .collect::<Result<_>>()?,
        charged_amount: Money {
            minor: charged,
            currency: quote.currency,
        }
        .into(),
        redeemed,
        created_at: quote.created_at.and_utc(),
        expires_at: quote.expires_at.and_utc(),
    })
}

/// Ask for a quote.
///
/// Every step of each line's price, who pays and what the partner earns, and until when the quote can be redeemed at its price.
#[utoipa::path(tag = "Money", request_body = NewQuote, responses((status = 201, body = QuoteView, description = "The quote.")), extensions(("x-problems" = json!(["forbidden", "not_found"]))))]
#[post("/v1/quotes")]
pub async fn create_quote(
    caller: Caller,
    db: Data<Db>,
    config: Data<Config>,
    new: Post<NewQuote>,
) -> Result<Reply<QuoteView>> {
    let lasts = TimeDelta::hours(config.quote_hours);
    new.once(&db, caller, &[], move |tx, identity, new| {
        let customer = new.organization_id;
        let side = model::side(tx, identity, customer, new.acting_as)?;
        let wanted = lines::wanted(
            customer,
            new.acting_as,
            new.currency,
            &new.lines,
            &side.reach,
            tx.now,
        );
        let assessed = assess_one(tx, wanted)?;
        let new = model::New {
            customer,
            asker: side.asker,
            by: identity.user,
            orderer: new.acting_as,
            currency: new.currency,
            assessed: &assessed,
            lasts,
        };
        let quote = model::insert(tx, &new)?;
        tx.record(
            Some(identity),
            Event::new(EventType::QuoteCreated, quote.id)
                .of(customer)
                .by_rule(side.rule),
        )?;
        Reply::created(format!("/v1/quotes/{}", quote.id), &view(&quote, false)?)
    })
    .await
}

/// Show a quote.
///
/// To the side that asked for it.
#[utoipa::path(tag = "Money", params(("id" = QuoteId, Path, description = "The quote.")), responses((status = 200, body = QuoteView, description = "The quote.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/quotes/{id}")]
pub async fn get_quote(
    caller: Caller,
    db: Data<Db>,
    id: Path<QuoteId>,
) -> Result<Reply<QuoteView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let quote = model::find(tx, &identity, *id)?;
        let redeemed = model::is_redeemed(tx, quote.id)?;
        Reply::ok(&view(&quote, redeemed)?)
    })
    .await
}
