//! The document: what utoipa emits, finished so that every client generator reads it well.
//!
//! Handlers write only what is theirs: summary, description, tag, own parameters, bodies, and markers
//! (`x-problems`, `x-if-match`, …: see `operations.rs`). What would be repeated in every operation is
//! added here, and what utoipa writes badly is mended here. The same input gives the same bytes.
mod down;
mod events;
mod examples;
mod operations;
mod problems;
mod schemas;
mod shared;

pub use down::down;
pub use problems::{IMPLIED, Trait};

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Every problem that the server can answer: its code, its HTTP status, its title in English.
pub type ProblemCatalogue<'c> = [(&'c str, u16, &'c str)];

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const ROOT: [&str; 8] = [
    "openapi",
    "info",
    "servers",
    "tags",
    "security",
    "paths",
    "webhooks",
    "components",
];

/// Finishes the document; `events` are the types of the domain events, each with its summary.
///
/// What it can't mend (a problem code that no catalogue knows, a schema that nobody registered) it
/// leaves in sight, for the test of the document to find.
pub fn finish(
    raw: utoipa::openapi::OpenApi,
    problems: &ProblemCatalogue,
    events: &[(&str, &str)],
) -> Value {
    // utoipa's types have string keys only and no serializer of their own that could refuse.
    let mut document = serde_json::to_value(raw).unwrap_or_else(|error| unreachable!("{error}"));
    schemas::link(&mut document);
    schemas::rename(&mut document);
    schemas::tidy(&mut document);
    operations::complete(&mut document, problems);
    events::describe(&mut document, events);
    schemas::close(&mut document);
    examples::fill(&mut document);
    if document.get("servers").is_none() {
        document["servers"] = json!([{"url": "/", "description": "This server."}]);
    }
    sort(&mut document);
    document
}

/// Paths and components by name, methods and members in the order in which one reads them.
fn sort(document: &mut Value) {
    arrange(document, &ROOT);
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.sort_keys();
        paths.values_mut().for_each(|item| arrange(item, &METHODS));
    }
    arrange(
        &mut document["components"],
        &[
            "securitySchemes",
            "parameters",
            "headers",
            "responses",
            "schemas",
        ],
    );
    for (_, kind) in members(&mut document["components"]) {
        if let Some(named) = kind.as_object_mut() {
            named.sort_keys();
        }
    }
}

/// Puts the named members of an object first, in this order.
fn arrange(value: &mut Value, order: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        let rank = |key: &str| {
            order
                .iter()
                .position(|name| *name == key)
                .unwrap_or(order.len())
        };
        let mut pairs: Vec<_> = std::mem::take(members).into_iter().collect();
        pairs.sort_by_key(|(key, _)| rank(key));
        members.extend(pairs);
    }
}

/// The members of an object; none of anything else.
fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Every operation under `paths`: its path, its method, itself.
fn operations(document: &mut Value) -> impl Iterator<Item = (&String, &String, &mut Value)> {
    members(&mut document["paths"]).flat_map(|(path, item)| {
        members(item)
            .filter(|(method, _)| METHODS.contains(&method.as_str()))
            .map(move |(method, operation)| (path, method, operation))
    })
}

/// The components of one kind.
fn components<'a>(document: &'a Value, kind: &str) -> Option<&'a Map<String, Value>> {
    document.get("components")?.get(kind)?.as_object()
}

/// Visits every object from the leaves up, except what is data (examples, defaults, enum values): there
/// a member called `type` or `$ref` means nothing.
fn walk(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    inside(value, visit);
    if value.is_object() {
        visit(value);
    }
}

/// [`walk`], without the outermost object itself.
fn inside(value: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match (key.as_str(), member) {
                    ("example" | "examples" | "default" | "enum" | "const", _) => {}
                    // Here the keys are names, and a property may be called `example`.
                    ("properties" | "schemas", Value::Object(named)) => {
                        named.values_mut().for_each(|schema| walk(schema, visit));
                    }
                    (_, member) => walk(member, visit),
                }
            }
        }
        _ => {}
    }
}

/// Where a component is, as a reference writes it.
fn address(kind: &str, name: &str) -> String {
    format!("#/components/{kind}/{name}")
}

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": address(kind, name)})
}

/// What a reference points at; the schema itself if it is none.
fn resolve<'a>(schemas: &'a Map<String, Value>, schema: &'a Value) -> &'a Value {
    name_of(schema)
        .and_then(|name| schemas.get(name))
        .unwrap_or(schema)
}

/// The name of the schema that is referred to.
fn name_of(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

/// Adds every reference inside, and inside what is referred to.
fn reach(document: &Value, from: &Value, found: &mut BTreeSet<String>) {
    match from {
        Value::Array(items) => items.iter().for_each(|item| reach(document, item, found)),
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str)
                && found.insert(target.to_owned())
                && let Some(component) = document.pointer(target.trim_start_matches('#'))
            {
                reach(document, component, found);
            }
            members
                .values()
                .for_each(|member| reach(document, member, found));
        }
        _ => {}
    }
}
