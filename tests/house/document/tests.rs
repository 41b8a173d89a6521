//! The finishing pass on the sample, and the check itself: that it finds each fault.
use super::{faults, sample};
use mandat::api::openapi::{IMPLIED, down};
use serde_json::{Value, json};

const LIST: &str = "/paths/~1v1~1organizations~1{org_id}~1partnerships/get";
const BEGIN: &str = "/paths/~1v1~1organizations~1{org_id}~1partnerships/post";
const SHOW: &str = "/paths/~1v1~1partnerships~1{id}/get";
const CHANGE: &str = "/paths/~1v1~1partnerships~1{id}~1access/put";
const LOGIN: &str = "/paths/~1v1~1auth~1login/post";
const LOGOUT: &str = "/paths/~1v1~1auth~1logout/post";

/// A part of the finished sample.
fn at<'a>(document: &'a Value, place: &str, below: &str) -> &'a Value {
    document
        .pointer(&format!("{place}{below}"))
        .unwrap_or(&Value::Null)
}

#[test]
fn the_sample_has_no_fault_in_either_version() {
    let document = sample::document();
    assert_eq!(faults(&document), [""; 0]);
    assert_eq!(faults(&down(&document)), [""; 0]);
}

#[test]
fn the_same_code_gives_the_same_bytes() {
    assert_eq!(
        sample::document().to_string(),
        sample::document().to_string()
    );
}

#[test]
fn every_implied_problem_is_one_that_the_catalogue_can_know() {
    for code in IMPLIED.iter().flat_map(|(_, codes)| *codes) {
        assert!(
            sample::PROBLEMS.iter().any(|(known, ..)| known == code),
            "{code}"
        );
    }
}

#[test]
fn schemas_are_named_once_and_views_lose_their_suffix() {
    let document = sample::document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["PartnershipPage"]["properties"]["items"]["items"],
        json!({"$ref": "#/components/schemas/Partnership"})
    );
    assert_eq!(
        at(
            &document,
            LIST,
            "/responses/200/content/application~1json/schema/$ref"
        ),
        "#/components/schemas/PartnershipPage"
    );
    assert!(
        schemas["PartnershipSort"]["enum"].is_array(),
        "an enum of a query alone is carried along"
    );
    assert!(
        schemas["AccessView"].is_object(),
        "Access is taken by the input"
    );
}

#[test]
fn answers_are_complete_and_inputs_are_closed() {
    let document = sample::document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["Partnership"]["required"].as_array().map(Vec::len),
        Some(10)
    );
    assert_eq!(schemas["Partnership"].get("additionalProperties"), None);
    assert_eq!(schemas["AccessChange"]["required"], json!(["access"]));
    assert_eq!(
        schemas["Access"]["required"],
        json!(["level"]),
        "both input and answer: as serde reads it"
    );
    assert_eq!(schemas["Money"]["additionalProperties"], false);
    assert_eq!(
        schemas["AccessChange"]["properties"]["limit"]["description"],
        "What the partner may spend; absent: without limit."
    );
}

#[test]
fn an_operation_lists_the_problems_of_its_shape_and_its_own() {
    let document = sample::document();
    assert_eq!(
        at(&document, CHANGE, "/x-problem-codes"),
        &json!([
            "malformed_body",
            "unauthenticated",
            "forbidden",
            "insufficient_scope",
            "not_found",
            "already_ended",
            "version_mismatch",
            "payload_too_large",
            "unsupported_media_type",
            "invalid",
            "if_match_required",
            "too_many_requests",
            "internal",
            "unavailable",
        ])
    );
    assert_eq!(
        at(&document, CHANGE, "/responses/409/$ref"),
        "#/components/responses/Conflict"
    );
    assert_eq!(
        at(
            &document,
            "/components/responses/Unauthorized",
            "/headers/WWW-Authenticate/$ref"
        ),
        "#/components/headers/WwwAuthenticate"
    );
    assert!(
        at(&document, LIST, "/description")
            .as_str()
            .is_some_and(|words| words.contains("`cursor_mismatch` (400)"))
    );
    assert_eq!(
        document["components"]["responses"].get("Gone"),
        None,
        "nothing answers it"
    );
}

