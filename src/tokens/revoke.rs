//! Revokes tokens at the request of their client (RFC 7009).

use rand::CryptoRng;
use serde_json::json;

use super::keyring::Keyring;
use super::verify::SignedToken;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{ClientId, GrantId};
use crate::protocol::Issuer;
use crate::protocol::{ErrorCode, OAuthError};
use crate::secret::Secret;
use crate::store::clients::Client;
use crate::store::{Tx, grants, refresh_tokens, revoked_tokens};

/// What was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// An access token, and nothing else.
    AccessToken,
    /// A refresh token, with everything that its grant gave; or one that is known no more.
    RefreshToken,
}

/// Revokes a token: an access token alone, a refresh token with everything that its grant gave.
///
/// A token that is unknown or expired is revoked already (RFC 7009 §2.2). Kinds are told apart by
/// their form, so that a wrong `token_type_hint` does no harm.
///
/// Returns `unauthorized_client` when the token is another client's.
pub async fn revoke(
    tx: &mut Tx,
    keyring: &Keyring,
    issuer: &Issuer,
    client: &Client,
    token: &Secret,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Revoked, OAuthError>> {
    let foreign = || {
        OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "the token was issued to another client",
        )
    };
    if let Some(stored) = refresh_tokens::find(tx, &token.hash()).await? {
        if stored.client_id != client.id {
            return Ok(Err(foreign()));
        }
        withdraw(
            tx,
            &stored.grant_id,
            &client.id,
            "refresh token revoked by its client",
            now,
            rng,
        )
        .await?;
    } else if let Some(signed) = SignedToken::parse(keyring, issuer, token.expose(), now) {
        if signed.client_id != client.id {
            return Ok(Err(foreign()));
        }
        revoked_tokens::insert(tx, &signed.jti, signed.expires_at).await?;
        return Ok(Ok(Revoked::AccessToken));
    }
    Ok(Ok(Revoked::RefreshToken))
}

/// Withdraws a grant, and with it all its tokens; the audit log says why.
pub(super) async fn withdraw(
    tx: &mut Tx,
    grant: &GrantId,
    client: &ClientId,
    reason: &str,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if grants::revoke(tx, grant, now).await? {
        let details = json!({ "reason": reason });
        audit::record(
            tx,
            Actor::Client(client),
            "grant.revoked",
            grant.as_str(),
            details,
            now,
            rng,
        )
        .await?;
    }
    Ok(())
}
