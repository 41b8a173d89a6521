//! The operations of the served document, and where each takes an id.
use crate::world::World;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::Value;

pub struct Operation {
    pub id: String,
    pub method: Method,
    pub path: Vec<Segment>,
    /// What is required in the query, filled.
    pub query: Vec<(String, String)>,
    /// Ids in the query: the parameter, and what it names.
    pub of_query: Vec<(String, String)>,
    /// Ids in the body: where, and what each names.
    pub of_body: Vec<(String, String)>,
    pub example: Option<Value>,
    pub needs_sign_in: bool,
    pub takes_key: bool,
    pub takes_version: bool,
    pub can_be_rehearsed: bool,
}

pub enum Segment {
    Plain(String),
    /// An id of this kind: a prefix, or the family of links that a token opens.
    Id(String),
}

impl Operation {
    /// What the ids of the path name, from left to right.
    pub fn kinds(&self) -> Vec<&str> {
        let kind = |segment| match segment {
            &Segment::Plain(_) => None,
            Segment::Id(kind) => Some(kind.as_str()),
        };
        self.path.iter().filter_map(kind).collect()
    }

    /// The path with these ids.
    pub fn path(&self, ids: &[impl AsRef<str>]) -> String {
        let mut ids = ids.iter();
        let text = |segment: &Segment| match segment {
            Segment::Plain(text) => format!("/{text}"),
            Segment::Id(kind) => format!("/{}", ids.next().expect(kind).as_ref()),
        };
        self.path.iter().map(text).collect()
    }

    /// Whether only the operator's staff may call it, whoever is concerned.
    pub fn is_the_staffs(&self) -> bool {
        let beneath =
            |at: usize, word: &str| matches!(&self.path[at], Segment::Plain(text) if text == word);
        beneath(1, "admin") || (self.method == Method::POST && beneath(1, "billing-events"))
    }
}

/// Every operation that takes an id anywhere.
pub async fn operations(world: &World) -> Vec<Operation> {
    let answer = world.send(TestRequest::get().uri("/openapi.json")).await;
    let document = answer.expect(200).body;
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let operation = read(&document, path, method, operation);
            let ids = [&operation.of_query, &operation.of_body].map(Vec::len);
            if !operation.kinds().is_empty() || ids != [0, 0] {
                found.push(operation);
            }
        }
    }
    found
}

fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let none = Vec::new();
    let parameters: Vec<&Value> = operation["parameters"]
        .as_array()
        .unwrap_or(&none)
        .iter()
        .map(|parameter| resolve(document, parameter))
        .collect();
    let has = |name: &str| parameters.iter().any(|one| one["name"] == name);
    let named = |name: &str| {
        let found = parameters.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{path} does not say what {name} is"))
    };
    let (mut query, mut of_query) = (Vec::new(), Vec::new());
    for parameter in parameters.iter().filter(|one| one["in"] == "query") {
        let name = parameter["name"].as_str().expect("a name").to_owned();
        if let Some(kind) = kind(document, &parameter["schema"]) {
            of_query.push((name, kind));
        } else if parameter["required"] == true {
            query.push((name, word(&parameter["example"])));
        }
    }
    let body = &operation["requestBody"]["content"]["application/json"];
    let mut of_body = Vec::new();
    ids(document, &body["schema"], String::new(), &mut of_body);
    let segment = |text: &str| match text.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
        None => Segment::Plain(text.to_owned()),
        // A token is the key to one thing of its family.
        Some("token") => Segment::Id(path.split('/').nth(2).expect("a family").to_owned()),
        Some(name) => match kind(document, &named(name)["schema"]) {
            Some(kind) => Segment::Id(kind),
            None => Segment::Plain(public_word(name, &named(name)["example"])),
        },
    };
    let bearer = |one: &Value| one.get("bearer").is_some();
    let security = operation["security"].as_array().unwrap_or(&none);
    Operation {
        id: word(&operation["operationId"]),
        method: method.to_uppercase().parse().expect("a method"),
        path: path.split('/').skip(1).map(segment).collect(),
        query,
        of_query,
        of_body,
        example: body.get("example").cloned(),
        needs_sign_in: !security.is_empty() && security.iter().all(bearer),
        takes_key: has("Idempotency-Key"),
        takes_version: has("If-Match"),
        can_be_rehearsed: has("dry_run"),
    }
}

/// What a path names that is nobody's: the same for everyone.
fn public_word(name: &str, example: &Value) -> String {
    assert!(
        ["code", "currency", "month"].contains(&name),
        "{name} in a path is neither an id nor a word that is the same for everyone"
    );
    word(example)
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(at) => resolve(
            document,
            document.pointer(&at[1..]).expect("it leads somewhere"),
        ),
        None => value,
    }
}

/// The prefix of the ids that this schema is for.
fn kind(document: &Value, schema: &Value) -> Option<String> {
    let either = schema["oneOf"].as_array().into_iter().flatten();
    let one = resolve(document, either.into_iter().next().unwrap_or(schema));
    let pattern = one["pattern"].as_str()?.strip_prefix('^')?;
    let (prefix, _) = pattern.split_once("_[0-7]")?;
    Some(prefix.to_owned())
}

fn ids(document: &Value, schema: &Value, at: String, found: &mut Vec<(String, String)>) {
    if let Some(kind) = kind(document, schema) {
        found.push((at, kind));
        return;
    }
    let schema = resolve(document, schema);
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        ids(document, member, format!("{at}/{name}"), found);
    }
    for one in schema["oneOf"].as_array().into_iter().flatten() {
        ids(document, one, at.clone(), found);
    }
    if let Some(items) = schema.get("items") {
        ids(document, items, format!("{at}/*"), found);
    }
}
