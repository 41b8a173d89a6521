//! Placing an order, from lines or from a quote, and looking at orders.
use super::placed::{self, PlacedOrderView};
use super::views::{OrderView, Row, reads_as};
use crate::api::page::Paging;
use crate::api::views::exactly_one;
use crate::api::{Caller, Listing, Page, Post, Reply};
use crate::db::prepared::Among;
use crate::db::schema::{billing_events, orders};
use crate::db::witness::{self, Identity};
use crate::db::{Db, MultiBackend, Tx};
use crate::domain::billing::EventKind;
use crate::domain::id::{OrderId, OrganizationId, PaymentMethodId, QuoteId, UserId};
use crate::domain::money::Currency;
use crate::domain::policy::{self, Action, Standing};
use crate::domain::product::BACKUP;
use crate::domain::reach::Reach;
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::settlement::Orderer;
use crate::error::Result;
use crate::resources::accounts::tokens::NoFilters;
use crate::resources::billing::book::book_one;
use crate::resources::billing::intent::{Channel, Intent, Sale, Wanted};
use crate::resources::organizations::reach;
use crate::resources::quotes::lines::{OrderLine, initiator, wanted};
use crate::resources::quotes::model as quotes;
use actix_web::web::{Data, Path};
use actix_web::{get, post};
use diesel::prelude::*;
use serde::Deserialize;
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
        .in_turn(customer)
        .once(&db, caller, &[], move |tx, identity, new| {
            let (side, sale) = match new.quote_id {
                Some(quote) => redeemed(tx, identity, customer, quote, new)?,
                None => ordered(tx, identity, customer, new)?,
            };
            let backup = sale.wanted.lines.iter().any(|line| line.family == BACKUP);
            let booked = book_one(tx, Some(identity), Intent::Sale(sale))?;
            let warnings = match backup {
                true => placed::warnings(tx, customer, &booked, identity.language)?,
                false => Vec::new(),
            };
            let view = placed::view(tx, side, &booked, warnings)?;
            let order = view.id();
            Reply::created(
                format!("/v1/organizations/{customer}/orders/{order}"),
                &view,
            )
        })
        .await
}

/// List an organization's orders.
///
/// Those for its products, the newest first, for whoever may order. A partner sees those of its partnership; who reaches chosen products only, those for one of them and its own.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The customer."), Paging), responses((status = 200, body = Page<OrderView>, description = "A page of orders.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/orders")]
pub async fn list_orders(
    caller: Caller,
    db: Data<Db>,
    org: Path<OrganizationId>,
    listing: Listing<NoFilters>,
) -> Result<Reply<Page<OrderView>>> {
    db.snapshot(move |tx| {
        let reader = Reader::of(tx, &caller, *org)?;
        let total = listing.total(|| reader.orders().count().get_result(tx.conn))?;
        let rows: Vec<Row> = reader
            .orders()
            .filter(orders::id.lt(listing.before()))
            .order(orders::id.desc())
            .limit(listing.fetch())
            .select(Row::as_select())
            .load(tx.conn)?;
        let rows = reader.narrowed(tx, rows)?;
        Reply::page(&listing.page(
            tx.keys,
            rows,
            total,
            |row: &Row| row.id,
            |row: Row| row.view(reads_as(&reader.by)),
        )?)
    })
    .await
}

/// Show an order.
///
/// To whoever may order for the customer; to a partner those of its partnership; to whoever reaches chosen products only, those for one of them and its own.
#[utoipa::path(tag = "Money", params(("org_id" = OrganizationId, Path, description = "The customer."), ("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = OrderView, description = "The order.")), extensions(("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/orders/{id}")]
pub async fn get_order(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, OrderId)>,
) -> Result<Reply<OrderView>> {
    db.snapshot(move |tx| {
        let (org, id) = path.into_inner();
        let reader = Reader::of(tx, &caller, org)?;
        let found: Option<Row> = reader
            .orders()
            .filter(orders::id.eq(id))
            .select(Row::as_select())
            .first(tx.conn)
            .optional()?;
        let row = reader.narrowed(tx, found.into_iter().collect())?.pop();
        let row = row.ok_or_else(Refusal::not_found)?;
        Reply::ok(&row.view(reads_as(&reader.by)))
    })
    .await
}

