//! Tokens for machines: the client credentials grant (RFC 6749 §4.4).

use rand::CryptoRng;

use super::attributes::Attributes;
use super::claims;
use super::keyring::{KeyError, Keyring};
use super::mint::{access_token_type, token_id};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::protocol::client::ApplicationKind;
use crate::protocol::scope::Scopes;
use crate::protocol::token::{TokenResponse, TokenType};
use crate::protocol::{ErrorCode, OAuthError};
use crate::protocol::{Issuer, Targets};

/// What a machine is given.
#[derive(Debug, PartialEq, Eq)]
pub struct MachineGrant {
    /// The APIs the token is for.
    pub audiences: Vec<String>,
    /// What it allows there.
    pub scopes: Scopes,
    /// What was asked for.
    pub requested: Scopes,
}

/// Decides what a machine is given. Pure.
///
/// Without an audience, it is all APIs that the client may call; without scopes, all it may have there.
///
/// # Errors
///
/// `unauthorized_client` when the client is no machine or may not call an `audience` it asks for,
/// `invalid_target` when it may not call a `resource` (RFC 8707 §2), `invalid_scope` when it asks for more
/// than it may have.
pub fn authorize(
    registered: &RegisteredClient,
    targets: &Targets,
    requested: Scopes,
) -> Result<MachineGrant, OAuthError> {
    if registered.client.kind.0 != ApplicationKind::Machine {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "client_credentials is for machine-to-machine clients; this one signs users in",
        ));
    }
    let may_call = |wanted: &str| registered.apis.iter().any(|api| api.audience == wanted);
    targets.check_resources(may_call)?;
    if let Some(unknown) = targets.audiences.iter().find(|wanted| !may_call(wanted)) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            format!("this client may not call the API {unknown}; register it for that API first"),
        ));
    }
    let mut chosen = targets.all();
    if chosen.is_empty() {
        chosen = registered
            .apis
            .iter()
            .map(|api| api.audience.clone())
            .collect();
    }
    let mut granted = MachineGrant {
        scopes: registered.api_scopes(&chosen),
        audiences: chosen,
        requested,
    };
    if !granted.requested.is_empty() {
        let missing = granted.requested.difference(&granted.scopes);
        if !missing.is_empty() {
            return Err(OAuthError::invalid_scope(format!(
                "this client may not have the scopes {missing}"
            )));
        }
        granted.scopes = granted.requested.clone();
    }
    Ok(granted)
}

/// Mints the token. There is no ID Token, for there is no user, and no refresh token, for the client
/// can come again (RFC 6749 §4.4.3).
///
/// # Errors
///
/// When no key of the client's algorithm is active.
pub fn mint(
    keyring: &Keyring,
    issuer: &Issuer,
    registered: &RegisteredClient,
    granted: MachineGrant,
    attributes: &Attributes,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<TokenResponse, KeyError> {
    let client = &registered.client;
    let claims = claims::machine_token(
        issuer,
        client,
        &granted.audiences,
        &granted.scopes,
        &granted.requested,
        attributes,
        &token_id(rng),
        now,
    );
    let access_token = keyring.sign(
        client.signing_algorithm.0,
        access_token_type(client),
        &claims,
        now,
    )?;
    Ok(TokenResponse {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: client.access_token_lifetime_seconds,
        id_token: None,
        refresh_token: None,
        scope: granted.scopes,
    })
}
