//! The steps, each done through the API and to the model.
use super::Step;
use super::model::{FAMILIES, Invoice, LUMEN, Model, Org, PaidBy, Product, Side};
use crate::invoices::prepaid;
use crate::money::card;
use crate::partner_statements::this_month;
use crate::partnerships::{partnership, set_payment_mode};
use crate::reports::{event, report, with};
use crate::world::World;
use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use diesel::prelude::*;
use mandat::db::schema::{billing_events, invoices, products};
use mandat::demo::PASSWORD;
use mandat::domain::billing::EventKind;
use mandat::domain::id::{BillingEventId, InvoiceId, OrderId, OrganizationId, ProductId};
use mandat::resources::renewals::due;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The customers and their partner under full access, each with who acts for it.
pub const ORGANIZATIONS: [(&str, &str); 3] = [
    ("Galerie Arno", "sofia"),
    ("Praxis Weiss", "karl"),
    ("Studio Lumen", "claire"),
];

/// Of the demo world all was there from the beginning.
const BEFORE: NaiveDateTime = NaiveDateTime::MIN;

/// The books of a world, and what they must say.
pub struct Books<'w> {
    pub world: &'w World,
    pub model: Model,
    pub organizations: [String; 3],
    pub partnerships: [String; 2],
    /// Instants between the steps, in which late events happened.
    marks: Vec<NaiveDateTime>,
    /// Payouts: id, amount and status.
    payouts: Vec<(String, i64, &'static str)>,
    /// The statements of closed months, as they were first read.
    pub closed: BTreeMap<String, String>,
}

pub fn amount(centimes: i64) -> String {
    let (sign, rest) = if centimes < 0 {
        ("-", -centimes)
    } else {
        ("", centimes)
    };
    format!("{sign}{}.{:02}", rest / 100, rest % 100)
}

fn money(centimes: i64) -> Value {
    json!({"amount": amount(centimes), "currency": "CHF"})
}

fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

const fn side(by_partner: bool) -> Side {
    if by_partner {
        Side::Partner
    } else {
        Side::Customer
    }
}

const fn word(by_partner: bool) -> &'static str {
    if by_partner { "partner" } else { "customer" }
}

impl<'w> Books<'w> {
    pub async fn of(world: &'w World) -> Self {
        let mut organizations = Vec::new();
        let mut partnerships = Vec::new();
        let mut model = Model::default();
        for (at, (name, who)) in ORGANIZATIONS.into_iter().enumerate() {
            let id = world.organization(name).await;
            if at != LUMEN {
                partnerships.push(partnership(world, who, name).await);
                let path = format!("/v1/organizations/{id}/products");
                let owned = world.get(who, &path).await.expect(200);
                let owned = owned.body["items"].as_array().into_iter().flatten();
                model.products.extend(owned.map(|one| installed(at, one)));
            }
            organizations.push(id);
        }
        model.modes[1].push((BEFORE, true));
        only_theirs_renew(world, &organizations).await;
        Self {
            world,
            model,
            organizations: organizations.try_into().expect("three"),
            partnerships: partnerships.try_into().expect("two"),
            marks: vec![world.clock.now()],
            payouts: Vec::new(),
            closed: BTreeMap::new(),
        }
    }

    fn month(&self) -> String {
        this_month(self.world)
    }

    fn path(&self, of: Org, rest: &str) -> String {
        format!("/v1/organizations/{}/{rest}", self.organizations[of])
    }

