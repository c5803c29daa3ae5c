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
//! would take more than about a second of a core or more than 64 MiB ([`LARGEST_MEMORY`] and its
//! neighbours; measured on a core of 2024).

use aes::Aes256;
use argon2::Params;
use argon2::password_hash::phc;
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

use super::{PasswordError, PasswordHash, failed};
use crate::words::words;

/// Bytes that checking one hash may need.
const LARGEST_MEMORY: u64 = 64 * 1024 * 1024;

/// Argon2's kibibytes times passes: some 0.7 s.
const LARGEST_ARGON2_WORK: u64 = 1024 * 1024;

/// The binary logarithm of bcrypt's rounds: some 0.9 s.
const LARGEST_BCRYPT_COST: u32 = 14;

/// Some 0.2 s for a usual password, and 1 s for the longest.
const LARGEST_SHA_CRYPT_ROUNDS: u32 = 500_000;

/// PBKDF2's iterations times blocks of output: some 0.8 s with SHA-512.
const LARGEST_PBKDF2_WORK: u64 = 1_500_000;

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

fn refuse<T>(field: &'static str, reason: &'static str) -> Result<T, Refusal> {
    Err(Refusal { field, reason })
}

const HASH: &str = "hashed_password";
const TOO_DEAR: &str =
    "would take too long or too much memory to check: have the user choose a new password instead";

