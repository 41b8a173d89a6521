//! Sealed connections: whose certificate is believed, and what is said of one that is not (NTF-2, NTF-3).
use crate::jobs::settle;
use crate::mail;
use crate::world::{World, on_each_engine, on_each_engine_with};
use mandat::db::record::Event;
use mandat::domain::event::EventType;
use mandat::domain::id::OrganizationId;
use mandat::jobs::{Next, deliver};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

type Key = PKey<Private>;

fn new_key() -> Key {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    let key = EcKey::generate(&group).expect("a key is made");
    PKey::from_ec_key(key).expect("a key")
}

/// A certificate for a host, good from one day to another, counted from today; signed by an authority
/// or by itself. Without a host it is an authority's.
fn certificate(host: Option<&str>, key: &Key, days: [i64; 2], by: Option<(&X509, &Key)>) -> X509 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_secs()).expect("seconds");
    let [from, until] = days.map(|day| Asn1Time::from_unix(now + day * 86_400).expect("a time"));
    let mut name = X509Name::builder().expect("a name");
    name.append_entry_by_nid(Nid::COMMONNAME, host.unwrap_or("The test's authority"))
        .expect("a name");
    let name = name.build();
    let serial = BigNum::from_u32(host.map_or(1, |_| 2)).expect("a number");
    let serial = serial.to_asn1_integer().expect("a number");
    let mut new = X509::builder().expect("a certificate");
    let filled = || -> Result<X509, openssl::error::ErrorStack> {
        new.set_version(2)?;
        new.set_serial_number(&serial)?;
        new.set_subject_name(&name)?;
        new.set_issuer_name(by.map_or(&*name, |(authority, _)| authority.subject_name()))?;
        new.set_pubkey(key)?;
        new.set_not_before(&from)?;
        new.set_not_after(&until)?;
        match host {
            Some(host) => {
                let mut names = SubjectAlternativeName::new();
                let context = new.x509v3_context(by.map(|(authority, _)| &**authority), None);
                let names = names.dns(host).build(&context)?;
                new.append_extension(names)?;
            }
            None => {
                new.append_extension(BasicConstraints::new().critical().ca().build()?)?;
                new.append_extension(KeyUsage::new().key_cert_sign().build()?)?;
            }
        }
        new.sign(by.map_or(key, |(_, key)| key), MessageDigest::sha256())?;
        Ok(new.build())
    };
    filled().expect("the certificate is made")
}

/// Whom the service is told to trust.
static AUTHORITY: LazyLock<(X509, Key)> = LazyLock::new(|| {
    let key = new_key();
    (certificate(None, &key, [-30, 30], None), key)
});

/// What a receiver shows.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Good,
    Expired,
    WrongHost,
    SelfSigned,
}

impl Shown {
    fn acceptor(self) -> SslAcceptor {
        let (authority, key) = &*AUTHORITY;
        let own = new_key();
        let by = Some((authority, key));
        let shown = match self {
            Self::Good => certificate(Some("localhost"), &own, [-1, 1], by),
            Self::Expired => certificate(Some("localhost"), &own, [-9, -1], by),
            Self::WrongHost => certificate(Some("elsewhere.example"), &own, [-1, 1], by),
            Self::SelfSigned => certificate(Some("localhost"), &own, [-1, 1], None),
        };
        let mut acceptor =
            SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("an acceptor");
        acceptor.set_certificate(&shown).expect("a certificate");
        acceptor.set_private_key(&own).expect("its key");
        acceptor.build()
    }
}

/// The authority's certificate in a file that is gone with this.
struct Roots(String);

impl Roots {
    fn write() -> Self {
        let file = format!("mandat-roots-{}.pem", uuid::Uuid::now_v7());
        let file = std::env::temp_dir().join(file);
        let text = AUTHORITY.0.to_pem().expect("PEM");
        std::fs::write(&file, text).expect("the file is written");
        Self(file.display().to_string())
    }

