//! The life of a signing key: made, published, signing, succeeded, withdrawn.
//!
//! The next key is published before it signs, so that no relying party meets a token whose key its
//! cache doesn't hold. The old one stays published while its tokens live
//! (OpenID Connect Core 1.0 §10.1.1).

use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ed::EdCurve;
use rand::{CryptoRng, RngExt as _};
use serde_json::json;

use super::keyring::KeyError;
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::config::MasterKey;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::secret::HashKey;
use crate::store::signing_keys::SigningKey;
use crate::store::types::{Json, Text};
use crate::store::{Tx, connection_secrets, signing_keys};
use crate::vault::Vault;

/// When keys are replaced.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// The age at which a key stops signing; never, when none.
    pub rotate_after: Option<Seconds>,
    /// How long a key is published before it signs.
    pub publish_before: Seconds,
    /// How long a key stays published after it signed for the last time.
    pub retain: Seconds,
}

/// Makes the first key of each algorithm that has none. Returns their `kid`s.
pub async fn ensure_keys(
    tx: &mut Tx,
    vault: &Vault,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Vec<String>, KeyError> {
    let published = signing_keys::list_published(tx, now).await?;
    let mut made = Vec::new();
    for algorithm in SigningAlgorithm::ALL {
        if !published.iter().any(|key| key.algorithm.0 == *algorithm) {
            let key = generate(vault, *algorithm, now, now, rng)?;
            signing_keys::insert(tx, &key).await?;
            made.push(key.kid);
        }
    }
    Ok(made)
}

/// Makes the next key of `algorithm`, which signs from `activates_at`, and lets the present ones end
/// when their last tokens do. Returns its `kid`.
pub async fn rotate(
    tx: &mut Tx,
    vault: &Vault,
    algorithm: SigningAlgorithm,
    activates_at: Timestamp,
    schedule: &Schedule,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<String, KeyError> {
    let next = generate(vault, algorithm, activates_at, now, rng)?;
    for key in signing_keys::list_published(tx, now).await? {
        if key.algorithm.0 == algorithm && key.withdrawn_at.is_none() {
            signing_keys::withdraw(tx, &key.kid, activates_at.plus(schedule.retain)).await?;
        }
    }
    signing_keys::insert(tx, &next).await?;
    Ok(next.kid)
}

/// Makes the next key of each algorithm whose present one is about to reach its age. Returns their `kid`s.
///
/// Two nodes that do this in the same instant make two keys: one too many, and no harm.
pub async fn rotate_by_age(
    tx: &mut Tx,
    vault: &Vault,
    schedule: &Schedule,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Vec<String>, KeyError> {
    let published = signing_keys::list_published(tx, now).await?;
    let mut made = Vec::new();
    for algorithm in SigningAlgorithm::ALL {
        let youngest = published
            .iter()
            .rev()
            .find(|key| key.algorithm.0 == *algorithm && key.withdrawn_at.is_none());
        if let Some(activates_at) =
            youngest.and_then(|key| successor_due(key.activates_at, schedule, now))
        {
            let kid = rotate(tx, vault, *algorithm, activates_at, schedule, now, rng).await?;
            let details = json!({ "activates_at": activates_at });
            audit::record(
                tx,
                Actor::System,
                "signing_key.rotated",
                &kid,
                details,
                now,
                rng,
            )
            .await?;
            made.push(kid);
        }
    }
    Ok(made)
}

/// From when the successor of a key should sign, if it is time to publish it.
fn successor_due(
    youngest_activates_at: Timestamp,
    schedule: &Schedule,
    now: Timestamp,
) -> Option<Timestamp> {
    let due = youngest_activates_at.plus(schedule.rotate_after?);
    // A server that was off for months still publishes the next key before it uses it.
    (due.minus(schedule.publish_before) <= now).then(|| due.max(now.plus(schedule.publish_before)))
}

/// What happened to a key that was to be retired.
#[derive(Debug, PartialEq, Eq)]
pub enum Retirement {
    /// It is gone; a new key, named here, signs in its place from now on.
    Replaced(String),
    /// It is gone.
    Retired,
    /// There is no such key.
    Unknown,
}

/// Withdraws a key at once, as one does when it may be known to others: its tokens verify no more.
pub async fn retire(
    tx: &mut Tx,
    vault: &Vault,
    kid: &str,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Retirement, KeyError> {
    let published = signing_keys::list_published(tx, now).await?;
    let Some(key) = published.iter().find(|key| key.kid == kid) else {
        return Ok(Retirement::Unknown);
    };
    signing_keys::withdraw(tx, kid, now).await?;
    let algorithm = key.algorithm.0;
    // One that was succeeded leaves when its last tokens end. What it signed from now on would outlive it.
    let another_signs = published.iter().any(|other| {
        other.kid != kid
            && other.algorithm.0 == algorithm
            && other.activates_at <= now
            && other.withdrawn_at.is_none()
    });
    if another_signs {
        return Ok(Retirement::Retired);
    }
    let replacement = generate(vault, algorithm, now, now, rng)?;
    signing_keys::insert(tx, &replacement).await?;
    Ok(Retirement::Replaced(replacement.kid))
}

/// Encrypts under the current master key what is still encrypted under a previous one: keys, and our secrets at
/// upstreams. Returns how much that was. ID Tokens that sessions keep stay as they are: what is lost with them is a
/// hint to their upstream.
pub async fn reencrypt(tx: &mut Tx, vault: &Vault, now: Timestamp) -> Result<usize, KeyError> {
    let mut count = 0;
    for key in signing_keys::list_published(tx, now).await? {
        if let Some(sealed) = vault.renew(&key.private_jwe)? {
            signing_keys::reencrypt(tx, &key.kid, &sealed).await?;
            count += 1;
        }
    }
    for purpose in [SECRETS, IMPORTS] {
        if let Some(sealed) = signing_keys::find_hash_key(tx, purpose).await?
            && let Some(sealed) = vault.renew(&sealed)?
        {
            signing_keys::reencrypt_hash_key(tx, purpose, &sealed).await?;
            count += 1;
        }
    }
    for (connection, sealed) in connection_secrets::list(tx).await? {
        if let Some(sealed) = vault.renew(&sealed)? {
            connection_secrets::replace(tx, &connection, &sealed).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// The purpose of the key under which guessable secrets are hashed.
const SECRETS: &str = "secrets";

/// The purpose of the key under which the keys of imported passwords are encrypted.
const IMPORTS: &str = "imported_passwords";

/// The key under which secrets are hashed; made when there is none yet.
pub async fn ensure_hash_key(
    tx: &mut Tx,
    vault: &Vault,
    rng: &mut impl CryptoRng,
) -> Result<HashKey, KeyError> {
    let bytes = ensure_key(tx, vault, SECRETS, rng).await?;
    Ok(HashKey::from_bytes(bytes))
}

/// What encrypts the keys that imported passwords come with. Its own key is made when there is none yet.
///
/// It stands between these and the master key, so that a new master key changes one row and not as many as
/// there are users.
pub async fn ensure_import_vault(
    tx: &mut Tx,
    vault: &Vault,
    rng: &mut impl CryptoRng,
) -> Result<Vault, KeyError> {
    let bytes = ensure_key(tx, vault, IMPORTS, rng).await?;
    Ok(Vault::new(MasterKey::from_bytes(bytes).into()))
}

/// The key for a purpose; made when there is none yet.
async fn ensure_key(
    tx: &mut Tx,
    vault: &Vault,
    purpose: &str,
    rng: &mut impl CryptoRng,
) -> Result<[u8; 32], KeyError> {
    let sealed = if let Some(sealed) = signing_keys::find_hash_key(tx, purpose).await? {
        sealed
    } else {
        let sealed = vault.seal(HashKey::generate(rng).expose())?;
        signing_keys::insert_hash_key(tx, purpose, &sealed).await?;
        // Another node may have been first, and its key is the one that counts.
        signing_keys::find_hash_key(tx, purpose)
            .await?
            .unwrap_or(sealed)
    };
    let bytes = vault.open(&sealed)?.try_into();
    bytes.map_err(|_| josekit::JoseError::InvalidKeyFormat(InvalidLength.into()).into())
}

#[derive(Debug, thiserror::Error)]
#[error("a stored key has 32 bytes")]
struct InvalidLength;

fn generate(
    vault: &Vault,
    algorithm: SigningAlgorithm,
    activates_at: Timestamp,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<SigningKey, KeyError> {
    let mut private = match algorithm {
        SigningAlgorithm::EdDsa => Jwk::generate_ed_key(EdCurve::Ed25519)?,
        SigningAlgorithm::Es256 => Jwk::generate_ec_key(EcCurve::P256)?,
        SigningAlgorithm::Rs256 => Jwk::generate_rsa_key(2048)?,
    };
    let kid = key_id(rng);
    private.set_key_id(&kid);
    private.set_key_use("sig");
    private.set_algorithm(algorithm.as_str());
    let mut public = private.to_public_key()?;
    // josekit carries the use over and nothing else; published keys say what they are (RFC 7517 §4).
    public.set_key_id(&kid);
    public.set_algorithm(algorithm.as_str());
    Ok(SigningKey {
        kid,
        algorithm: Text(algorithm),
        public_jwk: Json(serde_json::to_value(public.as_ref())?),
        private_jwe: vault.seal(&serde_json::to_vec(private.as_ref())?)?,
        created_at: now,
        activates_at,
        withdrawn_at: None,
    })
}

/// A new `kid`: hexadecimal bytes and colons.
///
/// The SDKs decode a token's header as plain base64, which differs from base64url in two digits; no
/// text of these characters has either.
fn key_id(rng: &mut impl CryptoRng) -> String {
    let bytes: [u8; 10] = rng.random();
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    #[test]
    fn a_successor_is_published_before_it_signs() {
        let schedule = |rotate_after| Schedule {
            rotate_after,
            publish_before: Seconds::new(10),
            retain: Seconds::new(50),
        };
        let by_age = Some(Seconds::new(100));
        // active since, rotate after, now, successor active from
        let cases = [
            (0, by_age, 50, None),
            (0, by_age, 89, None),
            (0, by_age, 90, Some(100)),
            (0, by_age, 95, Some(105)),
            (0, by_age, 900, Some(910)),
            (100, by_age, 95, None),
            (0, None, 900, None),
        ];
        for (since, rotate_after, now, expected) in cases {
            let due = successor_due(at(since), &schedule(rotate_after), at(now));
            assert_eq!(due, expected.map(at), "active since {since}, now {now}");
        }
    }
}
