//! The secrets of clients (RFC 6749 §2.3.1).

use rand::CryptoRng;
use serde_json::json;

use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::id::{ClientId, ClientSecretId};
use crate::secret::{ClientSecret, HashKey, Secret};
use crate::store::Tx;
use crate::store::clients::{self, Client, StoredSecret};

/// How many secrets of one client are taken at the same time.
const MOST_SECRETS: usize = 10;

/// Why a client gets no new secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenewRefusal {
    /// It is of a kind that can't keep one.
    #[error("this application can't keep a secret: it is of a public kind")]
    Public,
    /// Too many are taken already.
    #[error("{MOST_SECRETS} secrets are taken already: renew it without overlap, which ends them")]
    TooMany,
}

/// Gives a client a new secret; the ones it has are taken for `overlap` longer. Returns the new one,
/// which is never shown again.
pub async fn rotate_secret(
    tx: &mut Tx,
    client: &ClientId,
    secret: Secret,
    key: &HashKey,
    overlap: Seconds,
    id: ClientSecretId,
    now: Timestamp,
) -> sqlx::Result<Secret> {
    clients::expire_secrets(tx, client, now.plus(overlap)).await?;
    let stored = StoredSecret {
        id,
        secret_hash: ClientSecret::hash(key, &secret),
        created_at: now,
        expires_at: None,
    };
    clients::insert_secret(tx, client, &stored).await?;
    Ok(secret)
}

/// The same for somebody who asks for it.
pub async fn renew_secret(
    tx: &mut Tx,
    actor: Actor<'_>,
    client: &Client,
    (key, overlap): (&HashKey, Seconds),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Secret, RenewRefusal>> {
    if !client.kind.0.is_confidential() {
        return Ok(Err(RenewRefusal::Public));
    }
    let are_kept = overlap > Seconds::new(0);
    if are_kept && clients::list_secrets(tx, &client.id, now).await?.len() >= MOST_SECRETS {
        return Ok(Err(RenewRefusal::TooMany));
    }
    let (secret, id) = (ClientSecret::generate(rng), ClientSecretId::generate(rng));
    let secret = rotate_secret(tx, &client.id, secret, key, overlap, id, now).await?;
    let details = json!({ "overlap_seconds": overlap });
    let id = client.id.as_str();
    audit::record(
        tx,
        actor,
        "application.secret_rotated",
        id,
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(secret))
}
