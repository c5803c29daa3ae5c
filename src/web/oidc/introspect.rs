//! The introspection endpoint (RFC 7662).
//!
//! It answers only to those whom a token concerns: the client it was issued to, a client that is
//! registered for an API in its audience, and whoever holds a token for the management API. For all
//! others no token is active.

use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::by_client::{ByClient, authorization};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::OrganizationId;
use crate::protocol::token::{self, IntrospectionRequest, IntrospectionResponse, TokenType};
use crate::protocol::{Issuer, OAuthError};
use crate::secret::Secret;
use crate::store::{grants, refresh_tokens};
use crate::tokens::claims::roles;
use crate::tokens::keyring::Claims;
use crate::tokens::membership::{self, Current};
use crate::tokens::redeem::allowed_still;
use crate::tokens::verify::{ActiveToken, Bearer, verify};
use crate::web::error::JsonError;
use crate::web::extract::{Now, Parameters};
use crate::web::site::Site;

/// Who asks.
enum Asker {
    Client(std::sync::Arc<RegisteredClient>),
    Management,
}

/// Says whether a token is good, and what it says.
pub async fn introspect(
    State(site): State<Site>,
    Now(now): Now,
    request: Request,
) -> Result<Response, JsonError> {
    let bearer = authorization(request.headers())
        .filter(|value| {
            value
                .get(..7)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("Bearer "))
        })
        .map(str::to_owned);
    let (asker, params) = if let Some(bearer) = bearer {
        let Parameters(params) = Parameters::read(request, &site).await?;
        manager(&site, &bearer, now).await?;
        (Asker::Management, params)
    } else {
        let ByClient { client, params } = ByClient::from_request(request, &site).await?;
        if !client.client.kind.0.is_confidential() {
            let why = "introspection needs authentication, which a public client has none of";
            return Err(OAuthError::invalid_client(why).into());
        }
        (Asker::Client(client), params)
    };
    let request = IntrospectionRequest::parse(&params)?;
    let answer = answer(&site, &asker, &request.token, now)
        .await?
        .unwrap_or_else(IntrospectionResponse::inactive);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Confirms that the bearer may manage this server.
async fn manager(site: &Site, authorization: &str, now: Timestamp) -> Result<(), JsonError> {
    let app = &site.app;
    let refused = || {
        OAuthError::invalid_token("introspection needs client authentication or a management token")
    };
    let jwt = token::bearer(Some(authorization))?.ok_or_else(refused)?;
    let issuer = &app.config.server.issuer;
    let mut tx = app.db.read().await?;
    let active = verify(&mut tx, &app.keys.current(), issuer, jwt, now)
        .await?
        .ok_or_else(refused)?;
    let is_manager = audiences(&active.claims).any(|audience| audience == issuer.join("/api"));
    if is_manager {
        Ok(())
    } else {
        Err(refused().into())
    }
}

async fn answer(
    site: &Site,
    asker: &Asker,
    token: &Secret,
    now: Timestamp,
) -> Result<Option<IntrospectionResponse>, JsonError> {
    let app = &site.app;
    let issuer = &app.config.server.issuer;
    let mut tx = app.db.read().await?;
    if let Some(active) = verify(&mut tx, &app.keys.current(), issuer, token.expose(), now).await? {
        if !may_know(asker, &active) {
            return Ok(None);
        }
        // Whoever waits for a second connection while holding one may wait for somebody who does the same.
        drop(tx);
        let holder = app.clients.find(&app.db, &active.client_id, now).await?;
        let Some(holder) = holder else {
            return Ok(None);
        };
        let mut described = describe(&active, &holder, issuer);
        if let Bearer::User(grant) = &active.bearer {
            let mut tx = app.db.read().await?;
            let found = membership::find_current(&mut tx, &app.catalogues, grant, now).await?;
            let Ok(current) = found else {
                return Ok(None);
            };
            if let Some(current) = current {
                add_role_scopes(&mut described, &active, &holder, &current);
                add_organization(&mut described, current);
            }
        }
        return Ok(Some(described));
    }
    let Some(stored) = refresh_tokens::find(&mut tx, &token.hash()).await? else {
        return Ok(None);
    };
    let is_usable = stored.rotated_at.is_none() && stored.expires_at > now;
    let is_askers = matches!(asker, Asker::Management)
        || matches!(asker, Asker::Client(client) if client.client.id == stored.client_id);
    let Some(grant) = grants::find_live(&mut tx, &stored.grant_id, "")
        .await?
        .filter(|_| is_usable && is_askers)
    else {
        return Ok(None);
    };
    drop(tx);
    let holder = app.clients.find(&app.db, &stored.client_id, now).await?;
    let Some(grant) = holder.and_then(|holder| allowed_still(&holder, Some(grant))) else {
        return Ok(None);
    };
    Ok(Some(IntrospectionResponse {
        active: true,
        client_id: Some(stored.client_id),
        exp: Some(stored.expires_at),
        iat: Some(stored.created_at),
        iss: Some(issuer.as_str().to_owned()),
        scope: Some(grant.scopes.0),
        sub: Some(grant.user_id.to_string()),
        ..IntrospectionResponse::default()
    }))
}

/// The scopes that the token names because of the user's roles, as long as these grant them.
fn add_role_scopes(
    described: &mut IntrospectionResponse,
    active: &ActiveToken,
    holder: &RegisteredClient,
    current: &Current,
) {
    let callable = described.aud.as_deref().unwrap_or_default();
    let added = current.role_scopes(holder, callable);
    let granted = described.scope.take().unwrap_or_default();
    described.scope = Some(granted.union(&active.named.intersection(&added)));
}

/// What the user has in the organization of the token, as it is now; also when the token had no room for it.
fn add_organization(described: &mut IntrospectionResponse, current: Current) {
    described.roles = (!current.roles.is_empty()).then(|| roles(&current.roles));
    described.permissions = Some(current.permissions).filter(|keys| !keys.is_empty());
    described.org_code = Some(current.organization.id);
}

fn may_know(asker: &Asker, active: &ActiveToken) -> bool {
    match asker {
        Asker::Client(client) => {
            let concerns = |audience: &str| client.apis.iter().any(|api| api.audience == audience);
            client.client.id == active.client_id || audiences(&active.claims).any(concerns)
        }
        Asker::Management => true,
    }
}

fn audiences(claims: &Claims) -> impl Iterator<Item = &str> {
    claims
        .get("aud")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// What a token says, less what was taken from its client since.
fn describe(
    active: &ActiveToken,
    holder: &RegisteredClient,
    issuer: &Issuer,
) -> IntrospectionResponse {
    let claims = &active.claims;
    let said: Vec<String> = audiences(claims).map(str::to_owned).collect();
    let callable = holder.allowed_audiences(&said);
    let is_left = |audience: &String| callable.contains(audience) || audience == issuer.as_str();
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let instant = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_i64)
            .map(Timestamp::from_unix)
    };
    IntrospectionResponse {
        active: true,
        aud: Some(said.into_iter().filter(is_left).collect()),
        client_id: Some(active.client_id.clone()),
        exp: instant("exp"),
        iat: instant("iat"),
        iss: text("iss"),
        jti: text("jti"),
        org_code: text("org_code").and_then(|code| OrganizationId::parse(&code)),
        scope: Some(holder.allowed_scopes(&active.scopes, &callable)),
        sub: text("sub"),
        token_type: Some(TokenType::Bearer),
        ..IntrospectionResponse::default()
    }
}
