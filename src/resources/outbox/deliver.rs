//! From the outbox to the mail server (NTF-2): claimed by one node at a time, tried again with growing
//! pauses, given up where the server says never or after the last try.
use super::render::{Rendered, render};
use crate::config::Config;
use crate::db::Tx;
use crate::db::schema::mails;
use crate::domain::id::{MailId, UserId};
use crate::domain::locale::Language;
use crate::domain::mail::MailTemplate;
use crate::error::{Error, Result};
use crate::resources::notifications::model::unsubscribe_token;
use crate::secret::Keyring;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;
use url::Url;

/// Mails that one step takes.
pub const MOST: i64 = 20;
/// How long a claimed mail is left to the node that claimed it.
const CLAIM: TimeDelta = TimeDelta::minutes(5);
/// Minutes until the next try, after each that failed.
const PAUSES: [i64; 7] = [1, 5, 30, 120, 360, 720, 1440];
/// The mail server's answer is waited for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mail server that the configuration names.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// What a Message-ID ends with.
    domain: String,
}

/// A mail that this node has claimed.
#[derive(Queryable, Selectable)]
#[diesel(table_name = mails)]
pub struct Claimed {
    id: MailId,
    recipient: String,
    user_id: Option<UserId>,
    language: Language,
    template: MailTemplate,
    arguments: String,
    token: Option<Vec<u8>>,
    /// The one under way included.
    attempts: i32,
}

/// What became of it.
pub struct Outcome {
    id: MailId,
    attempts: i32,
    failed: Option<Failure>,
}

struct Failure {
    why: String,
    for_good: bool,
}

impl Mailer {
    /// None where no mail server is configured: mails stay in the outbox.
    pub fn open(config: &Config) -> Result<Option<Self>> {
        if config.smtp_url.is_empty() {
            return Ok(None);
        }
        let wrong =
            |what: &str, error: &dyn std::fmt::Display| Error::internal(format!("{what}: {error}"));
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.smtp_url)
            .map_err(|error| wrong("MANDAT_SMTP_URL", &error))?
            .timeout(Some(PATIENCE));
        if !config.extra_roots.is_empty()
            && let Some(tls) = tls(config).map_err(|error| wrong("MANDAT_SMTP_URL", &error))?
        {
            transport = transport.tls(tls);
        }
        let transport = transport.build();
        let from: Mailbox = config
            .mail_from
            .parse()
            .map_err(|error| wrong("MANDAT_MAIL_FROM", &error))?;
        let domain = from.email.domain().to_owned();
        Ok(Some(Self {
            transport,
            from,
            domain,
        }))
    }

    /// Sends one mail; at least once, with the same Message-ID each time.
    pub async fn send(&self, mail: Claimed, keys: &Keyring, config: &Config) -> Outcome {
        let failed = match self.message(&mail, keys, config) {
            // What cannot be read today cannot be read tomorrow.
            Err(why) => Some(Failure {
                why,
                for_good: true,
            }),
            Ok(message) => self
                .transport
                .send(message)
                .await
                .err()
                .map(|error| Failure {
                    why: error.to_string(),
                    for_good: error.is_permanent(),
                }),
        };
        Outcome {
            id: mail.id,
            attempts: mail.attempts,
            failed,
        }
    }

    fn message(
        &self,
        mail: &Claimed,
        keys: &Keyring,
        config: &Config,
    ) -> std::result::Result<Message, String> {
        let Rendered {
            subject,
            text,
            html,
            link: _,
        } = render(
            mail.template,
            mail.language,
            &mail.arguments,
            mail.token.as_deref(),
            keys,
            config,
        )
        .map_err(|error| error.to_string())?;
        let to: Mailbox = mail
            .recipient
            .parse()
            .map_err(|error| format!("the address cannot be read: {error}"))?;
        let part = |kind: ContentType, body: &str| {
            SinglePart::builder().header(kind).body(body.to_owned())
        };
        let body = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &text))
            .singlepart(part(ContentType::TEXT_HTML, &html));
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.domain)))
            .multipart(body)
            .map_err(|error| error.to_string())?;
        let unsubscribe = mail.unsubscribe_link(keys, config);
        if let Some(link) = unsubscribe.map_err(|error| error.to_string())? {
            let mut header = |name, value: String| {
                let name = HeaderName::new_from_ascii_str(name);
                message
                    .headers_mut()
                    .insert_raw(HeaderValue::new(name, value));
            };
            // One click, with nothing more to be done (RFC 2369, RFC 8058).
            header("List-Unsubscribe", format!("<{link}>"));
            header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into());
        }
        Ok(message)
    }
}