#[test]
fn security_and_headers_follow_from_the_markers() {
    let document = sample::document();
    assert_eq!(at(&document, LOGIN, "/security"), &json!([]));
    assert_eq!(at(&document, SHOW, "/security"), &json!([{"bearer": []}]));
    assert_eq!(
        at(&document, LOGIN, "/parameters"),
        &Value::Null,
        "anonymous calls have no key"
    );
    assert_eq!(at(&document, LOGOUT, "/parameters"), &Value::Null);
    assert_eq!(
        at(&document, BEGIN, "/parameters/1/$ref"),
        "#/components/parameters/IdempotencyKey"
    );
    assert_eq!(
        at(&document, CHANGE, "/parameters/1/$ref"),
        "#/components/parameters/IfMatchRequired"
    );
    assert!(at(&document, SHOW, "/responses/200/headers/ETag").is_object());
    assert!(at(&document, BEGIN, "/responses/201/headers/Location").is_object());
    assert!(at(&document, LIST, "/responses/200/content/text~1csv").is_object());
}

#[test]
fn examples_are_made_from_the_schemas() {
    let document = sample::document();
    let example = at(
        &document,
        SHOW,
        "/responses/200/content/application~1json/example",
    );
    assert_eq!(example["id"], "partnership_01jd8q3v7mf4x9k2c6w5r0t8ze");
    assert_eq!(
        example["spent"],
        json!({"amount": "347.20", "currency": "CHF"})
    );
    assert_eq!(
        example["access"],
        json!({"level": "full", "product_ids": null, "payment_mode": null}),
        "the one that the type gives"
    );
}

#[test]
fn events_are_webhooks() {
    let document = sample::document();
    let webhook = &document["webhooks"]["partnership.ended"]["post"];
    assert_eq!(
        webhook["requestBody"]["content"]["application/json"]["example"]["type"],
        "partnership.ended"
    );
    let old = down(&document);
    assert_eq!(old.get("webhooks"), None);
    assert_eq!(
        old["x-webhooks"]["partnership.ended"]["post"]["operationId"],
        "on_partnership_ended"
    );
}

#[test]
fn the_older_rendering_knows_no_null_type() {
    let old = down(&sample::document());
    let partner = &old["components"]["schemas"]["Partnership"]["properties"]["partner"];
    assert_eq!(partner["nullable"], true);
    assert_eq!(
        partner["allOf"],
        json!([{"$ref": "#/components/schemas/OrganizationName"}])
    );
    assert!(!old.to_string().contains("\"null\""));
    assert_eq!(
        old["info"]["license"],
        json!({"name": "Apache-2.0", "url": "https://spdx.org/licenses/Apache-2.0.html"})
    );
}

