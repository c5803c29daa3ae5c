//! Secrets that we hand out: made here, stored only as hashes, never printed.
//!
//! # Decision
//!
//! Two ways of hashing, neither of them a password hash. A [`Secret`] has 256 random bits: nobody
//! finds it by trying, so plain SHA-256 hides it, and the lookup by hash costs nothing. A
//! [`ClientSecret`] may be guessed at by whoever holds a copy of the database and knows that it was
//! imported from elsewhere, and a [`NumericCode`] has only a million values: those are hashed
//! under a [`HashKey`], which the database holds in encrypted form alone. A slow hash would add
//! nothing to random secrets but a way to exhaust the server at the token endpoint.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::distr::{Alphanumeric, SampleString as _};
use rand::{CryptoRng, RngExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// An opaque secret: a code, a refresh token, a cookie's value, or whatever a client presented as one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new secret of 256 random bits, 43 characters of base64url.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let bytes: [u8; 32] = rng.random();
        Self::from(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The text itself, for the one party it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(hex::encode(Sha256::digest(self.0.as_bytes())))
    }

    /// A token that only a holder of this secret can make, for one `purpose`. Its hash does not suffice.
    #[must_use]
    pub fn token(&self, purpose: &str) -> Self {
        Self::from(BASE64_URL_SAFE_NO_PAD.encode(mac(self.0.as_bytes(), purpose, "")))
    }

    /// The secret that follows from this one under `key`, for one `purpose`.
    ///
    /// Who holds this secret but not the key can't tell its successor.
    #[must_use]
    pub fn successor(&self, key: &HashKey, purpose: &str) -> Self {
        Self::from(BASE64_URL_SAFE_NO_PAD.encode(key.mac(purpose, &self.0)))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A hash by which a secret is found and recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// Compares in a time that tells nothing of where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// The hash as hexadecimal text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key under which guessable secrets are hashed.
#[derive(Clone)]
pub struct HashKey(Zeroizing<[u8; 32]>);

impl HashKey {
    /// A new key of 256 random bits.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Zeroizing::new(rng.random()))
    }

    /// The key that these bytes are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be encrypted before they are stored.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The keyed hash of `text`; different purposes give unrelated hashes.
    pub fn hash(&self, purpose: &str, text: &str) -> SecretHash {
        SecretHash(hex::encode(self.mac(purpose, text)))
    }

    fn mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        mac(self.0.as_slice(), purpose, text)
    }
}

fn mac(key: &[u8], purpose: &str, text: &str) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104 §2)");
    mac.update(purpose.as_bytes());
    // No purpose holds a zero byte, so no two pairs give the same input.
    mac.update(&[0]);
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey(…)")
    }
}

/// A client's password (RFC 6749 §2.3.1).
///
/// Published SDKs demand 40 to 60 letters and digits and refuse to send anything else.
pub struct ClientSecret;

impl ClientSecret {
    /// A new client secret: 52 letters and digits, some 309 bits.
    pub fn generate(rng: &mut impl CryptoRng) -> Secret {
        Secret::from(Alphanumeric.sample_string(rng, 52))
    }

    /// What is stored of a client secret.
    pub fn hash(key: &HashKey, secret: &Secret) -> SecretHash {
        key.hash("client secret", secret.expose())
    }
}

/// A code of six digits that a person copies from a mail.
pub struct NumericCode;

impl NumericCode {
    /// A new code, each of the million alike.
    pub fn generate(rng: &mut impl CryptoRng) -> Secret {
        Secret::from(format!("{:06}", rng.random_range(0..1_000_000_u32)))
    }

    /// What is stored of a code sent to `recipient`; it fits no other.
    pub fn hash(key: &HashKey, recipient: &str, code: &Secret) -> SecretHash {
        key.hash("numeric code", &format!("{recipient}\0{}", code.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::from("hunter2hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn a_successor_depends_on_the_key_and_the_purpose() {
        let (one, other) = (HashKey::from_bytes([1; 32]), HashKey::from_bytes([2; 32]));
        let secret = Secret::from("a refresh token");
        assert_eq!(
            secret.successor(&one, "refresh"),
            secret.successor(&one, "refresh")
        );
        assert_ne!(
            secret.successor(&one, "refresh"),
            secret.successor(&other, "refresh")
        );
        assert_ne!(
            secret.successor(&one, "refresh"),
            secret.successor(&one, "other")
        );
    }

    #[test]
    fn a_client_secret_is_52_letters_and_digits() {
        let secret = ClientSecret::generate(&mut rand::rng());
        assert_eq!(secret.expose().len(), 52);
        assert!(
            secret
                .expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
    }

    #[test]
    fn a_numeric_code_fits_its_recipient_alone() {
        let key = HashKey::from_bytes([7; 32]);
        let code = Secret::from("012345");
        assert_ne!(
            NumericCode::hash(&key, "a@b.test", &code),
            NumericCode::hash(&key, "c@b.test", &code)
        );
    }
}
