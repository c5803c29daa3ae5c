//! Verifies the access tokens that are presented to ourselves (RFC 6750, RFC 9068 §4).
//!
//! josekit checks signatures and nothing more; what the claims must say is checked here, in one place.

use serde_json::Value;

use super::claims::{GRANT_ID, GRANT_TYPES};
use super::keyring::{Claims, Keyring};
use crate::clock::Timestamp;
use crate::id::{ClientId, GrantId, SessionId, UserId};
use crate::protocol::{Issuer, Scope, Scopes};
use crate::store::grants::Grant;
use crate::store::{Tx, clients, grants, revoked_tokens};

/// A token that is good now.
#[derive(Debug)]
pub struct ActiveToken {
    /// What it says.
    pub claims: Claims,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// What it allows of what was granted, which may be less than its grant does (RFC 6749 §6).
    pub scopes: Scopes,
    /// The scopes that it names, those that the user's roles added among them.
    pub named: Scopes,
    /// Whose it is.
    pub bearer: Bearer,
}

/// On whose behalf a token speaks.
#[derive(Debug)]
pub enum Bearer {
    /// A client, for itself.
    Machine,
    /// A user, by this grant.
    User(Box<Grant>),
}

/// A token of ours whose signature and times are right. Whether it was revoked is another question.
#[derive(Debug)]
pub struct SignedToken {
    /// What it says.
    pub claims: Claims,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// Its name.
    pub jti: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl SignedToken {
    /// The access token that `jwt` is, if it is one, and of now. Pure.
    pub fn parse(keyring: &Keyring, issuer: &Issuer, jwt: &str, now: Timestamp) -> Option<Self> {
        let claims = keyring.verify(jwt)?;
        // An ID Token is signed by the same keys and must never pass for an access token.
        let is_access_token = claims.contains_key(GRANT_ID) || claims.contains_key(GRANT_TYPES);
        let expires_at = Timestamp::from_unix(claims.get("exp")?.as_i64()?);
        let is_ours = claims.get("iss")?.as_str()? == issuer.as_str();
        if !is_access_token || !is_ours || expires_at <= now {
            return None;
        }
        Some(Self {
            client_id: ClientId::parse(claims.get("azp")?.as_str()?)?,
            jti: claims.get("jti")?.as_str()?.to_owned(),
            expires_at,
            claims,
        })
    }
}

/// The token that `jwt` is, if it is good at `now`: ours, unexpired, unrevoked, of a client and user that may still act.
pub async fn verify(
    tx: &mut Tx,
    keyring: &Keyring,
    issuer: &Issuer,
    jwt: &str,
    now: Timestamp,
) -> sqlx::Result<Option<ActiveToken>> {
    let Some(token) = SignedToken::parse(keyring, issuer, jwt, now) else {
        return Ok(None);
    };
    let grant_id = token
        .claims
        .get(GRANT_ID)
        .and_then(|id| GrantId::parse(id.as_str()?));
    let bearer = if let Some(grant_id) = grant_id {
        let grant = grants::find_live(tx, &grant_id, &token.jti).await?;
        grant.map(|grant| Bearer::User(Box::new(grant)))
    } else {
        let client = clients::find(tx, &token.client_id).await?;
        let is_enabled = client.is_some_and(|client| client.disabled_at.is_none());
        let is_live = is_enabled && !revoked_tokens::contains(tx, &token.jti).await?;
        is_live.then_some(Bearer::Machine)
    };
    Ok(bearer.map(|bearer| {
        let (named, scopes) = match &bearer {
            Bearer::Machine => {
                let named = in_text(&token.claims, "scope");
                (named.clone(), named)
            }
            Bearer::User(grant) => {
                let named = in_list(&token.claims, "scp");
                let scopes = named.intersection(&grant.scopes.0);
                (named, scopes)
            }
        };
        ActiveToken {
            named,
            scopes,
            claims: token.claims,
            client_id: token.client_id,
            bearer,
        }
    }))
}

/// The scopes of a claim that holds them as one text.
fn in_text(claims: &Claims, name: &str) -> Scopes {
    let text = claims.get(name).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The scopes of a claim that holds them as a list.
fn in_list(claims: &Claims, name: &str) -> Scopes {
    let list = claims.get(name).and_then(Value::as_array);
    let names = list.into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(Scope::parse).collect()
}

/// What an ID Token of ours says when a client sends it back as a hint.
#[derive(Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    /// Whom it speaks of.
    pub subject: UserId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The session it came from.
    pub session_id: Option<SessionId>,
}

/// Reads an `id_token_hint`. An expired one is still a hint (OpenID Connect Core 1.0 §3.1.2.1). Pure.
pub fn id_token_hint(keyring: &Keyring, issuer: &Issuer, jwt: &str) -> Option<IdTokenHint> {
    let claims = keyring.verify(jwt)?;
    let is_access_token = claims.contains_key(GRANT_ID) || claims.contains_key(GRANT_TYPES);
    if is_access_token || claims.get("iss")?.as_str()? != issuer.as_str() {
        return None;
    }
    Some(IdTokenHint {
        subject: UserId::parse(claims.get("sub")?.as_str()?)?,
        client_id: ClientId::parse(claims.get("azp")?.as_str()?)?,
        session_id: claims
            .get("sid")
            .and_then(|sid| SessionId::parse(sid.as_str()?)),
    })
}