/// Reads a hash, and says how it is stored.
///
/// # Errors
///
/// What is missing, malformed, unsupported, or too dear to be checked at each attempt.
pub fn import(foreign: Foreign<'_>) -> Result<PasswordHash, Refusal> {
    let imported = match foreign.method {
        Method::Argon2 => return argon2(foreign.hash),
        Method::AspnetIdentityV2 => aspnet_identity_v2(foreign.hash)?,
        Method::Bcrypt => bcrypt(foreign.hash)?,
        Method::Crypt => crypt(foreign.hash)?,
        Method::FirebaseScrypt => firebase_scrypt(foreign)?,
        Method::Md5 => digest(Function::Md5, foreign)?,
        Method::Pbkdf2 => pbkdf2(foreign)?,
        Method::Sha256 => digest(Function::Sha256, foreign)?,
        Method::Wordpress => wordpress(foreign.hash)?,
    };
    let text = serde_json::to_string(&imported);
    text.map(PasswordHash)
        .or(refuse(HASH, "can't be stored: it is malformed"))
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
        signer_key: Bytes,
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
    pub(super) fn matches(&self, password: &str) -> Result<bool, PasswordError> {
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
                let mut found = signer_key.0.clone();
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

fn argon2(hash: &str) -> Result<PasswordHash, Refusal> {
    let malformed = Refusal {
        field: HASH,
        reason: "is no PHC string of Argon2, such as $argon2id$v=19$m=19456,t=2,p=1$…$…",
    };
    let parsed = phc::PasswordHash::new(hash).map_err(|_| malformed.clone())?;
    let algorithm = argon2::Algorithm::try_from(parsed.algorithm.as_str());
    let version = parsed.version.map(argon2::Version::try_from).transpose();
    let params = Params::try_from(&parsed).map_err(|_| malformed.clone())?;
    if algorithm.is_err() || version.is_err() || parsed.salt.is_none() || parsed.hash.is_none() {
        return Err(malformed);
    }
    let memory = u64::from(params.m_cost());
    let work = memory * u64::from(params.t_cost());
    if memory * 1024 > LARGEST_MEMORY || work > LARGEST_ARGON2_WORK {
        return refuse(HASH, TOO_DEAR);
    }
    Ok(PasswordHash(hash.to_owned()))
}

/// A marker of the version, a salt of 16 bytes, a key of 32.
fn aspnet_identity_v2(hash: &str) -> Result<Imported, Refusal> {
    let bytes = Bytes::decode(hash).map(|bytes| bytes.0).unwrap_or_default();
    match bytes.as_slice() {
        [0, rest @ ..] if rest.len() == 48 => Ok(Imported::Pbkdf2 {
            function: Function::Sha1,
            salt: Bytes(rest[..16].to_vec()),
            hash: Bytes(rest[16..].to_vec()),
            iterations: 1000,
        }),
        [1, ..] => refuse(HASH, "is one of version 3; version 2 begins with AA"),
        _ => refuse(HASH, "is not 49 bytes in base64, of which the first is 0"),
    }
}

fn checked_bcrypt(hash: &str) -> Result<String, Refusal> {
    let Ok(parts) = hash.parse::<bcrypt::HashParts>() else {
        return refuse(HASH, "is no hash of bcrypt, such as $2b$12$…");
    };
    if hash.starts_with("$2x$") {
        return refuse(HASH, "is of a faulty bcrypt ($2x$), which is not supported");
    }
    if parts.get_cost() > LARGEST_BCRYPT_COST {
        return refuse(HASH, TOO_DEAR);
    }
    if parts.get_cost() < 4 {
        return refuse(HASH, "has a cost below 4, which bcrypt does not know");
    }
    Ok(hash.to_owned())
}

fn bcrypt(hash: &str) -> Result<Imported, Refusal> {
    checked_bcrypt(hash).map(|hash| Imported::Bcrypt { hash })
}

fn crypt(hash: &str) -> Result<Imported, Refusal> {
    if hash.starts_with("$2") {
        return bcrypt(hash);
    }
    let malformed = "is no hash of crypt(3): $5$… or $6$…";
    let length = match hash.get(..3) {
        Some("$5$") => 43,
        Some("$6$") => 86,
        Some("$1$") => {
            return refuse(
                HASH,
                "is of MD5-crypt ($1$), which is not supported: have the user choose a new password",
            );
        }
        Some("$y$") => return refuse(HASH, "is of yescrypt ($y$), which is not supported"),
        Some(other) if !other.starts_with('$') => {
            return refuse(HASH, "is of DES-crypt, which is not supported");
        }
        _ => return refuse(HASH, malformed),
    };
    let mut parts: Vec<&str> = hash[3..].split('$').collect();
    if let Some(rounds) = parts[0].strip_prefix("rounds=") {
        match rounds.parse::<u32>() {
            Ok(rounds) if rounds > LARGEST_SHA_CRYPT_ROUNDS => return refuse(HASH, TOO_DEAR),
            Ok(1000..) => parts.remove(0),
            _ => {
                return refuse(
                    HASH,
                    "has fewer than 1000 rounds, which crypt(3) does not know",
                );
            }
        };
    }
    let is_of_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    match parts[..] {
        [salt, output]
            if (1..=16).contains(&salt.len())
                && output.len() == length
                && output.bytes().all(is_of_alphabet)
                && PasswordHashRef::new(hash).is_ok() =>
        {
            let hash = hash.to_owned();
            Ok(Imported::ShaCrypt { hash })
        }
        _ => refuse(HASH, malformed),
    }
}

fn digest(function: Function, foreign: Foreign<'_>) -> Result<Imported, Refusal> {
    let (length, reason) = match function {
        Function::Md5 => (16, "is not 16 bytes, in hexadecimal or base64"),
        _ => (32, "is not 32 bytes, in hexadecimal or base64"),
    };
    match Bytes::decode_hash(foreign.hash, |found| found == length) {
        None => refuse(HASH, reason),
        Some(hash) => Ok(Imported::Digest {
            function,
            hash,
            salt: foreign.salt.unwrap_or_default().to_owned(),
            salt_position: foreign.salt_position,
        }),
    }
}

fn firebase_scrypt(foreign: Foreign<'_>) -> Result<Imported, Refusal> {
    let bytes = |field: &'static str, text: Option<&str>| {
        let bytes = text.and_then(Bytes::decode);
        bytes.filter(|bytes| !bytes.0.is_empty()).ok_or(Refusal {
            field,
            reason: "is needed, in base64, as the project's password hash parameters show it",
        })
    };
    let mut salt = bytes("salt", foreign.salt)?;
    salt.0
        .extend(bytes("salt_separator", foreign.salt_separator)?.0);
    let signer_key = bytes("signer_key", foreign.signer_key)?;
    let hash = bytes(HASH, Some(foreign.hash))?;
    if hash.0.len() != signer_key.0.len() {
        return refuse(HASH, "is not as long as signer_key, which it is made of");
    }
    let log_n = foreign.mem_cost.and_then(|cost| u8::try_from(cost).ok());
    let Some(log_n) = log_n.filter(|log_n| (1..=32).contains(log_n)) else {
        return refuse("mem_cost", "is needed, such as 14");
    };
    let Some(r @ 1..=1024) = foreign.rounds else {
        return refuse("rounds", "is needed, such as 8");
    };
    if (128 * u64::from(r)) << log_n > LARGEST_MEMORY || scrypt::Params::new(log_n, r, 1).is_err() {
        return refuse("mem_cost", TOO_DEAR);
    }
    Ok(Imported::FirebaseScrypt {
        hash,
        salt,
        signer_key,
        log_n,
        r,
    })
}

fn pbkdf2(foreign: Foreign<'_>) -> Result<Imported, Refusal> {
    if foreign.hash.starts_with("pbkdf2_") {
        return django(foreign.hash);
    }
    let variant = foreign.variant.unwrap_or("sha256");
    let Some(salt) = foreign.salt.and_then(Bytes::decode) else {
        return refuse("salt", "is needed, in base64");
    };
    let Some(iterations @ 1..) = foreign.iterations else {
        return refuse("iterations", "is needed");
    };
    checked_pbkdf2(variant, foreign.hash, salt, iterations)
}

/// As Django writes it: `pbkdf2_sha256$iterations$salt$hash`, where the salt is the text itself.
fn django(hash: &str) -> Result<Imported, Refusal> {
    let parts: Vec<&str> = hash.split('$').collect();
    let [name, iterations, salt, hash] = parts[..] else {
        return refuse(HASH, "is not pbkdf2_sha256$iterations$salt$hash");
    };
    let Ok(iterations @ 1..) = iterations.parse() else {
        return refuse(HASH, "tells no number of iterations");
    };
    let salt = Bytes(salt.as_bytes().to_vec());
    checked_pbkdf2(name.trim_start_matches("pbkdf2_"), hash, salt, iterations)
}

fn checked_pbkdf2(
    variant: &str,
    hash: &str,
    salt: Bytes,
    iterations: u32,
) -> Result<Imported, Refusal> {
    let name = variant.to_ascii_lowercase().replace('-', "");
    let (function, block) = match Function::parse(&name) {
        Some(function @ Function::Sha1) => (function, 20),
        Some(function @ Function::Sha256) => (function, 32),
        Some(function @ Function::Sha512) => (function, 64),
        _ => return refuse("variant", "is one of sha1, sha256, sha512"),
    };
    let Some(hash) = Bytes::decode_hash(hash, |length| (16..=64).contains(&length)) else {
        return refuse(HASH, "is not 16 to 64 bytes, in hexadecimal or base64");
    };
    let blocks = u64::try_from(hash.0.len().div_ceil(block)).unwrap_or(u64::MAX);
    if u64::from(iterations).saturating_mul(blocks) > LARGEST_PBKDF2_WORK {
        return refuse("iterations", TOO_DEAR);
    }
    Ok(Imported::Pbkdf2 {
        function,
        hash,
        salt,
        iterations,
    })
}

fn wordpress(hash: &str) -> Result<Imported, Refusal> {
    if let Some(hash) = hash.strip_prefix("$wp") {
        return checked_bcrypt(hash).map(|hash| Imported::Wordpress { hash });
    }
    if hash.starts_with("$P$") || hash.starts_with("$H$") {
        return refuse(
            HASH,
            "is of phpass ($P$), which is not supported: WordPress 6.8 replaces it when the user signs in there",
        );
    }
    if hash.starts_with("$2") {
        return bcrypt(hash);
    }
    refuse(HASH, "is no hash of WordPress: $wp$2y$…")
}

#[cfg(test)]
mod tests;
