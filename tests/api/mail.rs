//! Mail by SMTP (NTF-2), to a mail server of the test's own.
use crate::invitations::{self, full};
use crate::world::{World, on_each_engine};
use chrono::TimeDelta;
use mandat::config::Config;
use mandat::jobs::{Next, mail};
use mandat::resources::outbox::deliver::Mailer;
use mandat::service::Service;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the mail server answers to a recipient, and what it has taken.
#[derive(Default)]
pub struct Server {
    answer: Mutex<&'static str>,
    taken: Mutex<Vec<(String, String)>>,
}

impl Server {
    /// Serves until the runtime ends; the address it listens on.
    pub async fn start(answer: &'static str) -> (Arc<Self>, String) {
        let server = Arc::new(Self::default());
        server.answers(answer);
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener
            .local_addr()
            .expect("it has an address")
            .to_string();
        let serving = server.clone();
        actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                actix_web::rt::spawn(async move { serving.talk(stream).await });
            }
        });
        (server, address)
    }

    fn answers(&self, answer: &'static str) {
        *self.answer.lock().expect("no test has panicked") = answer;
    }

    pub fn taken(&self) -> Vec<(String, String)> {
        self.taken.lock().expect("no test has panicked").clone()
    }

    async fn talk(&self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut recipient = String::new();
        write
            .write_all(b"220 mail.test ESMTP\r\n")
            .await
            .expect("greeted");
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => "250-mail.test\r\n250 8BITMIME",
                "RCPT" => {
                    recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    *self.answer.lock().expect("no test has panicked")
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.expect("answered");
                    let mut message = String::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        message.push_str(&line);
                        message.push('\n');
                    }
                    let mail = (recipient.clone(), message);
                    self.taken.lock().expect("no test has panicked").push(mail);
                    "250 taken"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            write
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .expect("answered");
        }
    }
}

/// The world's service with a mail server.
pub fn with_server(world: &World, address: &str) -> Service {
    with_url(world, &format!("smtp://{address}"))
}

pub fn with_url(world: &World, url: &str) -> Service {
    let mut service = world.service.clone();
    let config = Config {
        smtp_url: url.to_owned(),
        ..(**service.config).clone()
    };
    service.mailer = Mailer::open(&config).expect("the mail server's address is right");
    service
}

pub async fn invite(world: &World) {
    let access = full("partner");
    let sent = invitations::invite(world, "anna", "Bäckerei Sommer", "Studio Lumen", access).await;
    sent.expect(201);
}

/// Has a mail written, to an address that nobody has had before.
pub async fn notice(world: &World) {
    let org = world.organization("Studio Lumen").await;
    let email = format!("{}@example.org", uuid::Uuid::now_v7());
    let new = json!({"email": email, "role": "administrator"});
    let members = format!("/v1/organizations/{org}/members");
    world.post("claire", &members, new).await.expect(201);
}

pub async fn newest(world: &World) -> Value {
    let outbox = world.get("nora", "/v1/admin/outbox").await.expect(200);
    outbox.body["items"][0].clone()
}

pub async fn step(service: &Service) -> Next {
    mail::step(service.clone()).await.expect("the job works")
}

#[test]
fn ntf_2_a_mail_goes_out_by_smtp_as_text_and_html_and_its_token_is_wiped() {
    on_each_engine(async |world| {
        let (server, address) = Server::start("250 ok").await;
        let service = with_server(world, &address);
        invite(world).await;
        let link = newest(world).await["link"]
            .as_str()
            .expect("a link")
            .to_owned();
        while step(&service).await == Next::AtOnce {}
        let taken = server.taken();
        let (_, message) = taken
            .iter()
            .find(|(to, _)| to == "claire@studio-lumen.example")
            .expect("the partner's legal representative got a mail");
        let decoded = message.replace("=\n", "").replace("=3D", "=");
        for part in [
            "Content-Type: multipart/alternative",
            "text/plain",
            "text/html",
            "Message-ID: <mail_",
            "From: Mandat <no-reply@mandat.example>",
            &link,
        ] {
            assert!(decoded.contains(part), "{part} is missing:\n{message}");
        }
        let sent = newest(world).await;
        assert!(sent["sent_at"].is_string(), "{sent}");
        assert_eq!(
            (&sent["link"], &sent["next_attempt_at"]),
            (&Value::Null, &Value::Null)
        );
        let before = taken.len();
        step(&service).await;
        assert_eq!(server.taken().len(), before, "sent once");
    });
}

#[test]
fn ntf_2_a_mail_that_fails_is_tried_again_and_one_that_is_refused_is_given_up() {
    on_each_engine(async |world| {
        let (server, address) = Server::start("451 busy, come again").await;
        let service = with_server(world, &address);
        invite(world).await;
        step(&service).await;
        let waiting = newest(world).await;
        assert_eq!(
            (&waiting["attempts"], &waiting["sent_at"]),
            (&json!(1), &Value::Null)
        );
        assert!(
            waiting["failure"]
                .as_str()
                .is_some_and(|why| why.contains("451")),
            "{waiting}"
        );
        step(&service).await;
        assert_eq!(newest(world).await["attempts"], 1, "not before its time");
        world.advance(TimeDelta::minutes(2));
        server.answers("250 ok");
        step(&service).await;
        assert!(newest(world).await["sent_at"].is_string());

        server.answers("550 no such user");
        let org = world.organization("Bäckerei Sommer").await;
        let sent = world
            .get(
                "anna",
                &format!("/v1/organizations/{org}/invitations?box=sent"),
            )
            .await
            .expect(200);
        let id = sent.text_of("/items/0/id");
        world
            .post("anna", &format!("/v1/invitations/{id}/resend"), json!({}))
            .await
            .expect(200);
        step(&service).await;
        let dead = newest(world).await;
        assert_eq!(
            (&dead["sent_at"], &dead["next_attempt_at"]),
            (&Value::Null, &Value::Null)
        );
        assert!(
            dead["failure"]
                .as_str()
                .is_some_and(|why| why.contains("550")),
            "{dead}"
        );
    });
}

#[test]
fn ntf_2_without_a_mail_server_mails_wait_in_the_outbox() {
    on_each_engine(async |world| {
        invite(world).await;
        assert_eq!(
            mail::step(world.service.clone()).await.expect("it rests"),
            Next::Rest
        );
        let mail = newest(world).await;
        assert_eq!(
            (&mail["attempts"], &mail["sent_at"]),
            (&json!(0), &Value::Null)
        );
        assert!(
            mail["text"]
                .as_str()
                .is_some_and(|text| text.contains("Bäckerei Sommer"))
        );
    });
}
