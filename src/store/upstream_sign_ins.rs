//! What upstreams stated lately, without secrets, and what became of it.

use serde_json::Value;
use sqlx::FromRow;

use super::Tx;
use super::types::Json;
use crate::clock::Timestamp;
use crate::federation::Assertion;
use crate::id::{ConnectionId, UpstreamSignInId, UserId};

/// One answer of an upstream.
#[derive(Debug, Clone, FromRow)]
pub struct UpstreamSignIn {
    /// Its name, which a page shows as the reference.
    pub id: UpstreamSignInId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Who was signed in by it.
    pub user_id: Option<UserId>,
    /// When it came.
    pub occurred_at: Timestamp,
    /// `signed_in`, or what failed, in a word.
    pub outcome: String,
    /// What was stated, when its proof held.
    pub assertion: Option<Json<Assertion>>,
    /// What failed, in words; nothing when it did not.
    pub checks: Json<Value>,
}

/// Records an answer.
pub async fn insert(tx: &mut Tx, sign_in: &UpstreamSignIn) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO upstream_sign_ins (id, connection_id, user_id, occurred_at, outcome, assertion, checks)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (
            &sign_in.id,
            &sign_in.connection_id,
            &sign_in.user_id,
            sign_in.occurred_at,
            &sign_in.outcome,
            &sign_in.assertion,
            &sign_in.checks,
        ),
    )
    .await?;
    Ok(())
}

/// The answers through a connection that come before `(instant, id)`, the latest first, at most `limit`.
pub async fn list_for_connection(
    tx: &mut Tx,
    connection: &ConnectionId,
    (before, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<UpstreamSignIn>> {
    tx.all(
        "SELECT * FROM upstream_sign_ins WHERE connection_id = $1 AND (occurred_at, id) < ($2, $3)
         ORDER BY occurred_at DESC, id DESC LIMIT $4",
        (connection, before, id, limit),
    )
    .await
}

/// The answer of that id, through a connection.
pub async fn find(
    tx: &mut Tx,
    connection: &ConnectionId,
    id: &UpstreamSignInId,
) -> sqlx::Result<Option<UpstreamSignIn>> {
    tx.optional(
        "SELECT * FROM upstream_sign_ins WHERE connection_id = $1 AND id = $2",
        (connection, id),
    )
    .await
}

/// The answers through a connection since `since` whose proof held and that come before `(instant, id)`, the latest
/// first, at most `limit`.
pub async fn list_proven(
    tx: &mut Tx,
    connection: &ConnectionId,
    since: Timestamp,
    (before, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<UpstreamSignIn>> {
    tx.all(
        "SELECT * FROM upstream_sign_ins
         WHERE connection_id = $1 AND occurred_at >= $2 AND (occurred_at, id) < ($3, $4) AND assertion IS NOT NULL
         ORDER BY occurred_at DESC, id DESC LIMIT $5",
        (connection, since, before, id, limit),
    )
    .await
}

/// Removes answers from before `before`, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM upstream_sign_ins WHERE id IN (
            SELECT id FROM upstream_sign_ins WHERE occurred_at <= $1 LIMIT 1000)",
        (before,),
    )
    .await
}
