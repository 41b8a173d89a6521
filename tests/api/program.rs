//! The program itself on a test's database, until it is killed.
use crate::world::World;
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use reqwest::Client;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program at work.
pub struct Program {
    child: Child,
    /// Where it serves, if it does.
    pub url: String,
}

impl Program {
    /// With this world's settings, and silent.
    pub fn command(world: &World) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mandat"));
        command
            .current_dir(std::env::temp_dir())
            .envs(world.settings())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Serves at a port of its own; with these settings, too.
    pub async fn serve(world: &World, settings: &[(&str, String)]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let listen = free.local_addr().expect("an address").to_string();
        drop(free);
        let child = Self::command(world)
            .env("MANDAT_LISTEN", &listen)
            .envs(settings.iter().cloned())
            .arg("serve")
            .spawn()
            .expect("the program starts");
        let started = Self {
            child,
            url: format!("http://{listen}"),
        };
        let client = Client::builder().no_proxy().build().expect("a client");
        let begun = Instant::now();
        let ready = format!("{}/readyz", started.url);
        while client.get(&ready).send().await.is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "it does not answer"
            );
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        started
    }

    /// Runs the jobs alone; it has begun, but is perhaps not yet at work.
    pub fn work(world: &World) -> Self {
        let child = Self::command(world)
            .arg("work")
            .stdout(Stdio::piped())
            .spawn();
        Self {
            child: child.expect("the program starts"),
            url: String::new(),
        }
    }

    /// Waits until it says that it works.
    pub fn works(&mut self) {
        let said = self.child.stdout.as_mut().map(BufReader::new);
        let mut line = String::new();
        let read = said.map(|mut said| said.read_line(&mut line));
        read.expect("its words are read")
            .expect("it says something");
        assert_eq!(line, "Mandat works\n");
    }

    /// Asks it to stop, and waits until it has ended what it was doing.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").arg(id).status();
        assert!(asked.expect("it is asked to stop").success());
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "{ended}");
    }

    /// Proves the books and the audit log.
    pub fn verify(world: &World) {
        let proof = Self::command(world)
            .arg("verify")
            .stdout(Stdio::piped())
            .output();
        let proof = proof.expect("the program runs");
        let told = String::from_utf8_lossy(&proof.stdout);
        assert!(proof.status.success(), "{told}");
    }
}

impl Drop for Program {
    /// SIGKILL: no farewell, nothing flushed.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How much a test is told to do: by default as much as a slow machine does in seconds.
pub fn told(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(count) => count.parse().expect("a count"),
        Err(_) => default,
    }
}

/// For random stories that take a world each: as many as are told, the same ones on each run unless
/// `PROPTEST_RNG_SEED` says so.
pub fn random_stories(variable: &str, default: usize) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: told(variable, default) as u32,
        rng_seed: match config.rng_seed {
            RngSeed::Random => RngSeed::Fixed(2026),
            said @ RngSeed::Fixed(_) => said,
        },
        failure_persistence: None,
        max_shrink_iters: 60,
        ..config
    }
}
