//! The one secret of the service, and all that is derived from it.
use crate::error::{Error, Result};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::{constant_time, digest, hkdf, hmac, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// What a derived key is for: keys of different purposes know nothing of each other.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    Cursor,
    Fingerprint,
    Mail,
    Unsubscribe,
    SigningKey,
    PaymentMethod,
    /// Seals the secrets of webhook endpoints, and makes their keys.
    Webhook,
    /// Links the rows of the audit log.
    AuditChain,
    /// Signs where the audit log ends.
    AuditHead,
    SupportCode,
    SupportCodeLookup,
    SecondFactor,
}

/// Derives every MAC and sealing key from the root secret (HKDF-SHA-256, RFC 5869).
pub struct Keyring {
    root: hkdf::Prk,
}

const NONCE: usize = 12;

impl Keyring {
    /// The secret is at least 32 bytes of randomness.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            root: hkdf::Salt::new(hkdf::HKDF_SHA256, b"mandat").extract(secret),
        }
    }

    fn derive(&self, purpose: Purpose) -> Result<[u8; 32]> {
        let label: &[u8] = match purpose {
            Purpose::Cursor => b"cursor",
            Purpose::Fingerprint => b"fingerprint",
            Purpose::Mail => b"mail",
            Purpose::Unsubscribe => b"unsubscribe",
            Purpose::SigningKey => b"signing key",
            Purpose::PaymentMethod => b"payment method",
            Purpose::Webhook => b"webhook",
            Purpose::AuditChain => b"audit chain",
            Purpose::AuditHead => b"audit head",
            Purpose::SupportCode => b"support code",
            Purpose::SupportCodeLookup => b"support code lookup",
            Purpose::SecondFactor => b"second factor",
        };
        let mut key = [0; 32];
        self.root
            .expand(&[label], hkdf::HKDF_SHA256)?
            .fill(&mut key)?;
        Ok(key)
    }

    /// HMAC-SHA-256 over the parts, each preceded by its length.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Result<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose)?);
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        Ok(tag)
    }

    /// The Ed25519 key of a purpose; several are told apart by `of`.
    pub fn signer(&self, purpose: Purpose, of: &[u8]) -> Result<Ed25519KeyPair> {
        let seed = self.mac(purpose, &[of])?;
        Ed25519KeyPair::from_seed_unchecked(&seed).map_err(Error::internal)
    }

    /// AES-256-GCM with a random nonce, which goes in front.
    pub fn seal(&self, purpose: Purpose, plain: &[u8]) -> Result<Vec<u8>> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose)?)?;
        let mut sealed = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut sealed)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    pub fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Vec<u8>> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.derive(purpose)?)?;
        let (nonce, text) = sealed
            .split_at_checked(NONCE)
            .ok_or_else(|| Error::internal("a sealed value is too short"))?;
        let mut text = text.to_vec();
        let plain = key.open_in_place(
            Nonce::try_assume_unique_for_key(nonce)?,
            Aad::empty(),
            &mut text,
        )?;
        Ok(plain.to_vec())
    }
}

/// A value's digest under a salt of its own: says nothing of the value once the salt is gone.
pub fn commitment(salt: &[u8], value: &str) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(salt);
    context.update(value.as_bytes());
    context.finish().as_ref().to_vec()
}

/// The one source of chance: ids, tokens, salts.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

/// A bearer token of 256 random bits, and the hash under which it is kept.
pub fn new_token() -> Result<(String, Vec<u8>)> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let hash = token_hash(&token);
    Ok((token, hash))
}

/// SHA-256 is enough for what holds 256 random bits.
pub fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes())
        .as_ref()
        .to_vec()
}

/// Base 32 without padding (RFC 4648), for what people type.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| {
        let byte = bytes.get(at / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let letter = |first: usize| (first..first + 5).fold(0, |value, at| value << 1 | bit(at));
    (0..bytes.len() * 8)
        .step_by(5)
        .map(|first| char::from(LETTERS[letter(first)]))
        .collect()
}

pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}
