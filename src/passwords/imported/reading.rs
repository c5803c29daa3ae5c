//! Reads hashes that come from elsewhere, each in the form that its system writes, and holds them to what checking
//! them may cost. The times are those of a core of 2024.

use argon2::Params;
use argon2::password_hash::phc;
use sha_crypt::PasswordHashRef;

use super::super::PasswordHash;
use super::{Bytes, Foreign, Function, Imported, Method, Refusal, SignerKey};
use crate::vault::Vault;

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

fn refuse<T>(field: &'static str, reason: &'static str) -> Result<T, Refusal> {
    Err(Refusal { field, reason })
}

pub(super) const HASH: &str = "hashed_password";
pub(super) const TOO_DEAR: &str =
    "would take too long or too much memory to check: have the user choose a new password instead";

/// Reads a hash, and says how it is stored. The key of a project is encrypted by `vault`.
///
/// # Errors
///
/// What is missing, malformed, unsupported, or too dear to be checked at each attempt.
pub(crate) fn import(foreign: Foreign<'_>, vault: &Vault) -> Result<PasswordHash, Refusal> {
    let imported = match foreign.method {
        Method::Argon2 => return argon2(foreign.hash),
        Method::AspnetIdentityV2 => aspnet_identity_v2(foreign.hash)?,
        Method::Bcrypt => bcrypt(foreign.hash)?,
        Method::Crypt => crypt(foreign.hash)?,
        Method::FirebaseScrypt => firebase_scrypt(foreign, vault)?,
        Method::Md5 => digest(Function::Md5, foreign)?,
        Method::Pbkdf2 => pbkdf2(foreign)?,
        Method::Sha256 => digest(Function::Sha256, foreign)?,
        Method::Wordpress => wordpress(foreign.hash)?,
    };
    let text = serde_json::to_string(&imported);
    text.map(PasswordHash)
        .or(refuse(HASH, "can't be stored: it is malformed"))
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

fn firebase_scrypt(foreign: Foreign<'_>, vault: &Vault) -> Result<Imported, Refusal> {
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
    let signer_key = SignerKey::seal(&signer_key.0, vault);
    Ok(Imported::FirebaseScrypt {
        hash,
        salt,
        signer_key: signer_key.or(refuse("signer_key", "can't be encrypted"))?,
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
