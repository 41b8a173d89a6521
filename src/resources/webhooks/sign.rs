//! Signatures as Standard Webhooks prescribe: `v1` by a shared secret, `v1a` by a published key.
use crate::domain::id::WebhookId;
use crate::error::Result;
use crate::secret::{Keyring, Purpose, random};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair;
use base64::{Engine, engine::general_purpose::STANDARD};

/// What an endpoint's messages are signed with.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    pub fn new() -> Result<Self> {
        Ok(Self(random::<32>()?.to_vec()))
    }

    pub fn open(keys: &Keyring, sealed: &[u8]) -> Result<Self> {
        Ok(Self(keys.open(Purpose::Webhook, sealed)?))
    }

    pub fn sealed(&self, keys: &Keyring) -> Result<Vec<u8>> {
        keys.seal(Purpose::Webhook, &self.0)
    }

    /// As the receiver is shown it, once.
    pub fn shown(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The public half of the key that goes with this secret, for receivers that keep none.
    pub fn public_key(&self, keys: &Keyring, endpoint: WebhookId) -> Result<String> {
        let signer = keys.signer(Purpose::Webhook, &self.key_of(endpoint))?;
        Ok(format!("whpk_{}", STANDARD.encode(signer.public_key())))
    }

    /// Both signatures of a message.
    pub fn sign(&self, keys: &Keyring, endpoint: WebhookId, message: &[u8]) -> Result<String> {
        let shared = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), message);
        let signer = keys.signer(Purpose::Webhook, &self.key_of(endpoint))?;
        Ok(format!(
            "v1,{} v1a,{}",
            STANDARD.encode(shared),
            STANDARD.encode(signer.sign(message))
        ))
    }

    /// A new secret brings a new key.
    fn key_of(&self, endpoint: WebhookId) -> Vec<u8> {
        [endpoint.bytes().as_slice(), &self.0].concat()
    }
}