/// Where, which member, what it becomes (null: it goes), and what the check must say.
#[rustfmt::skip]
fn broken() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let schema = |name: &str| -> &'static str { format!("/components/schemas/{name}").leak() };
    let inside = |operation: &str, below: &str| -> &'static str { format!("{operation}{below}").leak() };
    vec![
        ("", "openapi", json!("3.2.0"), "neither 3.1.0 nor 3.0.3"),
        ("", "servers", Value::Null, "there are none"),
        ("/tags/0", "description", Value::Null, "the tag is not described"),
        ("/components/schemas", "Currency", Value::Null, "#/components/schemas/Currency dangles"),
        ("/components/schemas", "Leftover", json!({"type": "string", "description": "x"}), "nothing refers to it"),
        ("/components/schemas", "Page_Thing", json!({"type": "string", "description": "x"}), "the name is not PascalCase"),
        (schema("Money"), "description", Value::Null, "is not described"),
        (schema("Money/properties/amount"), "description", Value::Null, "is not described"),
        (schema("Money/properties/amount"), "format", json!("decimal"), "a format that becomes a float"),
        (schema("Money/properties/amount"), "type", json!("number"), "a float"),
        (schema("Money"), "additionalProperties", Value::Null, "an input without additionalProperties"),
        (schema("Partnership"), "required", json!(["id"]), "an answer in which note is not required"),
        (schema("Partnership/properties"), "note", json!({"type": "object", "description": "x", "properties": {}}), "an inline object"),
        (schema("Partnership/properties"), "note", json!({"type": "string", "description": "x", "enum": ["a"]}), "an inline enum"),
        (schema("Partnership/properties"), "note", json!({"description": "x", "oneOf": [{"type": "string"}, {"type": "integer"}]}), "oneOf that is no nullable reference"),
        (schema("Partnership/properties"), "note", json!({"description": "x", "anyOf": []}), "anyOf"),
        (schema("Partnership/properties"), "note", json!({"description": "x", "allOf": [{"type": "string"}]}), "allOf that is no nullable reference"),
        (schema("Partnership/properties/labels"), "additionalProperties", json!({"type": "boolean"}), "a map of something else"),
        (schema("Partnership/properties/labels"), "propertyNames", json!({}), "propertyNames"),
        (schema("PartnershipStatus"), "enum", json!(["Active"]), "is no snake_case word"),
        (schema("Tokens/properties/expires_in"), "maximum", Value::Null, "an integer without limits"),
        (SHOW, "operationId", json!("showPartnership"), "is not snake_case"),
        (SHOW, "operationId", json!("login"), "operationId login is taken"),
        (SHOW, "summary", Value::Null, "no summary"),
        (SHOW, "description", json!(""), "no description"),
        (SHOW, "tags", json!([]), "not exactly one tag"),
        (SHOW, "tags", json!(["Elsewhere"]), "tag \"Elsewhere\" is not defined"),
        (SHOW, "security", Value::Null, "no security"),
        (SHOW, "security", json!([{"oauth": []}]), "security scheme oauth is not defined"),
        (SHOW, "x-etag", json!(true), "x-etag is left"),
        (SHOW, "x-problems", json!(["no_such_code"]), "the catalogue doesn't know [\"no_such_code\"]"),
        (SHOW, "x-problem-codes", Value::Null, "no list of problem codes"),
        (SHOW, "parameters", Value::Null, "of the path is not described"),
        (inside(SHOW, "/parameters/0"), "description", Value::Null, "is not described"),
        (inside(SHOW, "/parameters/0"), "required", json!(false), "not in the path, or not required"),
        (inside(SHOW, "/parameters/0"), "example", Value::Null, "no example"),
        (inside(LIST, "/parameters/1"), "schema", json!({"type": ["string", "null"]}), "a parameter that can be null"),
        (inside(SHOW, "/responses"), "201", json!({"description": "x"}), "not exactly one success"),
        (inside(SHOW, "/responses"), "404", Value::Null, "says nothing of 404"),
        (inside(SHOW, "/responses"), "401", Value::Null, "says nothing of 401"),
        (inside(CHANGE, "/responses"), "412", Value::Null, "says nothing of 412"),
        (inside(SHOW, "/responses"), "409", json!({"description": "x"}), "an error answer that is no shared Problem"),
        (inside(SHOW, "/responses/200"), "description", Value::Null, "the answer is not described"),
        (inside(SHOW, "/responses/200/content/application~1json"), "example", Value::Null, "no example of application/json"),
        (inside(SHOW, "/responses/200/content/application~1json"), "schema", json!({"type": "array"}), "whose schema has no name"),
        (inside(SHOW, "/responses/200/content"), "application/hal+json", json!({"schema": {"$ref": "#/components/schemas/Money"}}), "several kinds of JSON"),
        (inside(SHOW, "/responses/200/content"), "text/html", json!({}), "something else than CSV, NDJSON or PDF beside JSON"),
        (inside(LOGIN, "/requestBody"), "description", Value::Null, "the body is not described"),
        (inside(LOGIN, "/requestBody"), "content", json!({"text/plain": {}}), "a body that is no JSON"),
        ("/webhooks/partnership.ended/post", "summary", Value::Null, "no summary"),
        ("/components/headers/ETag", "description", Value::Null, "a header is not described"),
    ]
}

#[test]
fn the_check_finds_each_fault() {
    let sound = sample::document();
    for (place, member, value, fault) in broken() {
        let mut document = sound.clone();
        let object = document.pointer_mut(place).and_then(Value::as_object_mut);
        let object = object.unwrap_or_else(|| panic!("{place} is no object"));
        match value {
            Value::Null => assert!(object.remove(member).is_some(), "{place} has no {member}"),
            value => drop(object.insert(member.to_owned(), value)),
        }
        let found = faults(&document);
        assert!(
            found.iter().any(|each| each.contains(fault)),
            "{place} {member}: {fault:?} is not among {found:#?}"
        );
    }
}

/// For validators outside: `DOCUMENTS=<folder> cargo test --test house print -- --ignored`.
#[test]
#[ignore = "writes files"]
fn print_the_documents_of_the_sample() -> std::io::Result<()> {
    let folder = std::env::var("DOCUMENTS").map_err(std::io::Error::other)?;
    let document = sample::document();
    std::fs::write(format!("{folder}/sample.json"), format!("{document:#}\n"))?;
    std::fs::write(
        format!("{folder}/sample-3.0.json"),
        format!("{:#}\n", down(&document)),
    )
}
