//! Every setting, once: from the environment, or its default.
use crate::domain::money::{Currency, Money, Rate};
use crate::domain::vat::{Country, Dated, Rates};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// A setting as `.env.example` documents it.
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub about: &'static str,
    pub secret: bool,
}

const fn setting(name: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting {
        name,
        default,
        about,
        secret: false,
    }
}

/// All there are.
pub const SETTINGS: &[Setting] = &[
    Setting {
        secret: true,
        ..setting(
            "DATABASE_URL",
            "sqlite://mandat.db",
            "The database: sqlite://FILE (or a file's path) for the embedded engine, postgres://… for a server.",
        )
    },
    setting(
        "MANDAT_LISTEN",
        "127.0.0.1:8080",
        "Address and port to listen on.",
    ),
    setting(
        "MANDAT_METRICS_LISTEN",
        "127.0.0.1:9464",
        "Address and port at which GET /metrics tells Prometheus how the service stands, for the operator's own network alone; not at all when empty.",
    ),
    setting(
        "MANDAT_TRUSTED_PROXIES",
        "",
        "Addresses of the reverse proxies whose X-Forwarded-For is believed, separated by commas; wrong passwords wait by the address that it names.",
    ),
    setting(
        "MANDAT_CORS_ORIGINS",
        "",
        "Whose pages may call the API from a browser, as in https://partners.example, separated by commas; * for everyone's, none when empty.",
    ),
    setting(
        "MANDAT_RATE_LIMIT",
        "600000",
        "Requests that one caller (a credential, or an address without one) may make a minute at each node; 0 for any number. The default only keeps a script that runs wild from taking everything.",
    ),
    setting(
        "MANDAT_PUBLIC_URL",
        "http://127.0.0.1:8080",
        "Where people reach this service; links in mails begin with it, and it is the issuer of access tokens.",
    ),
    Setting {
        secret: true,
        ..setting(
            "MANDAT_SECRET_KEY",
            "",
            "The one secret, at least 32 characters of randomness: all MACs and sealing keys are derived from it. Made and kept beside the embedded database when empty; required on a server.",
        )
    },
    setting(
        "MANDAT_POOL",
        "8",
        "Connections that read, and on a server as many that write.",
    ),
    setting("MANDAT_WORKERS", "2", "HTTP worker threads."),
    setting(
        "MANDAT_LOG",
        "info",
        "What is logged: error, warn, info, debug, or per module as in mandat=debug.",
    ),
    setting(
        "MANDAT_OTLP_ENDPOINT",
        "",
        "Where traces are sent by OTLP over HTTP, as in http://127.0.0.1:4318, by a program that was built with the feature otlp; none when empty.",
    ),
    setting(
        "MANDAT_LOG_FORMAT",
        "text",
        "How it is logged: text or json.",
    ),
    setting(
        "MANDAT_ACCESS_TOKEN_MINUTES",
        "10",
        "How long an access token is good.",
    ),
    setting(
        "MANDAT_SESSION_DAYS",
        "30",
        "How long a session lasts at most.",
    ),
    setting(
        "MANDAT_INVITATION_DAYS",
        "30",
        "How long an invitation stays open.",
    ),
    setting(
        "MANDAT_APP_URL",
        "",
        "Where the front end is, whose pages /verify-email#TOKEN and /reset-password#TOKEN the mails lead to; MANDAT_PUBLIC_URL when empty.",
    ),
    setting(
        "MANDAT_SECURITY_CONTACT",
        "mailto:security@mandat.example",
        "Whom security researchers write to (RFC 9116): mailto:, https: or tel:.",
    ),
    setting(
        "MANDAT_OIDC_ISSUER",
        "",
        "An OpenID Connect issuer whose access tokens are trusted as well, as in https://id.example; none when empty.",
    ),
    setting(
        "MANDAT_OIDC_AUDIENCE",
        "mandat",
        "The audience that its tokens must be for.",
    ),
    setting(
        "MANDAT_OIDC_JWKS_URL",
        "",
        "Where its keys are; discovered when empty.",
    ),
    setting(
        "MANDAT_SIGN_UP_HOURS",
        "24",
        "How long the link that proves a new account's address is good.",
    ),
    setting(
        "MANDAT_PASSWORD_RESET_MINUTES",
        "60",
        "How long the link that resets a password is good.",
    ),
    Setting {
        secret: true,
        ..setting(
            "MANDAT_SMTP_URL",
            "",
            "The mail server: smtp://user:password@host:587?tls=required, or smtps://…; without it mails stay in the outbox, which operators read by API.",
        )
    },
    setting(
        "MANDAT_MAIL_FROM",
        "Mandat <no-reply@mandat.example>",
        "Whom mails come from.",
    ),
    setting(
        "MANDAT_TENDER_DAYS",
        "30",
        "How long a tender without a deadline stays open.",
    ),
    setting(
        "MANDAT_TERMS_VERSION",
        "2026-01",
        "The version of the reseller terms that a new partner accepts.",
    ),
    setting(
        "MANDAT_THRESHOLD_CHF",
        "2000.00",
        "What a partner must manage within the programme over twelve months, in CHF.",
    ),
    setting(
        "MANDAT_THRESHOLD_EUR",
        "1800.00",
        "The same in EUR: reaching either is enough.",
    ),
    setting(
        "MANDAT_SUPPORT_EMAIL",
        "support@mandat.example",
        "Where the support staff is written to.",
    ),
    setting(
        "MANDAT_SUPPORT_PHONE",
        "+41 21 555 01 00",
        "Where organizations with Premium Support call.",
    ),
    setting(
        "MANDAT_QUOTE_HOURS",
        "24",
        "How long a quote can be redeemed.",
    ),
    setting(
        "MANDAT_SELLER",
        "Mandat Cloud SA, Rue du Lac 1, 1200 Genève",
        "Who sells, as invoices say it: name and address, separated by commas.",
    ),
    setting(
        "MANDAT_SELLER_COUNTRY",
        "CH",
        "The country in which the seller is established (ISO 3166, two letters).",
    ),
    setting(
        "MANDAT_SELLER_VAT_NUMBER",
        "",
        "The seller's VAT number, as invoices show it.",
    ),
    setting(
        "MANDAT_VAT_RATES",
        "",
        "VAT rates besides the built-in ones of Switzerland, Liechtenstein and the European Union: country, first day and rate, separated by blanks, the next after a comma, as in `NO 2005-01-01 0.25, GB 2011-01-04 0.20`.",
    ),
    setting(
        "MANDAT_WEBHOOKS_PRIVATE",
        "false",
        "Whether webhooks may go to private addresses, and by plain http: true for development only.",
    ),
    setting(
        "MANDAT_EXTRA_ROOTS",
        "",
        "A file of certificate authorities (PEM) that are trusted besides the system's, by webhooks and by mail.",
    ),
    setting(
        "MANDAT_AUDIT_HEADS",
        "",
        "A file, best on another machine's disk, to which the signed head of the audit log is added each minute, so that a log that was cut off shows it.",
    ),
    setting(
        "MANDAT_PARTNER_RATE_CEILING",
        "0.35",
        "The highest partner discount that a price list may have.",
    ),
    setting(
        "MANDAT_RENEWAL_DAYS_BEFORE",
        "3",
        "How many days before its period ends a product is renewed; a renewal that fails is tried again until then.",
    ),
];

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Config {
    pub database_url: String,
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub trusted_proxies: Vec<IpAddr>,
    pub cors_origins: Vec<String>,
    pub rate_limit: u32,
    pub otlp_endpoint: String,
    pub public_url: String,
    pub secret_key: String,
    pub pool: u32,
    pub workers: usize,
    pub log: String,
    pub log_format: String,
    pub access_token_minutes: i64,
    pub session_days: i64,
    pub invitation_days: i64,
    pub tender_days: i64,
    pub support_email: String,
    pub support_phone: String,
    pub app_url: String,
    pub smtp_url: String,
    pub mail_from: String,
    pub security_contact: String,
    pub oidc_issuer: String,
    pub oidc_audience: String,
    pub oidc_jwks_url: String,
    pub sign_up_hours: i64,
    pub password_reset_minutes: i64,
    pub terms_version: String,
    pub thresholds: [Money; 2],
    pub quote_hours: i64,
    pub seller: String,
    pub seller_vat_number: String,
    pub vat: Rates,
    pub webhooks_private: bool,
    /// Each in DER.
    pub extra_roots: Vec<Vec<u8>>,
    pub audit_heads: String,
    pub partner_rate_ceiling: Rate,
    pub renewal_days_before: i64,
}

