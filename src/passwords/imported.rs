//! Passwords' hashes that were made elsewhere: read when they are imported, checked until their users' first
//! right sign-in, at which Argon2id takes their place.
//!
//! A hash is kept as JSON that says everything needed to check it, apart from those of Argon2, whose PHC
//! string does that already.
//!
//! # Decision
//!
//! The primitives come from kept libraries; what stands here only puts their inputs together. Two
//! formats lack a library that is still kept, MD5-crypt (`$1$`) and the older hashes of `WordPress` (`$P$`), and
//! are refused with words, as is DES-crypt.
//!
//! Whoever imports a hash decides what each sign-in costs until it is replaced. So a hash is refused that
//! would take more than about a second of a core or more than 64 MiB: [`reading`] has the bounds.

mod reading;

use aes::Aes256;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use sha_crypt::{PasswordHashRef, PasswordVerifier as _, ShaCrypt};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

pub(super) use reading::import;

use super::{PasswordError, failed};
use crate::vault::{Vault, VaultError};
use crate::words::words;

/// Longer passwords crypt(3) does not take, so that none has such a hash; its work grows with their length.
const LONGEST_CRYPT_PASSWORD: usize = 512;

/// What the newer hashes of `WordPress` are keyed with.
const WORDPRESS_KEY: &[u8] = b"wp-sha384";

const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

words! {
    /// How a hash was made.
    pub enum Method {
        /// Argon2 of any variant, as a PHC string.
        Argon2 = "argon2",
        /// The hashes of ASP.NET Identity, version 2: PBKDF2 with SHA-1.
        AspnetIdentityV2 = "aspnet-identity-v2",
        /// bcrypt.
        Bcrypt = "bcrypt",
        /// SHA-256-crypt or SHA-512-crypt, as crypt(3) writes them.
        Crypt = "crypt",
        /// The scrypt of Firebase, which encrypts a key of the project.
        FirebaseScrypt = "firebase-scrypt",
        /// MD5, once.
        Md5 = "md5",
        /// PBKDF2 (RFC 8018).
        Pbkdf2 = "pbkdf2",
        /// SHA-256, once.
        Sha256 = "sha256",
        /// What `WordPress` makes since 6.8: bcrypt of an HMAC.
        Wordpress = "wordpress",
    }
}

words! {
    /// On which side of the password a salt stands.
    pub enum SaltPosition {
        /// Before it.
        Prefix = "prefix",
        /// After it.
        Suffix = "suffix",
    }
}

words! {
    /// A hash function.
    pub enum Function {
        /// MD5 (RFC 1321).
        Md5 = "md5",
        /// SHA-1 (FIPS 180-4).
        Sha1 = "sha1",
        /// SHA-256 (FIPS 180-4).
        Sha256 = "sha256",
        /// SHA-512 (FIPS 180-4).
        Sha512 = "sha512",
    }
}

/// A hash as another system kept it, with what is needed to check it.
#[derive(Clone, Copy)]
pub struct Foreign<'a> {
    /// How it was made.
    pub method: Method,
    /// The hash.
    pub hash: &'a str,
    /// What the password was mixed with, where the hash does not tell.
    pub salt: Option<&'a str>,
    /// On which side, for functions that are applied once.
    pub salt_position: SaltPosition,
    /// Of PBKDF2.
    pub iterations: Option<u32>,
    /// The hash function of PBKDF2.
    pub variant: Option<&'a str>,
    /// The key of a Firebase project.
    pub signer_key: Option<&'a str>,
    /// What Firebase adds to each salt.
    pub salt_separator: Option<&'a str>,
    /// The block size of Firebase's scrypt.
    pub rounds: Option<u32>,
    /// The binary logarithm of the memory of Firebase's scrypt.
    pub mem_cost: Option<u32>,
}

/// Why a hash is not taken: which part of it, and what is wrong with that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct Refusal {
    /// The part, as the management API names it.
    pub field: &'static str,
    /// What is wrong.
    pub reason: &'static str,
}

/// A hash that is checked as the system did that made it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub(super) enum Imported {
    Bcrypt {
        hash: String,
    },
    Digest {
        function: Function,
        hash: Bytes,
        salt: String,
        salt_position: SaltPosition,
    },
    FirebaseScrypt {
        hash: Bytes,
        /// Of the user, with the separator.
        salt: Bytes,
        signer_key: SignerKey,
        log_n: u8,
        r: u32,
    },
    Pbkdf2 {
        function: Function,
        hash: Bytes,
        salt: Bytes,
        iterations: u32,
    },
    ShaCrypt {
        hash: String,
    },
    Wordpress {
        hash: String,
    },
}

