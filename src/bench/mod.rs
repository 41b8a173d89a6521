//! `mandat bench`: how fast the service is, as ratios to what engine and framework can do at most, all in one run.
mod load;

use crate::config::Config;
use crate::db::schema::{leases, organizations, partnerships, payment_methods};
use crate::db::{Clock, Conn, Connector, Db, Tx};
use crate::demo;
use crate::domain::billing::PaymentMethodKind;
use crate::domain::id::{NodeId, OrganizationId, PartnershipId, PaymentMethodId};
use crate::error::{Error, Result};
use crate::resources::accounts::password;
use crate::service::{self, Service};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, get};
use chrono::TimeDelta;
use diesel::prelude::*;
use load::{Client, Measured};
use r2d2::ManageConnection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What to measure with.
pub struct Options {
    /// An empty database on a server; none for an embedded one in a folder that is removed afterwards.
    pub database: Option<String>,
    /// How long each figure is taken.
    pub seconds: u64,
    /// Connections that order at the same time.
    pub connections: usize,
}

/// A figure and the limit it is measured against.
struct Line {
    what: &'static str,
    measured: Measured,
    limit: &'static str,
    limit_rate: u64,
    /// The share of the limit that must be reached, in per cent.
    at_least: u64,
}

/// A signed-in read does three look-ups and checks a signature; a bare one does a single SELECT. In per cent.
const READ_AT_LEAST: u64 = 25;
/// Orders that wait together share one flush. In per cent.
const ORDERS_AT_LEAST: u64 = 100;

/// Connections that read at the same time.
const READERS: usize = 32;

/// Measures, and says in words what came out; the second is whether every ratio was reached.
pub async fn run(options: Options) -> Result<(String, bool)> {
    let place = Place::new(options.database)?;
    let (db, config) = filled(&place.url).await?;
    let cast = db.read(cast).await?;
    let service = Service::start(db.clone(), config).await?;
    let node = service.node;
    let (address, bare) = (serve(service)?, serve_bare(db.clone(), cast.partnership)?);
    let time = Duration::from_secs(options.seconds);
    let token = sign_in(address).await?;
    let read = get_request(&format!("/v1/partnerships/{}", cast.partnership), &token);

    let bare_read = load::measure(bare, READERS, time, |_| get_request("/bare", "")).await?;
    let signed_in = load::measure(address, READERS, time, move |_| read.clone()).await?;
    let flushes = flushes(db.connector().clone(), node, db.clock().clone(), time).await?;
    let order = move |number| order_request(&cast, &token, number);
    let orders = load::measure(address, options.connections, time, order).await?;
    let lines = [
        Line {
            what: "a partnership, signed in",
            measured: signed_in,
            limit: "a bare handler with one SELECT",
            limit_rate: bare_read.rate,
            at_least: READ_AT_LEAST,
        },
        Line {
            what: "orders, each on disk",
            measured: orders,
            limit: "one row a transaction, one after the other",
            limit_rate: flushes,
            at_least: ORDERS_AT_LEAST,
        },
    ];
    let heading = format!(
        "{}, {READERS} connections read, {} order, {} s each\n",
        place.engine(),
        options.connections,
        options.seconds
    );
    let text = lines.iter().map(Line::text).collect::<String>();
    Ok((heading + &text, lines.iter().all(Line::reached)))
}

impl Line {
    /// In per cent of the limit.
    fn share(&self) -> u64 {
        100 * self.measured.rate / self.limit_rate.max(1)
    }

    fn reached(&self) -> bool {
        self.share() >= self.at_least
    }

    fn text(&self) -> String {
        format!(
            "{}: {}/s (half within {:.1?}, 99 % within {:.1?}), {} % of {}/s, {}; at least {} %: {}\n",
            self.what,
            self.measured.rate,
            self.measured.p50,
            self.measured.p99,
            self.share(),
            self.limit_rate,
            self.limit,
            self.at_least,
            if self.reached() { "reached" } else { "MISSED" },
        )
    }
}

/// Where the database lies; an embedded one goes with this.
struct Place {
    url: String,
    folder: Option<PathBuf>,
}

