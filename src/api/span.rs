//! The span of a request, for traces. Where none are sent (`otlp` is not built in, or not set), it is
//! never made and costs nothing.
use super::requests;
use actix_web::dev::ServiceRequest;
use tracing::Span;
use tracing::field::Empty;

/// A child of the caller's, if it names one.
pub fn of(request: &ServiceRequest, id: &str) -> Span {
    let method = request.method();
    let route = || requests::route(request.request());
    let span = tracing::info_span!(
        target: "otlp",
        "request",
        otel.name = format!("{method} {}", route()),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %method,
        http.route = route(),
        http.response.status_code = Empty,
        mandat.request_id = id,
    );
    #[cfg(feature = "otlp")]
    continued(&span, request.headers());
    span
}

/// What came of the request.
pub fn end(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The fields of W3C Trace Context.
#[cfg(feature = "otlp")]
fn continued(span: &Span, headers: &actix_web::http::header::HeaderMap) {
    use opentelemetry::propagation::TextMapPropagator;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use std::collections::HashMap;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let field = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_owned(), value.to_owned()))
    };
    let said: HashMap<String, String> = ["traceparent", "tracestate"]
        .into_iter()
        .filter_map(field)
        .collect();
    if let Err(error) = span.set_parent(TraceContextPropagator::new().extract(&said)) {
        tracing::debug!(%error, "the caller's trace is not continued");
    }
}
