//! OpenAPI 3.0.3, for the tools that read nothing newer.
use super::{components, walk};
use serde_json::{Map, Value, json};

/// Renders a finished document of 3.1 as 3.0.3. Webhooks, which 3.0 doesn't know, become `x-webhooks`.
pub fn down(document: &Value) -> Value {
    let mut old = document.clone();
    old["openapi"] = json!("3.0.3");
    if let Some(license) = old["info"]
        .get_mut("license")
        .and_then(Value::as_object_mut)
        && let Some(identifier) = license.shift_remove("identifier")
    {
        let name = identifier.as_str().unwrap_or_default();
        license
            .entry("url")
            .or_insert(json!(format!("https://spdx.org/licenses/{name}.html")));
    }
    old["info"]
        .as_object_mut()
        .map(|info| info.shift_remove("summary"));
    if let Some(members) = old.as_object_mut() {
        members.shift_remove("jsonSchemaDialect");
        if let Some(webhooks) = members.shift_remove("webhooks") {
            members.insert("x-webhooks".into(), webhooks);
        }
    }
    let schemas = components(document, "schemas").cloned().unwrap_or_default();
    walk(&mut old, &mut |value| {
        if let Some(schema) = value.as_object_mut() {
            nullable(schema, &schemas);
            renamed(schema);
        }
    });
    old
}

/// `null` is no type in 3.0, but a keyword beside it.
fn nullable(schema: &mut Map<String, Value>, schemas: &Map<String, Value>) {
    let null = json!({"type": "null"});
    if let Some(Value::Array(types)) = schema.get("type")
        && let [kind, Value::String(second)] = types.as_slice()
        && second == "null"
    {
        let kind = kind.clone();
        schema.insert("type".into(), kind);
        schema.insert("nullable".into(), json!(true));
        if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    }
    if let Some(Value::Array(parts)) = schema.get("oneOf")
        && let [part, second] = parts.as_slice()
        && *second == null
    {
        let part = part.clone();
        schema.shift_remove("oneOf");
        // `nullable` counts only beside a type.
        let kind = super::resolve(schemas, &part).get("type").cloned();
        schema.insert("type".into(), kind.unwrap_or_else(|| json!("object")));
        schema.insert("nullable".into(), json!(true));
        schema.insert("allOf".into(), json!([part]));
    }
}

/// Keywords that 3.0 spells otherwise or doesn't have.
fn renamed(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(examples)) = schema.get("examples")
        && let Some(first) = examples.first().cloned()
    {
        schema.shift_remove("examples");
        schema.insert("example".into(), first);
    }
    if let Some(only) = schema.shift_remove("const") {
        schema.insert("enum".into(), json!([only]));
    }
    for (exclusive, limit) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if let Some(bound) = schema
            .get(exclusive)
            .filter(|bound| bound.is_number())
            .cloned()
        {
            schema.insert(limit.into(), bound);
            schema.insert(exclusive.into(), json!(true));
        }
    }
    // 3.0 ignores whatever stands beside a reference, and some tools refuse it.
    if let Some(target) = schema
        .get("$ref")
        .filter(|target| target.is_string())
        .cloned()
    {
        schema.clear();
        schema.insert("$ref".into(), target);
    }
    schema.shift_remove("propertyNames");
    schema.shift_remove("contentMediaType");
}