impl Config {
    /// Reads what the environment says; the error names everything that is wrong.
    pub fn from_env() -> Result<Self> {
        Self::from(&std::env::vars().collect())
    }

    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self> {
        let mut reader = Reader {
            environment,
            faults: Vec::new(),
        };
        let public_url = reader.url("MANDAT_PUBLIC_URL");
        let app_url = reader.url("MANDAT_APP_URL");
        let config = Self {
            database_url: reader.text("DATABASE_URL"),
            listen: reader.parsed("MANDAT_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080))),
            metrics_listen: reader.optional("MANDAT_METRICS_LISTEN"),
            app_url: match app_url.is_empty() {
                true => public_url.clone(),
                false => app_url,
            },
            trusted_proxies: reader.addresses("MANDAT_TRUSTED_PROXIES"),
            cors_origins: reader.origins("MANDAT_CORS_ORIGINS"),
            rate_limit: reader.parsed("MANDAT_RATE_LIMIT", 0),
            otlp_endpoint: reader.url("MANDAT_OTLP_ENDPOINT"),
            public_url,
            secret_key: reader.text("MANDAT_SECRET_KEY"),
            pool: reader.positive("MANDAT_POOL"),
            workers: reader.positive("MANDAT_WORKERS"),
            log: reader.text("MANDAT_LOG"),
            log_format: reader.text("MANDAT_LOG_FORMAT"),
            access_token_minutes: reader.positive("MANDAT_ACCESS_TOKEN_MINUTES"),
            session_days: reader.positive("MANDAT_SESSION_DAYS"),
            invitation_days: reader.positive("MANDAT_INVITATION_DAYS"),
            tender_days: reader.positive("MANDAT_TENDER_DAYS"),
            support_email: reader.text("MANDAT_SUPPORT_EMAIL"),
            support_phone: reader.text("MANDAT_SUPPORT_PHONE"),
            security_contact: reader.text("MANDAT_SECURITY_CONTACT"),
            oidc_issuer: reader.text("MANDAT_OIDC_ISSUER"),
            oidc_audience: reader.text("MANDAT_OIDC_AUDIENCE"),
            oidc_jwks_url: reader.text("MANDAT_OIDC_JWKS_URL"),
            sign_up_hours: reader.positive("MANDAT_SIGN_UP_HOURS"),
            password_reset_minutes: reader.positive("MANDAT_PASSWORD_RESET_MINUTES"),
            smtp_url: reader.text("MANDAT_SMTP_URL"),
            mail_from: reader.text("MANDAT_MAIL_FROM"),
            terms_version: reader.text("MANDAT_TERMS_VERSION"),
            thresholds: [
                reader.money("MANDAT_THRESHOLD_CHF", Currency::Chf),
                reader.money("MANDAT_THRESHOLD_EUR", Currency::Eur),
            ],
            quote_hours: reader.positive("MANDAT_QUOTE_HOURS"),
            seller: reader.text("MANDAT_SELLER"),
            seller_vat_number: reader.text("MANDAT_SELLER_VAT_NUMBER"),
            vat: Rates::new(reader.seller_country(), reader.vat_rates()),
            webhooks_private: reader.parsed("MANDAT_WEBHOOKS_PRIVATE", false),
            extra_roots: reader.certificates("MANDAT_EXTRA_ROOTS"),
            audit_heads: reader.text("MANDAT_AUDIT_HEADS"),
            partner_rate_ceiling: reader.rate("MANDAT_PARTNER_RATE_CEILING"),
            renewal_days_before: reader.positive("MANDAT_RENEWAL_DAYS_BEFORE"),
        };
        if !config.otlp_endpoint.is_empty() && cfg!(not(feature = "otlp")) {
            reader.faults.push(
                "MANDAT_OTLP_ENDPOINT: this program was built without the feature otlp".into(),
            );
        }
        if !config.secret_key.is_empty() && config.secret_key.len() < 32 {
            reader
                .faults
                .push("MANDAT_SECRET_KEY: at least 32 characters".into());
        }
        if config.secret_key.is_empty() && config.database_url.starts_with("postgres") {
            reader
                .faults
                .push("MANDAT_SECRET_KEY: required with a database server".into());
        }
        if !["text", "json"].contains(&config.log_format.as_str()) {
            reader.faults.push("MANDAT_LOG_FORMAT: text or json".into());
        }
        for (name, url) in [
            ("MANDAT_OIDC_ISSUER", &config.oidc_issuer),
            ("MANDAT_OIDC_JWKS_URL", &config.oidc_jwks_url),
        ] {
            if !url.is_empty() && !is_safe(url) {
                let fault = "an https address, or http on this machine";
                reader.faults.push(format!("{name}: {fault}"));
            }
        }
        let contact = &config.security_contact;
        let known = ["mailto:", "https:", "tel:"];
        if contact.contains(char::is_whitespace)
            || !known.iter().any(|scheme| contact.starts_with(scheme))
        {
            let fault = "MANDAT_SECURITY_CONTACT: a mailto:, https: or tel: address";
            reader.faults.push(fault.into());
        }
        match reader.faults.is_empty() {
            true => Ok(config),
            false => Err(Error::internal(reader.faults.join("\n"))),
        }
    }
}

/// Keys that anyone on the way could change prove nothing.
fn is_safe(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else {
        return false;
    };
    let here = ["127.0.0.1", "[::1]", "localhost"];
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(|host| here.contains(&host)),
        _ => false,
    }
}

