//! Sync records: what a sign-in through an upstream changed of a profile, and why the rest stayed.

use serde_json::Value;
use sqlx::FromRow;

use super::Tx;
use super::types::Json;
use crate::clock::Timestamp;
use crate::id::{ConnectionId, SyncRecordId, UserId};

/// What a sign-in changed.
#[derive(Debug, Clone, FromRow)]
pub struct SyncRecord {
    /// Its name.
    pub id: SyncRecordId,
    /// Whose profile it is.
    pub user_id: UserId,
    /// The connection; none when it was removed since.
    pub connection_id: Option<ConnectionId>,
    /// When it was.
    pub occurred_at: Timestamp,
    /// Each attribute: before, after, why; and the memberships and roles.
    pub record: Json<Value>,
    /// Whether somebody should look at it.
    pub needs_attention: bool,
}

/// Adds a record.
pub async fn insert(tx: &mut Tx, record: &SyncRecord) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO sync_records (id, user_id, connection_id, occurred_at, record, needs_attention)
         VALUES ($1, $2, $3, $4, $5, $6)",
        (
            &record.id,
            &record.user_id,
            &record.connection_id,
            record.occurred_at,
            &record.record,
            record.needs_attention,
        ),
    )
    .await?;
    Ok(())
}

/// The latest record of a user through a connection.
pub async fn find_latest(
    tx: &mut Tx,
    user: &UserId,
    connection: &ConnectionId,
) -> sqlx::Result<Option<SyncRecord>> {
    tx.optional(
        "SELECT * FROM sync_records WHERE user_id = $1 AND connection_id = $2
         ORDER BY occurred_at DESC, id DESC LIMIT 1",
        (user, connection),
    )
    .await
}

/// The records of a connection that somebody should look at and that come before `(instant, id)`, the latest first, at
/// most `limit`.
pub async fn list_for_attention(
    tx: &mut Tx,
    connection: &ConnectionId,
    (before, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<SyncRecord>> {
    tx.all(
        "SELECT * FROM sync_records WHERE connection_id = $1 AND needs_attention AND (occurred_at, id) < ($2, $3)
         ORDER BY occurred_at DESC, id DESC LIMIT $4",
        (connection, before, id, limit),
    )
    .await
}

/// The records of a user that come before `(instant, id)`, the latest first, at most `limit`.
pub async fn list_for_user(
    tx: &mut Tx,
    user: &UserId,
    (before, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<SyncRecord>> {
    tx.all(
        "SELECT * FROM sync_records WHERE user_id = $1 AND (occurred_at, id) < ($2, $3)
         ORDER BY occurred_at DESC, id DESC LIMIT $4",
        (user, before, id, limit),
    )
    .await
}
