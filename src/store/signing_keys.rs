//! Our own keys: those that sign tokens, and those that hash secrets. Private halves are encrypted.

use sqlx::FromRow;

use super::Tx;
use super::types::{Json, Text};
use crate::clock::Timestamp;
use crate::protocol::algorithm::SigningAlgorithm;

/// A key that signs tokens.
#[derive(Debug, Clone, FromRow)]
pub struct SigningKey {
    /// The `kid` of its tokens.
    pub kid: String,
    /// What it signs with.
    pub algorithm: Text<SigningAlgorithm>,
    /// The public JWK, as published.
    pub public_jwk: Json<serde_json::Value>,
    /// The private JWK, a JWE under the master key (RFC 7517 §7).
    pub private_jwe: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs; it is published before.
    pub activates_at: Timestamp,
    /// When it left, or leaves, the JWKS.
    pub withdrawn_at: Option<Timestamp>,
}

/// All keys that are published at `now`, oldest first.
pub async fn list_published(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Vec<SigningKey>> {
    tx.all(
        "SELECT kid, algorithm, public_jwk, private_jwe, created_at, activates_at, withdrawn_at FROM signing_keys
         WHERE withdrawn_at IS NULL OR withdrawn_at > $1
         ORDER BY activates_at, kid",
        (now,),
    )
    .await
}

/// Adds a key.
pub async fn insert(tx: &mut Tx, key: &SigningKey) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO signing_keys (kid, algorithm, public_jwk, private_jwe, created_at, activates_at, withdrawn_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (&key.kid, &key.algorithm, &key.public_jwk, &key.private_jwe, key.created_at, key.activates_at, key.withdrawn_at),
    )
    .await?;
    Ok(())
}

/// Sets when a key leaves the JWKS. Returns false when there is no such key.
pub async fn withdraw(tx: &mut Tx, kid: &str, at: Timestamp) -> sqlx::Result<bool> {
    Ok(tx
        .execute(
            "UPDATE signing_keys SET withdrawn_at = $2 WHERE kid = $1",
            (kid, at),
        )
        .await?
        == 1)
}

/// Replaces the encrypted form of a private key.
pub async fn reencrypt(tx: &mut Tx, kid: &str, private_jwe: &str) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE signing_keys SET private_jwe = $2 WHERE kid = $1",
        (kid, private_jwe),
    )
    .await?;
    Ok(())
}

/// The encrypted hash key for a purpose.
pub async fn find_hash_key(tx: &mut Tx, purpose: &str) -> sqlx::Result<Option<String>> {
    let row: Option<(String,)> = tx
        .optional(
            "SELECT key_jwe FROM hash_keys WHERE purpose = $1",
            (purpose,),
        )
        .await?;
    Ok(row.map(|(jwe,)| jwe))
}

/// Stores the encrypted hash key for a purpose, unless there is one.
pub async fn insert_hash_key(tx: &mut Tx, purpose: &str, key_jwe: &str) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO hash_keys (purpose, key_jwe) VALUES ($1, $2) ON CONFLICT (purpose) DO NOTHING",
        (purpose, key_jwe),
    )
    .await?;
    Ok(())
}

/// Replaces the encrypted form of a hash key.
pub async fn reencrypt_hash_key(tx: &mut Tx, purpose: &str, key_jwe: &str) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE hash_keys SET key_jwe = $2 WHERE purpose = $1",
        (purpose, key_jwe),
    )
    .await?;
    Ok(())
}
