//! Sentences, in the reader's language. They live in Fluent files; English is the one to fall back on.
use crate::domain::locale::Language;
use actix_web::HttpMessage;
use actix_web::http::header::{AcceptLanguage, Header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::LazyLock;

pub type Argument<'a> = (&'a str, String);
type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(include_str!("texts/en.ftl")));
static FRENCH: LazyLock<Bundle> = LazyLock::new(|| bundle(include_str!("texts/fr.ftl")));
static GERMAN: LazyLock<Bundle> = LazyLock::new(|| bundle(include_str!("texts/de.ftl")));
static ITALIAN: LazyLock<Bundle> = LazyLock::new(|| bundle(include_str!("texts/it.ftl")));
static SPANISH: LazyLock<Bundle> = LazyLock::new(|| bundle(include_str!("texts/es.ftl")));

fn texts(language: Language) -> &'static Bundle {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
        Language::German => &GERMAN,
        Language::Italian => &ITALIAN,
        Language::Spanish => &SPANISH,
    }
}

fn bundle(text: &str) -> Bundle {
    // A fault in the file loses messages, not the service; a test reads every one of them.
    let resource =
        FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    let mut bundle = Bundle::new_concurrent(vec![unic_langid::LanguageIdentifier::default()]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The message `key`, or its attribute `key.attribute`; in English where the language lacks it.
pub fn find(language: Language, key: &str, arguments: &[Argument]) -> Option<String> {
    in_bundle(texts(language), key, arguments).or_else(|| in_bundle(&ENGLISH, key, arguments))
}

fn in_bundle(texts: &Bundle, key: &str, arguments: &[Argument]) -> Option<String> {
    let (message, attribute) = key
        .split_once('.')
        .map_or((key, None), |(message, attribute)| {
            (message, Some(attribute))
        });
    let message = texts.get_message(message)?;
    let pattern = match attribute {
        Some(attribute) => message.get_attribute(attribute)?.value(),
        None => message.value()?,
    };
    let mut named = FluentArgs::new();
    for (name, value) in arguments {
        named.set(*name, value.as_str());
    }
    let text = texts.format_pattern(pattern, Some(&named), &mut Vec::new());
    Some(text.into_owned())
}

/// The message, or its key where there is none, so that the gap is seen.
pub fn text(language: Language, key: &str, arguments: &[Argument]) -> String {
    find(language, key, arguments).unwrap_or_else(|| key.to_owned())
}

/// The best language that a request accepts.
pub fn accepted(request: &impl HttpMessage) -> Language {
    AcceptLanguage::parse(request)
        .map(|accepted| accepted.ranked())
        .unwrap_or_default()
        .iter()
        .filter_map(|one| one.item())
        .find_map(|tag| Language::parse(tag.primary_language()))
        .unwrap_or(Language::English)
}
