//! Mints the tokens that a client is due: the half of redeeming that signs.

use rand::CryptoRng;

use super::Entitlement;
use super::claims;
use super::keyring::{KeyError, Keyring};
use crate::clock::Timestamp;
use crate::protocol::Issuer;
use crate::protocol::scope;
use crate::protocol::token::{TokenResponse, TokenType};
use crate::store::clients::Client;

/// The `typ` of a token of ours that names none more specific.
const JWT: &str = "JWT";

/// The `typ` of an access token (RFC 9068 §2.1).
const ACCESS_TOKEN_JWT: &str = "at+jwt";

/// The `typ` of the access tokens of `client`.
pub(super) fn access_token_type(client: &Client) -> &'static str {
    if client.types_access_tokens {
        ACCESS_TOKEN_JWT
    } else {
        JWT
    }
}

/// The token response (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
///
/// # Errors
///
/// When no key of the client's algorithm is active.
pub fn mint(
    keyring: &Keyring,
    issuer: &Issuer,
    client: &Client,
    entitlement: Entitlement,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<TokenResponse, KeyError> {
    let algorithm = client.signing_algorithm.0;
    let access = claims::access_token(issuer, client, &entitlement, &token_id(rng), now);
    let access_token = keyring.sign(algorithm, access_token_type(client), &access, now)?;
    // Without `openid` the request was OAuth, not OpenID Connect (Core §3.1.2.1).
    let id_token = if entitlement.scopes.contains(scope::OPENID) {
        let id = claims::id_token(
            issuer,
            client,
            &entitlement,
            &access_token,
            &token_id(rng),
            now,
        );
        Some(keyring.sign(algorithm, JWT, &id, now)?)
    } else {
        None
    };
    Ok(TokenResponse {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: client.access_token_lifetime_seconds,
        id_token,
        refresh_token: entitlement.refresh_token,
        scope: entitlement.scopes,
    })
}

/// A new `jti`: a UUID, as existing readers expect (RFC 7519 §4.1.7).
pub(super) fn token_id(rng: &mut impl CryptoRng) -> String {
    use rand::RngExt as _;
    uuid::Builder::from_random_bytes(rng.random())
        .into_uuid()
        .to_string()
}
