//! Booking: products, billing events, invoices and ledger of any number of acts, each whole or not at
//! all, with a constant number of statements (BIL-1).
use super::assess::{Assessed, Assessor, SettledLine};
use super::batch::{Batch, EventRow, OrderRow};
use super::facts::{Installed, Ownership};
use super::intent::{Booked, Channel, Intent, Quoted, Sale, WantedLine};
use super::known::Known;
use super::means::Means;
use super::refund::Refunds;
use crate::db::Tx;
use crate::db::record::Event;
use crate::db::witness::Identity;
use crate::domain::billing::{EventKind, Initiator};
use crate::domain::event::EventType;
use crate::domain::id::{BillingEventId, OrderId, OrganizationId, PaymentMethodId, ProductId};
use crate::domain::ledger::{self, Earned, PaidBy};
use crate::domain::money::Money;
use crate::domain::product::{Period, ProductState, expires_at};
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use crate::resources::invoices::model::NewInvoice;
use crate::resources::organizations::model::NewProduct;
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::json;

/// What became of one act.
pub type Outcome = Result<Booked, Refusal>;

/// Books what may be booked and says of each act what became of it; `by` is nobody for the system.
/// Later acts find what earlier ones did.
pub fn book(tx: &mut Tx, by: Option<&Identity>, intents: &[Intent]) -> Result<Vec<Outcome>> {
    let sales: Vec<&Sale> = intents
        .iter()
        .filter_map(|intent| match intent {
            Intent::Sale(sale) => Some(sale),
            Intent::Refund(_) => None,
        })
        .collect();
    let wanted: Vec<_> = sales.iter().map(|sale| &sale.wanted).collect();
    let mut booking = Booking {
        assessor: Assessor::load(tx, &wanted)?,
        means: Means::load(tx, &sales)?,
        known: Known::load(tx, &sales)?,
        batch: Batch::default(),
    };
    let mut refunds = Refunds::load(tx, intents)?;
    let mut outcomes = Vec::new();
    for intent in intents {
        outcomes.push(match intent {
            Intent::Sale(sale) => booking.sell(tx, sale)?,
            Intent::Refund(refund) => refunds.refund(tx, refund, &mut booking.batch)?,
        });
    }
    booking.batch.write(tx, by)?;
    Ok(outcomes)
}

/// Books one act, or refuses it.
pub fn book_one(tx: &mut Tx, by: Option<&Identity>, intent: Intent) -> Result<Booked> {
    let outcome = book(tx, by, &[intent])?.pop();
    let outcome = outcome.ok_or_else(|| Error::internal("an act was not judged"))?;
    Ok(outcome?)
}

struct Booking {
    assessor: Assessor,
    means: Means,
    known: Known,
    batch: Batch,
}

