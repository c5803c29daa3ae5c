//! The token endpoint (RFC 6749 §3.2).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::browser_app::BrowserApp;
use super::by_client::ByClient;
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::protocol::client::GrantType;
use crate::protocol::token::{TokenRequest, TokenResponse};
use crate::protocol::{ErrorCode, OAuthError};
use crate::tokens::attributes::{self, Attributes};
use crate::tokens::{Entitlement, machine, mint, redeem, refresh};
use crate::web::error::JsonError;
use crate::web::extract::Now;
use crate::web::site::Site;

/// Exchanges what the client presents for tokens.
pub async fn token(
    State(site): State<Site>,
    Now(now): Now,
    headers: HeaderMap,
    ByClient { client, params }: ByClient,
) -> Result<Response, JsonError> {
    let mut request = TokenRequest::parse(&params)?;
    if !client
        .client
        .kind
        .0
        .default_grant_types()
        .contains(&request.grant_type())
    {
        let why = format!("this client may not use the grant {}", request.grant_type());
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, why).into());
    }
    let Some(app) = BrowserApp::of(&site.app.config.server, &client, &headers) else {
        return answer(&site, &client, request, now).await.map(success);
    };
    let is_from_cookie;
    (request, is_from_cookie) = app.complete(request)?;
    let is_refresh = request.grant_type() == GrantType::RefreshToken;
    match answer(&site, &client, request, now).await {
        Ok(mut response) => {
            let cookies = app.keep(response.refresh_token.as_ref());
            if is_from_cookie {
                // Where no script could read it, none shall.
                response.refresh_token = None;
            }
            Ok((cookies, success(response)).into_response())
        }
        Err(error) if is_refresh && error.code() == ErrorCode::InvalidGrant => {
            Ok((app.forget(), error).into_response())
        }
        Err(error) => Err(error),
    }
}

fn success(response: TokenResponse) -> Response {
    (
        [
            (header::CACHE_CONTROL, "no-store"),
            (header::PRAGMA, "no-cache"),
        ],
        Json(response),
    )
        .into_response()
}

async fn answer(
    site: &Site,
    client: &RegisteredClient,
    request: TokenRequest,
    now: Timestamp,
) -> Result<TokenResponse, JsonError> {
    let app = &site.app;
    let (issuer, keyring) = (&app.config.server.issuer, app.keys.current());
    let mut rng = app.random.generator();
    if let TokenRequest::ClientCredentials { scopes, targets } = request {
        let granted = machine::authorize(client, &targets, scopes.unwrap_or_default())?;
        let switches = &client.client.claim_switches.0;
        // Most machines are answered without the database.
        let attributes =
            if switches.feature_flags || !switches.properties_in_access_token.is_empty() {
                let mut tx = app.db.read().await?;
                attributes::of_machine(&mut tx, &app.catalogues, &client.client, now).await?
            } else {
                Attributes::default()
            };
        return Ok(machine::mint(
            &keyring,
            issuer,
            client,
            granted,
            &attributes,
            now,
            &mut rng,
        )?);
    }
    let entitlement = entitle(site, client, request, now).await?;
    // Signed after the commit: nobody else has to wait for it.
    Ok(mint::mint(
        &keyring,
        issuer,
        &client.client,
        entitlement,
        now,
        &mut rng,
    )?)
}

/// Spends what the client presents.
async fn entitle(
    site: &Site,
    client: &RegisteredClient,
    request: TokenRequest,
    now: Timestamp,
) -> Result<Entitlement, JsonError> {
    let app = &site.app;
    let mut rng = app.random.generator();
    let mut tx = app.db.write().await?;
    let outcome = match request {
        TokenRequest::AuthorizationCode {
            code,
            redirect_uri,
            code_verifier,
            targets,
        } => {
            let presented = redeem::Presented {
                code,
                redirect_uri,
                code_verifier,
                targets,
            };
            redeem::redeem(&mut tx, client, presented, &app.catalogues, now, &mut rng).await?
        }
        TokenRequest::RefreshToken {
            refresh_token: Some(refresh_token),
            scopes,
            targets,
        } => {
            let presented = refresh::Presented {
                refresh_token,
                scopes,
                targets,
            };
            let terms = refresh::Terms {
                key: &app.hash_key,
                grace: app.config.tokens.refresh_grace,
                catalogues: &app.catalogues,
            };
            refresh::refresh(&mut tx, client, presented, terms, now, &mut rng).await?
        }
        TokenRequest::RefreshToken {
            refresh_token: None,
            ..
        } => Err(OAuthError::invalid_request("refresh_token is missing")),
        TokenRequest::ClientCredentials { .. } => {
            unreachable!("answered without the database, by `answer`")
        }
    };
    tx.commit().await?; // granted or refused, what was learned is kept
    Ok(outcome?)
}
