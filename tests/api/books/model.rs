//! What the books must say, stated a second time, plainly, from the text of the rules: centimes, lists
//! and loops, and nothing of the code that is tested.
use chrono::{Months, NaiveDate, NaiveDateTime};
use std::collections::BTreeMap;

/// An organization: the two customers, and their partner.
pub type Org = usize;
pub const LUMEN: Org = 2;

/// What a family costs a unit and a month, and from how many units on a quarter is taken off.
pub struct Family {
    pub code: &'static str,
    list: i64,
    tier: Option<i64>,
}

pub const FAMILIES: [Family; 4] = [
    Family {
        code: "web_hosting",
        list: 992,
        tier: Some(35),
    },
    Family {
        code: "mail",
        list: 210,
        tier: None,
    },
    Family {
        code: "backup",
        list: 790,
        tier: None,
    },
    Family {
        code: "cloud_server",
        list: 2900,
        tier: None,
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Customer,
    Partner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidBy {
    Card,
    Prepaid,
    Elsewhere,
}

/// Whose a product's renewals were, from an instant to another.
#[derive(Debug, Clone)]
pub struct Owned {
    pub owner: Org,
    pub from: NaiveDateTime,
    pub to: Option<NaiveDateTime>,
}

#[derive(Debug, Clone)]
pub struct Product {
    pub id: String,
    pub customer: Org,
    pub family: usize,
    pub quantity: i64,
    pub owners: Vec<Owned>,
    pub renews_on: NaiveDate,
    /// By what it renews by itself.
    pub automatic: Option<PaidBy>,
    pub failed: bool,
}

/// A billing event but a refund, in centimes.
#[derive(Debug, Clone)]
pub struct Sold {
    pub id: String,
    customer: Org,
    pub payer: Org,
    paid_by: PaidBy,
    pub charged: i64,
    /// Public price less partner price: cashback, or the discount of a partner that paid.
    advantage: i64,
    pub refunded: i64,
    returned: i64,
    pub failed: bool,
}

/// An invoice by card: its id, the events on it, and whether it stands open.
#[derive(Debug, Clone)]
pub struct Invoice {
    pub id: String,
    pub sold: Vec<usize>,
    pub open: bool,
}

/// What a month came to on the partner's account; the discounts do not move it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Month {
    pub cashback: i64,
    pub discounts: i64,
    pub refunds: i64,
    pub failed_payments: i64,
    pub payments: i64,
    pub payouts: i64,
    /// What both sides of each customer's partnership see.
    pub shared: [Shared; 2],
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    pub paid_by_customer: i64,
    pub paid_by_partner: i64,
    pub cashback: i64,
    pub discounts: i64,
}

impl Month {
    pub fn moved(&self) -> i64 {
        self.cashback + self.refunds + self.failed_payments + self.payments + self.payouts
    }
}

/// An account of the ledger, and whose it is.
pub type Account = (&'static str, Option<Org>);

/// What is to be paid: the public and the partner price.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    public: i64,
    partner: i64,
}

#[derive(Default)]
pub struct Model {
    /// Since when the partner pays, or no longer does.
    pub modes: [Vec<(NaiveDateTime, bool)>; 2],
    pub products: Vec<Product>,
    pub sold: Vec<Sold>,
    pub invoices: Vec<Invoice>,
    /// Debits less credits.
    pub accounts: BTreeMap<Account, i64>,
    pub months: BTreeMap<String, Month>,
}

/// The part of a whole, half away from zero.
pub fn share(whole: i64, part: i64, of: i64) -> i64 {
    (2 * whole * part + of) / (2 * of)
}

impl Model {
    /// PAY-1 to PAY-3: the partner pays for what it orders itself while the mode says so.
    pub fn payer(&self, customer: Org, side: Side, at: NaiveDateTime) -> Org {
        let since = self.modes[customer].iter().rfind(|(from, _)| *from <= at);
        match (side, since) {
            (Side::Partner, Some((_, true))) => LUMEN,
            (Side::Partner | Side::Customer, _) => customer,
        }
    }

    /// PRC-4: the units whose renewals are an organization's at an instant.
    fn units(&self, owner: Org, family: usize, at: NaiveDateTime) -> i64 {
        let holds = |one: &&Owned| {
            one.owner == owner && one.from <= at && one.to.is_none_or(|ended| at < ended)
        };
        let of = self.products.iter().filter(|one| one.family == family);
        of.filter(|one| one.owners.iter().any(|owned| holds(&owned)))
            .map(|one| one.quantity)
            .sum()
    }

    /// PRC-3, PRC-5: a fifth for the partner, then a quarter for volume, rounded once.
    fn price(family: &Family, quantity: i64, units: i64) -> Price {
        let volume = match family.tier {
            Some(minimum) if units >= minimum => 75,
            Some(_) | None => 100,
        };
        let list = family.list * quantity;
        Price {
            public: share(list, volume, 100),
            partner: share(list, 80 * volume, 100 * 100),
        }
    }

    /// What these lines of an order cost.
    pub fn order(&self, payer: Org, lines: &[(usize, i64)], at: NaiveDateTime) -> Vec<Price> {
        let price = |(family, quantity): &(usize, i64)| {
            let same = lines.iter().filter(|(other, _)| other == family);
            let added: i64 = same.map(|(_, quantity)| quantity).sum();
            let units = self.units(payer, *family, at) + added;
            Self::price(&FAMILIES[*family], *quantity, units)
        };
        lines.iter().map(price).collect()
    }

    /// What a product costs for another period: its units count once.
    pub fn renewal(&self, payer: Org, product: usize, at: NaiveDateTime) -> Price {
        let product = &self.products[product];
        let held = self.units(payer, product.family, at);
        let added = match product.owner() {
            Some(owner) if owner == payer => 0,
            Some(_) | None => product.quantity,
        };
        Self::price(&FAMILIES[product.family], product.quantity, held + added)
    }

    /// PAY-6: renewals are whoever's paid last; the method is kept while they stay in the same hands.
    pub fn renewed(&mut self, product: usize, payer: Org, paid_by: PaidBy, at: NaiveDateTime) {
        let product = &mut self.products[product];
        product.renews_on = product.renews_on + Months::new(1);
        product.failed = false;
        if product.owner() == Some(payer) {
            return;
        }
        product.give_to(Some(payer), at);
        product.automatic = match paid_by {
            PaidBy::Elsewhere => None,
            PaidBy::Card | PaidBy::Prepaid => product.automatic.map(|_| paid_by),
        };
    }

    /// PSH-6, PAY-6: what the partner owned falls back when it no longer pays.
    pub fn switch(&mut self, customer: Org, to_partner: bool, at: NaiveDateTime) {
        self.modes[customer].push((at, to_partner));
        let theirs = self.products.iter_mut();
        for product in theirs.filter(|one| one.customer == customer && !to_partner) {
            if product.owner() == Some(LUMEN) {
                product.give_to(Some(customer), at);
                product.automatic = None;
            }
        }
    }

    /// When the partner ceased to pay after an instant, if it did.
    pub fn fell_back(&self, customer: Org, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut later = self.modes[customer].iter().filter(|(at, _)| *at > after);
        later.find(|(_, to_partner)| !to_partner).map(|(at, _)| *at)
    }

    pub fn charge(price: Price, payer: Org) -> i64 {
        match payer {
            LUMEN => price.partner,
            _ => price.public,
        }
    }

    pub fn balance(&self) -> i64 {
        -self
            .accounts
            .get(&("prepaid", Some(LUMEN)))
            .copied()
            .unwrap_or(0)
    }

    /// An order's line or a renewal is booked (BIL-1).
    pub fn sell(
        &mut self,
        month: &str,
        id: String,
        (customer, payer, paid_by): (Org, Org, PaidBy),
        price: Price,
    ) -> usize {
        let sold = Sold {
            id,
            customer,
            payer,
            paid_by,
            charged: Self::charge(price, payer),
            advantage: price.public - price.partner,
            refunded: 0,
            returned: 0,
            failed: false,
        };
        self.post(&sold, sold.charged, sold.advantage);
        let (charged, cashback) = (sold.charged, sold.cashback());
        let sums = self.months.entry(month.to_owned()).or_default();
        sums.cashback += cashback;
        sums.discounts += sold.advantage - cashback;
        sums.payments -= if paid_by == PaidBy::Prepaid {
            charged
        } else {
            0
        };
        sums.shared[customer].add(&sold, charged, sold.advantage);
        self.sold.push(sold);
        self.sold.len() - 1
    }

    /// BIL-4: never more than was charged, and of the advantage in proportion, cumulatively.
    pub fn refund(&mut self, month: &str, at: usize, amount: i64) {
        let sold = &mut self.sold[at];
        sold.refunded += amount;
        assert!(sold.refunded <= sold.charged, "{sold:?}");
        let in_all = share(sold.advantage, sold.refunded, sold.charged);
        let returned = in_all - sold.returned;
        sold.returned = in_all;
        let sold = sold.clone();
        self.post(&sold, -amount, -returned);
        let cashback = if sold.payer == LUMEN { 0 } else { returned };
        let to_account = if sold.paid_by == PaidBy::Prepaid {
            amount
        } else {
            0
        };
        let sums = self.months.entry(month.to_owned()).or_default();
        sums.refunds += to_account - cashback;
        sums.discounts -= returned - cashback;
        sums.shared[sold.customer].add(&sold, -amount, -returned);
    }

    /// PAY-7: what is left of an invoice arrives, or is written off with the cashback it earned.
    pub fn report(&mut self, month: &str, at: usize, paid: bool) {
        self.invoices[at].open = false;
        for event in self.invoices[at].sold.clone() {
            let (charged, advantage) = self.sold[event].left();
            let sold = self.sold[event].clone();
            if paid {
                self.add(("bank", None), charged);
                self.add(("receivable", Some(sold.payer)), -charged);
                continue;
            }
            self.sold[event].failed = true;
            self.post(&sold, -charged, -advantage);
            if sold.payer != LUMEN {
                let sums = self.months.entry(month.to_owned()).or_default();
                sums.failed_payments -= advantage;
                sums.shared[sold.customer].add(&sold, -charged, -advantage);
            }
        }
    }

    /// BIL-12: into transit, and from there to the bank or back.
    pub fn pay_out(&mut self, month: &str, amount: i64) {
        self.add(("prepaid", Some(LUMEN)), amount);
        self.add(("payout_transit", Some(LUMEN)), -amount);
        self.months.entry(month.to_owned()).or_default().payouts -= amount;
    }

    pub fn paid_out(&mut self, amount: i64) {
        self.add(("payout_transit", Some(LUMEN)), amount);
        self.add(("bank", None), -amount);
    }

    /// BIL-5: a charge and what it earns, each by two postings; a refund with the signs turned.
    fn post(&mut self, sold: &Sold, charged: i64, advantage: i64) {
        let source = match sold.paid_by {
            PaidBy::Card => ("receivable", Some(sold.payer)),
            PaidBy::Prepaid => ("prepaid", Some(sold.payer)),
            PaidBy::Elsewhere => ("external", None),
        };
        self.add(source, charged);
        self.add(("revenue", None), -charged);
        if sold.payer != LUMEN {
            self.add(("cashback_expense", None), advantage);
            self.add(("prepaid", Some(LUMEN)), -advantage);
        }
    }

    fn add(&mut self, account: Account, amount: i64) {
        *self.accounts.entry(account).or_default() += amount;
    }
}

impl Shared {
    /// BIL-11: at public prices, whoever paid.
    fn add(&mut self, sold: &Sold, charged: i64, advantage: i64) {
        match sold.payer {
            LUMEN => {
                self.paid_by_partner += charged + advantage;
                self.discounts += advantage;
            }
            _ => {
                self.paid_by_customer += charged;
                self.cashback += advantage;
            }
        }
    }
}

impl Sold {
    fn cashback(&self) -> i64 {
        match self.payer {
            LUMEN => 0,
            _ => self.advantage,
        }
    }

    /// What refunds left of the charge and of the advantage.
    pub fn left(&self) -> (i64, i64) {
        (self.charged - self.refunded, self.advantage - self.returned)
    }
}

impl Product {
    /// As its customer or its partner paid for it first: the next renewal is theirs (PAY-6).
    pub fn installed(
        id: String,
        customer: Org,
        (family, quantity): (usize, i64),
        owner: Org,
        from: NaiveDateTime,
    ) -> Self {
        Self {
            id,
            customer,
            family,
            quantity,
            owners: vec![Owned {
                owner,
                from,
                to: None,
            }],
            renews_on: from.date() + Months::new(1),
            automatic: None,
            failed: false,
        }
    }

    pub fn owner(&self) -> Option<Org> {
        let last = self.owners.last()?;
        last.to.is_none().then_some(last.owner)
    }

    /// Hands the renewals on; to nobody once it has expired.
    pub fn give_to(&mut self, owner: Option<Org>, at: NaiveDateTime) {
        if let Some(last) = self.owners.last_mut() {
            last.to = Some(at);
        }
        self.owners.extend(owner.map(|owner| Owned {
            owner,
            from: at,
            to: None,
        }));
    }
}
