//! How a mail reads: its template and arguments, in the language and the manner of its reader.
use crate::api::{locale, manner};
use crate::config::Config;
use crate::domain::locale::Language;
use crate::domain::mail::{Link, MailTemplate};
use crate::error::Result;
use crate::secret::{Keyring, Purpose};
use chrono::NaiveDate;
use maud::{DOCTYPE, html};
use serde_json::{Map, Value};

/// A mail as it reads.
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub link: Option<String>,
}

/// Renders what lies in the outbox; the token, sealed there, is what its link ends with.
pub fn render(
    template: MailTemplate,
    language: Language,
    arguments: &str,
    sealed: Option<&[u8]>,
    keys: &Keyring,
    config: &Config,
) -> Result<Rendered> {
    let token = sealed
        .map(|sealed| keys.open(Purpose::Mail, sealed))
        .transpose()?
        .map(|token| String::from_utf8_lossy(&token).into_owned());
    let (subject, body) = said(template, language, arguments)?;
    let action = template.link().zip(token).map(|(link, token)| Action {
        name: locale::text(language, &format!("{}.action", key(template)), &[]),
        link: match link {
            Link::Service(path) => format!("{}{path}{token}", config.public_url),
            Link::Page(path) => format!("{}{path}#{token}", config.app_url),
        },
    });
    let mut footer = locale::text(language, "mail-footer", &[]);
    if !template.category().is_contractual() {
        footer = format!(
            "{footer} {}",
            locale::text(language, "mail-footer.optional", &[])
        );
    }
    Ok(Rendered {
        text: as_text(language, &body, action.as_ref(), &footer),
        html: as_html(language, &subject, &body, action.as_ref(), &footer),
        link: action.map(|action| action.link),
        subject,
    })
}

/// The subject and the text alone, as a notification tells them.
pub fn said(
    template: MailTemplate,
    language: Language,
    arguments: &str,
) -> Result<(String, String)> {
    let given: Map<String, Value> = serde_json::from_str(arguments)?;
    let arguments: Vec<(&str, String)> = given
        .iter()
        .map(|(name, value)| (name.as_str(), in_words(language, value)))
        .collect();
    let say = |part: &str| locale::text(language, &format!("{}{part}", key(template)), &arguments);
    Ok((say(""), say(".text")))
}

fn key(template: MailTemplate) -> String {
    format!("mail-{}", template.as_str().replace('_', "-"))
}

/// What the link in a mail is for, and where it leads.
struct Action {
    name: String,
    link: String,
}

fn as_text(language: Language, body: &str, action: Option<&Action>, footer: &str) -> String {
    let action = action.map_or(String::new(), |Action { name, link }| {
        let name = locale::text(language, "mail-link", &[("name", name.clone())]);
        format!("\n\n{name}\n{link}")
    });
    format!("{body}{action}\n\n-- \n{footer}\n")
}

const PAGE: &str =
    "margin:0;padding:24px;background:#f4f5f7;font-family:system-ui,sans-serif;color:#1d2733";
const SHEET: &str = "max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px;line-height:1.5";
const BUTTON: &str = "display:inline-block;padding:12px 20px;background:#14532d;color:#ffffff;border-radius:6px;text-decoration:none";
/// A link has no place at which a narrow screen could break it.
const LINK: &str = "color:#5b6673;font-size:13px;word-break:break-all";
/// What is said of every mail of its kind stands apart.
const FOOTER: &str =
    "margin-top:28px;padding-top:16px;border-top:1px solid #e3e6ea;color:#5b6673;font-size:13px";

/// The same for programs that show HTML: no script, no picture, nothing from elsewhere.
fn as_html(
    language: Language,
    subject: &str,
    body: &str,
    action: Option<&Action>,
    footer: &str,
) -> String {
    html! {
        (DOCTYPE)
        html lang=(language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (subject) }
            }
            body style=(PAGE) {
                div style=(SHEET) {
                    h1 style="margin:0 0 16px;font-size:20px" { (subject) }
                    @for paragraph in body.lines().filter(|line| !line.is_empty()) {
                        p { (paragraph) }
                    }
                    @if let Some(Action { name, link }) = action {
                        p { a style=(BUTTON) href=(link) { (name) } }
                        p style=(LINK) { (link) }
                    }
                    p style=(FOOTER) { (footer) }
                }
            }
        }
    }
    .into_string()
}

/// A text stands as it is; `{"date": …}` and `{"amount": …, "currency": …}` are written as the reader
/// writes them, and `{"label": …}` is a word of the API as people say it.
fn in_words(language: Language, value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if let Some(date) = text("date").and_then(|date| date.parse::<NaiveDate>().ok()) {
        return manner::date(language, date);
    }
    if let (Some(amount), Some(currency)) = (text("amount"), text("currency")) {
        return manner::money(language, amount, currency);
    }
    if let Some(label) = text("label") {
        return locale::text(language, &format!("label-{label}"), &[]);
    }
    match value {
        Value::String(text) => text.clone(),
        Value::Array(several) => {
            let several = several.iter().map(|one| in_words(language, one));
            several.collect::<Vec<_>>().join(" · ")
        }
        other => other.to_string(),
    }
}