    fn setting(&self) -> [(&'static str, String); 1] {
        [("MANDAT_EXTRA_ROOTS", self.0.clone())]
    }
}

impl Drop for Roots {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// What came through.
type Taken = Arc<Mutex<Vec<String>>>;

/// Serves on threads of its own until the process ends; its port, and what it takes.
fn serve(talk: impl Fn(TcpStream, &Taken) + Clone + Send + 'static) -> (u16, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("an address").port();
    let taken = Taken::default();
    let kept = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (talk, kept) = (talk.clone(), kept.clone());
            std::thread::spawn(move || talk(stream, &kept));
        }
    });
    (port, taken)
}

/// A receiver of webhooks.
fn receiver(shown: Shown) -> (u16, Taken) {
    let acceptor = Arc::new(shown.acceptor());
    serve(move |stream, taken| {
        // Whoever does not believe the certificate hangs up here.
        let Ok(stream) = acceptor.accept(stream) else {
            return;
        };
        let mut stream = BufReader::new(stream);
        loop {
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if length == 0 || stream.read_exact(&mut body).is_err() {
                return;
            }
            let body = String::from_utf8(body).expect("UTF-8");
            taken.lock().expect("no thread has panicked").push(body);
            let answer = stream
                .get_mut()
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            answer.expect("answered");
        }
    })
}

/// A mail server that is sealed from the start, or when it is told to.
fn mail_server(shown: Shown, from_the_start: bool) -> (u16, Taken) {
    let acceptor = Arc::new(shown.acceptor());
    serve(move |mut stream, taken| {
        if from_the_start {
            if let Ok(stream) = acceptor.accept(stream) {
                take_mail(stream, "220 mail.test ESMTP\r\n", taken);
            }
            return;
        }
        stream
            .write_all(b"220 mail.test ESMTP\r\n")
            .expect("greeted");
        let mut read = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut line = String::new();
        while read.read_line(&mut line).is_ok_and(|read| read > 0) {
            let answer: &[u8] = match line.split([' ', '\r']).next() {
                Some("EHLO") => b"250-mail.test\r\n250 STARTTLS\r\n",
                Some("STARTTLS") => b"220 go on\r\n",
                _ => b"530 not in the open\r\n",
            };
            stream.write_all(answer).expect("answered");
            if line.starts_with("STARTTLS") {
                if let Ok(stream) = acceptor.accept(stream) {
                    take_mail(stream, "", taken);
                }
                return;
            }
            line.clear();
        }
    })
}

/// Takes whatever mail comes.
fn take_mail(stream: impl Read + Write, greeting: &str, taken: &Taken) {
    let mut stream = BufReader::new(stream);
    let greeted = stream.get_mut().write_all(greeting.as_bytes());
    greeted.expect("greeted");
    let (mut line, mut message) = (String::new(), None::<String>);
    while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
        let answer = match (&mut message, line.split([' ', ':', '\r']).next()) {
            (Some(_), Some(".")) => {
                taken
                    .lock()
                    .expect("no thread has panicked")
                    .extend(message.take());
                "250 taken\r\n"
            }
            (Some(message), _) => {
                message.push_str(&line);
                ""
            }
            (None, Some("EHLO")) => "250-mail.test\r\n250 8BITMIME\r\n",
            (None, Some("DATA")) => {
                message = Some(String::new());
                "354 go on\r\n"
            }
            (None, Some("QUIT")) => "221 bye\r\n",
            (None, _) => "250 ok\r\n",
        };
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}

/// Sends an event to a receiver on this machine; the attempt that was made.
async fn sent(world: &World, port: u16) -> Value {
    let org = world.organization("Studio Lumen").await;
    let list = format!("/v1/organizations/{org}/webhook-endpoints");
    let url = format!("https://localhost:{port}/hook");
    let new = json!({"url": url, "event_types": ["invitation.created"]});
    let id = world.post("claire", &list, new).await.expect(201).id();
    let org: OrganizationId = org.parse().expect("an id");
    let happened = world.db.write(move |tx| {
        let event = Event::new(EventType::InvitationCreated, "a thing").of(org);
        tx.record(None, event)
    });
    happened.await.expect("an event is recorded");
    settle(world).await;
    let step = || deliver::step(world.service.clone());
    while step().await.expect("webhooks are delivered") == Next::AtOnce {}
    let path = format!("{list}/{id}/deliveries");
    let made = world.get("claire", &path).await.expect(200);
    world
        .delete("claire", &format!("{list}/{id}"))
        .await
        .expect(204);
    made.body["items"][0]["attempts"][0].clone()
}

