//! An invoice on paper.
use super::views::InvoiceView;
use crate::api::locale;
use crate::api::pdf::{Align, Paper};
use crate::config::Config;
use crate::domain::id::OrganizationId;
use crate::domain::locale::Language;
use crate::domain::money::Rate;
use crate::domain::vat::VatTreatment;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// The invoice in the reader's language, with the names of who pays and whose products it is for.
pub fn print(
    invoice: &InvoiceView,
    names: &BTreeMap<OrganizationId, String>,
    config: &Config,
    language: Language,
) -> Paper {
    let say = |key: &str| locale::text(language, &format!("paper-invoice.{key}"), &[]);
    let name = |id| names.get(&id).map_or("", String::as_str);
    let currency = invoice.net_amount.currency;
    let mut paper = Paper::new(locale::text(language, "paper-invoice", &[]));
    let number = format!("{} {}", say("vat-number"), config.seller_vat_number);
    let mut sender: Vec<&str> = config.seller.split(',').map(str::trim).collect();
    sender.extend((!config.seller_vat_number.is_empty()).then_some(number.as_str()));
    paper.sender(&sender);
    paper.heading();
    paper.fact(&say("number"), &invoice.id.to_string());
    paper.fact(&say("issued"), &invoice.issued_at.date_naive().to_string());
    paper.fact(&say("status"), &say(invoice.status.as_str()));
    let payer = name(invoice.organization_id);
    paper.fact(
        &say("payer"),
        &format!("{payer}, {}", invoice.payer_country),
    );
    if let Some(number) = &invoice.payer_vat_number {
        paper.fact(&say("vat-number"), number);
    }
    if invoice.customer_id != invoice.organization_id {
        paper.fact(&say("customer"), name(invoice.customer_id));
    }
    let heads = ["product", "family", "quantity", "period", "net"].map(&say);
    let [product, family, quantity, period, net] = heads.each_ref().map(String::as_str);
    let columns = [
        (product, 330, Align::Left),
        (family, 170, Align::Left),
        (quantity, 110, Align::Right),
        (period, 240, Align::Right),
        (net, 150, Align::Right),
    ];
    let lines = invoice.lines.iter().flatten();
    let rows: Vec<Vec<String>> = lines
        .map(|line| {
            vec![
                line.product_name.clone(),
                line.family.clone(),
                line.quantity.to_string(),
                days(line.period_start, line.period_end),
                line.net_amount.amount.clone(),
            ]
        })
        .collect();
    paper.table(&columns, &rows);
    let rate = Rate::parse(&invoice.vat_rate).unwrap_or(Rate::ZERO);
    let vat = locale::text(language, "paper-invoice.vat", &[("rate", rate.percent())]);
    let total = format!("{} {currency}", say("total"));
    paper.sums(&[
        (net, &invoice.net_amount.amount),
        (&vat, &invoice.vat_amount.amount),
        (&total, &invoice.total_amount.amount),
    ]);
    match invoice.vat_treatment {
        VatTreatment::Taxed => {}
        VatTreatment::ReverseCharge => paper.note(&say("reverse-charge")),
        VatTreatment::NotTaxed => paper.note(&say("not-taxed")),
    }
    paper
}

/// From the first day to the last, which is the one before the end.
fn days(start: NaiveDate, end: NaiveDate) -> String {
    format!("{start} – {}", end.pred_opt().unwrap_or(end))
}
