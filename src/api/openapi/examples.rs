//! Examples where no handler gives one: made from the schemas, believable, and the same every time.
use super::{components, members, operations, resolve};
use serde_json::{Map, Value, json};

/// Deeper than any schema of ours; a schema that contains itself ends here.
const DEPTH: usize = 12;
/// A UUIDv7 as TypeIDs write it.
const TYPE_ID: &str = "01jd8q3v7mf4x9k2c6w5r0t8ze";

/// What a format looks like.
const FORMATS: [(&str, &str); 7] = [
    ("date-time", "2026-11-22T09:30:00Z"),
    ("date", "2026-11-22"),
    ("email", "anna@helvetia.example"),
    ("uri", "https://helvetia.example/partners"),
    ("uri-reference", "/v1/partnerships"),
    ("uuid", "0199b2c4-6a1e-7c3d-9f52-3b8e1d40a7c6"),
    ("duration", "P30D"),
];

/// What a pattern that contains the first means.
const PATTERNS: [(&str, &str); 6] = [
    (r"\d{4}-", "2026-11"),
    (r"[0-9]{4}-", "2026-11"),
    (r"\.", "347.20"),
    ("[A-Z]{3}", "CHF"),
    ("[A-Z]{2}", "CH"),
    ("[a-z]{2}", "fr"),
];

/// What a member that ends so is about.
const NAMES: [(&str, &str); 19] = [
    ("name", "Helvetia Trading"),
    ("email", "anna@helvetia.example"),
    ("url", "https://helvetia.example/partners"),
    ("password", "correct horse battery staple"),
    ("token", "eyJhbGciOiJFZERTQSJ9.e30.c2ln"),
    ("cursor", "Zmlyc3Q"),
    ("currency", "CHF"),
    ("country", "CH"),
    ("language", "fr"),
    ("month", "2026-11"),
    ("amount", "347.20"),
    ("rate", "0.20"),
    ("city", "Lausanne"),
    ("phone", "+41215550123"),
    ("code", "some_code"),
    ("pointer", "/access/level"),
    ("instance", "/v1/partnerships"),
    ("family", "vps"),
    ("version", "1"),
];

/// Gives every parameter and every JSON body an example.
pub(super) fn fill(document: &mut Value) {
    let schemas = components(document, "schemas").cloned().unwrap_or_default();
    for (_, _, operation) in operations(document) {
        for parameter in operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let name = parameter["name"].as_str().unwrap_or_default();
            if let Some(schema) = parameter.get("schema") {
                let example = sketch(&schemas, schema, name, 0);
                put(parameter, example);
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            contents(&schemas, body);
        }
        members(&mut operation["responses"]).for_each(|(_, answer)| contents(&schemas, answer));
    }
}

fn contents(schemas: &Map<String, Value>, body: &mut Value) {
    for (kind, content) in body.get_mut("content").into_iter().flat_map(members) {
        if (kind == "application/json" || kind.ends_with("+json"))
            && let Some(schema) = content.get("schema")
        {
            let example = of(schemas, schema);
            put(content, example);
        }
    }
}

fn put(place: &mut Value, example: Value) {
    if place.get("example").is_none() && place.get("examples").is_none() {
        place["example"] = example;
    }
}

/// A value that the schema allows.
pub(super) fn of(schemas: &Map<String, Value>, schema: &Value) -> Value {
    sketch(schemas, schema, "", 0)
}

fn sketch(schemas: &Map<String, Value>, schema: &Value, name: &str, depth: usize) -> Value {
    if depth > DEPTH {
        return Value::Null;
    }
    let given = schema
        .get("example")
        .or_else(|| schema.pointer("/examples/0"))
        .or_else(|| schema.get("default"));
    if let Some(value) = given
        .or_else(|| schema.get("const"))
        .or_else(|| schema.pointer("/enum/0"))
    {
        return value.clone();
    }
    if schema.get("$ref").is_some() {
        let target = resolve(schemas, schema);
        return if target == schema {
            Value::Null
        } else {
            sketch(schemas, target, name, depth + 1)
        };
    }
    if let Some(first) = schema.pointer("/oneOf/0") {
        return sketch(schemas, first, name, depth + 1);
    }
    // Most moments that may be missing are still to come.
    if schema.pointer("/type/1").is_some() && schema.get("format") == Some(&json!("date-time")) {
        return Value::Null;
    }
    match schema
        .get("type")
        .and_then(|kind| kind.get(0).unwrap_or(kind).as_str())
    {
        Some("object") => object(schemas, schema, depth),
        Some("array") => {
            let item = schema
                .get("items")
                .map(|item| sketch(schemas, item, name.trim_end_matches('s'), depth + 1));
            let length = schema
                .get("minItems")
                .and_then(Value::as_u64)
                .unwrap_or(1)
                .clamp(1, 8);
            (0..length).filter_map(|_| item.clone()).collect()
        }
        Some("integer" | "number") => json!(whole(schema)),
        Some("boolean") => json!(true),
        Some("string") => json!(text(schema, name)),
        _ => Value::Null,
    }
}

fn object(schemas: &Map<String, Value>, schema: &Value, depth: usize) -> Value {
    let mut example = Map::new();
    for (name, member) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        example.insert(name.clone(), sketch(schemas, member, name, depth + 1));
    }
    if let Some(value) = schema
        .get("additionalProperties")
        .filter(|value| value.is_object())
    {
        example.insert("en".into(), sketch(schemas, value, "", depth + 1));
    }
    Value::Object(example)
}

/// One, or the nearest number to it.
fn whole(schema: &Value) -> i64 {
    let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
    1.max(limit("minimum").unwrap_or(1))
        .min(limit("maximum").unwrap_or(i64::MAX))
}

fn text(schema: &Value, name: &str) -> String {
    let said = |member: &str| schema.get(member).and_then(Value::as_str);
    let found = |table: &[(&str, &str)], fits: &dyn Fn(&str) -> bool| {
        table
            .iter()
            .find(|(key, _)| fits(key))
            .map(|(_, value)| (*value).to_owned())
    };
    if let Some(pattern) = said("pattern") {
        if let Some((prefix, _)) = pattern
            .strip_prefix('^')
            .and_then(|rest| rest.split_once("[0-9a-hjkmnp-tv-z]{26}"))
        {
            return format!("{prefix}{TYPE_ID}");
        }
        if name.ends_with("rate") {
            return "0.20".to_owned();
        }
        if let Some(value) = found(&PATTERNS, &|part| pattern.contains(part)) {
            return value;
        }
    }
    let value = said("format").and_then(|format| found(&FORMATS, &|known| known == format));
    let value = value.or_else(|| found(&NAMES, &|end| name.ends_with(end)));
    fit(
        schema,
        value.unwrap_or_else(|| {
            if name.is_empty() {
                "text".to_owned()
            } else {
                name.replace('_', " ")
            }
        }),
    )
}

/// Neither shorter nor longer than allowed.
fn fit(schema: &Value, value: String) -> String {
    let limit = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|limit| usize::try_from(limit).ok())
    };
    let least = limit("minLength").unwrap_or(0).max(value.chars().count());
    let most = limit("maxLength").unwrap_or(usize::MAX);
    value
        .chars()
        .chain(value.chars().cycle())
        .take(least.min(most))
        .collect()
}
