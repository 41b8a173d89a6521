//! What a product's next renewal will be: when, whose, at which price, and what would alter it (PAY-8).
use super::ownership;
use crate::api::views::{MoneyView, OrganizationNameView};
use crate::api::{Caller, Reply};
use crate::db::{Db, Tx, witness};
use crate::domain::billing::Initiator;
use crate::domain::id::{OrganizationId, ProductId};
use crate::domain::money::Money;
use crate::domain::policy::{self, Action, Standing};
use crate::domain::reach::Reach;
use crate::domain::refusal::Refusal;
use crate::domain::settlement::{Orderer, Payer};
use crate::error::Result;
use crate::resources::billing::assess::Assessor;
use crate::resources::billing::facts::Installed;
use crate::resources::billing::intent::{Wanted, WantedLine};
use crate::resources::billing_events::views::Reader;
use crate::resources::organizations::model::names;
use crate::resources::organizations::reach;
use crate::resources::simulations::scenarios::{ScenarioView, scenarios};
use actix_web::get;
use actix_web::web::{Data, Path};
use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A product's next renewal, as it stands now. What there is no price for is null, and so is all of a product that is no longer active.
#[derive(Serialize, ToSchema)]
#[schema(as = NextRenewal)]
pub struct NextRenewalView {
    /// The product.
    product_id: ProductId,
    /// When it is due: the day after the last that is paid for.
    due_on: Option<NaiveDate>,
    /// Whether it happens by itself.
    automatic: bool,
    /// Whose act it is.
    owner: Option<OrganizationNameView>,
    /// Which side pays.
    payer: Option<Payer>,
    /// The partner that earns cashback on it.
    earner: Option<OrganizationNameView>,
    /// The public price, by the prices of that day.
    public_amount: Option<MoneyView>,
    /// What will be charged; null to the customer of what the partner pays.
    charged_amount: Option<MoneyView>,
    /// The cashback.
    cashback_amount: Option<MoneyView>,
    /// The row of the settlement table.
    #[schema(example = "full_customer_customer")]
    settlement_rule: Option<String>,
    /// What it would be under other terms: the partnership ends or starts, its access or its payment mode changes, or the other side renews.
    altered_by: Vec<ScenarioView>,
}

/// Show a product's next renewal.
///
/// Date, payer, earner, projected price and cashback, and what would alter them. For whoever reaches the product.
#[utoipa::path(tag = "Organizations", params(("org_id" = OrganizationId, Path, description = "The customer."), ("product_id" = ProductId, Path, description = "The product.")), responses((status = 200, body = NextRenewalView, description = "The next renewal.")), extensions(("x-etag" = json!(true)), ("x-problems" = json!(["forbidden"]))))]
#[get("/v1/organizations/{org_id}/products/{product_id}/next-renewal")]
pub async fn get_next_renewal(
    caller: Caller,
    db: Data<Db>,
    path: Path<(OrganizationId, ProductId)>,
) -> Result<Reply<NextRenewalView>> {
    let (customer, id) = path.into_inner();
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let found = witness::organization(tx, &identity, customer)?;
        let standings = found.standings.clone();
        let by = policy::allow(found, Action::ReadProducts)?.by;
        if !reach::of(tx, &standings, Action::ReadProducts, tx.now)?.holds(id) {
            return Err(Refusal::not_found().into());
        }
        let reader = match by {
            Standing::Member { .. } | Standing::Support { .. } => Reader::Customer,
            Standing::Partner { .. } => Reader::Partner,
            Standing::Operator { .. } => Reader::Operator,
        };
        answer(tx, customer, id, reader)
    })
    .await
}

/// For who has been found to reach the product.
pub fn answer(
    tx: &mut Tx,
    customer: OrganizationId,
    id: ProductId,
    reader: Reader,
) -> Result<Reply<NextRenewalView>> {
    let (product, ownership) = ownership::find(tx, customer, id)?;
    let version = product.version;
    let view = match ownership {
        Some(ownership) => project(tx, &product, ownership.owner_id, reader)?,
        None => NextRenewalView {
            product_id: id,
            due_on: None,
            automatic: false,
            owner: None,
            payer: None,
            earner: None,
            public_amount: None,
            charged_amount: None,
            cashback_amount: None,
            settlement_rule: None,
            altered_by: Vec::new(),
        },
    };
    Ok(Reply::ok(&view)?.version(version))
}

fn project(
    tx: &mut Tx,
    product: &Installed,
    owner: OrganizationId,
    reader: Reader,
) -> Result<NextRenewalView> {
    let due = product.renews_on.and_time(NaiveTime::MIN).max(tx.now);
    let wanted = Wanted {
        customer: product.organization_id,
        initiator: Initiator::Automatic,
        currency: product.currency,
        lines: vec![WantedLine::renewing(product)],
        reach: Reach::Everything,
        at: due,
    };
    let assessor = Assessor::load(tx, &[&wanted])?;
    let projected = assessor.assess(&wanted).ok();
    let line = projected.as_ref().and_then(|it| it.lines.first());
    let payer = projected.as_ref().map(|it| it.payer);
    let shown = payer.is_some_and(|payer| reader.sees_price_of(payer));
    let money = |minor| {
        MoneyView::from(Money {
            minor,
            currency: product.currency,
        })
    };
    let earner = line
        .filter(|line| line.cashback_minor > 0)
        .and_then(|line| line.partner);
    let named: BTreeSet<OrganizationId> = [Some(owner), earner].into_iter().flatten().collect();
    let names = names(tx, &named)?;
    let name = |id: OrganizationId| OrganizationNameView {
        id,
        name: names.get(&id).cloned().unwrap_or_default(),
    };
    let present = line.map(|line| line.rule.as_str());
    let sides = [Orderer::Customer, Orderer::Partner];
    let altered = sides
        .iter()
        .flat_map(|side| scenarios(&assessor, &wanted, *side, present, reader))
        .filter(|scenario| !scenario.present && scenario.is_allowed())
        .collect();
    Ok(NextRenewalView {
        product_id: product.id,
        due_on: Some(product.renews_on),
        automatic: product.automatic,
        owner: Some(name(owner)),
        payer,
        earner: earner.map(name),
        public_amount: line.map(|line| money(line.public_minor)),
        charged_amount: line.filter(|_| shown).map(|line| money(line.charged_minor)),
        cashback_amount: line.map(|line| money(line.cashback_minor)),
        settlement_rule: line.map(|line| line.rule.clone()),
        altered_by: altered,
    })
}
