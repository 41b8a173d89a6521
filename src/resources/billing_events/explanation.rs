//! An event explains itself: the steps of its price, who pays and earns by which rule, and why others
//! do not earn (BIL-10).
use super::model;
use super::views::Reader;
use crate::api::views::{MoneyView, OrganizationNameView};
use crate::api::{Caller, Reply, locale};
use crate::db::schema::partnership_terms;
use crate::db::{Db, Tx};
use crate::domain::access::{Level, PaymentMode, Terms};
use crate::domain::explanation::{Explained, NoEarning, Settled, Step, steps};
use crate::domain::id::{BillingEventId, OrganizationId};
use crate::domain::locale::Language;
use crate::domain::money::{Money, Rate};
use crate::domain::reach::Reach;
use crate::domain::settlement::{self, Earning, Orderer, Payer, PriceKind, Row};
use crate::error::{Error, Result};
use crate::resources::billing::batch::EventRow;
use crate::resources::billing::facts::Facts;
use crate::resources::billing::intent::{Wanted, WantedLine};
use crate::resources::organizations::model::names;
use actix_web::get;
use actix_web::web::{Data, Path};
use diesel::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A step of a price.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplanationStep)]
pub struct StepView {
    /// Which step.
    step: Step,
    /// The rule that asks for it.
    #[schema(example = "PRC-5")]
    rule: &'static str,
    /// The rate that is taken off.
    #[schema(pattern = r"^[01]\.[0-9]{2,6}$", example = "0.25")]
    rate: Option<String>,
    /// What it comes to.
    amount: MoneyView,
    /// The same in words.
    #[schema(example = "35 units at the list price come to CHF 347.20.")]
    explanation: String,
}

/// By which row of the settlement table an event settled.
#[derive(Serialize, ToSchema)]
#[schema(as = SettlementExplanation)]
pub struct SettlementView {
    /// The row.
    #[schema(example = "full_partner_partner")]
    settlement_rule: &'static str,
    /// The access level; null without a partnership.
    level: Option<Level>,
    /// The payment mode; null but under full access.
    payment_mode: Option<PaymentMode>,
    /// Whose act it was.
    orderer: Orderer,
    /// Whether the product was a managed one; null where it made no difference.
    managed: Option<bool>,
    /// Who pays.
    payer: Payer,
    /// At which price.
    price: PriceKind,
    /// What the partner gets.
    earning: Earning,
    /// The partner that gets it.
    earner: Option<OrganizationNameView>,
    /// The same in words.
    #[schema(example = "The partner ordered under payment mode “partner”: it pays its own price.")]
    explanation: String,
}

/// A partner that does not earn cashback, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = NoEarningExplanation)]
pub struct NoEarningView {
    /// The partner.
    partner: OrganizationNameView,
    /// Why not.
    reason: NoEarning,
    /// The rule.
    #[schema(example = "BIL-2")]
    rule: &'static str,
    /// The same in words.
    #[schema(example = "The product is not one that this partner manages.")]
    explanation: String,
}

/// How a billing event came about.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationView {
    /// The event.
    billing_event_id: BillingEventId,
    /// The steps of its price, in their order.
    steps: Vec<StepView>,
    /// Who pays and who earns.
    settlement: SettlementView,
    /// The partners that do not earn; a partner reads of itself only.
    not_earning: Vec<NoEarningView>,
}

/// Explain a billing event.
///
/// The ordered steps of its price, the rule for payer and earner, and why other partners of that moment do not earn: machine-readable, and in the reader's language. To whoever may read the event; what one side may not see of the other's price is left out (BIL-11).
#[utoipa::path(tag = "Money", params(("id" = BillingEventId, Path, description = "The event.")), responses((status = 200, body = ExplanationView, description = "The explanation.")))]
#[get("/v1/billing-events/{id}/explanation")]
pub async fn explain_billing_event(
    caller: Caller,
    db: Data<Db>,
    id: Path<BillingEventId>,
) -> Result<Reply<ExplanationView>> {
    db.snapshot(move |tx| {
        let identity = caller.identify(tx)?;
        let (event, reader) = model::find(tx, &identity, *id)?;
        let row = settlement::by_rule(&event.settlement_rule)
            .ok_or_else(|| Error::internal("an event settled by no row"))?;
        let (language, others) = (identity.language, others(tx, &event, reader)?);
        let named: BTreeSet<OrganizationId> = others
            .iter()
            .map(|(partner, _)| *partner)
            .chain(event.partner_id)
            .collect();
        let names = names(tx, &named)?;
        let name = |id: OrganizationId| OrganizationNameView {
            id,
            name: names.get(&id).cloned().unwrap_or_default(),
        };
        let not_earning = others.into_iter().map(|(partner, reason)| NoEarningView {
            partner: name(partner),
            reason,
            rule: reason.rule(),
            explanation: sentence(language, "no-earning", reason.as_str(), &[]),
        });
        Reply::ok(&ExplanationView {
            billing_event_id: event.id,
            steps: shown(&event, reader, language)?,
            settlement: settled(row, event.partner_id.map(name), language)?,
            not_earning: not_earning.collect(),
        })
    })
    .await
}

