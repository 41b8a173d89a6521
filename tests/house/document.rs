//! What every document must be so that generators make good clients of it: see [`faults`].
mod sample;
mod served;
mod tests;

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Everything that is wrong with a finished document, of 3.1 or 3.0; each fault in one line.
pub fn faults(document: &Value) -> Vec<String> {
    let mut found = Faults {
        document,
        list: Vec::new(),
    };
    found.references();
    found.components();
    found.root();
    let mut ids = BTreeSet::new();
    for (place, operation) in operations(document, "paths") {
        found.words(&place, operation, &mut ids);
        found.inputs(&place, operation);
        found.answers(&place, operation);
    }
    for webhooks in ["webhooks", "x-webhooks"] {
        for (place, operation) in operations(document, webhooks) {
            found.words(&place, operation, &mut ids);
            found.body(&place, &operation["requestBody"]);
        }
    }
    found.list
}

/// Every operation below `paths` or `webhooks`, with its place in words.
fn operations<'a>(document: &'a Value, below: &str) -> impl Iterator<Item = (String, &'a Value)> {
    entries(&document[below]).flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            Some((
                format!("{} {path}", method.to_uppercase()),
                item.get(method)?,
            ))
        })
    })
}

struct Faults<'a> {
    document: &'a Value,
    list: Vec<String>,
}

