//! Attempts to sign in through an upstream: what its answer is compared with, once.

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{ConnectionId, InteractionId};
use crate::secret::SecretHash;

/// An attempt in flight.
#[derive(Debug, Clone, FromRow)]
pub struct Attempt {
    /// The `state` that the answer has to bring.
    pub state_hash: SecretHash,
    /// The sign-in that it belongs to.
    pub interaction_id: InteractionId,
    /// The connection that was asked.
    pub connection_id: ConnectionId,
    /// The browser that it belongs to.
    pub browser_hash: SecretHash,
    /// What else the answer is compared with, encrypted.
    pub sealed: String,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// Stores an attempt.
pub async fn insert(tx: &mut Tx, attempt: &Attempt) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO upstream_attempts
            (state_hash, interaction_id, connection_id, browser_hash, sealed, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (
            &attempt.state_hash,
            &attempt.interaction_id,
            &attempt.connection_id,
            &attempt.browser_hash,
            &attempt.sealed,
            attempt.created_at,
            attempt.expires_at,
        ),
    )
    .await?;
    Ok(())
}

/// Takes the attempt of that state out, if it belongs to this browser: nobody takes it twice.
pub async fn take(
    tx: &mut Tx,
    state: &SecretHash,
    browser: &SecretHash,
) -> sqlx::Result<Option<Attempt>> {
    tx.optional(
        "DELETE FROM upstream_attempts WHERE state_hash = $1 AND browser_hash = $2 RETURNING *",
        (state, browser),
    )
    .await
}

/// Removes attempts that expired before `before`, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM upstream_attempts WHERE state_hash IN (
            SELECT state_hash FROM upstream_attempts WHERE expires_at <= $1 LIMIT 1000)",
        (before,),
    )
    .await
}
