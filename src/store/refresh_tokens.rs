//! Refresh tokens (RFC 6749 §1.5), each used once to get its successor.

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{ClientId, GrantId};
use crate::secret::SecretHash;

/// A refresh token.
#[derive(Debug, Clone, FromRow)]
pub struct RefreshToken {
    /// The hash of the token.
    pub token_hash: SecretHash,
    /// The authorization it stands for.
    pub grant_id: GrantId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When its successor was first given out.
    pub rotated_at: Option<Timestamp>,
}

/// Stores a new token.
pub async fn insert(tx: &mut Tx, token: &RefreshToken) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO refresh_tokens (token_hash, grant_id, client_id, created_at, expires_at, rotated_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        (&token.token_hash, &token.grant_id, &token.client_id, token.created_at, token.expires_at, token.rotated_at),
    )
    .await?;
    Ok(())
}

/// The token with that hash, rotated or not.
pub async fn find(tx: &mut Tx, hash: &SecretHash) -> sqlx::Result<Option<RefreshToken>> {
    tx.optional(
        "SELECT token_hash, grant_id, client_id, created_at, expires_at, rotated_at
         FROM refresh_tokens WHERE token_hash = $1",
        (hash,),
    )
    .await
}

/// Marks a token as rotated. Returns false when it was before: of two that try, one wins.
pub async fn rotate(tx: &mut Tx, hash: &SecretHash, now: Timestamp) -> sqlx::Result<bool> {
    let rotated = tx
        .execute("UPDATE refresh_tokens SET rotated_at = $2 WHERE token_hash = $1 AND rotated_at IS NULL", (hash, now))
        .await?;
    Ok(rotated == 1)
}

/// Removes tokens that have expired, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM refresh_tokens WHERE expires_at <= $1
            AND token_hash IN (SELECT token_hash FROM refresh_tokens WHERE expires_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