    pub async fn take(&mut self, step: &Step) {
        let world = self.world;
        // Steps are a second apart, however fast they are, and marks lie between them.
        world.clock.advance(TimeDelta::seconds(1));
        let round = |number: usize, many: usize| (many > 0).then(|| number % many);
        match step {
            Step::Order {
                customer,
                by_partner,
                prepaid,
                lines,
            } => self.order(*customer, *by_partner, *prepaid, lines).await,
            Step::Renew {
                product,
                by_partner,
                prepaid,
                reported,
            } => {
                let product = product % self.model.products.len();
                match (self.model.products[product].owner(), reported) {
                    (None, _) => {}
                    (Some(_), true) => self.report_renewal(product, *by_partner).await,
                    (Some(_), false) => self.renew(product, *by_partner, *prepaid).await,
                }
            }
            Step::Late {
                mark,
                customer,
                by_partner,
                line,
            } => {
                let at = self.marks[mark % self.marks.len()];
                self.late(at, *customer, *by_partner, *line).await;
            }
            Step::Confirm { product } => self.confirm(product % self.model.products.len()).await,
            Step::Refund { event, percent } => {
                if let Some(event) = round(*event, self.model.sold.len()) {
                    self.refund(event, *percent).await;
                }
            }
            Step::Switch { customer } => self.switch(*customer).await,
            Step::Report { invoice, paid } => {
                if let Some(invoice) = round(*invoice, self.model.invoices.len()) {
                    self.report(invoice, *paid).await;
                }
            }
            Step::Payout { percent } => self.payout(*percent).await,
            Step::EndPayout { payout, act } => {
                if let Some(payout) = round(*payout, self.payouts.len()) {
                    self.end_payout(payout, *act).await;
                }
            }
            Step::NextMonth => self.next_month().await,
        }
        self.expire();
        world.clock.advance(TimeDelta::seconds(1));
        self.marks.push(world.clock.now());
    }

    /// Who asks, and the payment method that the payer charges.
    async fn means(
        &self,
        (customer, payer): (Org, Org),
        by_partner: bool,
        from_account: bool,
    ) -> (&'static str, PaidBy, String) {
        let who = ORGANIZATIONS[if by_partner { LUMEN } else { customer }].1;
        match payer == LUMEN && from_account {
            true => (who, PaidBy::Prepaid, prepaid(self.world, "CHF").await),
            false => {
                let of = &self.organizations[customer];
                (who, PaidBy::Card, card(self.world, who, of).await)
            }
        }
    }

    async fn order(
        &mut self,
        customer: Org,
        by_partner: bool,
        from_account: bool,
        lines: &[(usize, i64)],
    ) {
        let at = self.world.clock.now();
        let payer = self.model.payer(customer, side(by_partner), at);
        let (who, paid_by, method) = self
            .means((customer, payer), by_partner, from_account)
            .await;
        let wanted: Vec<Value> = lines
            .iter()
            .map(|(family, quantity)| {
                json!({"family": FAMILIES[*family].code, "quantity": quantity, "period": "monthly"})
            })
            .collect();
        let body = json!({"acting_as": word(by_partner), "currency": "CHF", "payment_method_id": method, "lines": wanted});
        let path = self.path(customer, "orders");
        let answer = self.world.post_keyed(who, &path, &key(), body).await;
        let prices = self.model.order(payer, lines, at);
        let charged: i64 = prices.iter().map(|one| Model::charge(*one, payer)).sum();
        if paid_by == PaidBy::Prepaid && charged > self.model.balance() {
            answer.refused(409, "insufficient_balance", Some("PAY-7"));
            return;
        }
        let answer = answer.expect(201);
        let mut sold = Vec::new();
        for (line, price) in prices.into_iter().enumerate() {
            let id = answer.text_of(&format!("/billing_events/{line}/id"));
            let by = (customer, payer, paid_by);
            sold.push(self.model.sell(&self.month(), id, by, price));
            let product = answer.text_of(&format!("/products/{line}/id"));
            self.model.products.push(Product {
                automatic: Some(paid_by),
                ..Product::installed(product, customer, lines[line], payer, at)
            });
        }
        self.invoiced(&answer.text_of("/order/id"), paid_by, sold)
            .await;
    }

