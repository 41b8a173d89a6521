//! How a mail reads: its template and arguments, in the language and the manner of its reader.
use crate::api::{locale, manner};
use crate::config::Config;
use crate::domain::locale::Language;
use crate::domain::mail::{Link, MailTemplate};
use crate::error::Result;
use chrono::NaiveDate;
use serde_json::{Map, Value};

/// A mail as it reads.
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub link: Option<String>,
}

/// Renders what lies in the outbox; the token is what its link ends with.
pub fn render(
    template: MailTemplate,
    language: Language,
    arguments: &str,
    token: Option<&str>,
    config: &Config,
) -> Result<Rendered> {
    let given: Map<String, Value> = serde_json::from_str(arguments)?;
    let mut arguments: Vec<(&str, String)> = given
        .iter()
        .map(|(name, value)| (name.as_str(), in_words(language, value)))
        .collect();
    let link = template.link().zip(token).map(|(link, token)| match link {
        Link::Service(path) => format!("{}{path}{token}", config.public_url),
        Link::Page(path) => format!("{}{path}#{token}", config.app_url),
    });
    arguments.extend(link.clone().map(|link| ("link", link)));
    let key = format!("mail-{}", template.as_str().replace('_', "-"));
    Ok(Rendered {
        subject: locale::text(language, &key, &arguments),
        text: locale::text(language, &format!("{key}.text"), &arguments),
        link,
    })
}

/// A text stands as it is; `{"date": …}` and `{"amount": …, "currency": …}` are written as the reader writes them.
fn in_words(language: Language, value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let parsed = text("date").and_then(|date| date.parse::<NaiveDate>().ok());
    match (parsed, text("amount"), text("currency")) {
        (Some(date), _, _) => manner::date(language, date),
        (None, Some(amount), Some(currency)) => manner::money(language, amount, currency),
        _ => match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
    }
}