impl Faults<'_> {
    fn expect(&mut self, holds: bool, place: &str, fault: impl Into<String>) {
        if !holds {
            self.list.push(format!("{place}: {}", fault.into()));
        }
    }

    /// Nothing dangles, nothing lies about unused.
    fn references(&mut self) {
        let mut used = BTreeSet::new();
        visit(self.document, "", &mut |place, value| {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                used.insert(target.to_owned());
                self.expect(
                    self.document
                        .pointer(target.trim_start_matches('#'))
                        .is_some(),
                    place,
                    format!("{target} dangles"),
                );
            }
        });
        for kind in ["schemas", "responses", "parameters", "headers"] {
            for name in entries(&self.document["components"][kind]).map(|(name, _)| name) {
                let address = format!("#/components/{kind}/{name}");
                self.expect(used.contains(&address), &address, "nothing refers to it");
            }
        }
    }

    fn root(&mut self) {
        let version = text(&self.document["openapi"]);
        self.expect(
            ["3.1.0", "3.0.3"].contains(&version),
            "openapi",
            "neither 3.1.0 nor 3.0.3",
        );
        self.expect(
            self.document["servers"].is_array(),
            "servers",
            "there are none",
        );
        for tag in list(&self.document["tags"]) {
            self.expect(
                !text(&tag["description"]).is_empty(),
                text(&tag["name"]),
                "the tag is not described",
            );
        }
        visit(&self.document["paths"], "#/paths", &mut |place, value| {
            self.schema(place, value, false)
        });
    }

    fn components(&mut self) {
        let document = self.document;
        let mut inputs = BTreeSet::new();
        operations(document, "paths")
            .for_each(|(_, operation)| reach(document, &operation["requestBody"], &mut inputs));
        for (name, schema) in entries(&self.document["components"]["schemas"]) {
            let place = format!("#/components/schemas/{name}");
            let pascal = name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.chars().all(|each| each.is_ascii_alphanumeric());
            self.expect(pascal, &place, "the name is not PascalCase");
            self.expect(
                !text(&schema["description"]).is_empty(),
                &place,
                "is not described",
            );
            visit(schema, &place, &mut |inner, value| {
                self.schema(inner, value, inner == place)
            });
            let Some(properties) = schema["properties"].as_object() else {
                continue;
            };
            if inputs.contains(&place) {
                self.expect(
                    schema["additionalProperties"] == false,
                    &place,
                    "an input without additionalProperties: false",
                );
            } else {
                let required: BTreeSet<_> = list(&schema["required"]).map(text).collect();
                for missing in properties
                    .keys()
                    .filter(|name| !required.contains(name.as_str()))
                {
                    self.expect(
                        false,
                        &place,
                        format!("an answer in which {missing} is not required"),
                    );
                }
            }
        }
    }

    /// What holds for a schema wherever it stands; `named` if it is a component itself.
    fn schema(&mut self, place: &str, schema: &Value, named: bool) {
        let kind = &schema["type"];
        self.expect(
            named || schema.get("properties").is_none(),
            place,
            "an inline object",
        );
        self.expect(
            named || schema.get("enum").is_none(),
            place,
            "an inline enum",
        );
        self.expect(
            !has(kind, "number"),
            place,
            "a float; write decimals as strings",
        );
        for value in list(&schema["enum"]).filter(|value| !value.is_null()) {
            self.expect(
                is_word(text(value)) || is_currency(text(value)),
                place,
                format!("{value} is no snake_case word"),
            );
        }
        self.expect(
            !["decimal", "float", "double"].contains(&text(&schema["format"])),
            place,
            "a format that becomes a float",
        );
        self.expect(
            schema.get("propertyNames").is_none(),
            place,
            "propertyNames",
        );
        if has(kind, "integer") {
            let limits = schema["minimum"].is_i64() && schema["maximum"].is_i64();
            self.expect(limits, place, "an integer without limits");
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|values| !values.is_boolean())
        {
            self.expect(
                values["type"] == "string",
                place,
                "a map of something else than strings",
            );
        }
        self.expect(schema.get("anyOf").is_none(), place, "anyOf");
        let union = schema.get("oneOf").map(|parts| {
            parts[1] == json!({"type": "null"})
                && parts[0].get("$ref").is_some()
                && parts.get(2).is_none()
        });
        self.expect(
            union.unwrap_or(true),
            place,
            "oneOf that is no nullable reference",
        );
        let old = schema.get("allOf").map(|parts| {
            schema["nullable"] == true && parts[0].get("$ref").is_some() && parts.get(1).is_none()
        });
        self.expect(
            old.unwrap_or(true),
            place,
            "allOf that is no nullable reference",
        );
        for (name, property) in entries(&schema["properties"]) {
            let described =
                !text(&property["description"]).is_empty() || property.get("$ref").is_some();
            self.expect(described, &format!("{place}/{name}"), "is not described");
        }
    }

    /// Name, words, tag and security.
    fn words<'a>(&mut self, place: &str, operation: &'a Value, ids: &mut BTreeSet<&'a str>) {
        let id = text(&operation["operationId"]);
        self.expect(
            is_word(id),
            place,
            format!("operationId {id:?} is not snake_case"),
        );
        self.expect(ids.insert(id), place, format!("operationId {id} is taken"));
        for member in ["summary", "description"] {
            self.expect(
                !text(&operation[member]).is_empty(),
                place,
                format!("no {member}"),
            );
        }
        let tags: Vec<_> = list(&operation["tags"]).collect();
        self.expect(tags.len() == 1, place, "not exactly one tag");
        for tag in tags {
            let defined = list(&self.document["tags"]).any(|known| known["name"] == *tag);
            self.expect(defined, place, format!("tag {tag} is not defined"));
        }
        self.expect(
            operation["security"].is_array(),
            place,
            "no security, not even []",
        );
        for scheme in list(&operation["security"])
            .flat_map(entries)
            .map(|(name, _)| name)
        {
            let defined = self.document["components"]["securitySchemes"]
                .get(scheme)
                .is_some();
            self.expect(
                defined,
                place,
                format!("security scheme {scheme} is not defined"),
            );
        }
        for marker in [
            "x-if-match",
            "x-etag",
            "x-no-idempotency",
            "x-idempotency",
            "x-csv",
            "x-pdf",
        ] {
            self.expect(
                operation.get(marker).is_none(),
                place,
                format!("{marker} is left"),
            );
        }
        if let Some(unknown) = operation.get("x-problems") {
            self.expect(
                false,
                place,
                format!("the catalogue doesn't know {unknown}"),
            );
        }
    }

    fn inputs(&mut self, place: &str, operation: &Value) {
        let document = self.document;
        let path = place.split_once(' ').map_or(place, |(_, path)| path);
        let mut open: BTreeSet<&str> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        for parameter in
            list(&operation["parameters"]).map(|parameter| resolve(document, parameter))
        {
            let name = text(&parameter["name"]);
            let place = format!("{place} {name}");
            if parameter["in"] == "path" {
                self.expect(
                    open.remove(name) && parameter["required"] == true,
                    &place,
                    "not in the path, or not required",
                );
            }
            self.expect(
                !text(&parameter["description"]).is_empty(),
                &place,
                "is not described",
            );
            self.expect(has_example(parameter), &place, "no example");
            let schema = &parameter["schema"];
            let flat = !schema["type"].is_array()
                && schema.get("oneOf").is_none()
                && schema["nullable"] != true
                && schema["type"] != "object";
            self.expect(flat, &place, "a parameter that can be null, or is not flat");
        }
        self.expect(
            open.is_empty(),
            place,
            format!("{open:?} of the path is not described"),
        );
        if let Some(body) = operation.get("requestBody") {
            self.body(place, body);
        }
    }

    fn body(&mut self, place: &str, body: &Value) {
        self.expect(
            !text(&body["description"]).is_empty(),
            place,
            "the body is not described",
        );
        self.expect(
            body.pointer("/content/application~1json").is_some(),
            place,
            "a body that is no JSON",
        );
        self.content(place, &body["content"]);
    }

    /// One JSON schema, by reference, with an example; beside it only tables, lines and print.
    fn content(&mut self, place: &str, content: &Value) {
        let json: Vec<_> = entries(content)
            .filter(|(kind, _)| kind.ends_with("json") && *kind != "application/x-ndjson")
            .collect();
        let beside = ["text/csv", "application/x-ndjson", "application/pdf"];
        self.expect(json.len() <= 1, place, "several kinds of JSON");
        for (kind, media) in &json {
            let schema = &media["schema"];
            let named = schema.get("$ref").is_some() || schema["items"].get("$ref").is_some();
            self.expect(named, place, format!("{kind} whose schema has no name"));
            self.expect(has_example(media), place, format!("no example of {kind}"));
        }
        let others = entries(content)
            .filter(|(kind, _)| !kind.ends_with("json") && !beside.contains(&kind.as_str()))
            .count();
        self.expect(
            json.is_empty() || others == 0,
            place,
            "something else than CSV, NDJSON or PDF beside JSON",
        );
    }

    fn answers(&mut self, place: &str, operation: &Value) {
        let document = self.document;
        let mut statuses = BTreeSet::new();
        for (status, answer) in entries(&operation["responses"]) {
            statuses.insert(status.as_str());
            let here = format!("{place} {status}");
            let target = resolve(document, answer);
            self.expect(
                !text(&target["description"]).is_empty(),
                &here,
                "the answer is not described",
            );
            self.content(&here, &target["content"]);
            for header in entries(&target["headers"]).map(|(_, header)| resolve(document, header)) {
                self.expect(
                    !text(&header["description"]).is_empty(),
                    &here,
                    "a header is not described",
                );
            }
            if status.starts_with(['4', '5']) {
                let schema = &target["content"]["application/problem+json"]["schema"];
                let shared = answer.get("$ref").is_some()
                    && schema["$ref"] == "#/components/schemas/Problem";
                self.expect(shared, &here, "an error answer that is no shared Problem");
            }
        }
        let successes = statuses
            .iter()
            .filter(|status| status.starts_with('2'))
            .count();
        self.expect(successes == 1, place, "not exactly one success");
        let parameters: Vec<_> = list(&operation["parameters"])
            .map(|parameter| resolve(document, parameter))
            .collect();
        let within = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
        let secured = list(&operation["security"]).next().is_some();
        let body = operation.get("requestBody").is_some();
        let wanted = [
            ("401", secured),
            ("403", secured),
            ("404", within("path")),
            ("400", within("query") || body),
            ("413", body),
            ("415", body),
            ("422", body),
            (
                "412",
                parameters.iter().any(|each| each["name"] == "If-Match"),
            ),
            ("429", true),
            ("500", true),
            ("503", true),
        ];
        for (status, _) in wanted
            .iter()
            .filter(|(status, wanted)| *wanted && !statuses.contains(status))
        {
            self.expect(false, place, format!("says nothing of {status}"));
        }
        self.expect(
            operation["x-problem-codes"].is_array(),
            place,
            "no list of problem codes",
        );
    }
}