impl Booking {
    fn sell(&mut self, tx: &Tx, sale: &Sale) -> Result<Outcome> {
        if let Channel::Reported {
            external_id,
            fingerprint,
            order,
        } = &sale.channel
            && let Some(met) =
                self.known
                    .report(sale.wanted.customer, external_id, fingerprint, *order)
        {
            return Ok(met);
        }
        match self.judge(tx, sale) {
            Ok((assessed, paid_by)) => self.write(tx, sale, assessed, paid_by).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Whether it may be, and at which price; a renewal only once for each period (BIL-3).
    fn judge(&mut self, tx: &Tx, sale: &Sale) -> Result<(Assessed, PaidBy), Refusal> {
        let wanted = &sale.wanted;
        if wanted.at > tx.now {
            return Err(Refusal::fault("/occurred_at", "in_the_future", "BIL-3"));
        }
        if sale.kind == EventKind::Order && wanted.initiator == Initiator::Automatic {
            return Err(Refusal::fault("/initiator", "not_automatic", "BIL-3"));
        }
        for line in &wanted.lines {
            must_be_near(line, wanted.at.date())?;
            self.known.must_be_new(line, wanted.at.date())?;
        }
        let assessed = self.assessor.assess(wanted);
        match &sale.channel {
            Channel::Here {
                payment_method,
                quote,
            } => {
                let assessed = match quote {
                    Some(quote) => redeem(assessed, quote)?,
                    None => assessed?,
                };
                let charged = assessed.charged()?;
                let payer = assessed.payer_id;
                let method = *payment_method;
                let paid_by = self.means.charge(method, payer, wanted.currency, charged)?;
                Ok((assessed, paid_by))
            }
            Channel::Reported { .. } => {
                let assessed = assessed.map_err(of_report)?;
                assessed.charged()?;
                Ok((assessed, PaidBy::Elsewhere))
            }
        }
    }

    fn write(
        &mut self,
        tx: &Tx,
        sale: &Sale,
        assessed: Assessed,
        paid_by: PaidBy,
    ) -> Result<Booked> {
        let method = match &sale.channel {
            Channel::Here { payment_method, .. } => Some(*payment_method),
            Channel::Reported { .. } => None,
        };
        let order = match method {
            Some(method) => Some(self.order(tx, sale, &assessed, method, paid_by)?),
            None => None,
        };
        let ids = tx.new_ids(assessed.lines.len())?;
        let mut products = Vec::new();
        let lines = sale.wanted.lines.iter().zip(&assessed.lines);
        for ((line, settled), id) in lines.zip(&ids) {
            let product = match line.product {
                Some(product) => self.renew(tx, sale, line, &assessed, method, product)?,
                None => self.install(tx, sale, line, &assessed, method)?,
            };
            products.push(product);
            let made = Made {
                id: *id,
                product,
                order,
                paid_by,
            };
            let event = event(tx, sale, &assessed, (line, settled), &made)?;
            self.known.met(&event);
            self.post(&event, paid_by)?;
            self.batch.events.push(event);
        }
        let told = told(sale, &assessed, order, &ids, &products);
        self.batch.told.push(told);
        Ok(Booked {
            order,
            events: ids,
            products,
            payer: assessed.payer,
            known: false,
        })
    }

    /// The order, and its invoice in the payer's organization only (PAY-5).
    fn order(
        &mut self,
        tx: &Tx,
        sale: &Sale,
        assessed: &Assessed,
        method: PaymentMethodId,
        paid_by: PaidBy,
    ) -> Result<OrderId> {
        let id = tx.new_id()?;
        let charged = assessed.charged()?;
        let quote_id = match &sale.channel {
            Channel::Here { quote, .. } => quote.as_ref().map(|quote| quote.id),
            Channel::Reported { .. } => None,
        };
        self.batch.orders.push(OrderRow {
            id,
            organization_id: sale.wanted.customer,
            acting_as: assessed.orderer,
            partnership_id: assessed.under.map(|(partnership, _)| partnership),
            payer_id: assessed.payer_id,
            payment_method_id: Some(method),
            quote_id,
            currency: sale.wanted.currency,
            charged_minor: charged,
            created_by: sale.by,
            created_at: tx.now,
        });
        self.batch.invoices.push(NewInvoice {
            payer: assessed.payer_id,
            customer: sale.wanted.customer,
            order: id,
            payment_method: method,
            paid_by,
            net: Money {
                minor: charged,
                currency: sale.wanted.currency,
            },
        });
        Ok(id)
    }

    /// Installs in the customer's organization (PAY-4); the next renewal is the payer's act (PAY-6).
    fn install(
        &mut self,
        tx: &Tx,
        sale: &Sale,
        line: &WantedLine,
        assessed: &Assessed,
        method: Option<PaymentMethodId>,
    ) -> Result<ProductId> {
        let id = tx.new_id()?;
        let wanted = &sale.wanted;
        let renews_on = end_of(line.period, first_day(sale, line))?;
        let new = NewProduct {
            id,
            organization: wanted.customer,
            parent: line.parent,
            family: line.family.clone(),
            name: line.label.clone().unwrap_or_else(|| line.family.clone()),
            quantity: line.quantity,
            period: line.period,
            currency: wanted.currency,
            renewal_owner: assessed.payer_id,
            payment_method: method,
            renews_on,
            installed_at: wanted.at,
        };
        let owned = new.ownership();
        self.batch.installed.push(new);
        self.count(&owned);
        let course = Course {
            customer: wanted.customer,
            payer: assessed.payer_id,
            fell_back: assessed.fell_back(tx.now),
            expires_at: expires_at(ProductState::Active, method.is_some(), renews_on),
        };
        self.follow(tx.now, owned, course);
        Ok(id)
    }

    /// Pays a product for another period; whoever paid owns its next renewal (PAY-6), unless what
    /// came later has settled that already. What is over stays over, unless this period ends later.
    fn renew(
        &mut self,
        tx: &Tx,
        sale: &Sale,
        line: &WantedLine,
        assessed: &Assessed,
        method: Option<PaymentMethodId>,
        id: ProductId,
    ) -> Result<ProductId> {
        let (payer, at) = (assessed.payer_id, sale.wanted.at);
        let customer = sale.wanted.customer;
        let until = end_of(line.period, first_day(sale, line))?;
        let facts = &mut self.assessor.facts;
        let last = facts.last_ownership(id).cloned();
        let unknown = || Error::internal("a product to renew is not there");
        let product = facts.product_mut(id).ok_or_else(unknown)?;
        let paid = self.known.last_payment(id);
        let paid_since = paid.is_some_and(|(last, by)| last > at && by != payer);
        let claimed = last.as_ref().map(|last| last.claimed_at);
        let claimed = claimed.max(paid.map(|(last, _)| last));
        let is_latest = claimed.is_none_or(|claimed| claimed <= at);
        // Who paid or took over last owns it; where that has ended, the customer.
        let claims =
            is_latest || paid.is_some_and(|(last, by)| by == payer && claimed == Some(last));
        let earliest = last.as_ref().map(Ownership::earliest_end);
        let from = earliest.map_or(at, |earliest| earliest.max(at));
        let open = last.filter(|last| last.valid_to.is_none());
        // What has fallen back by now was the partner's until then, or not at all.
        let fell_back = assessed.fell_back(tx.now).filter(|_| !paid_since);
        let owner = match claims && fell_back.is_none_or(|back| back > from) {
            true => payer,
            false => customer,
        };
        let extends = until > product.renews_on;
        let changes_hands = match &open {
            Some(open) => is_latest && open.owner_id != owner,
            None => extends,
        };
        if !extends && !changes_hands {
            return Ok(id);
        }
        *product = Installed {
            renews_on: product.renews_on.max(until),
            state: ProductState::Active,
            failed_renewals: 0,
            retry_at: None,
            ..product.clone()
        };
        if !changes_hands {
            self.batch.renew(product.clone());
            return Ok(id);
        }
        product.payment_method_id = method.filter(|_| owner == payer);
        product.automatic = product.automatic && product.payment_method_id.is_some();
        let expires_at = product.expires_at();
        self.batch.renew(product.clone());
        if let Some(open) = open {
            self.close(open, from);
        }
        let owned = Ownership {
            product_id: id,
            owner_id: owner,
            family: line.family.clone(),
            quantity: line.quantity,
            valid_from: from,
            valid_to: None,
            claimed_at: at,
        };
        self.open(owned.clone());
        let course = Course {
            customer,
            payer,
            fell_back,
            expires_at,
        };
        self.follow(tx.now, owned, course);
        Ok(id)
    }

    /// What has become by now of renewals that are booked late.
    fn follow(&mut self, now: NaiveDateTime, owned: Ownership, course: Course) {
        let expired = course.expires_at.filter(|at| *at <= now);
        let expired = expired.map(|at| at.max(owned.earliest_end()));
        let fallen = &mut self.batch.fallen;
        match course.fell_back {
            Some(_) => fallen.insert(owned.product_id, (course.customer, course.payer)),
            None => fallen.remove(&owned.product_id),
        };
        let in_time = |back: &NaiveDateTime| expired.is_none_or(|expired| *back < expired);
        let fell_back = course.fell_back.filter(in_time);
        let mut last = owned;
        if let Some(at) = fell_back.filter(|_| last.owner_id != course.customer) {
            let theirs = Ownership {
                owner_id: course.customer,
                valid_from: at,
                claimed_at: at,
                ..last.clone()
            };
            self.close(last, at);
            self.open(theirs.clone());
            last = theirs;
        }
        if let Some(at) = expired {
            self.close(last, at);
        }
    }

    fn open(&mut self, owned: Ownership) {
        self.count(&owned);
        self.assessor.facts.own(owned.clone());
        self.batch.open(owned);
    }

    fn count(&mut self, owned: &Ownership) {
        let (owner, from) = (owned.owner_id, owned.valid_from);
        let units = &mut self.assessor.units;
        units.change(owner, &owned.family, from, owned.quantity);
    }

    fn close(&mut self, owned: Ownership, at: NaiveDateTime) {
        let units = &mut self.assessor.units;
        units.change(owned.owner_id, &owned.family, at, -owned.quantity);
        self.assessor.facts.disown(owned.product_id, at);
        self.batch.close(Ownership {
            valid_to: Some(at),
            ..owned
        });
    }

    fn post(&mut self, event: &EventRow, paid_by: PaidBy) -> Result<()> {
        let money = |minor| Money {
            minor,
            currency: event.currency,
        };
        let earner = event.partner_id.filter(|_| event.cashback_minor != 0);
        let earned = earner.map(|partner| Earned {
            partner: *partner.bytes(),
            cashback: money(event.cashback_minor),
        });
        let payer = *event.payer_id().bytes();
        let made = ledger::order(payer, paid_by, money(event.charged_minor), earned);
        self.batch.post(event.id, made)
    }
}

/// At the quote's price, if the payer, the terms and the earners are still those it was made from (PRC-6).
fn redeem(facts: Result<Assessed, Refusal>, quote: &Quoted) -> Result<Assessed, Refusal> {
    let stale = || Refusal::by(Code::QuoteStale, "PRC-6");
    let facts = facts.map_err(|_| stale())?;
    let earners = |lines: &[SettledLine]| -> Vec<_> {
        lines
            .iter()
            .map(|line| (line.partnership, line.rule.clone()))
            .collect()
    };
    let same = facts.payer_id == quote.payer_id
        && facts.under == quote.under
        && earners(&facts.lines) == earners(&quote.lines);
    match same {
        true => Ok(Assessed {
            lines: quote.lines.clone(),
            ..facts
        }),
        false => Err(stale()),
    }
}

/// A report is one line, and who reports it is not who may not order: 422 instead of 403 (BIL-3).
fn of_report(mut refusal: Refusal) -> Refusal {
    for fault in &mut refusal.faults {
        if let Some(field) = fault.pointer.strip_prefix("/lines/0") {
            fault.pointer = field.to_owned();
        }
    }
    match (refusal.code, refusal.rule) {
        (Code::Forbidden, Some(rule)) => Refusal::fault("/initiator", "not_entitled", rule),
        _ => refusal,
    }
}

/// A period starts within ten years of what pays for it: what lies farther off is a slip.
fn must_be_near(line: &WantedLine, day: NaiveDate) -> Result<(), Refusal> {
    let apart = line.starts.map(|starts| (starts - day).num_days().abs());
    match apart.is_some_and(|days| days > 3653) {
        true => Err(Refusal::fault("/period_start", "out_of_range", "BIL-3")),
        false => Ok(()),
    }
}

fn first_day(sale: &Sale, line: &WantedLine) -> NaiveDate {
    line.starts.unwrap_or(sale.wanted.at.date())
}

fn end_of(period: Period, start: NaiveDate) -> Result<NaiveDate> {
    period
        .end(start)
        .ok_or_else(|| Error::internal("the calendar has ended"))
}

/// What becomes of renewals that are somebody's.
struct Course {
    customer: OrganizationId,
    payer: OrganizationId,
    /// When they fell back with all that the payer, a partner, owned (PAY-6).
    fell_back: Option<NaiveDateTime>,
    /// When the product counts no longer, unless it is renewed before (PRC-4).
    expires_at: Option<NaiveDateTime>,
}

/// What an event is about.
struct Made {
    id: BillingEventId,
    product: ProductId,
    order: Option<OrderId>,
    paid_by: PaidBy,
}

fn event(
    tx: &Tx,
    sale: &Sale,
    assessed: &Assessed,
    (line, settled): (&WantedLine, &SettledLine),
    made: &Made,
) -> Result<EventRow> {
    let (external_id, fingerprint) = match &sale.channel {
        Channel::Here { .. } => (None, None),
        Channel::Reported {
            external_id,
            fingerprint,
            ..
        } => (Some(external_id.clone()), Some(fingerprint.clone())),
    };
    let start = first_day(sale, line);
    Ok(EventRow {
        id: made.id,
        kind: sale.kind,
        external_id,
        fingerprint,
        customer_id: sale.wanted.customer,
        partner_id: settled.partner,
        partnership_id: settled.partnership,
        product_id: made.product,
        family: settled.family.clone(),
        quantity: settled.quantity,
        period: settled.period,
        initiator: sale.wanted.initiator,
        payer: assessed.payer,
        paid_by: made.paid_by,
        currency: sale.wanted.currency,
        list_minor: settled.list_minor,
        public_minor: settled.public_minor,
        partner_minor: settled.partner_minor,
        charged_minor: settled.charged_minor,
        cashback_minor: settled.cashback_minor,
        discount_minor: settled.discount_minor,
        volume_rate_ppm: settled.volume_rate_ppm,
        partner_rate_ppm: settled.partner_rate_ppm,
        units: settled.units,
        settlement_rule: settled.rule.clone(),
        period_start: start,
        period_end: end_of(settled.period, start)?,
        order_id: made.order,
        refunds_id: None,
        occurred_at: sale.wanted.at,
        recorded_at: tx.now,
    })
}

/// One event an act tells whoever wants to know.
fn told(
    sale: &Sale,
    assessed: &Assessed,
    order: Option<OrderId>,
    events: &[BillingEventId],
    products: &[ProductId],
) -> Event {
    let event = match (sale.kind, order, events, products) {
        (EventKind::Renewal, Some(_), _, [product]) => {
            Event::new(EventType::ProductRenewed, product)
        }
        (_, Some(order), _, _) => Event::new(EventType::OrderPlaced, order),
        (_, None, [event, ..], _) => Event::new(EventType::BillingEventReported, event),
        (_, None, [], _) => Event::new(EventType::BillingEventReported, sale.wanted.customer),
    };
    let partner = assessed.lines.iter().find_map(|line| line.partner);
    let partnership = assessed.lines.iter().find_map(|line| line.partnership);
    let told = event
        .between(Some(sale.wanted.customer), partner)
        .data(json!({"kind": sale.kind, "billing_event_ids": events, "product_ids": products}))
        .by_rule(sale.rule);
    Event {
        partnership,
        ..told
    }
}
