//! Placing an order, from lines or from a quote.
use crate::api::page::Paging;
use crate::api::views::{MoneyView, exactly_one};
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::record::Event;
use crate::db::schema::{invoices, orders};
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::event::EventType;
use crate::domain::id::{
    InvoiceId, OrderId, OrganizationId, PartnershipId, PaymentMethodId, QuoteId,
};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{self, Action, Standing};
use crate::domain::reach::Reach;
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::settlement::{Orderer, Payer};
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::billing::assess::{Assessed, Wanted, WantedLine, assess};
use crate::resources::billing::book::{Purchase, book};
use crate::resources::billing_events::views::{BillingEventView, Reader, of_order};
use crate::resources::quotes::lines::OrderLine;
use crate::resources::quotes::model as quotes;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// An order: exactly one of `quote_id` and `lines` says of what.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"acting_as": "partner", "currency": "CHF", "lines": [{"family": "web_hosting", "quantity": 35, "period": "monthly"}], "payment_method_id": "pm_01jd8xk3v9e6mbyg4q5r7s8t9v"}))]
pub struct NewOrder {
    /// The quote to redeem at its price.
    quote_id: Option<QuoteId>,
    /// On which side the caller acts; with `lines`.
    acting_as: Option<Orderer>,
    /// In which currency; with `lines`.
    currency: Option<Currency>,
    /// What to order.
    #[validate(nested, length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    lines: Option<Vec<OrderLine>>,
    /// What is charged: a payment method of the payer (PAY-7).
    payment_method_id: PaymentMethodId,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    /// Its id.
    id: OrderId,
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
    /// What was charged; null to the customer of what the partner paid (BIL-11).
    charged_amount: Option<MoneyView>,
    /// When it was placed.
    created_at: DateTime<Utc>,
}

/// What an order did.
#[derive(Serialize, ToSchema)]
#[schema(as = PlacedOrder)]
pub struct PlacedOrderView {
    /// The order.
    order: OrderView,
    /// One event a line.
    billing_events: Vec<BillingEventView>,
    /// The invoice, if the caller acts for the payer.
    invoice_id: Option<InvoiceId>,
    /// What to think about; nothing was refused for it.
    #[schema(example = json!([]))]
    warnings: Vec<String>,
}

/// Place an order.
///
/// Installs the products in the customer's organization, and writes one billing event a line, the invoice in the payer's organization and the cashback, all or nothing. Who pays which price follows from the partnership. Needs an Idempotency-Key.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The customer.")), request_body = NewOrder, responses((status = 201, body = PlacedOrderView, description = "Placed.")),
    extensions(("x-idempotency" = json!("required")), ("x-problems" = json!(["forbidden", "insufficient_balance", "quote_stale", "quote_expired", "quote_redeemed"]))))]
#[post("/v1/organizations/{org_id}/orders")]
pub async fn place_order(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    new: Post<NewOrder>,
) -> Result<Reply<PlacedOrderView>> {
    let customer = *org;
    new.keyed()?
        .once(&db, caller, &[], move |tx, identity, new| {
            let (orderer, currency, assessed, rule) = match new.quote_id {
                Some(quote) => redeemed(tx, identity, customer, quote, new)?,
                None => assessed(tx, identity, customer, new)?,
            };
            let purchase = Purchase {
                customer,
                orderer,
                currency,
                assessed: &assessed,
                payment_method: new.payment_method_id,
                quote: new.quote_id,
                by: identity.user,
            };
            let order = book(tx, &purchase)?;
            let partner = assessed.lines.iter().find_map(|line| line.partner);
            let event = Event::new(EventType::OrderPlaced, order)
                .between(Some(customer), partner)
                .by_rule(rule);
            tx.record(
                Some(identity),
                Event {
                    partnership: assessed.under.map(|(partnership, _)| partnership),
                    ..event
                },
            )?;
            let view = placed(tx, order, orderer, assessed.payer)?;
            Reply::created(
                format!("/v1/organizations/{customer}/orders/{order}"),
                &view,
            )
        })
        .await
}

/// List an organization's orders.
///
/// Those for its products, the newest first, for whoever may order. A partner sees those of its partnership.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The customer."), Paging), responses((status = 200, body = Page<OrderView>, description = "A page of orders.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/orders")]
pub async fn list_orders(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<OrderView>>> {
    db.snapshot(move |tx| {
        let by = reader(tx, &caller, *org)?;
        let total = listing.total(|| of(*org, &by).count().get_result(tx.conn))?;
        let rows: Vec<Row> = of(*org, &by)
            .filter(orders::id.lt(listing.before()))
            .order(orders::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        Reply::page(&listing.page(
            tx.keys,
            rows,
            total,
            |row: &Row| row.id,
            |row: Row| row.view(reads_as(&by)),
        )?)
    })
    .await
}

/// Show an order.
///
/// To whoever may order for the customer; to a partner those of its partnership.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The customer."), ("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = OrderView, description = "The order.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/orders/{id}")]
pub async fn get_order(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, OrderId)>,
) -> Result<Reply<OrderView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let by = reader(tx, &caller, org)?;
        let found: Option<Row> = of(org, &by)
            .filter(orders::id.eq(id))
            .select(Row::as_select())
            .first(tx.conn)
            .optional()?;
        Reply::ok(&found.ok_or_else(Refusal::not_found)?.view(reads_as(&by)))
    })
    .await
}

fn reader(tx: &mut Tx, caller: &Caller, org: OrganizationId) -> Result<Standing> {
    let identity = caller.identify(tx)?;
    let found = witness::organization(tx, &identity, org)?;
    Ok(policy::allow(found, Action::ReadOrders)?.by)
}

