//! The service as a whole: the floors put together, ready to be served or tested.
use crate::api::caller::Proxies;
use crate::api::jwt::Signer;
use crate::api::limit::Limits;
use crate::api::oidc::Issuer;
use crate::api::paths::Paths;
use crate::api::{Reply, answer, cors, docs, limit};
use crate::config::Config;
use crate::db::due::Watch;
use crate::db::reads::Reads;
use crate::db::uses::Uses;
use crate::db::{Clock, Connector, Db, Given};
use crate::domain::id::NodeId;
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use crate::resources;
use crate::resources::due::DUE;
use crate::resources::metrics::{self, Metrics};
use crate::resources::outbox::deliver::Mailer;
use crate::resources::webhooks::send::{self, Sender};
use crate::secret::{self, Keyring};
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data, PathConfig, ServiceConfig};
use actix_web::{App, HttpRequest, web};
use chrono::TimeDelta;
use std::io::Write;
use std::sync::Arc;

/// What every worker shares.
#[derive(Clone)]
pub struct Service {
    pub db: Data<Db>,
    pub signer: Data<Signer>,
    pub config: Data<Config>,
    /// The mail server, where one is configured.
    pub mailer: Option<Mailer>,
    /// What sends webhooks.
    pub sender: Arc<Sender>,
    /// What was read on another's behalf and is not written yet.
    pub reads: Data<Reads>,
    /// What is counted for whoever watches.
    pub metrics: Data<Metrics>,
    /// Which of several nodes this is, towards the leases of jobs.
    pub node: NodeId,
    issuer: Option<Data<Issuer>>,
    limits: Option<Data<Limits>>,
    proxies: Data<Proxies>,
    documents: (Bytes, Bytes),
    paths: Data<Paths>,
}

/// Opens the database that the configuration names.
pub fn open_database(config: &Config, clock: Clock) -> Result<Db> {
    let connector = Connector::parse(&config.database_url)?;
    let given = Given {
        clock,
        keys: Keyring::new(secret_key(config, &connector)?.as_bytes()),
        vat: config.vat.clone(),
        watch: Watch::new(DUE),
        uses: Uses::default(),
    };
    Db::open(connector, config.pool, given)
}

/// The configured secret, or the one that lies beside the embedded database.
fn secret_key(config: &Config, connector: &Connector) -> Result<String> {
    let Some(file) = connector
        .embedded()
        .filter(|_| config.secret_key.is_empty())
    else {
        return Ok(config.secret_key.clone());
    };
    let path = format!("{file}.key");
    match std::fs::read_to_string(&path) {
        Ok(key) => Ok(key.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let (key, _) = secret::new_token()?;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options
                .open(&path)
                .map_err(|error| Error::internal(format!("{path}: {error}")))?;
            file.write_all(key.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(Error::internal)?;
            Ok(key)
        }
        Err(error) => Err(Error::internal(format!("{path}: {error}"))),
    }
}

impl Service {
    /// Needs a schema that is up to date.
    pub async fn start(db: Db, config: Config) -> Result<Self> {
        let (issuer, lifetime) = (
            config.public_url.clone(),
            TimeDelta::minutes(config.access_token_minutes),
        );
        let (signer, node) = db
            .write(move |tx| Ok((Signer::load(tx, &issuer, lifetime)?, tx.new_id()?)))
            .await?;
        let issuer = match config.oidc_issuer.as_str() {
            "" => None,
            issuer => Some(Data::new(Issuer::new(
                issuer,
                &config.oidc_audience,
                &config.oidc_jwks_url,
            )?)),
        };
        let (newest, older) = resources::documents();
        Ok(Self {
            paths: Data::new(Paths::of(&newest)),
            documents: (
                serde_json::to_vec(&newest)?.into(),
                serde_json::to_vec(&older)?.into(),
            ),
            metrics: Data::new(Metrics::new(&db)),
            db: Data::new(db),
            signer: Data::new(signer),
            mailer: Mailer::open(&config)?,
            sender: Arc::new(Sender::open(&config, send::system())?),
            limits: Limits::new(config.rate_limit).map(Data::new),
            proxies: Data::new(Proxies(config.trusted_proxies.clone())),
            config: Data::new(config),
            reads: Data::default(),
            node,
            issuer,
        })
    }

    /// The application of one worker.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        App::new()
            .app_data(self.db.clone())
            .app_data(self.signer.clone())
            .app_data(self.config.clone())
            .app_data(self.paths.clone())
            .app_data(self.reads.clone())
            .app_data(self.metrics.requests.clone())
            .app_data(self.proxies.clone())
            .app_data(PathConfig::default().error_handler(|error, _| {
                Error::from(Refusal::not_found().with("note", error)).into()
            }))
            .configure(|app| {
                if let Some(issuer) = &self.issuer {
                    app.app_data(issuer.clone());
                }
                if let Some(limits) = &self.limits {
                    app.app_data(limits.clone());
                }
            })
            .configure(resources::routes)
            .configure(|app| docs::routes(app, self.documents.0.clone(), self.documents.1.clone()))
            .default_service(web::to(nothing_here))
            .wrap(from_fn(limit::layer))
            .wrap(cors::of(&self.config.cors_origins))
            .wrap(from_fn(answer::layer))
    }

    /// What is told to whoever watches, for a listener of its own.
    pub fn watched(&self, app: &mut ServiceConfig) {
        app.app_data(self.db.clone())
            .app_data(self.metrics.clone())
            .service(metrics::get_metrics);
    }
}

/// No route: another method's path, or none at all.
async fn nothing_here(request: HttpRequest, paths: Data<Paths>) -> Result<Reply<()>> {
    Err(match paths.methods(request.path()) {
        Some(allow) => Refusal::new(Code::MethodNotAllowed).with("allow", allow),
        None => Refusal::new(Code::UnknownPath),
    }
    .into())
}
