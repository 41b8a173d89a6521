//! Every sentence stands in every language, and names nothing that the English one does not know (NTF-2).
use fluent_bundle::FluentResource;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The messages and attributes of a file, each with the arguments it names.
fn texts(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(format!("src/api/texts/{language}.ftl")).expect("it can be read");
    if let Err((_, faults)) = FluentResource::try_new(text.clone()) {
        panic!("{language}.ftl: {faults:?}");
    }
    let (mut all, mut message) = (BTreeMap::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, words)) = line.split_once(" = ") else {
            assert!(line.trim().is_empty(), "{language}.ftl: {line}");
            continue;
        };
        let key = match name.trim_start().strip_prefix('.') {
            Some(attribute) => format!("{message}.{attribute}"),
            None => {
                message = name.to_owned();
                message.clone()
            }
        };
        let named = words
            .split("{ $")
            .skip(1)
            .filter_map(|rest| rest.split(' ').next());
        let named = named.map(str::to_owned).collect();
        assert!(
            all.insert(key, named).is_none(),
            "{language}.ftl: {name} stands there twice"
        );
    }
    all
}

#[test]
fn ntf_2_every_text_stands_in_every_language() {
    let mut english = texts("en");
    // The document, which alone shows these, is written in English.
    english.retain(|key, _| !key.starts_with("event-"));
    for language in ["fr", "de", "it", "es"] {
        let translated = texts(language);
        let keys = |texts: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
            texts.keys().cloned().collect()
        };
        let (here, there) = (keys(&english), keys(&translated));
        let lacking: Vec<&String> = here.difference(&there).collect();
        let unknown: Vec<&String> = there.difference(&here).collect();
        assert!(lacking.is_empty(), "{language}.ftl lacks {lacking:?}");
        assert!(unknown.is_empty(), "only {language}.ftl has {unknown:?}");
        for (key, named) in &translated {
            assert!(
                named.is_subset(&english[key]),
                "{language}.ftl: {key} names {named:?}"
            );
        }
    }
}

/// Whoever reads them is a stranger: Sie, vous, lei, usted.
#[test]
fn ntf_2_every_text_speaks_to_its_reader_as_to_a_stranger() {
    const FAMILIAR: [(&str, &[&str]); 4] = [
        (
            "de",
            &[
                "du", "dich", "dir", "dein", "deine", "deinen", "deinem", "deiner", "euch",
            ],
        ),
        ("fr", &["tu", "toi", "ton", "ta", "tes"]),
        (
            "it",
            &[
                "tu", "ti", "te", "tuo", "tua", "tuoi", "tue", "puoi", "vuoi", "hai",
            ],
        ),
        (
            "es",
            &[
                "tú", "ti", "te", "tu", "tus", "tuyo", "tuya", "puedes", "quieres",
            ],
        ),
    ];
    for (language, words) in FAMILIAR {
        let text = fs::read_to_string(format!("src/api/texts/{language}.ftl"));
        for line in text.expect("it can be read").lines() {
            let said = line.split_once(" = ").map_or("", |(_, said)| said);
            for word in said.split(|letter: char| !letter.is_alphabetic()) {
                let familiar = words.contains(&word.to_lowercase().as_str());
                assert!(!familiar, "{language}.ftl says “{word}”: {line}");
            }
        }
    }
}