/// The customer's orders, as far as this standing reaches.
fn of(org: OrganizationId, by: &Standing) -> orders::BoxedQuery<'_, MultiBackend> {
    let all = orders::table
        .filter(orders::organization_id.eq(org))
        .into_boxed::<MultiBackend>();
    match by {
        Standing::Partner { partnership, .. } => {
            all.filter(orders::partnership_id.eq(*partnership))
        }
        Standing::Member { .. } | Standing::Operator { .. } => all,
    }
}

type Decided = (Orderer, Currency, Assessed, &'static str);

fn alternatives(new: &NewOrder) -> Vec<Fault> {
    exactly_one(&[
        ("quote_id", new.quote_id.is_some()),
        ("lines", new.lines.is_some()),
    ])
}

fn assessed(
    tx: &mut Tx,
    identity: &Identity,
    customer: OrganizationId,
    new: &NewOrder,
) -> Result<Decided> {
    let mut faults = alternatives(new);
    faults.extend(
        new.acting_as
            .is_none()
            .then(|| Fault::new("/acting_as", "required")),
    );
    faults.extend(
        new.currency
            .is_none()
            .then(|| Fault::new("/currency", "required")),
    );
    let (Some(orderer), Some(currency), Some(lines), true) =
        (new.acting_as, new.currency, &new.lines, faults.is_empty())
    else {
        return Err(Refusal::invalid(faults).into());
    };
    let side = quotes::side(tx, identity, customer, orderer)?;
    let lines: Vec<WantedLine> = lines.iter().map(Into::into).collect();
    let assessed = assess(
        tx,
        &Wanted {
            customer,
            orderer,
            currency,
            lines: &lines,
            reach: &side.reach,
        },
        tx.now,
    )?;
    Ok((orderer, currency, assessed, side.rule))
}

/// At the quote's price, if the right, the payer and the terms are still those it was made from (PRC-6).
fn redeemed(
    tx: &mut Tx,
    identity: &Identity,
    customer: OrganizationId,
    id: QuoteId,
    new: &NewOrder,
) -> Result<Decided> {
    let mut faults = alternatives(new);
    faults.extend(
        new.acting_as
            .is_some()
            .then(|| Fault::new("/acting_as", "expected_null")),
    );
    faults.extend(
        new.currency
            .is_some()
            .then(|| Fault::new("/currency", "expected_null")),
    );
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults).into());
    }
    let quote = quotes::find(tx, id)?;
    if quote.organization_id != customer {
        return Err(Refusal::not_found().into());
    }
    let side = quotes::side(tx, identity, customer, quote.acting_as)?;
    let settled = quote.lines()?;
    let lines: Vec<WantedLine> = settled.iter().map(Into::into).collect();
    let stale = || Refusal::by(Code::QuoteStale, "PRC-6");
    let facts = assess(
        tx,
        &Wanted {
            customer,
            orderer: quote.acting_as,
            currency: quote.currency,
            lines: &lines,
            reach: &Reach::Everything,
        },
        tx.now,
    )?;
    quote.must_hold(tx, side.asker, &facts)?;
    let earners = |lines: &[_]| {
        lines
            .iter()
            .map(|line: &crate::resources::billing::assess::SettledLine| {
                (line.partnership, line.rule.clone())
            })
            .collect::<Vec<_>>()
    };
    let within = |line: &WantedLine| line.parent.is_none_or(|parent| side.reach.holds(parent));
    if earners(&facts.lines) != earners(&settled) || !lines.iter().all(within) {
        return Err(stale().into());
    }
    Ok((
        quote.acting_as,
        quote.currency,
        Assessed {
            lines: settled,
            ..facts
        },
        side.rule,
    ))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders)]
struct Row {
    id: OrderId,
    organization_id: OrganizationId,
    acting_as: Orderer,
    payer_id: OrganizationId,
    partnership_id: Option<PartnershipId>,
    quote_id: Option<QuoteId>,
    currency: Currency,
    charged_minor: i64,
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

    fn view(self, reader: Reader) -> OrderView {
        let hidden = reader == Reader::Customer && self.payer() == Payer::Partner;
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
            charged_amount: (!hidden).then(|| charged.into()),
            created_at: self.created_at.and_utc(),
        }
    }
}

/// As whom a standing reads.
fn reads_as(by: &Standing) -> Reader {
    match by {
        Standing::Member { .. } => Reader::Customer,
        Standing::Partner { .. } => Reader::Partner,
        Standing::Operator { .. } => Reader::Operator,
    }
}

fn placed(tx: &mut Tx, id: OrderId, orderer: Orderer, payer: Payer) -> Result<PlacedOrderView> {
    let row: Row = orders::table
        .find(id)
        .select(Row::as_select())
        .first(tx.conn)?;
    let for_payer = matches!(
        (orderer, payer),
        (Orderer::Customer, Payer::Customer) | (Orderer::Partner, Payer::Partner)
    );
    let invoice_id = invoices::table
        .filter(invoices::order_id.eq(id))
        .select(invoices::id)
        .first(tx.conn)
        .optional()?;
    let reader = match orderer {
        Orderer::Customer => Reader::Customer,
        Orderer::Partner => Reader::Partner,
    };
    Ok(PlacedOrderView {
        order: row.view(reader),
        billing_events: of_order(tx, id, reader)?,
        invoice_id: invoice_id.filter(|_| for_payer),
        warnings: Vec::new(),
    })
}