impl Imported {
    /// The hash that is stored as `text`, unless it is one of Argon2's.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, PasswordError> {
        if !text.starts_with('{') {
            return Ok(None);
        }
        serde_json::from_str(text).map(Some).map_err(failed)
    }

    /// Whether it is the password of this hash. Compares in constant time.
    #[expect(clippy::too_many_lines, reason = "one arm for each format")]
    ///
    /// `vault` opens the key of a project.
    pub(super) fn matches(&self, password: &str, vault: &Vault) -> Result<bool, PasswordError> {
        match self {
            Self::Bcrypt { hash } => bcrypt::verify(password, hash).map_err(failed),
            Self::Digest {
                function,
                hash,
                salt,
                salt_position,
            } => {
                let salted = match salt_position {
                    SaltPosition::Prefix => [salt.as_bytes(), password.as_bytes()],
                    SaltPosition::Suffix => [password.as_bytes(), salt.as_bytes()],
                };
                let found = match function {
                    Function::Md5 => Md5::new()
                        .chain_update(salted[0])
                        .chain_update(salted[1])
                        .finalize()
                        .to_vec(),
                    _ => Sha256::new()
                        .chain_update(salted[0])
                        .chain_update(salted[1])
                        .finalize()
                        .to_vec(),
                };
                Ok(hash.equals(&found))
            }
            Self::FirebaseScrypt {
                hash,
                salt,
                signer_key,
                log_n,
                r,
            } => {
                let params = scrypt::Params::new(*log_n, *r, 1).map_err(failed)?;
                let mut key = [0; 32];
                scrypt::scrypt(password.as_bytes(), &salt.0, &params, &mut key).map_err(failed)?;
                let mut found = signer_key.open(vault)?;
                let mut cipher = ctr::Ctr128BE::<Aes256>::new(&key.into(), &[0; 16].into());
                cipher.apply_keystream(&mut found);
                Ok(hash.equals(&found))
            }
            Self::Pbkdf2 {
                function,
                hash,
                salt,
                iterations,
            } => {
                let mut found = vec![0; hash.0.len()];
                let derive = match function {
                    Function::Md5 => pbkdf2::pbkdf2_hmac::<Md5>,
                    Function::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>,
                    Function::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>,
                    Function::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>,
                };
                derive(password.as_bytes(), &salt.0, *iterations, &mut found);
                Ok(hash.equals(&found))
            }
            Self::ShaCrypt { hash } => {
                let hash = PasswordHashRef::new(hash).map_err(failed)?;
                let is_possible = password.len() <= LONGEST_CRYPT_PASSWORD;
                Ok(is_possible
                    && ShaCrypt::default()
                        .verify_password(password.as_bytes(), hash)
                        .is_ok())
            }
            Self::Wordpress { hash } => {
                let mut mac = Hmac::<Sha384>::new_from_slice(WORDPRESS_KEY).map_err(failed)?;
                // It trims what is typed at every place.
                mac.update(password.trim_matches(PHP_WHITESPACE).as_bytes());
                let mac = LENIENT_BASE64.encode(mac.finalize().into_bytes());
                bcrypt::verify(mac, hash).map_err(failed)
            }
        }
    }
}

/// What PHP's `trim` removes.
const PHP_WHITESPACE: [char; 6] = [' ', '\t', '\n', '\r', '\0', '\u{b}'];

/// The key of a Firebase project, as it is stored: encrypted, since it opens the hashes of the whole project.
///
/// Those that were stored before keys were encrypted are in base64. They stay readable, until their users' next
/// right sign-in replaces them.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SignerKey(String);

impl SignerKey {
    fn seal(key: &[u8], vault: &Vault) -> Result<Self, VaultError> {
        vault.seal(key).map(Self)
    }

    fn open(&self, vault: &Vault) -> Result<Vec<u8>, PasswordError> {
        let is_sealed = self.0.contains('.');
        if is_sealed {
            return vault.open(&self.0).map_err(failed);
        }
        let key = Bytes::decode(&self.0).ok_or_else(|| failed("a signer key is no base64"))?;
        Ok(key.0)
    }
}

/// Bytes, stored in base64.
pub(super) struct Bytes(Vec<u8>);

impl Bytes {
    fn equals(&self, found: &[u8]) -> bool {
        self.0.ct_eq(found).into()
    }

    fn decode(text: &str) -> Option<Self> {
        let standard = text.replace('-', "+").replace('_', "/");
        LENIENT_BASE64.decode(standard).ok().map(Self)
    }

    /// A hash of one of these lengths, in hexadecimal or base64: the number of characters tells which.
    fn decode_hash(text: &str, lengths: impl Fn(usize) -> bool) -> Option<Self> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit()) && lengths(text.len() / 2);
        let hex = is_hex.then(|| hex::decode(text).ok()).flatten();
        hex.map(Self)
            .or_else(|| Self::decode(text))
            .filter(|bytes| lengths(bytes.0.len()))
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&LENIENT_BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text).ok_or_else(|| serde::de::Error::custom("it is no base64"))
    }
}

#[cfg(test)]
mod tests;
