//! Schemas: named once, referred to everywhere, and strict about what is always there.
use super::{address, components, inside, members, name_of, operations, reach, reference, walk};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// JavaScript, and so every browser, counts exactly no further.
const EXACT: i64 = 9_007_199_254_740_991;

/// Turns inline copies back into references. utoipa inlines the argument of a generic (`Page<T>`), and
/// an enum that only a query uses is registered by nobody: `#[param(inline)]` with
/// `#[schema(title = "ItsName")]` brings it here.
pub(super) fn link(document: &mut Value) {
    let mut named = components(document, "schemas").cloned().unwrap_or_default();
    for (generic, schema) in &named.clone() {
        if let Some((_, argument)) = generic.split_once('_')
            && let Some(item) = schema.pointer("/properties/items/items")
            && item.get("properties").is_some()
        {
            named.entry(argument).or_insert_with(|| item.clone());
        }
    }
    let known: Vec<_> = named
        .iter()
        .filter(|(_, schema)| is_shape(schema))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let mut titled = BTreeMap::new();
    // The argument of `Page_Foo` is Foo, whichever other schema looks the same.
    let mut relink = |schema: &mut Value, preferred: &str| {
        let copies = || {
            known
                .iter()
                .filter(|(_, original)| original == schema)
                .map(|(name, _)| name)
        };
        let copy = copies()
            .find(|name| *name == preferred)
            .or_else(|| copies().next());
        let title = schema.get("title").and_then(Value::as_str);
        let name = copy.cloned().or_else(|| title.map(str::to_owned));
        if let Some(name) = name.filter(|_| is_shape(schema)) {
            let original = std::mem::replace(schema, reference("schemas", &name));
            titled.insert(name, original);
        }
    };
    walk(&mut document["paths"], &mut |schema| relink(schema, ""));
    for (name, schema) in &mut named {
        let argument = name.split_once('_').map_or("", |(_, argument)| argument);
        inside(schema, &mut |part| relink(part, argument));
    }
    for (name, schema) in titled {
        named.entry(name).or_insert(schema);
    }
    for (name, schema) in &mut named {
        if let Some(members) = schema
            .as_object_mut()
            .filter(|members| members.get("title") == Some(&json!(name)))
        {
            members.shift_remove("title");
        }
    }
    document["components"]["schemas"] = Value::Object(named);
}

/// An object with members, or an enum: what deserves a name.
fn is_shape(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("enum").is_some()
}

/// `PartnershipView` becomes `Partnership` and `Page_PartnershipView` `PartnershipPage`, unless an
/// input has that name already.
pub(super) fn rename(document: &mut Value) {
    let Some(old) = components(document, "schemas").cloned() else {
        return;
    };
    let mut taken: BTreeSet<String> = old
        .keys()
        .filter(|name| !name.ends_with("View") && !name.contains('_'))
        .cloned()
        .collect();
    let mut names = BTreeMap::new();
    for name in old.keys() {
        let wanted = name
            .strip_suffix("View")
            .filter(|short| !short.is_empty() && !name.contains('_'));
        if let Some(short) = wanted.filter(|short| taken.insert((*short).to_owned())) {
            names.insert(name.clone(), short.to_owned());
        }
    }
    for name in old.keys().filter(|name| name.contains('_')) {
        let parts = name
            .rsplit('_')
            .map(|part| names.get(part).map_or(part, String::as_str));
        names.insert(name.clone(), parts.collect());
    }
    let renamed: Map<_, _> = old
        .into_iter()
        .map(|(name, schema)| (names.get(&name).cloned().unwrap_or(name), schema))
        .collect();
    document["components"]["schemas"] = Value::Object(renamed);
    walk(document, &mut |value| {
        if let Some(new) = name_of(value).and_then(|name| names.get(name)) {
            value["$ref"] = json!(address("schemas", new));
        }
    });
}

/// Mends what utoipa writes and generators misread.
pub(super) fn tidy(document: &mut Value) {
    walk(document, &mut |value| {
        let Some(schema) = value.as_object_mut() else {
            return;
        };
        if schema.contains_key("additionalProperties") {
            schema.shift_remove("propertyNames");
        }
        // Beside a reference inside a union nobody reads the description.
        if let Some(description) = schema
            .get_mut("oneOf")
            .and_then(|parts| parts.get_mut(0))
            .and_then(Value::as_object_mut)
            .filter(|part| part.contains_key("$ref"))
            .and_then(|part| part.shift_remove("description"))
        {
            schema.insert("description".into(), description);
        }
        if is_type(schema, "integer") {
            let most = if schema.get("format") == Some(&json!("int32")) {
                i64::from(i32::MAX)
            } else {
                EXACT
            };
            schema.entry("minimum").or_insert(json!(-most));
            schema.entry("maximum").or_insert(json!(most));
        }
    });
    for (_, _, operation) in operations(document) {
        for parameter in operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            never_null(&mut parameter["schema"]);
        }
    }
}

fn is_type(schema: &Map<String, Value>, wanted: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == wanted,
        Some(Value::Array(several)) => several.iter().any(|one| one == wanted),
        _ => false,
    }
}

/// A parameter is there or absent; a URL can't say null.
fn never_null(schema: &mut Value) {
    for union in ["type", "oneOf"] {
        if let Some(parts) = schema.get_mut(union).and_then(Value::as_array_mut) {
            parts.retain(|part| *part != "null" && *part != json!({"type": "null"}));
            if parts.len() == 1 {
                let only = parts.remove(0);
                match union {
                    "type" => schema["type"] = only,
                    _ => *schema = only,
                }
            }
        }
    }
}

/// Inputs refuse what they don't know; answers always carry every member. A schema that is both stays
/// as strict as serde reads it.
pub(super) fn close(document: &mut Value) {
    let mut inputs = BTreeSet::new();
    let bodies: Vec<_> = operations(document)
        .filter_map(|(_, _, operation)| operation.get("requestBody").cloned())
        .collect();
    bodies
        .iter()
        .for_each(|body| reach(document, body, &mut inputs));
    for (name, schema) in members(&mut document["components"]["schemas"]) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            continue;
        };
        if inputs.contains(&address("schemas", name)) {
            schema["additionalProperties"] = json!(false);
        } else {
            schema["required"] = properties.keys().cloned().collect();
        }
    }
}
