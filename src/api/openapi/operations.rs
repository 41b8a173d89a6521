//! Operations: what each of them has because of what it is.
//!
//! A handler's `extensions(("x-…" = json!(…)))` says what can't be seen from its shape:
//!
//! | marker | means |
//! |---|---|
//! | `x-problems` `["already_ended"]` | answers these problem codes, beyond those of [`IMPLIED`](super::IMPLIED) |
//! | `x-if-match` `"optional"`, `"required"` | takes `If-Match`, and answers with an `ETag` |
//! | `x-etag` `true` | answers with an `ETag` |
//! | `x-no-idempotency` `true` | a POST that takes no `Idempotency-Key` |
//! | `x-idempotency` `"required"` | a POST that demands one |
//! | `x-csv` `true` | answers `Accept: text/csv` as well |
//! | `x-pdf` `true` | answers `Accept: application/pdf` as well |
//!
//! `security(())` makes an operation public.
use super::{
    ProblemCatalogue, Trait, arrange, components, members, operations, problems, reference,
    resolve, shared,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const MARKERS: [&str; 7] = [
    "x-if-match",
    "x-etag",
    "x-no-idempotency",
    "x-idempotency",
    "x-csv",
    "x-pdf",
    "x-problems",
];
const ORDER: [&str; 9] = [
    "tags",
    "summary",
    "description",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "x-problem-codes",
];

/// Gives every operation its security, shared parameters, headers and error answers.
pub(super) fn complete(document: &mut Value, catalogue: &ProblemCatalogue) {
    let schemas = components(document, "schemas").cloned().unwrap_or_default();
    document["components"]["securitySchemes"] = json!({"bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "An access token (a JWT) or an API token (`mdt_…`).",
    }});
    document["components"]["parameters"] = shared::parameters();
    document["components"]["headers"] = shared::headers();
    document["components"]["responses"] = problems::answers(&schemas, catalogue);
    for (_, method, operation) in operations(document) {
        secure(operation);
        let mut traits = describe_inputs(operation, method, &schemas);
        describe_answers(operation, &traits, &schemas);
        traits.insert(Trait::Any);
        problems::list(operation, &traits, catalogue);
        for marker in MARKERS {
            if let Some(members) = operation
                .as_object_mut()
                .filter(|members| marker != "x-problems" || members.get(marker) == Some(&json!([])))
            {
                members.shift_remove(marker);
            }
        }
        arrange(operation, &ORDER);
    }
    shared::drop_unused(document);
}

fn secure(operation: &mut Value) {
    match operation
        .get("security")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        None => operation["security"] = json!([{"bearer": []}]),
        Some([only]) if *only == json!({}) => operation["security"] = json!([]),
        Some(_) => {}
    }
}

/// Completes parameters and body, and tells what they amount to.
fn describe_inputs(
    operation: &mut Value,
    method: &str,
    schemas: &Map<String, Value>,
) -> BTreeSet<Trait> {
    let mut traits = BTreeSet::new();
    let mut parameters = operation
        .get("parameters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    for parameter in &mut parameters {
        let about = resolve(schemas, &parameter["schema"])
            .get("description")
            .cloned();
        if let (None, Some(about)) = (parameter.get("description"), about) {
            parameter["description"] = about;
        }
        arrange(parameter, &["name", "in", "description"]);
        match parameter["in"].as_str() {
            Some("path") => traits.insert(Trait::Path),
            Some("query") => traits.insert(Trait::Query),
            _ => false,
        };
        if parameter["name"] == "cursor" {
            traits.insert(Trait::Cursor);
        }
    }
    parameters.sort_by_key(|parameter| parameter["in"] != "path");
    let security = operation["security"].as_array();
    if security.is_some_and(|ways| !ways.is_empty()) {
        traits.insert(Trait::Secured);
    }
    // Whoever may call anonymously has nobody's keys to be bound to.
    let named = security.is_some_and(|ways| !ways.is_empty() && !ways.contains(&json!({})));
    let mut header = |kept: &str| parameters.push(reference("parameters", kept));
    if operation.get("x-idempotency") == Some(&json!("required")) {
        header("IdempotencyKeyRequired");
        header("DryRun");
        traits.extend([Trait::Key, Trait::KeyRequired, Trait::Query]);
    } else if method == "post" && named && operation.get("x-no-idempotency").is_none() {
        header("IdempotencyKey");
        header("DryRun");
        traits.extend([Trait::Key, Trait::Query]);
    }
    if let Some(demand) = operation.get("x-if-match") {
        traits.insert(Trait::IfMatch);
        if demand == "required" {
            traits.insert(Trait::IfMatchRequired);
            header("IfMatchRequired");
        } else {
            header("IfMatch");
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = operation.get_mut("requestBody") {
        traits.insert(Trait::Body);
        let about = about_content(body, schemas).unwrap_or_else(|| json!("What to do."));
        if body.get("description").is_none() {
            body["description"] = about;
        }
        arrange(body, &["description", "required"]);
    }
    traits
}

/// Completes the answers of success.
fn describe_answers(operation: &mut Value, traits: &BTreeSet<Trait>, schemas: &Map<String, Value>) {
    let csv = operation.get("x-csv").is_some();
    let pdf = operation.get("x-pdf").is_some();
    let etag = operation.get("x-etag").is_some() || traits.contains(&Trait::IfMatch);
    for (status, answer) in members(&mut operation["responses"]) {
        if answer.get("description").is_none() {
            let plain = if status == "204" {
                "Done."
            } else {
                "The answer."
            };
            answer["description"] = about_content(answer, schemas).unwrap_or_else(|| json!(plain));
        }
        let wanted = [
            ("X-Request-Id", "RequestId", true),
            ("RateLimit", "RateLimit", true),
            ("RateLimit-Policy", "RateLimitPolicy", true),
            ("Location", "Location", status == "201"),
            ("ETag", "ETag", etag && status != "204"),
            ("Link", "Link", traits.contains(&Trait::Cursor)),
            (
                "Idempotency-Replayed",
                "IdempotencyReplayed",
                traits.contains(&Trait::Key),
            ),
        ];
        for (header, component, _) in wanted.iter().filter(|(_, _, has)| *has) {
            answer["headers"][header] = reference("headers", component);
        }
        if let Some(content) = answer.get_mut("content") {
            if csv {
                content["text/csv"] = json!({"schema": {"type": "string", "description": "The same rows, all of them, as a table (RFC 4180)."}});
            }
            if pdf {
                content["application/pdf"] = json!({"schema": {"type": "string", "format": "binary", "description": "The same, to be printed."}});
            }
        }
        arrange(answer, &["description", "headers"]);
    }
}

/// What the schema of a body says of itself.
fn about_content(body: &Value, schemas: &Map<String, Value>) -> Option<Value> {
    let schema = body
        .get("content")?
        .as_object()?
        .values()
        .next()?
        .get("schema")?;
    resolve(schemas, schema).get("description").cloned()
}
