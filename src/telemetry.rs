//! What the service says of its work: the log, and traces by OTLP where they are built in and wanted.
use crate::config::Config;
use crate::error::{Error, Result};
use tracing_subscriber::filter::Directive;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

/// Lets the last words out when the service stops.
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    traces: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// Starts the log, and the traces.
pub fn start(config: &Config) -> Result<Telemetry> {
    // Spans are for traces: in the log each line says already whose request it is about.
    let no_spans: Directive = "otlp=off".parse().map_err(Error::internal)?;
    let filter = EnvFilter::new(&config.log).add_directive(no_spans);
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match config.log_format.as_str() {
        "json" => log.json().boxed(),
        _ => log.boxed(),
    };
    let subscriber = registry().with(log.with_filter(filter));
    #[cfg(feature = "otlp")]
    {
        let traces = otlp::provider(&config.otlp_endpoint)?;
        subscriber.with(traces.as_ref().map(otlp::layer)).init();
        Ok(Telemetry { traces })
    }
    #[cfg(not(feature = "otlp"))]
    {
        subscriber.init();
        Ok(Telemetry {})
    }
}

impl Telemetry {
    /// Sends what waits.
    pub fn stop(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

#[cfg(feature = "otlp")]
mod otlp {
    use crate::error::{Error, Result};
    use opentelemetry::KeyValue;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::Subscriber;
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::registry::LookupSpan;

    /// Sends spans in batches, from a thread of its own; none where no collector is set.
    pub fn provider(endpoint: &str) -> Result<Option<SdkTracerProvider>> {
        if endpoint.is_empty() {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .build()
            .map_err(|error| Error::internal(format!("MANDAT_OTLP_ENDPOINT: {error}")))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name("mandat")
            .with_attribute(version);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build());
        Ok(Some(provider.build()))
    }

    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(
        provider: &SdkTracerProvider,
    ) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("mandat"))
            .with_filter(Targets::new().with_target("otlp", LevelFilter::INFO))
    }
}
