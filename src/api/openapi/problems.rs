//! Problems: which of them an operation answers, and what the answers look like.
use super::{ProblemCatalogue, examples, members, reference};
use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The problems that an operation answers because of what it is: the catalogue must know them all.
pub const IMPLIED: [(Trait, &[&str]); 10] = [
    (
        Trait::Any,
        &["too_many_requests", "internal", "unavailable"],
    ),
    (Trait::Secured, &["unauthenticated", "insufficient_scope"]),
    (
        Trait::Body,
        &[
            "malformed_body",
            "payload_too_large",
            "unsupported_media_type",
            "invalid",
        ],
    ),
    (Trait::Path, &["not_found"]),
    (Trait::Query, &["invalid_parameter"]),
    (Trait::Cursor, &["cursor_mismatch"]),
    (Trait::Key, &["idempotency_key_reused"]),
    (Trait::KeyRequired, &["idempotency_key_required"]),
    (Trait::IfMatch, &["version_mismatch"]),
    (Trait::IfMatchRequired, &["if_match_required"]),
];

/// What can be seen of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trait {
    /// Every operation.
    Any,
    /// Asks who is calling.
    Secured,
    /// Has a request body.
    Body,
    /// Has a parameter in its path.
    Path,
    /// Has a query.
    Query,
    /// Is a list that goes on.
    Cursor,
    /// Takes an `Idempotency-Key`.
    Key,
    /// Demands an `Idempotency-Key`.
    KeyRequired,
    /// Takes an `If-Match`.
    IfMatch,
    /// Demands an `If-Match`.
    IfMatchRequired,
}

/// Replaces the codes by an answer for each status, and lists them in words and for programs.
/// A code that the catalogue doesn't know stays in `x-problems`.
pub(super) fn list(operation: &mut Value, traits: &BTreeSet<Trait>, catalogue: &ProblemCatalogue) {
    let own: Vec<String> = operation
        .get("x-problems")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let implied = IMPLIED
        .iter()
        .filter(|(of, _)| traits.contains(of))
        .flat_map(|(_, codes)| *codes)
        .map(|code| (*code).to_owned());
    let (mut known, mut unknown) = (BTreeSet::new(), Vec::new());
    for code in own.into_iter().chain(implied) {
        match catalogue.iter().find(|(each, ..)| *each == code) {
            Some((_, status, _)) => drop(known.insert((*status, code))),
            None => unknown.push(code),
        }
    }
    let mut words = Vec::new();
    for (status, code) in &known {
        operation["responses"][status.to_string()] = reference("responses", &answer_name(*status));
        words.push(format!("`{code}` ({status})"));
    }
    let description = operation
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !description.is_empty() {
        operation["description"] =
            json!(format!("{description}\n\nProblems: {}.", words.join(", ")));
    }
    operation["x-problem-codes"] = known.into_iter().map(|(_, code)| code).collect();
    operation["x-problems"] = json!(unknown);
}

/// `409` is `Conflict`.
fn answer_name(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    reason.map_or_else(
        || format!("Status{status}"),
        |reason| reason.replace(' ', ""),
    )
}

/// One answer for each status that the catalogue names.
pub(super) fn answers(schemas: &Map<String, Value>, catalogue: &ProblemCatalogue) -> Value {
    let mut answers = Map::new();
    let problem = reference("schemas", "Problem");
    for (code, status, title) in catalogue {
        let mut example = examples::of(schemas, &problem);
        let said = [
            ("type", json!(format!("/problems/{code}"))),
            ("title", json!(title)),
            ("status", json!(status)),
            ("detail", json!(format!("{title}."))),
            ("code", json!(code)),
        ];
        for (member, value) in said {
            if let Some(old) = example.get_mut(member) {
                *old = value;
            }
        }
        // Only faulty input has several faults; nothing else names conflicts.
        for (_, list) in members(&mut example)
            .filter(|(_, value)| value.is_array() && !matches!(status, 400 | 422))
        {
            *list = json!([]);
        }
        let mut headers = json!({"X-Request-Id": reference("headers", "RequestId")});
        match status {
            401 => headers["WWW-Authenticate"] = reference("headers", "WwwAuthenticate"),
            429 => {
                headers["RateLimit"] = reference("headers", "RateLimit");
                headers["RateLimit-Policy"] = reference("headers", "RateLimitPolicy");
                headers["Retry-After"] = reference("headers", "RetryAfter");
            }
            503 => headers["Retry-After"] = reference("headers", "RetryAfter"),
            _ => {}
        }
        let reason = StatusCode::from_u16(*status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Refused");
        answers.entry(answer_name(*status)).or_insert_with(|| {
            json!({
                "description": format!("{reason}: `code` says which problem it is."),
                "headers": headers,
                "content": {"application/problem+json": {"schema": problem, "example": example}},
            })
        });
    }
    Value::Object(answers)
}
