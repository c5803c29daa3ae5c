//! Revokes tokens at the request of their client (RFC 7009).

use super::keyring::Keyring;
use super::verify::SignedToken;
use crate::clock::Timestamp;
use crate::protocol::Issuer;
use crate::protocol::{ErrorCode, OAuthError};
use crate::secret::Secret;
use crate::store::clients::Client;
use crate::store::{Tx, grants, refresh_tokens, revoked_tokens};

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
) -> sqlx::Result<Result<(), OAuthError>> {
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
        grants::revoke(tx, &stored.grant_id, now).await?;
    } else if let Some(signed) = SignedToken::parse(keyring, issuer, token.expose(), now) {
        if signed.client_id != client.id {
            return Ok(Err(foreign()));
        }
        revoked_tokens::insert(tx, &signed.jti, signed.expires_at).await?;
    }
    Ok(Ok(()))
}
