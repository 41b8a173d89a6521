//! What an order or renewal costs whom and earns whom, from the facts of its instant. Writes nothing.
use super::facts::{Facts, Link};
use super::intent::{Wanted, WantedLine};
use super::units::Units;
use crate::db::Tx;
use crate::domain::access::{Level, Terms};
use crate::domain::billing::Initiator;
use crate::domain::id::{OrganizationId, PartnershipId, ProductId};
use crate::domain::pricing::{self, Line, Priced};
use crate::domain::product::{Period, ProductState};
use crate::domain::refusal::{Code, Fault, Refusal};
use crate::domain::settlement::{self, Orderer, Payer, RefusedByRule, Settlement};
use crate::error::{Error, Result};
use crate::resources::catalogue::model::PriceBook;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A line with all that was decided about it; amounts in minor units, for the whole line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SettledLine {
    pub family: String,
    pub quantity: i64,
    pub period: Period,
    pub parent: Option<ProductId>,
    pub label: Option<String>,
    /// The units that picked the volume tier (PRC-4).
    pub units: i64,
    pub list_minor: i64,
    /// After the partner discount, before the volume discount.
    pub discounted_minor: i64,
    pub public_minor: i64,
    pub partner_minor: i64,
    pub charged_minor: i64,
    pub cashback_minor: i64,
    pub discount_minor: i64,
    pub volume_rate_ppm: i64,
    pub partner_rate_ppm: Option<i64>,
    pub rule: String,
    pub partnership: Option<PartnershipId>,
    pub partner: Option<OrganizationId>,
}

/// An order or renewal as it would be charged.
#[derive(Debug, Clone)]
pub struct Assessed {
    pub orderer: Orderer,
    pub payer: Payer,
    pub payer_id: OrganizationId,
    /// The full-access partnership and since when its terms hold; what a quote depends on.
    pub under: Option<(PartnershipId, NaiveDateTime)>,
    /// When what the partner pays for here fell back to the customer (PAY-6), or will.
    pub falls_back: Option<NaiveDateTime>,
    pub lines: Vec<SettledLine>,
}

impl Assessed {
    /// When what the partner pays for here fell back, if it has by now.
    pub fn fell_back(&self, now: NaiveDateTime) -> Option<NaiveDateTime> {
        self.falls_back.filter(|at| *at <= now)
    }

    pub fn charged(&self) -> Result<i64, Refusal> {
        let sum = self
            .lines
            .iter()
            .try_fold(0i64, |sum, line| sum.checked_add(line.charged_minor));
        sum.ok_or_else(|| Refusal::fault("/lines", "out_of_range", "PRC-5"))
    }
}

/// Decides payer, price and earner of each, apart from the others. A constant number of queries.
pub fn assess(tx: &mut Tx, wanted: &[Wanted]) -> Result<Vec<Result<Assessed, Refusal>>> {
    let wanted: Vec<&Wanted> = wanted.iter().collect();
    let assessor = Assessor::load(tx, &wanted)?;
    Ok(wanted.iter().map(|one| assessor.assess(one)).collect())
}

/// Decides one, or refuses it.
pub fn assess_one(tx: &mut Tx, wanted: Wanted) -> Result<Assessed> {
    let outcome = assess(tx, &[wanted])?.pop();
    let outcome = outcome.ok_or_else(|| Error::internal("an act was not assessed"))?;
    Ok(outcome?)
}

/// All that some acts are judged by.
pub struct Assessor {
    pub facts: Facts,
    pub units: Units,
    prices: PriceBook,
}

/// How a line relates to the customer's partnerships: what its settlement is read from.
pub struct Relation<'f> {
    /// Whose terms the line settles under.
    pub terms: Option<Terms>,
    /// The partnership that manages the product, if one does.
    pub manager: Option<&'f Link>,
}

impl Relation<'_> {
    pub fn settle(&self, orderer: Orderer) -> Result<&'static Settlement, RefusedByRule> {
        settlement::settle(self.terms, orderer, self.manager.is_some())
    }
}

