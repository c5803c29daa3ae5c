//! Grants: authorizations given to clients (RFC 6749 §1.3), each the root of one code and its tokens.

use sqlx::FromRow;

use super::Tx;
use super::types::{Json, Text, keys};
use crate::clock::Timestamp;
use crate::id::{ClientId, GrantId, OrganizationId, SessionId, UserId};
use crate::protocol::claims::ClaimsRequest;
use crate::protocol::scope::Scopes;

/// One authorization.
#[derive(Debug, Clone, FromRow)]
pub struct Grant {
    /// Its name, which its access tokens carry.
    pub id: GrantId,
    /// Who gave it.
    pub user_id: UserId,
    /// To which client.
    pub client_id: ClientId,
    /// In which session.
    pub session_id: SessionId,
    /// In which organization, if in any.
    pub organization_id: Option<OrganizationId>,
    /// What it allows.
    pub scopes: Text<Scopes>,
    /// For which APIs.
    pub audiences: Json<Vec<String>>,
    /// Which single claims were asked for.
    pub claims: Json<ClaimsRequest>,
    /// When the End-User had proved who they are.
    pub auth_time: Timestamp,
    /// How: `amr` values, space-delimited.
    pub methods: String,
    /// The authentication context class they reached.
    pub acr: String,
    /// The client's `nonce`.
    pub nonce: Option<String>,
    /// When the client had asked.
    pub requested_at: Timestamp,
    /// When it was given.
    pub created_at: Timestamp,
    /// From when nothing of it is valid any more.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// Stores a new grant.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO grants (id, user_id, client_id, session_id, organization_id, scopes, audiences, claims, auth_time, methods, acr,
            nonce, requested_at, created_at, expires_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        (
            &grant.id,
            &grant.user_id,
            &grant.client_id,
            &grant.session_id,
            &grant.organization_id,
            &grant.scopes,
            &grant.audiences,
            &grant.claims,
            grant.auth_time,
            &grant.methods,
            &grant.acr,
            &grant.nonce,
            grant.requested_at,
            grant.created_at,
            grant.expires_at,
            grant.revoked_at,
        ),
    )
    .await?;
    Ok(())
}

/// The grant of that id.
pub async fn find(tx: &mut Tx, id: &GrantId) -> sqlx::Result<Option<Grant>> {
    tx.optional("SELECT * FROM grants WHERE id = $1", (id,))
        .await
}

/// The grant of that id, if a token of it is good for anything: neither the grant nor the token is
/// revoked, and neither user nor client is shut out.
pub async fn find_live(tx: &mut Tx, id: &GrantId, jti: &str) -> sqlx::Result<Option<Grant>> {
    tx.optional(
        "SELECT grants.* FROM grants
         JOIN users ON users.id = grants.user_id
         JOIN clients ON clients.id = grants.client_id
         WHERE grants.id = $1 AND grants.revoked_at IS NULL
            AND users.suspended_at IS NULL AND clients.disabled_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = $2)",
        (id, jti),
    )
    .await
}

/// Lets a grant live until `expires_at`, if it would end sooner.
pub async fn extend(tx: &mut Tx, id: &GrantId, expires_at: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE grants SET expires_at = $2 WHERE id = $1 AND expires_at < $2",
        (id, expires_at),
    )
    .await?;
    Ok(())
}

/// Withdraws a grant and with it all its tokens. Returns false when it was withdrawn before.
pub async fn revoke(tx: &mut Tx, id: &GrantId, now: Timestamp) -> sqlx::Result<bool> {
    Ok(tx
        .execute(
            "UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            (id, now),
        )
        .await?
        == 1)
}

/// Withdraws all grants of a session. Returns how many those were.
pub async fn revoke_for_session(
    tx: &mut Tx,
    session: &SessionId,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE grants SET revoked_at = $2 WHERE session_id = $1 AND revoked_at IS NULL",
        (session, now),
    )
    .await
}

/// A grant of a session that lives.
#[derive(Debug, Clone, FromRow)]
pub struct OfSession {
    /// Its name.
    pub id: GrantId,
    /// What it allows.
    pub scopes: Text<Scopes>,
    /// Whether its code was not redeemed yet.
    pub has_code: bool,
}

/// The grants of a session that were not withdrawn.
pub async fn list_of_session(tx: &mut Tx, session: &SessionId) -> sqlx::Result<Vec<OfSession>> {
    tx.all(
        "SELECT id, scopes, EXISTS (SELECT 1 FROM authorization_codes AS codes
                WHERE codes.grant_id = grants.id AND codes.redeemed_at IS NULL) AS has_code
         FROM grants WHERE session_id = $1 AND revoked_at IS NULL ORDER BY id",
        (session,),
    )
    .await
}

/// Withdraws all grants of a user, but those of the session to keep. Returns how many those were.
pub async fn revoke_for_user(
    tx: &mut Tx,
    user: &UserId,
    keep: Option<&SessionId>,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE grants SET revoked_at = $3
         WHERE user_id = $1 AND revoked_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR session_id <> $2)",
        (user, keep, now),
    )
    .await
}

/// Withdraws all grants of a user in one organization. Returns how many those were.
pub async fn revoke_for_member(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE grants SET revoked_at = $3 WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL",
        (organization, user, now),
    )
    .await
}

/// Withdraws all grants in one organization. Returns how many those were.
pub async fn revoke_for_organization(
    tx: &mut Tx,
    organization: &OrganizationId,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE grants SET revoked_at = $2 WHERE organization_id = $1 AND revoked_at IS NULL",
        (organization, now),
    )
    .await
}

/// Withdraws all grants of a client. Returns how many those were.
pub async fn revoke_for_client(
    tx: &mut Tx,
    client: &ClientId,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "UPDATE grants SET revoked_at = $2 WHERE client_id = $1 AND revoked_at IS NULL",
        (client, now),
    )
    .await
}

/// The clients that were granted something in a session.
pub async fn list_clients_of_session(
    tx: &mut Tx,
    session: &SessionId,
) -> sqlx::Result<Vec<ClientId>> {
    let rows: Vec<(ClientId,)> = tx
        .all(
            "SELECT DISTINCT client_id FROM grants WHERE session_id = $1 ORDER BY client_id",
            (session,),
        )
        .await?;
    Ok(rows.into_iter().map(|(client,)| client).collect())
}

/// The client that was first granted something in each of these sessions.
pub async fn list_first_clients(
    tx: &mut Tx,
    sessions: &[SessionId],
) -> sqlx::Result<Vec<(SessionId, ClientId)>> {
    // The youngest first, so that whoever makes a map of them keeps the oldest.
    tx.all(
        "SELECT session_id, client_id FROM grants WHERE session_id IN (SELECT key FROM json_each(json($1)))
         GROUP BY session_id, client_id ORDER BY MIN(created_at) DESC, client_id",
        (keys(sessions.iter().map(SessionId::as_str)),),
    )
    .await
}

/// Removes grants of which nothing is valid any more, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM grants WHERE expires_at <= $1
            AND id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
