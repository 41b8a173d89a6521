//! Two calls that differ in whose thing they name, and what a caller learns from either.
use super::document::Operation;
use crate::world::World;
use actix_web::test::TestRequest;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};

pub struct Call<'o> {
    pub operation: &'o Operation,
    /// Of the path, from left to right.
    pub ids: Vec<String>,
    pub query: Option<(&'o str, String)>,
    pub body: Option<Value>,
    /// Whether everything is checked and nothing done.
    pub rehearsed: bool,
    /// The ids that its twin has others for.
    pub named: Vec<String>,
}

/// What a caller sees of an answer, and what a clock would: how many statements it took.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    kind: String,
    body: Value,
    statements: usize,
}

impl Seen {
    /// Whether a caller learns nothing from one beside the other.
    pub fn tells_nothing(&self, other: &Self) -> bool {
        (self.status, &self.kind, &self.body) == (other.status, &other.kind, &other.body)
    }

    /// The same where one's own id stands in the path, too: that alone makes no difference.
    pub fn tells_nothing_but_where(&self, other: &Self) -> bool {
        let but_where = |body: &Value| {
            let mut body = body.clone();
            if let Some(members) = body.as_object_mut() {
                members.remove("instance");
            }
            body
        };
        let (mine, others) = (but_where(&self.body), but_where(&other.body));
        (self.status, mine) == (other.status, others)
    }

    pub fn took_as_long(&self, other: &Self) -> bool {
        self.statements == other.statements
    }
}

/// Both answers, asked again where the statements differ: a node looks every few seconds at what
/// falls due, whoever asks.
pub async fn both(
    world: &World,
    bearer: Option<&str>,
    foreign: &Call<'_>,
    unknown: &Call<'_>,
) -> (Seen, Seen) {
    let mut seen = (
        look(world, bearer, foreign).await,
        look(world, bearer, unknown).await,
    );
    for _ in 0..2 {
        if seen.0.took_as_long(&seen.1) {
            break;
        }
        seen = (
            look(world, bearer, foreign).await,
            look(world, bearer, unknown).await,
        );
    }
    seen
}

pub async fn look(world: &World, bearer: Option<&str>, call: &Call<'_>) -> Seen {
    let (answer, sent) = world.statements(world.send(request(bearer, call))).await;
    let mut text = answer.text.clone();
    for id in &call.named {
        text = text.replace(id, "…");
    }
    let mut body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    forget_the_request(&mut body);
    Seen {
        status: answer.status,
        kind: answer.header("content-type").to_owned(),
        body,
        statements: sent.len(),
    }
}

fn request(bearer: Option<&str>, call: &Call<'_>) -> TestRequest {
    let operation = call.operation;
    let required = operation.query.iter();
    let query: Vec<String> = required
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(call.query.iter().map(|(name, id)| (*name, id.as_str())))
        .chain(call.rehearsed.then_some(("dry_run", "true")))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let path = operation.path(&call.ids);
    let mut request = TestRequest::default()
        .method(operation.method.clone())
        .uri(&format!("{path}?{}", query.join("&")));
    if let Some(bearer) = bearer {
        request = request.insert_header(("authorization", format!("Bearer {bearer}")));
        if operation.takes_key {
            let key = uuid::Uuid::now_v7().to_string();
            request = request.insert_header(("idempotency-key", key));
        }
    }
    if operation.takes_version {
        request = request.insert_header(("if-match", "*"));
    }
    match &call.body {
        Some(body) => request.set_json(body),
        None => request,
    }
}

/// The request's own id and instant differ from call to call.
fn forget_the_request(body: &mut Value) {
    match body {
        Value::Object(members) => {
            members.retain(|name, _| name != "request_id" && name != "as_of");
            members.values_mut().for_each(forget_the_request);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_the_request),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The document's example of a body, with the password that is right.
pub fn example(operation: &Operation) -> Option<Value> {
    let mut body = operation.example.clone()?;
    if let Some(password) = body.get_mut("password") {
        *password = json!(PASSWORD);
    }
    Some(body)
}
