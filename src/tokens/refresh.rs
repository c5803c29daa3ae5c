//! Refreshes tokens (RFC 6749 §6), with rotation and reuse detection (RFC 9700 §4.14.2).
//!
//! # Decision
//!
//! A refresh token is used once and replaced. Yet browsers with several tabs, and servers that
//! render pages in parallel, present the same one twice within moments; to revoke their
//! authorization for that would sign people out at random. So for a declared grace the old token
//! gives the same answer again: the token that has come of it. For this nothing readable needs to be
//! stored, because a successor is derived from its predecessor under a key of ours
//! ([`Secret::successor`]). After the grace, a second use means that two parties hold the token, and
//! everything of the authorization is revoked.

use rand::CryptoRng;

use super::membership::{self, Memberships};
use super::redeem::{allowed_still, refresh_expiry};
use super::{Entitlement, revoke};
use crate::access::Catalogues;
use crate::clients::RegisteredClient;
use crate::clock::{Seconds, Timestamp};
use crate::protocol::scope::Scopes;
use crate::protocol::{OAuthError, Targets};
use crate::secret::{HashKey, Secret};
use crate::store::clients::Client;
use crate::store::grants::Grant;
use crate::store::refresh_tokens::RefreshToken;
use crate::store::{Tx, grants, refresh_tokens, users};

const PURPOSE: &str = "refresh token";

/// More successors than this within one grace are no accident of parallel requests.
const LONGEST_CHAIN: usize = 100;

/// What a client presents to refresh its tokens.
#[derive(Debug)]
pub struct Presented {
    /// The refresh token.
    pub refresh_token: Secret,
    /// The scopes it wants, when fewer than it may have.
    pub scopes: Option<Scopes>,
    /// The APIs that it wants the access token for, when fewer than it may be for (RFC 8707 §2.2).
    pub targets: Targets,
}

/// On what terms tokens are refreshed.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The key under which successors are derived.
    pub key: &'a HashKey,
    /// How long a token that was used gives the same answer again.
    pub grace: Seconds,
    /// The roles and permissions of the business.
    pub catalogues: &'a Catalogues,
}

/// Refreshes. Returns what the client is due, or why nothing is.
///
/// A refusal is part of the value, not an error: reuse revokes the grant, and that has to be committed.
pub async fn refresh(
    tx: &mut Tx,
    registered: &RegisteredClient,
    presented: Presented,
    terms: Terms<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Entitlement, OAuthError>> {
    let client = &registered.client;
    let unknown = || OAuthError::invalid_grant("the refresh token is unknown, expired or revoked");
    let Some(token) = refresh_tokens::find(tx, &presented.refresh_token.hash()).await? else {
        return Ok(Err(unknown()));
    };
    if token.client_id != client.id {
        return Ok(Err(OAuthError::invalid_grant(
            "the refresh token was issued to another client",
        )));
    }
    let mut grant = match allowed_still(registered, grants::find(tx, &token.grant_id).await?) {
        Some(grant) if grant.revoked_at.is_none() && token.expires_at > now => grant,
        _ => return Ok(Err(unknown())),
    };
    let subject = match users::find_subject(tx, &grant.user_id).await? {
        Some(subject) if subject.user.suspended_at.is_none() => subject,
        _ => {
            return Ok(Err(OAuthError::invalid_grant(
                "the End-User's authorization was withdrawn",
            )));
        }
    };
    let memberships = match membership::load(tx, terms.catalogues, registered, &grant, now).await? {
        Ok(memberships) => memberships,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (scopes, audiences) = match chosen(registered, &grant, &memberships, &presented) {
        Ok(chosen) => chosen,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let successor = match rotate(
        tx,
        client,
        &grant,
        &token,
        &presented.refresh_token,
        terms,
        now,
        rng,
    )
    .await?
    {
        Ok(successor) => successor,
        Err(refusal) => return Ok(Err(refusal)),
    };
    grant.audiences.0 = audiences;
    Ok(Ok(Entitlement {
        scopes,
        grant,
        memberships,
        subject,
        refresh_token: Some(successor),
        nonce: None,
    }))
}

/// Gives the token that takes the place of the presented one.
#[expect(
    clippy::too_many_arguments,
    reason = "the facts of one rotation, used nowhere else"
)]
async fn rotate(
    tx: &mut Tx,
    client: &Client,
    grant: &Grant,
    token: &RefreshToken,
    presented: &Secret,
    terms: Terms<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Secret, OAuthError>> {
    let successor = presented.successor(terms.key, PURPOSE);
    if token.rotated_at.is_none() && refresh_tokens::rotate(tx, &token.token_hash, now).await? {
        let expires_at = refresh_expiry(client, grant, now);
        let next = RefreshToken {
            token_hash: successor.hash(),
            grant_id: grant.id.clone(),
            client_id: client.id.clone(),
            created_at: now,
            expires_at,
            rotated_at: None,
        };
        refresh_tokens::insert(tx, &next).await?;
        grants::extend(
            tx,
            &grant.id,
            expires_at.max(now.plus(client.access_token_lifetime_seconds)),
        )
        .await?;
        return Ok(Ok(successor));
    }
    // Whoever lost the race for the rotation did so just now.
    let rotated_at = token.rotated_at.unwrap_or(now);
    if rotated_at.plus(terms.grace) > now
        && let Some(latest) = latest(tx, successor, terms.key).await?
    {
        return Ok(Ok(latest));
    }
    revoke::withdraw(
        tx,
        &grant.id,
        &client.id,
        "refresh token used twice",
        now,
        rng,
    )
    .await?;
    Ok(Err(OAuthError::invalid_grant(
        "the refresh token was used before; all tokens of this authorization are revoked",
    )))
}

/// The end of the chain that begins with `token`: the one that has not been rotated yet.
async fn latest(tx: &mut Tx, mut token: Secret, key: &HashKey) -> sqlx::Result<Option<Secret>> {
    for _ in 0..LONGEST_CHAIN {
        match refresh_tokens::find(tx, &token.hash()).await? {
            Some(stored) if stored.rotated_at.is_none() => return Ok(Some(token)),
            Some(_) => token = token.successor(key, PURPOSE),
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// The scopes and audiences of this answer: those asked for, or all that are left (RFC 6749 §6, RFC 8707 §2.2).
fn chosen(
    registered: &RegisteredClient,
    grant: &Grant,
    memberships: &Memberships,
    presented: &Presented,
) -> Result<(Scopes, Vec<String>), OAuthError> {
    let allowed_at =
        |audiences: &[String]| memberships.scopes_at(registered, &grant.scopes.0, audiences);
    let scopes = narrowed(allowed_at(&grant.audiences.0), presented.scopes.as_ref())?;
    let audiences = presented.targets.choose(&grant.audiences.0)?;
    Ok((scopes.intersection(&allowed_at(&audiences)), audiences))
}

/// The scopes of this answer: those asked for, when all of them are allowed (RFC 6749 §6).
fn narrowed(allowed: Scopes, wanted: Option<&Scopes>) -> Result<Scopes, OAuthError> {
    match wanted {
        None => Ok(allowed),
        Some(wanted) if wanted.is_empty() => Ok(allowed),
        Some(wanted) if wanted.is_subset(&allowed) => Ok(wanted.clone()),
        Some(_) => Err(OAuthError::invalid_scope(
            "a refresh can't ask for more than was granted",
        )),
    }
}