impl Assessor {
    pub fn load(tx: &mut Tx, wanted: &[&Wanted]) -> Result<Self> {
        let facts = Facts::load(tx, wanted)?;
        let customers = wanted.iter().map(|one| one.customer);
        let payers: BTreeSet<OrganizationId> = customers.chain(facts.full_partners()).collect();
        let families: BTreeSet<&str> = wanted
            .iter()
            .flat_map(|one| &one.lines)
            .map(|line| line.family.as_str())
            .collect();
        let (Some(first), Some(last)) = (
            wanted.iter().map(|one| one.at).min(),
            wanted.iter().map(|one| one.at).max(),
        ) else {
            return Ok(Self {
                facts,
                units: Units::default(),
                prices: PriceBook::default(),
            });
        };
        Ok(Self {
            facts,
            units: Units::load(tx, &payers, &families, first)?,
            prices: PriceBook::load(tx, &families, last)?,
        })
    }

    /// Decides one, with every fault of its lines at once.
    pub fn assess(&self, wanted: &Wanted) -> Result<Assessed, Refusal> {
        self.must_know(wanted)?;
        let links = self.facts.links(wanted.customer, wanted.at);
        let full = full(&links);
        let orderer = self.orderer(wanted, full);
        let mut settled = Vec::new();
        for line in &wanted.lines {
            let relation = self.relation(line, wanted, &links);
            let outcome = relation.settle(orderer);
            let outcome = outcome.map_err(|refused| Refusal::by(Code::Forbidden, refused.rule))?;
            settled.push((relation.manager, outcome));
        }
        let payer = settled
            .first()
            .map_or(Payer::Customer, |(_, settled)| settled.payer);
        let payer_id = match (payer, full) {
            (Payer::Partner, Some(full)) => full.partner,
            (Payer::Partner, None) | (Payer::Customer, _) => wanted.customer,
        };
        let falls_back = match payer {
            Payer::Partner => full.and_then(Link::until),
            Payer::Customer => None,
        };
        let priced = self.price(wanted, Some(payer_id))?;
        let lines = wanted.lines.iter().zip(settled).zip(priced);
        Ok(Assessed {
            orderer,
            payer,
            payer_id,
            under: full.map(|full| (full.partnership, full.from)),
            falls_back,
            lines: lines
                .map(|((line, settled), priced)| settle(line, settled, priced))
                .collect(),
        })
    }

    /// An automatic renewal is its renewal owner's act (PAY-6).
    fn orderer(&self, wanted: &Wanted, full: Option<&Link>) -> Orderer {
        let renewed = wanted.lines.first().and_then(|line| line.product);
        let owner = renewed.and_then(|product| self.facts.owner(product, wanted.at));
        match (wanted.initiator, owner, full) {
            (Initiator::Customer, _, _) => Orderer::Customer,
            (Initiator::Partner, _, _) => Orderer::Partner,
            (Initiator::Automatic, Some(owner), Some(full)) if owner == full.partner => {
                Orderer::Partner
            }
            (Initiator::Automatic, _, _) => Orderer::Customer,
        }
    }

