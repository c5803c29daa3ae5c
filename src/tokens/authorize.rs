//! Issues authorization codes (RFC 6749 §4.1.2).

use rand::CryptoRng;

use crate::clock::{Seconds, Timestamp};
use crate::id::{GrantId, OrganizationId};
use crate::protocol::authorization::AuthorizationRequest;
use crate::protocol::scope::Scopes;
use crate::secret::Secret;
use crate::store::clients::Client;
use crate::store::codes::AuthorizationCode;
use crate::store::grants::Grant;
use crate::store::sessions::Session;
use crate::store::types::{Json, Text};
use crate::store::{Tx, codes, grants};

/// What the End-User has allowed, and who that was.
#[derive(Debug)]
pub struct Authorization<'a> {
    /// The request that is answered.
    pub request: &'a AuthorizationRequest,
    /// The client that asked.
    pub client: &'a Client,
    /// The session of the End-User.
    pub session: &'a Session,
    /// The authentication context class they reached.
    pub acr: &'a str,
    /// What is given.
    pub scopes: Scopes,
    /// The organization it is given in.
    pub organization: Option<OrganizationId>,
    /// The APIs it is given for.
    pub audiences: Vec<String>,
}

/// Records the authorization as a grant. Returns the code that stands for it, good for `lifetime`.
pub async fn issue_code(
    tx: &mut Tx,
    authorization: Authorization<'_>,
    lifetime: Seconds,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Secret> {
    let Authorization {
        request,
        client,
        session,
        acr,
        scopes,
        organization,
        audiences,
    } = authorization;
    let grant = Grant {
        id: GrantId::generate(rng),
        user_id: session.user_id.clone(),
        client_id: client.id.clone(),
        session_id: session.id.clone(),
        organization_id: organization,
        scopes: Text(scopes),
        audiences: Json(audiences),
        claims: Json(request.claims.clone()),
        auth_time: session.told_auth_time(),
        methods: session.methods.clone(),
        acr: acr.to_owned(),
        nonce: request.nonce.clone(),
        requested_at: request.rat,
        created_at: now,
        // Until the code is redeemed, there is nothing else of it.
        expires_at: now
            .plus(lifetime)
            .plus(client.access_token_lifetime_seconds),
        revoked_at: None,
    };
    let code = Secret::generate(rng);
    let stored = AuthorizationCode {
        code_hash: code.hash(),
        grant_id: grant.id.clone(),
        client_id: client.id.clone(),
        redirect_uri: request
            .redirect_uri_was_given
            .then(|| request.redirect_uri.clone()),
        code_challenge: request
            .code_challenge
            .as_ref()
            .map(|challenge| challenge.as_str().to_owned()),
        expires_at: now.plus(lifetime),
        redeemed_at: None,
    };
    grants::insert(tx, &grant).await?;
    codes::insert(tx, &stored).await?;
    Ok(code)
}