/// What a reference points at; anything else itself.
fn resolve<'v>(document: &'v Value, value: &'v Value) -> &'v Value {
    let target = value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|target| document.pointer(target.trim_start_matches('#')));
    target.unwrap_or(value)
}

/// Adds the address of everything that is referred to, directly or not.
fn reach(document: &Value, from: &Value, found: &mut BTreeSet<String>) {
    visit(from, "", &mut |_, value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str)
            && found.insert(target.to_owned())
        {
            reach(document, resolve(document, value), found);
        }
    });
}

/// Visits every object, with its place, except what is data: examples and defaults.
fn visit(value: &Value, place: &str, see: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, item)| visit(item, &format!("{place}/{at}"), see)),
        Value::Object(members) => {
            see(place, value);
            for (key, member) in members
                .iter()
                .filter(|(key, _)| !["example", "examples", "default"].contains(&key.as_str()))
            {
                let inner = format!("{place}/{key}");
                if key == "properties" || key == "schemas" {
                    entries(member)
                        .for_each(|(name, schema)| visit(schema, &format!("{inner}/{name}"), see));
                } else {
                    visit(member, &inner, see);
                }
            }
        }
        _ => {}
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn has(kind: &Value, wanted: &str) -> bool {
    kind == wanted || list(kind).any(|one| one == wanted)
}

fn has_example(value: &Value) -> bool {
    value.get("example").is_some() || value.get("examples").is_some()
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_')
}

fn is_currency(name: &str) -> bool {
    name.len() == 3 && name.chars().all(|each| each.is_ascii_uppercase())
}
