//! Passwords: Argon2id (RFC 9106, the parameters OWASP names as the minimum), never inside a transaction.
use crate::domain::refusal::{Code, Refusal};
use crate::error::{Error, Result};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// How many are hashed at once, and how many may wait: hashing is the dearest thing a stranger can ask for.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
static WAITING: Semaphore = Semaphore::const_new(34);

/// The hash of no password: whoever has none takes as long to refuse.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_here("nobody knows this").ok());

/// The least length of a password.
pub const SHORTEST: usize = 12;

/// Long enough, and not easy to guess for whoever knows these words about the person.
pub fn is_strong(password: &str, known: &[&str]) -> bool {
    password.chars().count() >= SHORTEST
        && zxcvbn::zxcvbn(password, known).score() >= zxcvbn::Score::Three
}

pub async fn hash(password: String) -> Result<String> {
    one_of_few(move || hash_here(&password)).await
}

/// Whether the password is the one behind the hash; without a hash it never is, in the same time.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    one_of_few(move || {
        let known = hash.is_some();
        let hash = hash.or_else(|| NOBODY.clone()).unwrap_or_default();
        let parsed = PasswordHash::new(&hash).map_err(Error::internal)?;
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
            && known)
    })
    .await
}

pub fn hash_here(password: &str) -> Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(Error::internal)?;
    Ok(hash.to_string())
}

async fn one_of_few<T: Send + 'static>(
    job: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let _place = WAITING
        .try_acquire()
        .map_err(|_| Refusal::new(Code::TooManyRequests).with("seconds", 1))?;
    let _turn = AT_ONCE.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(job)
        .await
        .map_err(Error::internal)?
}
