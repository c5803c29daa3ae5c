//! The keyring: our signing keys, ready to sign and to verify (RFC 7515, RFC 7517).
//!
//! A [`Keyring`] is a snapshot of the keys that are published. [`Keys`] holds the current snapshot and
//! replaces it when the database says otherwise, so that keys rotate without a restart. Parsing a
//! private key costs more than two signatures with it: signers are made once and kept.

use std::sync::{Arc, PoisonError, RwLock};

use josekit::jwk::Jwk;
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::store::signing_keys::SigningKey;
use crate::store::{Tx, signing_keys};
use crate::vault::{Vault, VaultError};

/// Claims, as a JSON object.
pub type Claims = Map<String, Value>;

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The library refused the key or the operation.
    #[error("a signing key is unusable: {0}")]
    Jose(#[from] josekit::JoseError),
    /// A stored key is not the JSON it should be.
    #[error("a stored signing key is not a JWK: {0}")]
    Malformed(#[from] serde_json::Error),
    /// No key of the algorithm signs yet.
    #[error("there is no active {0} key: run `vestibule keys rotate`")]
    Missing(SigningAlgorithm),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A stored private key can't be decrypted.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The keys published at one time.
pub struct Keyring {
    keys: Vec<Key>,
    jwks: Arc<[u8]>,
}

struct Key {
    record: SigningKey,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl Keyring {
    fn new(records: Vec<SigningKey>, vault: &Vault) -> Result<Self, KeyError> {
        let public: Vec<&Value> = records.iter().map(|record| &record.public_jwk.0).collect();
        let jwks = serde_json::to_vec(&serde_json::json!({ "keys": public }))?.into();
        let keys = records
            .into_iter()
            .map(|record| Key::new(record, vault))
            .collect::<Result<_, _>>()?;
        Ok(Self { keys, jwks })
    }

    /// The JWK Set document (RFC 7517 §5) as it is sent: public members only.
    pub fn jwks(&self) -> Arc<[u8]> {
        Arc::clone(&self.jwks)
    }

    /// Signs `claims` as a JWT with the youngest key of `algorithm` that is active at `now` and stays.
    ///
    /// One that has an end was succeeded, and may go before what it signs now.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`] when no key of that algorithm is active.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        token_type: &str,
        claims: &Claims,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        let key = self
            .keys
            .iter()
            .filter(|key| key.record.algorithm.0 == algorithm && key.record.activates_at <= now)
            .max_by_key(|key| (key.record.withdrawn_at.is_none(), key.record.activates_at))
            .ok_or(KeyError::Missing(algorithm))?;
        let mut header = JwsHeader::new();
        header.set_key_id(&key.record.kid);
        header.set_token_type(token_type);
        let payload = serde_json::to_vec(claims)?;
        Ok(jws::serialize_compact(
            &payload,
            &header,
            key.signer.as_ref(),
        )?)
    }

    /// The claims of a JWT that one of our keys has signed.
    ///
    /// The signature is checked and nothing else: neither times nor audience. The algorithm is the
    /// key's own, whatever the header says; `jwk`, `jku` and `x5u` are ignored.
    pub fn verify(&self, jwt: &str) -> Option<Claims> {
        let selector = |header: &JwsHeader| {
            let kid = header.key_id().unwrap_or_default();
            let key = self.keys.iter().find(|key| key.record.kid == kid);
            Ok(key.map(|key| key.verifier.as_ref()))
        };
        let (payload, _header) = jws::deserialize_compact_with_selector(jwt, selector).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

impl Key {
    fn new(record: SigningKey, vault: &Vault) -> Result<Self, KeyError> {
        let private = Jwk::from_bytes(vault.open(&record.private_jwe)?)?;
        let public = Jwk::from_bytes(serde_json::to_vec(&record.public_jwk.0)?)?;
        let (signer, verifier): (Box<dyn JwsSigner>, Box<dyn JwsVerifier>) =
            match record.algorithm.0 {
                SigningAlgorithm::EdDsa => (
                    Box::new(jws::EdDSA.signer_from_jwk(&private)?),
                    Box::new(jws::EdDSA.verifier_from_jwk(&public)?),
                ),
                SigningAlgorithm::Es256 => (
                    Box::new(jws::ES256.signer_from_jwk(&private)?),
                    Box::new(jws::ES256.verifier_from_jwk(&public)?),
                ),
                SigningAlgorithm::Rs256 => (
                    Box::new(jws::RS256.signer_from_jwk(&private)?),
                    Box::new(jws::RS256.verifier_from_jwk(&public)?),
                ),
            };
        Ok(Self {
            record,
            signer,
            verifier,
        })
    }
}

/// The current keyring.
pub struct Keys {
    vault: Vault,
    current: RwLock<Arc<Keyring>>,
}

impl Keys {
    /// An empty keyring, to be filled by [`Keys::reload`].
    pub fn new(vault: Vault) -> Self {
        let empty = Keyring {
            keys: Vec::new(),
            jwks: (*br#"{"keys":[]}"#).into(),
        };
        Self {
            vault,
            current: RwLock::new(Arc::new(empty)),
        }
    }

    /// The vault that opens the stored keys.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The keyring of now. Hold it for one request, not longer.
    pub fn current(&self) -> Arc<Keyring> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up what has changed in the database. Returns whether anything had.
    ///
    /// # Errors
    ///
    /// When a key can't be read; the keyring then stays as it was.
    pub async fn reload(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, KeyError> {
        let records = signing_keys::list_published(tx, now).await?;
        if self
            .current()
            .keys
            .iter()
            .map(|key| &key.record.kid)
            .eq(records.iter().map(|record| &record.kid))
        {
            return Ok(false);
        }
        let keyring = Arc::new(Keyring::new(records, &self.vault)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = keyring;
        Ok(true)
    }
}
