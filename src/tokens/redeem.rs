//! Redeems authorization codes (RFC 6749 §4.1.3), once each.

use rand::CryptoRng;

use super::{Entitlement, membership, revoke};
use crate::access::Catalogues;
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::protocol::pkce::{self, CodeChallenge};
use crate::protocol::{OAuthError, Targets};
use crate::secret::Secret;
use crate::store::clients::Client;
use crate::store::codes::AuthorizationCode;
use crate::store::grants::Grant;
use crate::store::refresh_tokens::RefreshToken;
use crate::store::{Tx, codes, grants, refresh_tokens, users};

/// What a client presents to redeem a code.
#[derive(Debug)]
pub struct Presented {
    /// The code.
    pub code: Secret,
    /// The redirect URI, which must be the authorization request's when that named one.
    pub redirect_uri: Option<String>,
    /// The code verifier (RFC 7636 §4.5).
    pub code_verifier: Option<String>,
    /// The APIs that the access token is wanted for, when fewer than it may be for (RFC 8707 §2.2).
    pub targets: Targets,
}

/// Redeems a code. Returns what the client is due for it, or why nothing is.
///
/// A refusal is part of the value, not an error: a code that is presented twice revokes what it gave the
/// first time (RFC 6749 §4.1.2), and that has to be committed.
pub async fn redeem(
    tx: &mut Tx,
    registered: &RegisteredClient,
    presented: Presented,
    catalogues: &Catalogues,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Entitlement, OAuthError>> {
    let client = &registered.client;
    let hash = presented.code.hash();
    let Some(code) = codes::find(tx, &hash).await? else {
        return Ok(Err(OAuthError::invalid_grant(
            "the code is unknown or has expired",
        )));
    };
    if let Err(refusal) = check(&code, client, &presented, now) {
        return Ok(Err(refusal));
    }
    // Of two requests at once, both may come this far; the write decides.
    if code.redeemed_at.is_some() || !codes::redeem(tx, &hash, now).await? {
        let reason = "code redeemed twice";
        revoke::withdraw(tx, &code.grant_id, &client.id, reason, now, rng).await?;
        return Ok(Err(OAuthError::invalid_grant(
            "the code was redeemed before; what it gave is revoked",
        )));
    }
    let Some(mut grant) = allowed_still(registered, grants::find(tx, &code.grant_id).await?) else {
        return Ok(Err(OAuthError::invalid_grant(
            "the authorization has expired",
        )));
    };
    let subject = match users::find_subject(tx, &grant.user_id).await? {
        Some(subject) if subject.user.suspended_at.is_none() && grant.revoked_at.is_none() => {
            subject
        }
        _ => {
            return Ok(Err(OAuthError::invalid_grant(
                "the End-User's authorization was withdrawn",
            )));
        }
    };
    let memberships = match membership::load(tx, catalogues, registered, &grant, now).await? {
        Ok(memberships) => memberships,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let audiences = match presented.targets.choose(&grant.audiences.0) {
        Ok(audiences) => audiences,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let refresh_token = grant
        .scopes
        .0
        .wants_refresh_token()
        .then(|| Secret::generate(rng));
    grant.expires_at = open_grant(tx, client, &grant, refresh_token.as_ref(), now).await?;
    let scopes = memberships.scopes_at(registered, &grant.scopes.0, &audiences);
    grant.audiences.0 = audiences;
    Ok(Ok(Entitlement {
        scopes,
        nonce: grant.nonce.clone(),
        refresh_token,
        grant,
        memberships,
        subject,
    }))
}

/// The grant, less what its client may not have any more.
pub fn allowed_still(registered: &RegisteredClient, grant: Option<Grant>) -> Option<Grant> {
    let mut grant = grant?;
    grant.audiences.0 = registered.allowed_audiences(&grant.audiences.0);
    grant.scopes.0 = registered.allowed_scopes(&grant.scopes.0, &grant.audiences.0);
    Some(grant)
}

/// Stores the first refresh token, and lets the grant live as long as anything of it. Returns until when that is.
async fn open_grant(
    tx: &mut Tx,
    client: &Client,
    grant: &Grant,
    refresh_token: Option<&Secret>,
    now: Timestamp,
) -> sqlx::Result<Timestamp> {
    let mut expires_at = now.plus(client.access_token_lifetime_seconds);
    if let Some(token) = refresh_token {
        let token = RefreshToken {
            token_hash: token.hash(),
            grant_id: grant.id.clone(),
            client_id: client.id.clone(),
            created_at: now,
            expires_at: refresh_expiry(client, grant, now),
            rotated_at: None,
        };
        refresh_tokens::insert(tx, &token).await?;
        expires_at = expires_at.max(token.expires_at);
    }
    grants::extend(tx, &grant.id, expires_at).await?;
    Ok(expires_at.max(grant.expires_at))
}

/// Until when a refresh token that is issued at `now` can be used: it may lie idle only so long, and
/// the authorization as a whole ends too.
pub(super) fn refresh_expiry(client: &Client, grant: &Grant, now: Timestamp) -> Timestamp {
    now.plus(client.refresh_token_lifetime_seconds)
        .min(grant.created_at.plus(client.grant_lifetime_seconds))
}

/// Whether this client may redeem this code with what it presents. Pure.
///
/// None of these refusals spends the code: whoever stole it without the verifier can't take it from its client.
fn check(
    code: &AuthorizationCode,
    client: &Client,
    presented: &Presented,
    now: Timestamp,
) -> Result<(), OAuthError> {
    if code.client_id != client.id {
        return Err(OAuthError::invalid_grant(
            "the code was issued to another client",
        ));
    }
    if code.expires_at <= now && code.redeemed_at.is_none() {
        return Err(OAuthError::invalid_grant(
            "the code is unknown or has expired",
        ));
    }
    if code.redirect_uri.is_some() && code.redirect_uri != presented.redirect_uri {
        return Err(OAuthError::invalid_grant(
            "redirect_uri is not the one of the authorization request",
        ));
    }
    let challenge = code
        .code_challenge
        .as_deref()
        .map(CodeChallenge::parse)
        .transpose()?;
    pkce::verify_both(challenge.as_ref(), presented.code_verifier.as_deref())
}
