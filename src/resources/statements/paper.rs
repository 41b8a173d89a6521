//! A statement on paper.
use super::views::{StatementLineView, StatementView};
use crate::api::locale;
use crate::api::pdf::{Align, Paper};
use crate::domain::locale::Language;

/// The statement in the reader's language.
pub fn print(statement: &StatementView, partner: &str, language: Language) -> Paper {
    let say = |key: &str| {
        let key = format!("paper-statement.{}", key.replace('_', "-"));
        locale::text(language, &key, &[])
    };
    let currency = statement.currency;
    let title = locale::text(language, "paper-statement", &[]);
    let mut paper = Paper::new(format!("{title} {} {currency}", statement.month));
    paper.heading();
    paper.fact(&say("partner"), partner);
    paper.fact(&say("month"), &statement.month.to_string());
    let state = if statement.closed {
        "closed"
    } else {
        "running"
    };
    paper.fact(&say("state"), &say(state));
    paper.fact(&say("discounts"), &statement.discount_amount.amount);
    let heads = ["kind", "customer", "product", "occurred", "count"].map(&say);
    let [kind, customer, product, occurred, count] = heads.each_ref().map(String::as_str);
    let columns = [
        (kind, 250, Align::Left),
        (customer, 190, Align::Left),
        (product, 262, Align::Left),
        (occurred, 108, Align::Left),
        (count, 70, Align::Right),
        (currency.as_str(), 120, Align::Right),
    ];
    let row = |line: &StatementLineView| {
        let customer = line.customer.as_ref().map(|customer| customer.name.clone());
        let occurred = line.occurred_on.map(|day| day.to_string());
        vec![
            say(line.kind.as_str()),
            customer.unwrap_or_default(),
            line.product_name.clone().unwrap_or_default(),
            occurred.unwrap_or_default(),
            line.count.to_string(),
            line.amount.amount.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = statement.lines.iter().map(row).collect();
    paper.table(&columns, &rows);
    let sums = [
        ("opening", &statement.opening_balance),
        ("cashback", &statement.cashback_amount),
        ("refund", &statement.refund_amount),
        ("failed_payment", &statement.failed_payment_amount),
        ("payment", &statement.payment_amount),
        ("payout", &statement.payout_amount),
        ("closing", &statement.closing_balance),
    ];
    let names = sums.map(|(key, _)| say(key));
    let sums: Vec<(&str, &str)> = names
        .iter()
        .zip(&sums)
        .map(|(name, (_, amount))| (name.as_str(), amount.amount.as_str()))
        .collect();
    paper.sums(&sums);
    paper
}
