//! The published vectors, read from JSON.
use mandat::domain::money::{Currency, Money};
use serde_json::Value;

/// The cases of one file.
pub fn cases(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

pub fn money(amount: &Value, currency: Currency) -> Money {
    Money::parse(amount.as_str().unwrap(), currency).unwrap()
}

pub fn moneys(amounts: &Value, currency: Currency) -> Vec<Money> {
    let amounts = amounts.as_array().unwrap();
    amounts.iter().map(|each| money(each, currency)).collect()
}