    /// Full access manages every product, limited access what is selected and its add-ons (BIL-2).
    pub fn relation<'f>(
        &self,
        line: &WantedLine,
        wanted: &Wanted,
        links: &[&'f Link],
    ) -> Relation<'f> {
        if let Some(full) = full(links) {
            return Relation {
                terms: Some(full.terms),
                manager: Some(full),
            };
        }
        let product = line.product.or(line.parent);
        let by = product.and_then(|product| self.facts.manager(product, wanted.at));
        Relation {
            terms: links.first().map(|link| link.terms),
            manager: links
                .iter()
                .copied()
                .find(|link| Some(link.partnership) == by),
        }
    }

    /// What a line names must be the customer's, and what it says of a product true.
    fn must_know(&self, wanted: &Wanted) -> Result<(), Refusal> {
        let mut faults = Vec::new();
        for (index, line) in wanted.lines.iter().enumerate() {
            let theirs = |id: ProductId| {
                let known = self.facts.product(id);
                known
                    .filter(|known| known.organization_id == wanted.customer)
                    .filter(|_| wanted.reach.holds(id))
            };
            let parent = line.parent.map(theirs);
            if parent
                .is_some_and(|known| known.is_none_or(|known| known.state != ProductState::Active))
            {
                let at = format!("/lines/{index}/parent_product_id");
                faults.push(Fault::new(at, "not_yours"));
            }
            let Some(product) = line.product else {
                continue;
            };
            match theirs(product) {
                None => faults.push(Fault::new("/product_id", "not_yours")),
                Some(known) if known.state == ProductState::Cancelled => {
                    faults.push(Fault::new("/product_id", "not_active"));
                }
                Some(known) => {
                    let differs = [
                        ("/family", known.family != line.family),
                        ("/quantity", known.quantity != line.quantity),
                        ("/period", known.period != line.period),
                        ("/currency", known.currency != wanted.currency),
                    ];
                    let wrong = differs.into_iter().filter(|(_, differs)| *differs);
                    faults.extend(wrong.map(|(at, _)| Fault::new(at, "not_the_products")));
                }
            }
        }
        let renews = wanted.lines.iter().any(|line| line.product.is_some());
        let rule = if renews { "BIL-3" } else { "BIL-2" };
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Refusal::invalid(faults).rule(rule)),
        }
    }

    /// What it would cost if this side paid: by the units of the full-access partner, if there is one.
    pub fn price_for(&self, wanted: &Wanted, payer: Payer) -> Result<Vec<(i64, Priced)>, Refusal> {
        let links = self.facts.links(wanted.customer, wanted.at);
        let payer = match payer {
            Payer::Customer => Some(wanted.customer),
            Payer::Partner => full(&links).map(|full| full.partner),
        };
        self.price(wanted, payer)
    }

    /// Each line's price, with the units that picked its tier (PRC-4): those that the payer has, and
    /// those of the order, but what is renewed is not counted twice.
    fn price(
        &self,
        wanted: &Wanted,
        payer: Option<OrganizationId>,
    ) -> Result<Vec<(i64, Priced)>, Refusal> {
        let (mut priced, mut faults) = (Vec::new(), Vec::new());
        for (index, line) in wanted.lines.iter().enumerate() {
            let held = payer.map_or(0, |payer| self.units.at(payer, &line.family, wanted.at));
            let added: i64 = wanted
                .lines
                .iter()
                .filter(|other| other.family == line.family)
                .filter(|other| !self.counts_already(other, payer, wanted.at))
                .map(|other| other.quantity)
                .sum();
            let units = held + added;
            let tariff = self
                .prices
                .at(&line.family, wanted.currency, line.period, wanted.at);
            let Some(tariff) = tariff else {
                faults.push(Fault::new(format!("/lines/{index}/family"), "no_price"));
                continue;
            };
            let quantity = line.quantity;
            match pricing::price(tariff, Line { quantity, units }) {
                Ok(one) => priced.push((units, one)),
                Err(_) => {
                    let at = format!("/lines/{index}/quantity");
                    faults.push(Fault::new(at, "out_of_range"));
                }
            }
        }
        match faults.is_empty() {
            true => Ok(priced),
            false => Err(Refusal::invalid(faults).rule("PRC-2")),
        }
    }

    fn counts_already(
        &self,
        line: &WantedLine,
        payer: Option<OrganizationId>,
        at: NaiveDateTime,
    ) -> bool {
        let owner = line
            .product
            .and_then(|product| self.facts.owner(product, at));
        owner.is_some() && owner == payer
    }
}

fn full<'f>(links: &[&'f Link]) -> Option<&'f Link> {
    let mut full = links
        .iter()
        .filter(|link| link.terms.level() == Level::Full);
    full.next().copied()
}

fn settle(
    line: &WantedLine,
    (manager, settled): (Option<&Link>, &'static Settlement),
    (units, priced): (i64, Priced),
) -> SettledLine {
    let amounts = settlement::amounts(settled, &priced);
    SettledLine {
        family: line.family.clone(),
        quantity: line.quantity,
        period: line.period,
        parent: line.parent,
        label: line.label.clone(),
        units,
        list_minor: priced.list_amount.minor,
        discounted_minor: priced.partner_before_volume.minor,
        public_minor: priced.public.minor,
        partner_minor: priced.partner.minor,
        charged_minor: amounts.charged.minor,
        cashback_minor: amounts.cashback.minor,
        discount_minor: amounts.discount.minor,
        volume_rate_ppm: priced.volume_rate.ppm(),
        partner_rate_ppm: priced.partner_rate.map(|rate| rate.ppm()),
        rule: settled.rule.to_owned(),
        partnership: manager.map(|link| link.partnership),
        partner: manager.map(|link| link.partner),
    }
}
