//! Logout tokens of upstreams that were used (OpenID Connect Back-Channel Logout 1.0 §2.6).

use super::Tx;
use crate::clock::Timestamp;
use crate::id::ConnectionId;
use crate::secret::SecretHash;

/// Uses a logout token. Returns false when it was used before: of two that try, one wins.
pub async fn insert(
    tx: &mut Tx,
    connection: &ConnectionId,
    jti: &SecretHash,
    expires_at: Timestamp,
) -> sqlx::Result<bool> {
    let used = tx
        .execute(
            "INSERT INTO upstream_logout_tokens (connection_id, jti_hash, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (connection_id, jti_hash) DO NOTHING",
            (connection, jti, expires_at),
        )
        .await?;
    Ok(used == 1)
}

/// Removes those that have expired, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM upstream_logout_tokens WHERE expires_at <= $1
            AND (connection_id, jti_hash) IN (
                SELECT connection_id, jti_hash FROM upstream_logout_tokens WHERE expires_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
