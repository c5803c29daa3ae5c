//! Identities at upstreams: ways to sign in that are keyed by connection, issuer and subject.

use sqlx::FromRow;

use super::Tx;
use super::types::{Json, keys};
use crate::clock::Timestamp;
use crate::federation::settings::Settings;
use crate::id::{ConnectionId, IdentityId, UserId};
use serde::{Deserialize, Serialize};

/// A way to sign in through an upstream.
#[derive(Debug, Clone, FromRow)]
pub struct UpstreamIdentity {
    /// Its name.
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// The upstream's name for itself; none while it waits for its first sign-in.
    pub issuer: Option<String>,
    /// The upstream's name for them; none while it waits.
    pub subject: Option<String>,
    /// The address that it waits for, or that was told last, in the form that is compared.
    pub email_key: Option<String>,
    /// Why it is theirs.
    pub evidence: Json<Evidence>,
    /// How often it was used.
    pub sign_ins: i64,
    /// When it was last used.
    pub last_sign_in_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Why an identity is somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The rule that linked it, in a word.
    pub rule: String,
    /// The address that was proven on both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_email: Option<String>,
    /// Who did it: a user, a client, or nobody but the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// The identity with that key.
pub async fn find(
    tx: &mut Tx,
    connection: &ConnectionId,
    issuer: &str,
    subject: &str,
) -> sqlx::Result<Option<UpstreamIdentity>> {
    tx.optional(
        "SELECT * FROM upstream_identities WHERE connection_id = $1 AND issuer = $2 AND subject = $3",
        (connection, issuer, subject),
    )
    .await
}

/// The identity of that id.
pub async fn find_by_id(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<Option<UpstreamIdentity>> {
    tx.optional("SELECT * FROM upstream_identities WHERE id = $1", (id,))
        .await
}

/// The identity that waits at a connection for whoever has that address.
pub async fn find_waiting(
    tx: &mut Tx,
    connection: &ConnectionId,
    email_key: &str,
) -> sqlx::Result<Option<UpstreamIdentity>> {
    tx.optional(
        "SELECT * FROM upstream_identities WHERE connection_id = $1 AND email_key = $2 AND subject IS NULL",
        (connection, email_key),
    )
    .await
}

/// All upstream identities of a user, oldest first.
pub async fn list_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<UpstreamIdentity>> {
    tx.all(
        "SELECT * FROM upstream_identities WHERE user_id = $1 ORDER BY created_at, id",
        (user,),
    )
    .await
}

/// An upstream identity, and where it is.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    /// The identity.
    #[sqlx(flatten)]
    pub identity: UpstreamIdentity,
    /// How the upstream of its connection is spoken to.
    pub connection_settings: Json<Box<Settings>>,
    /// What the button of its connection says.
    pub connection_name: String,
    /// Whether its connection can be used.
    pub connection_is_enabled: bool,
}

/// The identity of that id, with what is known of its connection.
pub async fn find_listed(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<Option<Listed>> {
    tx.optional(
        "SELECT upstream_identities.*, connections.settings AS connection_settings,
            connections.display_name AS connection_name, connections.is_enabled AS connection_is_enabled
         FROM upstream_identities JOIN connections ON connections.id = connection_id
         WHERE upstream_identities.id = $1",
        (id,),
    )
    .await
}

/// The upstream identities of these users, oldest first.
pub async fn list_for_users(tx: &mut Tx, users: &[UserId]) -> sqlx::Result<Vec<Listed>> {
    tx.all(
        "SELECT upstream_identities.*, connections.settings AS connection_settings,
            connections.display_name AS connection_name, connections.is_enabled AS connection_is_enabled
         FROM upstream_identities JOIN connections ON connections.id = connection_id
         WHERE user_id IN (SELECT key FROM json_each(json($1)))
         ORDER BY upstream_identities.created_at, upstream_identities.id",
        (keys(users.iter().map(UserId::as_str)),),
    )
    .await
}

/// How many identities of a user lead through a connection that can be used.
pub async fn count_usable(tx: &mut Tx, user: &UserId) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM upstream_identities JOIN connections ON connections.id = connection_id
             WHERE user_id = $1 AND is_enabled",
            (user,),
        )
        .await?;
    Ok(count)
}

/// Adds an identity. Returns false, and adds nothing, when somebody has it already.
pub async fn insert(tx: &mut Tx, identity: &UpstreamIdentity) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO upstream_identities (id, user_id, connection_id, issuer, subject, email_key, evidence,
                sign_ins, last_sign_in_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            (
                &identity.id,
                &identity.user_id,
                &identity.connection_id,
                &identity.issuer,
                &identity.subject,
                &identity.email_key,
                &identity.evidence,
                identity.sign_ins,
                identity.last_sign_in_at,
                identity.created_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// Gives an identity that waits the subject that came, once. Returns false when it waits no more.
pub async fn bind(
    tx: &mut Tx,
    id: &IdentityId,
    (issuer, subject): (&str, &str),
    evidence: &Json<Evidence>,
) -> sqlx::Result<bool> {
    let bound = tx
        .execute(
            "UPDATE upstream_identities SET issuer = $2, subject = $3, evidence = $4
             WHERE id = $1 AND subject IS NULL",
            (id, issuer, subject, evidence),
        )
        .await?;
    Ok(bound == 1)
}

/// Counts a sign-in, and keeps the address that was told. Returns false when the identity is gone.
pub async fn record_sign_in(
    tx: &mut Tx,
    id: &IdentityId,
    email_key: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let recorded = tx
        .execute(
            "UPDATE upstream_identities SET sign_ins = sign_ins + 1, last_sign_in_at = $2, email_key = $3
             WHERE id = $1",
            (id, now, email_key),
        )
        .await?;
    Ok(recorded == 1)
}

/// Removes an identity. Returns false when there was none.
pub async fn remove(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<bool> {
    let removed = tx
        .execute("DELETE FROM upstream_identities WHERE id = $1", (id,))
        .await?;
    Ok(removed == 1)
}
