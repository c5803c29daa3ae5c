//! Sessions: browsers that are signed in.

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{ConnectionId, OrganizationId, SessionId, UserId};
use crate::secret::SecretHash;

/// A browser's session.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// The `sid` of its tokens.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// The hash of the cookie.
    pub token_hash: SecretHash,
    /// When they last proved who they are.
    pub auth_time: Timestamp,
    /// The organization they last went to.
    pub organization_id: Option<OrganizationId>,
    /// How they proved it: `amr` values (RFC 8176), space-delimited.
    pub methods: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// From where it began.
    pub ip_address: Option<String>,
    /// In which browser.
    pub user_agent: Option<String>,
    /// The connection through which they last proved who they are; none when they did so here.
    pub connection_id: Option<ConnectionId>,
    /// When they proved to its upstream who they are, if it says so.
    pub upstream_auth_time: Option<Timestamp>,
    /// The authentication context class that they reached there, if the upstream is trusted to say so.
    pub upstream_acr: Option<String>,
}

impl Session {
    /// When they proved who they are, here or elsewhere: what clients are told.
    pub fn told_auth_time(&self) -> Timestamp {
        self.upstream_auth_time.unwrap_or(self.auth_time)
    }
}

/// Stores a new session.
pub async fn insert(tx: &mut Tx, session: &Session) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, user_id, token_hash, auth_time, organization_id, methods, created_at, last_seen_at, expires_at,
            ended_at, ip_address, user_agent, connection_id, upstream_auth_time, upstream_acr)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        (
            &session.id,
            &session.user_id,
            &session.token_hash,
            session.auth_time,
            &session.organization_id,
            &session.methods,
            session.created_at,
            session.last_seen_at,
            session.expires_at,
            session.ended_at,
            &session.ip_address,
            &session.user_agent,
            &session.connection_id,
            session.upstream_auth_time,
            &session.upstream_acr,
        ),
    )
    .await?;
    Ok(())
}

/// Writes a session that was renewed by a new authentication. Returns false when it has ended meanwhile.
pub async fn renew(tx: &mut Tx, session: &Session) -> sqlx::Result<bool> {
    let renewed = tx.execute(
        "UPDATE sessions SET token_hash = $2, auth_time = $3, methods = $4, last_seen_at = $5, expires_at = $6,
            ip_address = $7, user_agent = $8, connection_id = $9, upstream_auth_time = $10, upstream_acr = $11
         WHERE id = $1 AND ended_at IS NULL",
        (
            &session.id,
            &session.token_hash,
            session.auth_time,
            &session.methods,
            session.last_seen_at,
            session.expires_at,
            &session.ip_address,
            &session.user_agent,
            &session.connection_id,
            session.upstream_auth_time,
            &session.upstream_acr,
        ),
    )
    .await?;
    Ok(renewed == 1)
}

/// The session whose cookie has that hash.
pub async fn find_by_token(tx: &mut Tx, token: &SecretHash) -> sqlx::Result<Option<Session>> {
    tx.optional("SELECT * FROM sessions WHERE token_hash = $1", (token,))
        .await
}

/// The session of that id.
pub async fn find(tx: &mut Tx, id: &SessionId) -> sqlx::Result<Option<Session>> {
    tx.optional("SELECT * FROM sessions WHERE id = $1", (id,))
        .await
}

/// The sessions of a user that have not ended at `now`, youngest first.
pub async fn list_for_user(
    tx: &mut Tx,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<Vec<Session>> {
    tx.all(
        "SELECT * FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
         ORDER BY created_at DESC, id",
        (user, now),
    )
    .await
}

/// The sessions of a user that are alive, from a place in their order on, at most `limit`: youngest first.
///
/// Alive is what has not ended, does not end by `now` and was seen after `seen_after`.
pub async fn page_for_user(
    tx: &mut Tx,
    user: &UserId,
    (now, seen_after): (Timestamp, Timestamp),
    (began_at, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<Session>> {
    tx.all(
        "SELECT * FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND last_seen_at > $3
            AND (created_at, id) < ($4, $5)
         ORDER BY created_at DESC, id DESC LIMIT $6",
        (user, now, seen_after, began_at, id, limit),
    )
    .await
}

/// The same backwards: those before a place, from there on.
pub async fn page_for_user_before(
    tx: &mut Tx,
    user: &UserId,
    (now, seen_after): (Timestamp, Timestamp),
    (began_at, id): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<Session>> {
    tx.all(
        "SELECT * FROM sessions
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND last_seen_at > $3
            AND (created_at, id) > ($4, $5)
         ORDER BY created_at, id LIMIT $6",
        (user, now, seen_after, began_at, id, limit),
    )
    .await
}

/// Notes that a session is in use. Returns false when it has ended.
///
/// The row stays locked until the transaction ends: nobody ends the session in between.
pub async fn touch(tx: &mut Tx, id: &SessionId, now: Timestamp) -> sqlx::Result<bool> {
    let alive = tx
        .execute(
            "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
            (id, now),
        )
        .await?;
    Ok(alive == 1)
}

/// Notes to which organization the user went.
pub async fn record_organization(
    tx: &mut Tx,
    id: &SessionId,
    organization: Option<&OrganizationId>,
) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE sessions SET organization_id = $2 WHERE id = $1",
        (id, organization),
    )
    .await?;
    Ok(())
}

/// Ends a session. Returns false when it had ended before.
pub async fn end(tx: &mut Tx, id: &SessionId, now: Timestamp) -> sqlx::Result<bool> {
    Ok(tx
        .execute(
            "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
            (id, now),
        )
        .await?
        == 1)
}

/// Ends all sessions of a user, but the one to keep. Returns how many those were.
pub async fn end_for_user(
    tx: &mut Tx,
    user: &UserId,
    keep: Option<&SessionId>,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE sessions SET ended_at = $3
         WHERE user_id = $1 AND ended_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR id <> $2)",
        (user, keep, now),
    )
    .await
}

/// Removes sessions that expired before `before`, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM sessions WHERE expires_at <= $1
            AND id IN (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT 1000)",
        (before,),
    )
    .await
}