    async fn renew(&mut self, product: usize, by_partner: bool, from_account: bool) {
        let (customer, at) = (
            self.model.products[product].customer,
            self.world.clock.now(),
        );
        let payer = self.model.payer(customer, side(by_partner), at);
        let (who, paid_by, method) = self
            .means((customer, payer), by_partner, from_account)
            .await;
        let body = json!({"acting_as": word(by_partner), "payment_method_id": method, "period_start": null});
        let path = format!("products/{}/renewals", self.model.products[product].id);
        let path = self.path(customer, &path);
        let answer = self.world.post_keyed(who, &path, &key(), body).await;
        let price = self.model.renewal(payer, product, at);
        if paid_by == PaidBy::Prepaid && Model::charge(price, payer) > self.model.balance() {
            answer.refused(409, "insufficient_balance", Some("PAY-7"));
            return;
        }
        let answer = answer.expect(201);
        let id = answer.text_of("/billing_events/0/id");
        let by = (customer, payer, paid_by);
        let sold = self.model.sell(&self.month(), id, by, price);
        self.model.renewed(product, payer, paid_by, at);
        self.invoiced(&answer.text_of("/order/id"), paid_by, vec![sold])
            .await;
    }

    async fn report_renewal(&mut self, product: usize, by_partner: bool) {
        let (of, at) = (self.model.products[product].clone(), self.world.clock.now());
        let payer = self.model.payer(of.customer, side(by_partner), at);
        let told = event(&key(), &self.organizations[of.customer], of.quantity, at);
        let told = with(told, "family", json!(FAMILIES[of.family].code));
        let told = with(told, "initiator", json!(word(by_partner)));
        let told = with(told, "kind", json!("renewal"));
        let told = with(told, "product_id", json!(of.id));
        let told = with(told, "period_start", json!(of.renews_on));
        let id = report(self.world, told).await.expect(201).id();
        let price = self.model.renewal(payer, product, at);
        let by = (of.customer, payer, PaidBy::Elsewhere);
        self.model.sell(&self.month(), id, by, price);
        self.model.renewed(product, payer, PaidBy::Elsewhere, at);
    }

    async fn late(
        &mut self,
        at: NaiveDateTime,
        customer: Org,
        by_partner: bool,
        line: (usize, i64),
    ) {
        let payer = self.model.payer(customer, side(by_partner), at);
        let told = event(&key(), &self.organizations[customer], line.1, at);
        let told = with(told, "family", json!(FAMILIES[line.0].code));
        let told = with(told, "initiator", json!(word(by_partner)));
        let answer = report(self.world, told).await.expect(201);
        let prices = self.model.order(payer, &[line], at);
        let by = (customer, payer, PaidBy::Elsewhere);
        self.model.sell(&self.month(), answer.id(), by, prices[0]);
        let id = answer.text_of("/product/id");
        let mut product = Product::installed(id, customer, line, payer, at);
        // What the partner paid for has fallen back since, if all it owned has.
        if let Some(since) = self
            .model
            .fell_back(customer, at)
            .filter(|_| payer == LUMEN)
        {
            product.give_to(Some(customer), since);
        }
        self.model.products.push(product);
    }

    async fn confirm(&mut self, product: usize) {
        let of = self.model.products[product].clone();
        if of.owner() != Some(of.customer) {
            return;
        }
        let who = ORGANIZATIONS[of.customer].1;
        let method = card(self.world, who, &self.organizations[of.customer]).await;
        let path = self.path(of.customer, &format!("products/{}/renewal-owner", of.id));
        let body = json!({"owner": "customer", "payment_method_id": method});
        self.world.put(who, &path, body).await.expect(200);
        let confirmed = &mut self.model.products[product];
        (confirmed.automatic, confirmed.failed) = (Some(PaidBy::Card), false);
    }

    async fn refund(&mut self, at: usize, percent: i64) {
        let sold = self.model.sold[at].clone();
        let (left, _) = sold.left();
        let wanted = (left * percent / 100).max(1);
        let body = match percent {
            100 => json!({}),
            _ => json!({"amount": money(wanted)}),
        };
        let path = format!("/v1/billing-events/{}/refunds", sold.id);
        let answer = self.world.post_keyed("tom", &path, &key(), body).await;
        if sold.failed || left == 0 {
            answer.refused(422, "invalid", Some("BIL-4"));
            return;
        }
        answer.expect(201);
        self.model.refund(&self.month(), at, wanted);
    }

