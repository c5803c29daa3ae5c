//! Access tokens that were revoked one by one (RFC 7009).

use super::Tx;
use crate::clock::Timestamp;

/// Notes that the token of that `jti` is revoked; kept until it would have expired.
pub async fn insert(tx: &mut Tx, jti: &str, expires_at: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING",
        (jti, expires_at),
    )
    .await?;
    Ok(())
}

/// Whether the token of that `jti` was revoked.
pub async fn contains(tx: &mut Tx, jti: &str) -> sqlx::Result<bool> {
    let found: Option<(String,)> = tx
        .optional("SELECT jti FROM revoked_tokens WHERE jti = $1", (jti,))
        .await?;
    Ok(found.is_some())
}

/// Removes those that have expired, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM revoked_tokens WHERE expires_at <= $1
            AND jti IN (SELECT jti FROM revoked_tokens WHERE expires_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