/// As browsers write it: scheme, host and port, and nothing behind them.
fn origin(word: &str) -> Option<String> {
    let url = url::Url::parse(word).ok()?;
    let origin = url.origin().ascii_serialization();
    let known = ["http", "https"].contains(&url.scheme());
    (known && word.trim_end_matches('/').eq_ignore_ascii_case(&origin)).then_some(origin)
}

struct Reader<'e> {
    environment: &'e BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> String {
        let default = SETTINGS
            .iter()
            .find(|setting| setting.name == name)
            .map_or("", |setting| setting.default);
        self.environment
            .get(name)
            .map_or(default, String::as_str)
            .to_owned()
    }

    /// Without a slash at its end.
    fn url(&self, name: &str) -> String {
        self.text(name).trim_end_matches('/').to_owned()
    }

    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        self.several(name, |word| word.parse().ok())
    }

    fn origins(&mut self, name: &str) -> Vec<String> {
        self.several(name, |word| match word {
            "*" => Some(word.to_owned()),
            word => origin(word),
        })
    }

    /// What is separated by commas.
    fn several<T>(&mut self, name: &str, read: fn(&str) -> Option<T>) -> Vec<T> {
        let text = self.text(name);
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let mut all = Vec::new();
        for word in words {
            match read(word) {
                Some(one) => all.push(one),
                None => self.faults.push(format!("{name}: cannot read “{word}”")),
            }
        }
        all
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str, or: T) -> T {
        let text = self.text(name);
        text.parse().unwrap_or_else(|_| {
            self.faults.push(format!("{name}: cannot read “{text}”"));
            or
        })
    }

    /// The certificates of the file that is named.
    fn certificates(&mut self, name: &str) -> Vec<Vec<u8>> {
        let file = self.text(name);
        if file.is_empty() {
            return Vec::new();
        }
        let read = || -> Result<Vec<Vec<u8>>> {
            let text = std::fs::read(&file).map_err(Error::internal)?;
            let known = native_tls::Certificate::stack_from_pem(&text).map_err(Error::internal)?;
            if known.is_empty() {
                return Err(Error::internal("no certificate in PEM"));
            }
            let as_der = |one: native_tls::Certificate| one.to_der().map_err(Error::internal);
            known.into_iter().map(as_der).collect()
        };
        read().unwrap_or_else(|error| {
            self.faults.push(format!("{name}: {file}: {error}"));
            Vec::new()
        })
    }

    fn optional<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name);
        let parsed = text.parse().ok();
        if parsed.is_none() && !text.is_empty() {
            self.faults.push(format!("{name}: cannot read “{text}”"));
        }
        parsed
    }

    fn seller_country(&mut self) -> Country {
        let text = self.text("MANDAT_SELLER_COUNTRY");
        Country::parse(&text).unwrap_or_else(|| {
            self.faults
                .push(format!("MANDAT_SELLER_COUNTRY: no country: “{text}”"));
            Country::SWITZERLAND
        })
    }

    fn vat_rates(&mut self) -> Vec<Dated> {
        let text = self.text("MANDAT_VAT_RATES");
        let mut rates = Vec::new();
        for one in text.split(',').filter(|one| !one.trim().is_empty()) {
            match dated_rate(one) {
                Some(rate) => rates.push(rate),
                None => self
                    .faults
                    .push(format!("MANDAT_VAT_RATES: cannot read “{}”", one.trim())),
            }
        }
        rates
    }

    fn money(&mut self, name: &str, currency: Currency) -> Money {
        let text = self.text(name);
        Money::parse(&text, currency).unwrap_or_else(|_| {
            self.faults
                .push(format!("{name}: “{text}” is no amount in {currency}"));
            Money::zero(currency)
        })
    }

    fn rate(&mut self, name: &str) -> Rate {
        let text = self.text(name);
        Rate::parse(&text).unwrap_or_else(|| {
            self.faults
                .push(format!("{name}: no rate from 0 to 1: “{text}”"));
            Rate::ZERO
        })
    }

    fn positive<T: std::str::FromStr + From<u8> + PartialOrd>(&mut self, name: &str) -> T {
        let value = self.parsed(name, T::from(1));
        if value < T::from(1) {
            self.faults.push(format!("{name}: at least 1"));
        }
        value
    }
}

/// `NO 2005-01-01 0.25`.
fn dated_rate(text: &str) -> Option<Dated> {
    let mut words = text.split_whitespace();
    let dated = Dated {
        country: Country::parse(words.next()?)?,
        from: words.next()?.parse().ok()?,
        rate: Rate::parse(words.next()?)?,
    };
    words.next().is_none().then_some(dated)
}

/// Each setting with its value in force, secrets masked, and where it came from.
pub fn describe(environment: &BTreeMap<String, String>) -> String {
    SETTINGS
        .iter()
        .map(|setting| {
            let (value, origin) = match environment.get(setting.name) {
                Some(value) => (value.as_str(), "environment"),
                None => (setting.default, "default"),
            };
            let shown = if setting.secret && !value.is_empty() && origin == "environment" {
                "********"
            } else {
                value
            };
            format!("{:<28} {shown:<40} ({origin})\n", setting.name)
        })
        .collect()
}

/// The text of `.env.example`.
pub fn example() -> String {
    SETTINGS
        .iter()
        .map(|setting| {
            format!(
                "# {}\n# {}={}\n\n",
                setting.about, setting.name, setting.default
            )
        })
        .collect()
}
