//! The demo world behind a running service, for each engine: named people, and what they say to it.
use crate::engines::{Engine, Engines, TestDatabase};
use crate::statements;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::test::{self, TestRequest};
use chrono::TimeDelta;
use diesel::prelude::*;
use futures_util::future::LocalBoxFuture;
use mandat::config::Config;
use mandat::db::schema::events;
use mandat::db::{Clock, Db};
use mandat::demo;
use mandat::resources::accounts::password;
use mandat::service::{self, Service};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

static ENGINES: Engines = Engines::migrated_by(|url| {
    actix_web::rt::System::new().block_on(async {
        let db = service::open_database(&config(url, &[]), Clock::default())
            .expect("the database opens");
        db.migrate().await.expect("the migrations apply");
        let hash = password::hash_here(demo::PASSWORD).expect("the password is hashed");
        db.write(move |tx| demo::fill(tx, &hash))
            .await
            .expect("the demo world is filled");
    });
});

/// What is set for a service on this database; its webhooks may come to the tests' own receivers.
fn settings(url: &str) -> BTreeMap<String, String> {
    [
        ("DATABASE_URL", url),
        ("MANDAT_SECRET_KEY", "a secret that only these tests know"),
        ("MANDAT_POOL", "8"),
        ("MANDAT_WEBHOOKS_PRIVATE", "true"),
        ("MANDAT_METRICS_LISTEN", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn config(url: &str, more: &[(&str, String)]) -> Config {
    let mut environment = settings(url);
    for (name, value) in more {
        environment.insert((*name).to_owned(), value.clone());
    }
    Config::from(&environment).expect("the settings are right")
}

/// Runs a test in a world of its own, on each engine.
#[track_caller]
pub fn on_each_engine(test: impl AsyncFn(&World)) {
    on_each_engine_with(&[], test);
}

/// The same with other settings.
#[track_caller]
pub fn on_each_engine_with(settings: &[(&str, String)], test: impl AsyncFn(&World)) {
    ENGINES.on_each(async |database| {
        let world = World::open(database, settings).await;
        test(&world).await;
    });
}

type Call = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, ServiceResponse<BoxBody>>>;

pub struct World {
    pub db: Db,
    pub clock: Clock,
    /// For jobs, whose steps tests call.
    pub service: Service,
    call: Call,
    tokens: RefCell<HashMap<String, String>>,
    // Dropped last: the database goes when nobody is connected any more.
    database: TestDatabase,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl World {
    async fn open(database: TestDatabase, settings: &[(&str, String)]) -> Self {
        statements::watch();
        let clock = Clock::default();
        let config = config(&database.url, settings);
        let db = service::open_database(&config, clock.clone()).expect("the database opens");
        let service = Service::start(db.clone(), config)
            .await
            .expect("the service starts");
        let app = std::rc::Rc::new(test::init_service(service.app()).await);
        let call: Call = Box::new(move |request| {
            let app = app.clone();
            Box::pin(async move {
                let answer = app
                    .call(request.to_request())
                    .await
                    .expect("every error is answered");
                answer.map_into_boxed_body()
            })
        });
        Self {
            db,
            clock,
            service,
            call,
            tokens: RefCell::default(),
            database,
        }
    }

    pub fn engine(&self) -> Engine {
        self.database.engine
    }

    /// What a program on this world's database is told.
    pub fn settings(&self) -> BTreeMap<String, String> {
        settings(&self.database.url)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.tokens.borrow_mut().clear();
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: TestRequest) -> Answer {
        let answer = (self.call)(request).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = to_bytes(answer.into_body()).await;
        let bytes = bytes.expect("the body is sent whole").to_vec();
        let text = match headers.get("content-type").map(|kind| kind.as_bytes()) {
            Some(b"application/pdf") => String::from_utf8_lossy(&bytes).into_owned(),
            _ => String::from_utf8(bytes).expect("other bodies are UTF-8"),
        };
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    /// An access token of a person, by the address's first part: `claire`.
    pub async fn token(&self, who: &str) -> String {
        if let Some(token) = self.tokens.borrow().get(who) {
            return token.clone();
        }
        let email = email(who);
        let answer = self.login(email, demo::PASSWORD).await;
        assert_eq!(answer.status, 200, "{who} signs in: {}", answer.text);
        let token = answer.body["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        self.tokens
            .borrow_mut()
            .insert(who.to_owned(), token.clone());
        token
    }

    /// Signs in as anyone, with any password.
    pub async fn login(&self, email: &str, password: &str) -> Answer {
        let given = json!({"email": email, "password": password});
        let login = TestRequest::post().uri("/v1/auth/login");
        self.send(login.set_json(given)).await
    }

    /// The mails to an address, the newest first.
    pub async fn mails(&self, to: &str) -> Vec<Value> {
        let outbox = self.get("nora", "/v1/admin/outbox?limit=200").await;
        let mails = outbox.expect(200).body["items"].as_array().cloned();
        let mut mails = mails.unwrap_or_default();
        mails.retain(|mail| mail["recipient"] == to);
        mails
    }

    pub async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, TestRequest::get().uri(path)).await
    }

    /// A GET that would rather have another form than JSON.
    pub async fn get_as(&self, who: &str, path: &str, accept: &str) -> Answer {
        let request = TestRequest::get().uri(path);
        self.ask(who, request.insert_header(("accept", accept)))
            .await
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.change(who, TestRequest::post().uri(path).set_json(body))
            .await
    }

    /// A POST with an idempotency key.
    pub async fn post_keyed(&self, who: &str, path: &str, key: &str, body: Value) -> Answer {
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("idempotency-key", key));
        self.ask(who, request.set_json(body)).await
    }

    pub async fn put(&self, who: &str, path: &str, body: Value) -> Answer {
        self.change(
            who,
            TestRequest::put()
                .uri(path)
                .insert_header(("if-match", "*"))
                .set_json(body),
        )
        .await
    }

    pub async fn patch(&self, who: &str, path: &str, body: Value) -> Answer {
        self.change(
            who,
            TestRequest::patch()
                .uri(path)
                .insert_header(("if-match", "*"))
                .set_json(body),
        )
        .await
    }

    pub async fn delete(&self, who: &str, path: &str) -> Answer {
        self.change(who, TestRequest::delete().uri(path)).await
    }

    pub async fn ask(&self, who: &str, request: TestRequest) -> Answer {
        let token = self.token(who).await;
        self.send(request.insert_header(("authorization", format!("Bearer {token}"))))
            .await
    }

    /// A change that succeeds leaves an event (NTF-1), one that is refused none.
    async fn change(&self, who: &str, request: TestRequest) -> Answer {
        self.token(who).await;
        let before = self.events().await;
        let answer = self.ask(who, request).await;
        let after = self.events().await;
        if answer.status < 300 && !answer.text.contains("\"allowed\"") {
            assert!(
                after > before,
                "a state change recorded no event: {}",
                answer.text
            );
        } else if answer.status >= 400 {
            assert_eq!(
                after, before,
                "a refusal recorded an event: {}",
                answer.text
            );
        }
        answer
    }

    async fn events(&self) -> i64 {
        let counted = self
            .db
            .read(|tx| Ok(events::table.count().get_result(tx.conn)?))
            .await;
        counted.expect("events are counted")
    }

    /// The statements that the database is sent meanwhile.
    pub async fn statements<T>(&self, act: impl Future<Output = T>) -> (T, Vec<String>) {
        statements::taken(&self.database.url);
        let done = act.await;
        (done, statements::taken(&self.database.url))
    }

    /// The id of an organization of the demo world, asked as the operator's administrator's database would.
    pub async fn organization(&self, name: &'static str) -> String {
        use mandat::db::schema::organizations;
        use mandat::domain::id::OrganizationId;
        let found = self.db.read(move |tx| {
            let id: OrganizationId = organizations::table
                .filter(organizations::name.eq(name))
                .select(organizations::id)
                .first(tx.conn)?;
            Ok(id.to_string())
        });
        found.await.expect("the organization is there")
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A refusal with this status, code and rule.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str, rule: Option<&str>) -> Self {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        assert_eq!(self.body["rule"].as_str(), rule, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    #[track_caller]
    pub fn text_of(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("no text at {pointer}: {}", self.text))
            .to_owned()
    }

    #[track_caller]
    pub fn id(&self) -> String {
        self.text_of("/id")
    }
}

fn email(who: &str) -> &'static str {
    let found = demo::ACCOUNTS
        .iter()
        .find(|(email, ..)| email.split('@').next() == Some(who));
    found.unwrap_or_else(|| panic!("nobody is called {who}")).0
}
