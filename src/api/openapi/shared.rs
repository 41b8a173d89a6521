//! Parameters and headers that are described once and referred to.
use super::{address, reach};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The parameters that many operations take.
pub(super) fn parameters() -> Value {
    let key = |required| {
        json!({
            "name": "Idempotency-Key", "in": "header", "required": required,
            "description": "Makes a retry safe: the same key with the same content is answered as the first time, for 24 hours at least.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "0199b2c4-6a1e-7c3d-9f52-3b8e1d40a7c6",
        })
    };
    let version = |required| {
        json!({
            "name": "If-Match", "in": "header", "required": required,
            "description": "The `ETag` last read: the change is refused if somebody else has changed it meanwhile.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "\"3-b1946ac92492d234\"",
        })
    };
    json!({
        "IdempotencyKey": key(false), "IdempotencyKeyRequired": key(true),
        "DryRun": {
            "name": "dry_run", "in": "query", "required": false,
            "description": "With `true` everything is checked and answered as it would be, and nothing is done; ids in the answer name nothing.",
            "schema": {"type": "boolean", "default": false},
            "example": false,
        },
        "IfMatch": version(false), "IfMatchRequired": version(true),
    })
}

/// The headers that many answers have.
pub(super) fn headers() -> Value {
    let header = |description: &str, example: &str| json!({"description": description, "schema": {"type": "string"}, "example": example});
    json!({
        "ETag": header("The version that was read or written, for `If-Match` and `If-None-Match`.", "\"3-b1946ac92492d234\""),
        "IdempotencyReplayed": header("`true` if this is the answer to an earlier request with the same key.", "true"),
        "Link": header("The next page (RFC 8288); absent on the last one.", "</v1/organizations?cursor=Zmlyc3Q>; rel=\"next\""),
        "Location": header("Where the new resource is.", "/v1/partnerships/partnership_01jd8q3v7mf4x9k2c6w5r0t8ze"),
        "RateLimit": header("How many requests are left to this caller, and for how many seconds (draft-ietf-httpapi-ratelimit-headers); absent where there is no limit.", "\"default\";r=599986;t=42"),
        "RateLimitPolicy": header("How many requests one caller may make in how many seconds.", "\"default\";q=600000;w=60"),
        "RequestId": header("Names this request in logs and to support.", "0199b2c4-6a1e-7c3d-9f52-3b8e1d40a7c6"),
        "RetryAfter": header("How many seconds to wait before trying again.", "30"),
        "WwwAuthenticate": header("How to authenticate (RFC 6750).", "Bearer error=\"invalid_token\""),
    })
}

/// Shared parts that nothing refers to would be noise in every generated client.
pub(super) fn drop_unused(document: &mut Value) {
    let mut used = BTreeSet::new();
    reach(document, &document["paths"], &mut used);
    for kind in ["parameters", "headers", "responses"] {
        if let Some(named) = document["components"][kind].as_object_mut() {
            named.retain(|name, _| used.contains(&address(kind, name)));
        }
    }
}
