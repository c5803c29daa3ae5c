//! What users have agreed that clients may have.

use super::Tx;
use super::types::Text;
use crate::clock::Timestamp;
use crate::id::{ClientId, UserId};
use crate::protocol::scope::Scopes;

/// The scopes that a user has allowed a client; none when they were never asked.
pub async fn find(tx: &mut Tx, user: &UserId, client: &ClientId) -> sqlx::Result<Option<Scopes>> {
    let row: Option<(Text<Scopes>,)> = tx
        .optional(
            "SELECT scopes FROM consents WHERE user_id = $1 AND client_id = $2",
            (user, client),
        )
        .await?;
    Ok(row.map(|(scopes,)| scopes.0))
}

/// Forgets what a user has allowed all clients.
pub async fn remove_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
    tx.execute("DELETE FROM consents WHERE user_id = $1", (user,))
        .await?;
    Ok(())
}

/// Remembers what a user has allowed a client, in place of what they had before.
pub async fn replace(
    tx: &mut Tx,
    user: &UserId,
    client: &ClientId,
    scopes: &Scopes,
    now: Timestamp,
) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO consents (user_id, client_id, scopes, given_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, given_at = excluded.given_at",
        (user, client, Text(scopes.clone()), now),
    )
    .await?;
    Ok(())
}
