//! Authorization codes (RFC 6749 §4.1.2).

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{ClientId, GrantId};
use crate::secret::SecretHash;

/// An authorization code.
#[derive(Debug, Clone, FromRow)]
pub struct AuthorizationCode {
    /// The hash of the code.
    pub code_hash: SecretHash,
    /// The authorization it stands for.
    pub grant_id: GrantId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The redirect URI of the request, if the request named one.
    pub redirect_uri: Option<String>,
    /// The challenge of the request (RFC 7636 §4.2).
    pub code_challenge: Option<String>,
    /// Until when it can be redeemed.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub redeemed_at: Option<Timestamp>,
}

/// Stores a new code.
pub async fn insert(tx: &mut Tx, code: &AuthorizationCode) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO authorization_codes
            (code_hash, grant_id, client_id, redirect_uri, code_challenge, expires_at, redeemed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        (
            &code.code_hash,
            &code.grant_id,
            &code.client_id,
            &code.redirect_uri,
            &code.code_challenge,
            code.expires_at,
            code.redeemed_at,
        ),
    )
    .await?;
    Ok(())
}

/// The code with that hash, spent or not.
pub async fn find(tx: &mut Tx, hash: &SecretHash) -> sqlx::Result<Option<AuthorizationCode>> {
    tx.optional(
        "SELECT code_hash, grant_id, client_id, redirect_uri, code_challenge, expires_at, redeemed_at
         FROM authorization_codes WHERE code_hash = $1",
        (hash,),
    )
    .await
}

/// Spends a code. Returns false when it was spent before: of two that try, one wins.
pub async fn redeem(tx: &mut Tx, hash: &SecretHash, now: Timestamp) -> sqlx::Result<bool> {
    let spent = tx
        .execute(
            "UPDATE authorization_codes SET redeemed_at = $2 WHERE code_hash = $1 AND redeemed_at IS NULL",
            (hash, now),
        )
        .await?;
    Ok(spent == 1)
}
