//! Keys at rest: encrypted under another key, the master key in the end, as JWEs (RFC 7516, RFC 7517 §7).
//!
//! # Decision
//!
//! A JWE names the master key it was made under (`kid`) and the cipher (`A256GCM`) in its own header,
//! so that the master key can be replaced: old ones go on decrypting, and [`Vault::is_current`] says
//! what is left to encrypt anew.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::JoseError;
use josekit::jwe::{self, JweHeader};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::config::MasterKeys;

/// Encrypts and decrypts keys.
#[derive(Debug, Clone)]
pub struct Vault {
    master_keys: MasterKeys,
}

/// Why a stored key can't be read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The cipher refused: the text was tampered with, or is no JWE.
    #[error("a stored key can't be decrypted: {0}")]
    Broken(#[from] JoseError),
    /// The text was encrypted for another purpose than it is decrypted for.
    #[error("a stored key was encrypted for another purpose")]
    OtherPurpose,
    /// The text was encrypted under a master key that isn't configured.
    #[error(
        "a stored key was encrypted under the master key `{0}`, which is not configured: restore it as `keys.master_key_file`, or list it in `keys.previous_master_key_files`"
    )]
    UnknownMasterKey(String),
}

impl Vault {
    /// A vault under these master keys.
    pub fn new(master_keys: MasterKeys) -> Self {
        Self { master_keys }
    }

    /// Encrypts `secret` under the current master key.
    ///
    /// # Errors
    ///
    /// [`VaultError::Broken`] when the cipher fails.
    pub fn seal(&self, secret: &[u8]) -> Result<String, VaultError> {
        self.encrypt(None, secret)
    }

    /// Decrypts what [`Vault::seal`] made.
    ///
    /// # Errors
    ///
    /// When the text was tampered with, or its master key isn't configured.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let (secret, header) = self.decrypt(sealed)?;
        if header.claim(PURPOSE).is_some() {
            return Err(VaultError::OtherPurpose);
        }
        Ok(secret)
    }

    /// Encrypts `secret` as [`Vault::seal`] does, for one purpose alone, which stands in the header, as a hash that the
    /// cipher authenticates.
    ///
    /// # Errors
    ///
    /// [`VaultError::Broken`] when the cipher fails.
    pub fn seal_for(&self, purpose: &str, secret: &[u8]) -> Result<String, VaultError> {
        self.encrypt(Some(purpose), secret)
    }

    /// Decrypts what [`Vault::seal_for`] made for the same purpose.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`], and [`VaultError::OtherPurpose`].
    pub fn open_for(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let (secret, header) = self.decrypt(sealed)?;
        if header.claim(PURPOSE).and_then(Value::as_str) == Some(&*digest(purpose)) {
            Ok(secret)
        } else {
            Err(VaultError::OtherPurpose)
        }
    }

    fn encrypt(&self, purpose: Option<&str>, secret: &[u8]) -> Result<String, VaultError> {
        let master_key = &self.master_keys.current;
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        header.set_key_id(master_key.id());
        if let Some(purpose) = purpose {
            header.set_claim(PURPOSE, Some(digest(purpose).into()))?;
        }
        let encrypter = jwe::Dir.encrypter_from_bytes(master_key.expose())?;
        Ok(jwe::serialize_compact(secret, &header, &encrypter)?)
    }

    fn decrypt(&self, sealed: &str) -> Result<(Vec<u8>, JweHeader), VaultError> {
        let id = key_id(sealed)?;
        let master_key = self
            .master_keys
            .find(&id)
            .ok_or(VaultError::UnknownMasterKey(id))?;
        let decrypter = jwe::Dir.decrypter_from_bytes(master_key.expose())?;
        Ok(jwe::deserialize_compact(sealed, &decrypter)?)
    }

    /// What [`Vault::seal`] made, encrypted anew under the current master key; none when it is that already.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`].
    pub fn renew(&self, sealed: &str) -> Result<Option<String>, VaultError> {
        if self.is_current(sealed)? {
            return Ok(None);
        }
        self.seal(&self.open(sealed)?).map(Some)
    }

    /// Whether the text is encrypted under the current master key.
    ///
    /// # Errors
    ///
    /// [`VaultError::Broken`] when the text is no JWE.
    pub fn is_current(&self, sealed: &str) -> Result<bool, VaultError> {
        Ok(key_id(sealed)? == self.master_keys.current.id())
    }
}

/// The header's member that says what a text is for (RFC 7516 §4.3): its hash, for it may name people.
const PURPOSE: &str = "purpose";

fn digest(purpose: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(purpose))
}

/// The `kid` in the header of a JWE.
fn key_id(sealed: &str) -> Result<String, VaultError> {
    let encoded = sealed.split('.').next().unwrap_or_default();
    let header = BASE64_URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|error| JoseError::InvalidJweFormat(error.into()))?;
    let header = JweHeader::from_bytes(&header)?;
    Ok(header.key_id().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MasterKey;

    fn vault(current: &MasterKey, previous: &[&MasterKey]) -> Vault {
        Vault::new(MasterKeys {
            current: current.clone(),
            previous: previous.iter().copied().cloned().collect(),
        })
    }

    #[test]
    fn what_is_sealed_can_be_opened() {
        let key = MasterKey::generate(&mut rand::rng());
        let vault = vault(&key, &[]);
        let sealed = vault.seal(b"a private key").unwrap();
        assert_eq!(vault.open(&sealed).unwrap(), b"a private key");
    }

    #[test]
    fn a_previous_master_key_still_opens_but_is_not_current() {
        let (old, new) = (
            MasterKey::generate(&mut rand::rng()),
            MasterKey::generate(&mut rand::rng()),
        );
        let sealed = vault(&old, &[]).seal(b"a private key").unwrap();
        let rotated = vault(&new, &[&old]);
        assert_eq!(rotated.open(&sealed).unwrap(), b"a private key");
        assert!(!rotated.is_current(&sealed).unwrap());
    }

    #[test]
    fn without_its_master_key_nothing_opens() {
        let (one, other) = (
            MasterKey::generate(&mut rand::rng()),
            MasterKey::generate(&mut rand::rng()),
        );
        let sealed = vault(&one, &[]).seal(b"a private key").unwrap();
        assert!(matches!(
            vault(&other, &[]).open(&sealed),
            Err(VaultError::UnknownMasterKey(_))
        ));
    }

    #[test]
    fn a_changed_text_does_not_open() {
        let key = MasterKey::generate(&mut rand::rng());
        let vault = vault(&key, &[]);
        let mut sealed = vault.seal(b"a private key").unwrap();
        let last = if sealed.ends_with('A') { "B" } else { "A" };
        sealed.replace_range(sealed.len() - 1.., last);
        assert!(matches!(vault.open(&sealed), Err(VaultError::Broken(_))));
    }

    #[test]
    fn what_is_for_one_purpose_opens_for_no_other() {
        let key = MasterKey::generate(&mut rand::rng());
        let vault = vault(&key, &[]);
        let sealed = vault.seal_for("a token of Ada's", b"a token").unwrap();
        assert_eq!(
            vault.open_for("a token of Ada's", &sealed).unwrap(),
            b"a token"
        );
        let for_none = vault.seal(b"a private key").unwrap();
        for opened in [
            vault.open_for("a token of Eve's", &sealed),
            vault.open(&sealed),
            vault.open_for("a token of Ada's", &for_none),
        ] {
            assert!(matches!(opened, Err(VaultError::OtherPurpose)));
        }
    }
}