    async fn switch(&mut self, customer: Org) {
        let at = self.world.clock.now();
        let to_partner = self.model.payer(customer, Side::Partner, at) != LUMEN;
        let (id, who) = (&self.partnerships[customer], ORGANIZATIONS[customer].1);
        set_payment_mode(self.world, who, id, word(to_partner))
            .await
            .expect(200);
        self.model.switch(customer, to_partner, at);
    }

    async fn report(&mut self, at: usize, paid: bool) {
        let Invoice { id, open, .. } = self.model.invoices[at].clone();
        let outcome = if paid { "paid" } else { "failed" };
        let path = format!("/v1/admin/invoices/{id}/{outcome}");
        let answer = self.world.post_keyed("tom", &path, &key(), json!({})).await;
        if !open {
            assert!([200, 409].contains(&answer.status), "{}", answer.text);
            return;
        }
        answer.expect(200);
        self.model.report(&self.month(), at, paid);
    }

    async fn payout(&mut self, percent: i64) {
        let wanted = (self.model.balance() * percent / 100).max(1);
        let card = card(self.world, "claire", &self.organizations[LUMEN]).await;
        let body =
            json!({"amount": money(wanted), "payment_method_id": card, "password": PASSWORD});
        let path = self.path(LUMEN, "payouts");
        let answer = self.world.post_keyed("claire", &path, &key(), body).await;
        if wanted > self.model.balance() {
            answer.refused(409, "insufficient_balance", Some("BIL-12"));
            return;
        }
        self.payouts
            .push((answer.expect(201).id(), wanted, "requested"));
        self.model.pay_out(&self.month(), wanted);
    }

    async fn end_payout(&mut self, at: usize, act: usize) {
        let (id, wanted, status) = self.payouts[at].clone();
        let staff = |act: &str| format!("/v1/admin/payouts/{id}/{act}");
        let (who, path, from, to): (_, _, &[&str], _) = match act {
            0 => ("tom", staff("process"), &["requested"], "processing"),
            1 => ("tom", staff("settle"), &["processing"], "paid"),
            2 => ("tom", staff("fail"), &["requested", "processing"], "failed"),
            _ => {
                let path = self.path(LUMEN, &format!("payouts/{id}/cancel"));
                ("claire", path, &["requested"], "cancelled")
            }
        };
        let answer = self.world.post_keyed(who, &path, &key(), json!({})).await;
        if !from.contains(&status) {
            answer.expect(if status == to { 200 } else { 409 });
            return;
        }
        answer.expect(200);
        self.payouts[at].2 = to;
        match to {
            "failed" | "cancelled" => self.model.pay_out(&self.month(), -wanted),
            "paid" => self.model.paid_out(wanted),
            _ => {}
        }
    }

    /// The month closes. What is due within three days renews by itself, in the order of its dates, and
    /// what has ended and does not, or could not be paid, expires (BIL-8, BIL-13).
    async fn next_month(&mut self) {
        self.world.advance(TimeDelta::days(31));
        self.expire();
        let at = self.world.clock.now();
        let before = self.events().await;
        let renewed = self.world.db.write(|tx| due::renew(tx, 3)).await;
        renewed.expect("what is due renews");
        let mut made = self.events().await;
        made.retain(|event, _| !before.contains_key(event));
        let horizon = at.date() + TimeDelta::days(3);
        let mut due: Vec<usize> = (0..self.model.products.len())
            .filter(|one| {
                let product = &self.model.products[*one];
                product.automatic.is_some() && product.renews_on <= horizon
            })
            .collect();
        due.sort_by_key(|one| {
            let product = &self.model.products[*one];
            (product.renews_on, product.id.clone())
        });
        let mut held = self.model.balance();
        for product in due {
            let of = self.model.products[product].clone();
            let paid_by = of.automatic.expect("it renews by itself");
            let payer = self
                .model
                .payer(of.customer, side(of.owner() == Some(LUMEN)), at);
            let price = self.model.renewal(payer, product, at);
            if paid_by == PaidBy::Prepaid {
                let charged = Model::charge(price, payer);
                if charged > held {
                    self.model.products[product].failed = true;
                    continue;
                }
                held -= charged;
            }
            let found = made.iter().find(|(_, (renewed, _))| *renewed == of.id);
            let (event, (_, order)) = found.expect("it was renewed");
            let (event, order) = (event.clone(), order.clone());
            made.remove(&event);
            let by = (of.customer, payer, paid_by);
            let sold = self.model.sell(&self.month(), event, by, price);
            self.model.renewed(product, payer, paid_by, at);
            self.invoiced(&order, paid_by, vec![sold]).await;
        }
        made.retain(|_, (product, _)| self.model.products.iter().any(|one| one.id == *product));
        assert_eq!(made, BTreeMap::new(), "nothing else was renewed");
        self.expire();
    }

