//! A receiver of webhooks on a port of its own: keeps what it takes, and answers as it is told.
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// What was taken, and what was answered.
#[derive(Clone)]
pub struct Taken {
    pub headers: HeaderMap,
    pub body: String,
    pub status: u16,
}

impl Taken {
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).expect("the header is there");
        value.to_str().expect("text").to_owned()
    }

    fn member(&self, name: &str) -> Value {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        body[name].clone()
    }

    pub fn subject(&self) -> String {
        self.member("subject_id")
            .as_str()
            .expect("a subject")
            .to_owned()
    }

    pub fn kind(&self) -> String {
        self.member("type").as_str().expect("a type").to_owned()
    }

    pub fn position(&self) -> i64 {
        self.member("position").as_i64().expect("a position")
    }
}

type Told = (u16, Option<(&'static str, String)>);

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    answers: VecDeque<Told>,
    always: Option<u16>,
}

pub struct Receiver {
    pub url: String,
    pub port: u16,
    state: Arc<Mutex<State>>,
    server: ServerHandle,
}

impl Receiver {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Data::from(state.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a port is free");
        let port = server.addrs()[0].port();
        let running = server.run();
        let server = running.handle();
        actix_web::rt::spawn(running);
        Self {
            url: format!("http://127.0.0.1:{port}/hook"),
            port,
            state,
            server,
        }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().expect("the state").taken.clone()
    }

    pub fn count(&self) -> usize {
        self.state.lock().expect("the state").taken.len()
    }

    /// What it answers to the next message that is not spoken for.
    pub fn answer(&self, status: u16, retry_after: Option<&str>) {
        let header = retry_after.map(|value| ("retry-after", value.to_owned()));
        self.state
            .lock()
            .expect("the state")
            .answers
            .push_back((status, header));
    }

    /// Sends the next message elsewhere.
    pub fn redirect(&self, to: &str) {
        let header = Some(("location", to.to_owned()));
        self.state
            .lock()
            .expect("the state")
            .answers
            .push_back((302, header));
    }

    pub fn always(&self, status: u16) {
        self.state.lock().expect("the state").always = Some(status);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // The runtime may have ended already.
        drop(self.server.stop(false));
    }
}

async fn take(request: HttpRequest, body: Bytes, state: Data<Mutex<State>>) -> HttpResponse {
    let mut state = state.lock().expect("the state");
    let told = state.answers.pop_front();
    let (status, header) = told.unwrap_or((state.always.unwrap_or(204), None));
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).expect("a name");
        headers.insert(
            name,
            HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
        );
    }
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    state.taken.push(Taken {
        headers,
        body,
        status,
    });
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    if let Some(header) = header {
        answer.insert_header(header);
    }
    match status {
        204 => answer.finish(),
        _ => answer.body("no"),
    }
}