impl Place {
    fn new(database: Option<String>) -> Result<Self> {
        if let Some(url) = database {
            return Ok(Self { url, folder: None });
        }
        let folder = std::env::temp_dir().join(format!("mandat-bench-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).map_err(Error::internal)?;
        Ok(Self {
            url: format!("sqlite://{}", folder.join("mandat.db").display()),
            folder: Some(folder),
        })
    }

    fn engine(&self) -> &'static str {
        match self.folder {
            Some(_) => "embedded SQLite",
            None => "PostgreSQL",
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            tracing::warn!(%error, folder = %folder.display(), "the folder of the benchmark stays");
        }
    }
}

/// The demo world in an empty database.
async fn filled(url: &str) -> Result<(Db, Config)> {
    let environment = BTreeMap::from([
        ("DATABASE_URL".to_owned(), url.to_owned()),
        (
            "MANDAT_SECRET_KEY".to_owned(),
            "only good for a benchmark that nobody calls".to_owned(),
        ),
        ("MANDAT_RATE_LIMIT".to_owned(), "0".to_owned()),
        ("MANDAT_RATE_LIMIT".to_owned(), "0".to_owned()),
    ]);
    let config = Config::from(&environment)?;
    let db = service::open_database(&config, Clock::default())?;
    db.migrate().await?;
    let hash = password::hash(demo::PASSWORD.into()).await?;
    db.write(move |tx| demo::fill(tx, &hash)).await?;
    Ok((db, config))
}

/// Whom the benchmark is about: a customer under full access, who orders with a card.
#[derive(Clone, Copy)]
struct Cast {
    customer: OrganizationId,
    partnership: PartnershipId,
    card: PaymentMethodId,
}

const CUSTOMER: &str = "Galerie Arno";
const EMAIL: &str = "sofia@galerie-arno.example";

fn cast(tx: &mut Tx) -> Result<Cast> {
    let customer: OrganizationId = organizations::table
        .filter(organizations::name.eq(CUSTOMER))
        .select(organizations::id)
        .first(tx.conn)?;
    Ok(Cast {
        customer,
        partnership: partnerships::table
            .filter(partnerships::customer_id.eq(customer))
            .select(partnerships::id)
            .first(tx.conn)?,
        card: payment_methods::table
            .filter(payment_methods::organization_id.eq(customer))
            .filter(payment_methods::kind.eq(PaymentMethodKind::Card))
            .select(payment_methods::id)
            .first(tx.conn)?,
    })
}

fn free_port() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    Ok((listener, address))
}

/// Starts the service on a free port of this machine.
fn serve(service: Service) -> Result<SocketAddr> {
    let (listener, address) = free_port()?;
    let server = HttpServer::new(move || service.app())
        .workers(2)
        .disable_signals()
        .listen(listener)
        .map_err(Error::internal)?;
    actix_web::rt::spawn(server.run());
    Ok(address)
}

/// The limit of reading: the framework and one SELECT, without anything that Mandat adds.
fn serve_bare(db: Db, partnership: PartnershipId) -> Result<SocketAddr> {
    let (db, id) = (Data::new(db), Data::new(partnership));
    let app = move || {
        App::new()
            .app_data(db.clone())
            .app_data(id.clone())
            .service(one_select)
    };
    let (listener, address) = free_port()?;
    let server = HttpServer::new(app)
        .workers(2)
        .disable_signals()
        .listen(listener)
        .map_err(Error::internal)?;
    actix_web::rt::spawn(server.run());
    Ok(address)
}

#[get("/bare")]
async fn one_select(db: Data<Db>, id: Data<PartnershipId>) -> Result<HttpResponse> {
    let id = **id;
    let select = move |tx: &mut Tx| {
        let found = partnerships::table.find(id);
        let version: i32 = found.select(partnerships::version).first(tx.conn)?;
        Ok(version)
    };
    let version = db.read(select).await?;
    Ok(HttpResponse::Ok().json(json!({"id": id, "version": version})))
}

/// The limit of writing: one row a transaction, one after the other, each on disk before the next.
async fn flushes(connector: Connector, node: NodeId, clock: Clock, time: Duration) -> Result<u64> {
    let flush = move || {
        let mut conn = connector.connect().map_err(Error::internal)?;
        let (start, mut done) = (Instant::now(), 0u64);
        while start.elapsed() < time {
            done += 1;
            insert_row(&mut conn, node, done, &clock)?;
        }
        load::rate(done, start.elapsed())
    };
    tokio::task::spawn_blocking(flush)
        .await
        .map_err(Error::internal)?
}

fn insert_row(conn: &mut Conn, node: NodeId, number: u64, clock: &Clock) -> Result<()> {
    diesel::insert_into(leases::table)
        .values((
            leases::name.eq(format!("bench-{number}")),
            leases::owner.eq(node),
            leases::expires_at.eq(clock.now() + TimeDelta::days(1)),
        ))
        .execute(conn)?;
    Ok(())
}

async fn sign_in(address: SocketAddr) -> Result<String> {
    let body = json!({"email": EMAIL, "password": demo::PASSWORD}).to_string();
    let request = load::request("POST", "/v1/auth/login", &[], &body);
    let (status, answer) = Client::connect(address).await?.ask(&request).await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    match answer["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(Error::internal(format!("sign-in answered {status}"))),
    }
}

fn get_request(path: &str, token: &str) -> Vec<u8> {
    load::request(
        "GET",
        path,
        &[("authorization", &format!("Bearer {token}"))],
        "",
    )
}

fn order_request(cast: &Cast, token: &str, number: u64) -> Vec<u8> {
    let path = format!("/v1/organizations/{}/orders", cast.customer);
    let line = json!({"family": "web_hosting", "quantity": 1, "period": "monthly"});
    let body = json!({"acting_as": "customer", "currency": "CHF", "lines": [line], "payment_method_id": cast.card});
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("idempotency-key", format!("bench-{number}")),
    ];
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    load::request("POST", &path, &headers, &body.to_string())
}
