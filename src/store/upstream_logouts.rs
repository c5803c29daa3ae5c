//! Browsers that were sent on to sign out at an upstream, and where they go when they are back.

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{ClientId, ConnectionId};
use crate::secret::SecretHash;

/// A browser that is signing out at an upstream.
#[derive(Debug, Clone, FromRow)]
pub struct UpstreamLogout {
    /// The `state` that it has to bring back.
    pub state_hash: SecretHash,
    /// The connection whose upstream it was sent to.
    pub connection_id: ConnectionId,
    /// The browser that it belongs to.
    pub browser_hash: SecretHash,
    /// The client that wanted it signed out.
    pub client_id: Option<ClientId>,
    /// Where it goes then: registered by a client.
    pub destination: Option<String>,
    /// Until when it can be back.
    pub expires_at: Timestamp,
}

/// Notes that a browser was sent on.
pub async fn insert(tx: &mut Tx, logout: &UpstreamLogout) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO upstream_logouts (state_hash, connection_id, browser_hash, client_id, destination, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        (
            &logout.state_hash,
            &logout.connection_id,
            &logout.browser_hash,
            &logout.client_id,
            &logout.destination,
            logout.expires_at,
        ),
    )
    .await?;
    Ok(())
}

/// Takes the note of that state out, if it belongs to this browser: nobody takes it twice.
pub async fn take(
    tx: &mut Tx,
    state: &SecretHash,
    browser: &SecretHash,
    now: Timestamp,
) -> sqlx::Result<Option<UpstreamLogout>> {
    tx.optional(
        "DELETE FROM upstream_logouts WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3 RETURNING *",
        (state, browser, now),
    )
    .await
}

/// Removes notes of browsers that never came back, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM upstream_logouts WHERE state_hash IN (
            SELECT state_hash FROM upstream_logouts WHERE expires_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
