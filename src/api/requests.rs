//! How many requests were answered, with what, and in what time. They are told apart by the route's
//! template and never by the path itself, of which there is no end.
use actix_web::HttpRequest;
use actix_web::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The template of a request's route; all paths that have none are one.
pub fn route(request: &HttpRequest) -> String {
    let pattern = request.match_pattern();
    pattern.unwrap_or_else(|| "unknown".into())
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
}

/// The requests of this node since it started.
pub struct Requests {
    answered: Family<Answered, Counter>,
    took: Family<Asked, Histogram, fn() -> Histogram>,
}

impl Requests {
    /// Whose figures this registry tells.
    pub fn told_by(registry: &mut Registry) -> Self {
        let requests = Self {
            answered: Family::default(),
            took: Family::new_with_constructor(histogram),
        };
        registry.register(
            "mandat_http_requests",
            "Requests by the template of their route, and what they were answered",
            requests.answered.clone(),
        );
        registry.register(
            "mandat_http_request_duration_seconds",
            "How long requests took until their answer began",
            requests.took.clone(),
        );
        requests
    }

    pub fn count(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let (method, route) = (known(method), route.to_owned());
        let asked = Asked { method, route };
        self.took.get_or_create(&asked).observe(took.as_secs_f64());
        let Asked { method, route } = asked;
        let answered = Answered {
            method,
            route,
            status,
        };
        self.answered.get_or_create(&answered).inc();
    }
}

/// In seconds: from what a read takes to what nobody waits for.
fn histogram() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

/// A caller can invent methods without end, too.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