fn count(taken: &Taken) -> usize {
    taken.lock().expect("no thread has panicked").len()
}

#[test]
fn ntf_3_a_receiver_is_believed_by_a_good_certificate_alone() {
    let roots = Roots::write();
    on_each_engine_with(&roots.setting(), async |world| {
        let (port, taken) = receiver(Shown::Good);
        let attempt = sent(world, port).await;
        assert_eq!(attempt["status"], 204, "{attempt}");
        assert_eq!(count(&taken), 1);
        for (shown, why) in [
            (Shown::Expired, "certificate has expired"),
            (Shown::WrongHost, "hostname mismatch"),
            (Shown::SelfSigned, "self-signed certificate"),
        ] {
            let (port, taken) = receiver(shown);
            let attempt = sent(world, port).await;
            assert_eq!(attempt["status"], Value::Null, "{shown:?}: {attempt}");
            let answer = attempt["answer"].as_str().expect("a reason");
            assert!(answer.contains(why), "{shown:?}: {answer}");
            assert_eq!(count(&taken), 0, "{shown:?}");
        }
    });
}

#[test]
fn ntf_3_an_authority_that_nobody_named_is_not_believed() {
    on_each_engine(async |world| {
        let (port, taken) = receiver(Shown::Good);
        let attempt = sent(world, port).await;
        let answer = attempt["answer"].as_str().expect("a reason");
        assert!(
            answer.contains("unable to get local issuer certificate"),
            "{answer}"
        );
        assert_eq!(count(&taken), 0);
    });
}

/// Sends what waits to this mail server; what the newest mail says.
async fn mailed(world: &World, url: &str) -> Value {
    let service = mail::with_url(world, url);
    while mail::step(&service).await == Next::AtOnce {}
    mail::newest(world).await
}

#[test]
fn ntf_2_mails_go_sealed_to_a_server_with_a_good_certificate() {
    let roots = Roots::write();
    on_each_engine_with(&roots.setting(), async |world| {
        for (from_the_start, url) in [
            (true, "smtps://localhost:PORT"),
            (false, "smtp://localhost:PORT?tls=required"),
            (false, "smtp://localhost:PORT?tls=opportunistic"),
        ] {
            let (port, taken) = mail_server(Shown::Good, from_the_start);
            mail::notice(world).await;
            let url = url.replace("PORT", &port.to_string());
            let mail = mailed(world, &url).await;
            assert!(mail["sent_at"].is_string(), "{url}: {mail}");
            assert!(count(&taken) > 0, "{url}");
        }
    });
}

#[test]
fn ntf_2_no_mail_goes_to_a_server_that_cannot_prove_itself_or_seals_nothing() {
    let roots = Roots::write();
    on_each_engine_with(&roots.setting(), async |world| {
        mail::notice(world).await;
        for (shown, why) in [
            (Shown::Expired, "certificate has expired"),
            (Shown::WrongHost, "hostname mismatch"),
            (Shown::SelfSigned, "self-signed certificate"),
        ] {
            for from_the_start in [true, false] {
                let (port, taken) = mail_server(shown, from_the_start);
                let url = match from_the_start {
                    true => format!("smtps://localhost:{port}"),
                    false => format!("smtp://localhost:{port}?tls=required"),
                };
                let mail = mailed(world, &url).await;
                assert_eq!(mail["sent_at"], Value::Null, "{shown:?}: {mail}");
                let failure = mail["failure"].as_str().expect("a reason");
                assert!(failure.contains(why), "{shown:?}: {failure}");
                assert_eq!(count(&taken), 0, "{shown:?}");
                world.advance(chrono::TimeDelta::days(1));
            }
        }
        let (open, address) = mail::Server::start("250 ok").await;
        let url = format!("smtp://{address}?tls=required");
        let mail = mailed(world, &url).await;
        assert_eq!(mail["sent_at"], Value::Null, "{mail}");
        assert!(open.taken().is_empty());
    });
}