fn sentence(language: Language, kind: &str, word: &str, arguments: &[locale::Argument]) -> String {
    let key = format!("{kind}-{}", word.replace('_', "-"));
    locale::text(language, &key, arguments)
}

fn shown(event: &EventRow, reader: Reader, language: Language) -> Result<Vec<StepView>> {
    let money = |minor| Money {
        minor,
        currency: event.currency,
    };
    let rate = |ppm| Rate::from_ppm(ppm).ok_or_else(|| Error::internal("a rate cannot be read"));
    let amounts = Settled {
        kind: event.kind,
        list: money(event.list_minor),
        public: money(event.public_minor),
        partner: money(event.partner_minor),
        charged: money(event.charged_minor),
        cashback: money(event.cashback_minor),
        discount: money(event.discount_minor),
        volume_rate: rate(event.volume_rate_ppm)?,
        partner_rate: event.partner_rate_ppm.map(rate).transpose()?,
    };
    let steps = steps(&amounts, reader.sees_price_of(event.payer));
    let steps = steps.map_err(|fault| Error::internal(format!("{fault:?}")))?;
    Ok(steps
        .iter()
        .map(|step| view(step, event, language))
        .collect())
}

fn view(explained: &Explained, event: &EventRow, language: Language) -> StepView {
    let amount = MoneyView::from(explained.amount);
    let rate = explained.rate.map(|rate| rate.to_string());
    let arguments = [
        ("amount", format!("{} {}", event.currency, amount.amount)),
        ("quantity", event.quantity.to_string()),
        ("units", event.units.to_string()),
        ("rate", percent(explained.rate.unwrap_or(Rate::ZERO))),
    ];
    StepView {
        step: explained.step,
        rule: explained.rule,
        explanation: sentence(language, "step", explained.step.as_str(), &arguments),
        rate,
        amount,
    }
}

/// `25 %`, `17.5 %`
fn percent(rate: Rate) -> String {
    let hundredfold = rate.as_decimal() * rust_decimal::Decimal::ONE_HUNDRED;
    format!("{} %", hundredfold.normalize())
}

fn settled(
    row: &'static Row,
    earner: Option<OrganizationNameView>,
    language: Language,
) -> Result<SettlementView> {
    let settled = row.outcome.as_ref();
    let settled = settled.map_err(|refused| Error::internal(refused.rule))?;
    Ok(SettlementView {
        settlement_rule: settled.rule,
        level: row.terms.map(Terms::level),
        payment_mode: row.terms.and_then(Terms::payment_mode),
        orderer: row.orderer,
        managed: row.managed,
        payer: settled.payer,
        price: settled.price,
        earning: settled.earning,
        earner: earner.filter(|_| settled.earning != Earning::Nothing),
        explanation: sentence(language, "settlement", settled.rule, &[]),
    })
}

/// The customer's partners of that moment that do not earn, by the facts that settled it.
fn others(
    tx: &mut Tx,
    event: &EventRow,
    reader: Reader,
) -> Result<Vec<(OrganizationId, NoEarning)>> {
    let at = event.occurred_at;
    let wanted = Wanted {
        customer: event.customer_id,
        initiator: event.initiator,
        currency: event.currency,
        lines: vec![WantedLine {
            family: event.family.clone(),
            quantity: event.quantity,
            period: event.period,
            parent: None,
            label: None,
            product: Some(event.product_id),
            starts: None,
        }],
        reach: Reach::Everything,
        at,
    };
    let facts = Facts::load(tx, &[&wanted])?;
    let in_force: BTreeSet<OrganizationId> = facts
        .links(event.customer_id, at)
        .iter()
        .map(|link| link.partner)
        .collect();
    let agreed: Vec<OrganizationId> = partnership_terms::table
        .filter(partnership_terms::customer_id.eq(event.customer_id))
        .filter(partnership_terms::valid_from.le(at))
        .filter(
            partnership_terms::valid_to
                .is_null()
                .or(partnership_terms::valid_to.gt(at)),
        )
        .order(partnership_terms::partner_id)
        .select(partnership_terms::partner_id)
        .load(tx.conn)?;
    let why = |partner: OrganizationId| match (in_force.contains(&partner), event.payer) {
        (false, _) => Some(NoEarning::Suspended),
        (true, Payer::Partner) if event.partner_id == Some(partner) => Some(NoEarning::PaidItself),
        (true, _) if event.partner_id == Some(partner) => None,
        (true, _) => Some(NoEarning::NotManaged),
    };
    let readable = |partner: &OrganizationId| match reader {
        Reader::Partner => event.partner_id == Some(*partner),
        Reader::Customer | Reader::Operator => true,
    };
    Ok(agreed
        .into_iter()
        .filter(readable)
        .filter_map(|partner| Some((partner, why(partner)?)))
        .collect())
}