/// How the connection is sealed, as the URL says it, by certificates that the configuration trusts
/// besides the system's: the URL alone cannot name them.
fn tls(config: &Config) -> std::result::Result<Option<Tls>, Box<dyn std::error::Error>> {
    let url = Url::parse(&config.smtp_url)?;
    let asked = url.query_pairs().find(|(name, _)| name == "tls");
    let wrap = match (url.scheme(), asked.as_ref().map(|(_, how)| how.as_ref())) {
        ("smtps", _) => Tls::Wrapper,
        (_, Some("required")) => Tls::Required,
        (_, Some("opportunistic")) => Tls::Opportunistic,
        _ => return Ok(None),
    };
    let host = url.host_str().unwrap_or_default();
    let mut parameters = TlsParameters::builder(host.to_owned());
    for root in &config.extra_roots {
        parameters = parameters.add_root_certificate(Certificate::from_der(root.clone())?);
    }
    Ok(Some(wrap(parameters.build()?)))
}

impl Claimed {
    /// Where a click turns mails of this kind off, if they can be.
    fn unsubscribe_link(&self, keys: &Keyring, config: &Config) -> Result<Option<String>> {
        let category = self.template.category();
        let token = self
            .user_id
            .filter(|_| !category.is_contractual())
            .map(|user| unsubscribe_token(keys, user, category))
            .transpose()?;
        Ok(token.map(|token| format!("{}/v1/unsubscribe-links/{token}", config.public_url)))
    }
}

/// Whether any mail is due.
pub fn is_due(tx: &mut Tx) -> Result<bool> {
    let due = mails::table.filter(mails::due_at.le(tx.now));
    Ok(diesel::select(diesel::dsl::exists(due)).get_result(tx.conn)?)
}

/// Claims what is due, for a while: what is neither sent nor failed by then is due again.
pub fn claim(tx: &mut Tx) -> Result<Vec<Claimed>> {
    let due: Vec<Claimed> = mails::table
        .filter(mails::due_at.le(tx.now))
        .order(mails::due_at)
        .limit(MOST)
        .select(Claimed::as_select())
        .load(tx.conn)?;
    let mut claimed = Vec::with_capacity(due.len());
    for mut mail in due {
        mail.attempts += 1;
        let mine = diesel::update(mails::table.find(mail.id))
            .filter(mails::due_at.le(tx.now))
            .set((
                mails::due_at.eq(tx.now + CLAIM),
                mails::attempts.eq(mail.attempts),
            ))
            .execute(tx.conn)?;
        if mine == 1 {
            claimed.push(mail);
        }
    }
    Ok(claimed)
}

/// Writes down what became of the claimed mails. The token of a link goes with the mail that carried it.
pub fn settle(tx: &mut Tx, outcomes: &[Outcome]) -> Result<()> {
    for Outcome {
        id,
        attempts,
        failed,
    } in outcomes
    {
        let mail = diesel::update(mails::table.find(id));
        match failed {
            None => mail
                .set((
                    mails::sent_at.eq(tx.now),
                    mails::due_at.eq(None::<NaiveDateTime>),
                    mails::token.eq(None::<Vec<u8>>),
                    mails::failure.eq(None::<String>),
                ))
                .execute(tx.conn)?,
            Some(failure) => {
                let pause = usize::try_from(*attempts - 1)
                    .ok()
                    .and_then(|tried| PAUSES.get(tried))
                    .filter(|_| !failure.for_good);
                mail.set((
                    mails::due_at.eq(pause.map(|minutes| tx.now + TimeDelta::minutes(*minutes))),
                    mails::failure.eq(&failure.why),
                ))
                .execute(tx.conn)?
            }
        };
    }
    Ok(())
}