/// Who looks at the customer's orders, and at how many of them.
struct Reader {
    customer: OrganizationId,
    user: UserId,
    by: Standing,
    reach: Reach,
}

impl Reader {
    fn of(tx: &mut Tx, caller: &Caller, customer: OrganizationId) -> Result<Self> {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, customer)?;
        let by = policy::allow(found, Action::ReadOrders)?.by;
        let alone = std::slice::from_ref(&by);
        Ok(Self {
            customer,
            user: identity.user,
            reach: reach::of(tx, alone, Action::ReadOrders, tx.now)?,
            by,
        })
    }

    /// Each with what was charged within reach, but for one's own: what else was ordered with it does
    /// not exist (ACC-3, ORG-4).
    fn narrowed(&self, tx: &mut Tx, mut rows: Vec<Row>) -> Result<Vec<Row>> {
        let Reach::Only(products) = &self.reach else {
            return Ok(rows);
        };
        let shared: Vec<OrderId> = rows
            .iter()
            .filter(|row| row.created_by != Some(self.user))
            .map(|row| row.id)
            .collect();
        let order = billing_events::order_id.assume_not_null();
        let charged: Vec<(OrderId, i64)> = billing_events::table
            .filter(order.eq_any(&shared))
            .filter(billing_events::product_id.among(products))
            .filter(billing_events::refunds_id.is_null())
            .select((order, billing_events::charged_minor))
            .load(tx.conn)?;
        for row in rows.iter_mut().filter(|row| shared.contains(&row.id)) {
            let lines = charged.iter().filter(|(order, _)| *order == row.id);
            row.charged_minor = lines.map(|(_, charged)| charged).sum();
        }
        Ok(rows)
    }

    /// Those of the partnership to a partner; those for products within reach, and its own, to
    /// whoever reaches only some (ORG-4).
    fn orders(&self) -> orders::BoxedQuery<'_, MultiBackend> {
        let all = orders::table
            .filter(orders::organization_id.eq(self.customer))
            .into_boxed::<MultiBackend>();
        let seen = match &self.by {
            Standing::Partner { partnership, .. } => {
                all.filter(orders::partnership_id.eq(*partnership))
            }
            Standing::Member { .. } | Standing::Operator { .. } | Standing::Support { .. } => all,
        };
        match &self.reach {
            Reach::Everything => seen,
            Reach::Only(products) => {
                let within = billing_events::table
                    .filter(billing_events::product_id.among(products))
                    .filter(billing_events::order_id.is_not_null())
                    .select(billing_events::order_id.assume_not_null());
                seen.filter(
                    orders::id
                        .eq_any(within)
                        .or(orders::created_by.eq(self.user)),
                )
            }
        }
    }
}

fn alternatives(new: &NewOrder) -> Vec<Fault> {
    exactly_one(&[
        ("quote_id", new.quote_id.is_some()),
        ("lines", new.lines.is_some()),
    ])
}

/// The side on which it is placed, and what is to be booked.
type Decided = (Orderer, Sale);

fn ordered(
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
    let sale = Sale {
        kind: EventKind::Order,
        wanted: wanted(customer, orderer, currency, lines, &side.reach, tx.now),
        channel: Channel::Here {
            payment_method: new.payment_method_id,
            quote: None,
        },
        by: Some(identity.user),
        rule: side.rule,
    };
    Ok((orderer, sale))
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
    let quote = quotes::row(tx, id)?
        .filter(|quote| quote.organization_id == customer)
        .ok_or_else(Refusal::not_found)?;
    let side = quotes::side_still(tx, identity, &quote)?;
    let promise = quote.promise(tx, side.asker)?;
    let sale = Sale {
        kind: EventKind::Order,
        wanted: Wanted {
            customer,
            initiator: initiator(quote.acting_as),
            currency: quote.currency,
            lines: promise.lines.iter().map(Into::into).collect(),
            reach: side.reach,
            at: tx.now,
        },
        channel: Channel::Here {
            payment_method: new.payment_method_id,
            quote: Some(promise),
        },
        by: Some(identity.user),
        rule: side.rule,
    };
    Ok((quote.acting_as, sale))
}
