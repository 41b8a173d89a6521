//! Domain events, as the webhooks that deliver them.
use super::{examples, reference};
use serde_json::{Value, json};

/// Describes one webhook for each type of event. All of them carry the schema `Event`; where no room
/// has registered one, a plain `DomainEvent`.
pub(super) fn describe(document: &mut Value, events: &[(&str, &str)]) {
    if events.is_empty() {
        return;
    }
    let schemas = &mut document["components"]["schemas"];
    let name = if schemas.get("Event").is_some() {
        "Event"
    } else {
        "DomainEvent"
    };
    if schemas.get(name).is_none() {
        schemas[name] = plain_event();
    }
    let payload = reference("schemas", name);
    let example = schemas
        .as_object()
        .map(|schemas| examples::of(schemas, &payload))
        .unwrap_or_default();
    for (kind, summary) in events {
        let mut example = example.clone();
        if let Some(of) = example.get_mut("type") {
            *of = json!(kind);
        }
        document["webhooks"][kind] = json!({"post": {
            "tags": ["Webhooks"],
            "summary": summary,
            "description": format!("Sent to every webhook endpoint that listens to `{kind}`, signed as Standard Webhooks prescribe. Delivered at least once: `id` tells repetitions apart."),
            "operationId": format!("on_{}", kind.replace('.', "_")),
            "requestBody": {
                "description": "What happened.", "required": true,
                "content": {"application/json": {"schema": payload, "example": example}},
            },
            "responses": {"204": {"description": "Taken. Any other answer than 2xx is tried again."}},
            "security": [],
        }});
    }
    let tag = json!({"name": "Webhooks", "description": "What is sent when something happens."});
    match document.get_mut("tags").and_then(Value::as_array_mut) {
        Some(tags) if tags.iter().any(|known| known["name"] == "Webhooks") => {}
        Some(tags) => tags.push(tag),
        None => document["tags"] = json!([tag]),
    }
}

fn plain_event() -> Value {
    json!({
        "type": "object",
        "description": "Something that happened.",
        "properties": {
            "id": {"type": "string", "description": "Its id.", "pattern": "^evt_[0-9a-hjkmnp-tv-z]{26}$"},
            "type": {"type": "string", "description": "What happened."},
            "organization_id": {"type": "string", "description": "To which organization.", "pattern": "^org_[0-9a-hjkmnp-tv-z]{26}$"},
            "subject_id": {"type": "string", "description": "The resource that it concerns."},
            "occurred_at": {"type": "string", "format": "date-time", "description": "When."},
        },
    })
}