    /// What has ended and renews no more has expired as it ended, whether or not anything ran (BIL-13).
    fn expire(&mut self) {
        let today = self.world.clock.now().date();
        for product in &mut self.model.products {
            let renews = product.automatic.is_some() && !product.failed;
            let open = product.owners.last().filter(|owned| owned.to.is_none());
            let since = open.map(|open| open.from + TimeDelta::microseconds(1));
            if let Some(since) = since.filter(|_| product.renews_on <= today && !renews) {
                let end = product.renews_on.and_time(NaiveTime::MIN);
                product.give_to(None, end.max(since));
                product.automatic = None;
            }
        }
    }

    /// Every renewal: its event, with its product and its order.
    async fn events(&self) -> BTreeMap<String, (String, String)> {
        let read = self.world.db.read(|tx| {
            let rows: Vec<(BillingEventId, ProductId, Option<OrderId>)> = billing_events::table
                .filter(billing_events::kind.eq(EventKind::Renewal))
                .select((
                    billing_events::id,
                    billing_events::product_id,
                    billing_events::order_id,
                ))
                .load(tx.conn)?;
            Ok(rows)
        });
        let rows = read.await.expect("renewals are read").into_iter();
        rows.map(|(event, product, order)| {
            let order = order.map(|order| order.to_string()).unwrap_or_default();
            (event.to_string(), (product.to_string(), order))
        })
        .collect()
    }

    /// The invoice of an order; one by card stands open.
    async fn invoiced(&mut self, order: &str, paid_by: PaidBy, sold: Vec<usize>) {
        let order: OrderId = order.parse().expect("an order");
        let read = self.world.db.read(move |tx| {
            let found: InvoiceId = invoices::table
                .filter(invoices::order_id.eq(order))
                .select(invoices::id)
                .first(tx.conn)?;
            Ok(found.to_string())
        });
        let id = read.await.expect("an order has an invoice");
        let open = paid_by == PaidBy::Card;
        self.model.invoices.push(Invoice { id, sold, open });
    }
}

/// What others have is left out of the books: it does not renew.
async fn only_theirs_renew(world: &World, organizations: &[String]) {
    let theirs: Vec<OrganizationId> = organizations
        .iter()
        .map(|id| id.parse().expect("an id"))
        .collect();
    let others = world.db.write(move |tx| {
        let others = products::table.filter(products::organization_id.ne_all(&theirs));
        Ok(diesel::update(others)
            .set(products::automatic.eq(false))
            .execute(tx.conn)?)
    });
    others.await.expect("the others' products are set");
}

/// A product of the demo world: its own customer's, from the beginning.
fn installed(customer: Org, one: &Value) -> Product {
    let text = |field: &str| one[field].as_str().unwrap_or_default();
    let family = FAMILIES
        .iter()
        .position(|family| family.code == text("family"));
    let family = family.expect("a family of the model");
    let line = (family, one["quantity"].as_i64().expect("units"));
    Product {
        renews_on: text("renews_on").parse().expect("a day"),
        automatic: Some(PaidBy::Card),
        ..Product::installed(text("id").to_owned(), customer, line, customer, BEFORE)
    }
}
