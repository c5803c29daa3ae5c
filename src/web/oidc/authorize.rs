//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core 1.0 §3.1.2).

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::delivery::deliver;
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::OrganizationId;
use crate::interaction;
use crate::protocol::authorization::{self, AuthorizationRequest, ClientPolicy, Rejection};
use crate::protocol::{ErrorCode, OAuthError, Params, Scopes};
use crate::store::organizations;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, Parameters};
use crate::web::faces::{self, Meant};
use crate::web::site::Site;

/// Begins an interaction, or says why there can be none.
///
/// Everything goes on at the interaction's address, which is read with a GET: a form that a client posted
/// from its own site came without our cookies.
pub async fn authorize(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
    request: Request,
) -> Result<Response, PageError> {
    let meant = request.extensions().get().cloned();
    let Parameters(params) = Parameters::read(request, &site)
        .await
        .map_err(|error| PageError::bad_request(&error))?;
    let answer = begin(&site, now, &browser, &params).await;
    if answer.is_err() {
        tell(&site, &params, meant.unwrap_or_default()).await?;
    }
    answer
}

/// Tells whose look the page of an error is in: that of the organization which the request names.
async fn tell(site: &Site, params: &Params, meant: Meant) -> Result<(), PageError> {
    let code = params.get("org_code").ok().flatten();
    if let Some(code) = code.and_then(OrganizationId::parse) {
        let mut tx = site.app.db.read().await?;
        let face = faces::organization(&mut tx, &code, &site.brand).await?;
        meant.tell(face.as_ref());
    }
    Ok(())
}

async fn begin(
    site: &Site,
    now: Timestamp,
    browser: &Browser,
    params: &Params,
) -> Result<Response, PageError> {
    let app = &site.app;
    let id = authorization::client_id(params).map_err(|error| PageError::bad_request(&error))?;
    let client = app
        .clients
        .find(&app.db, &id, now)
        .await?
        .filter(|client| client.is_enabled());
    let Some(client) = client else {
        return Err(PageError::bad_request(&OAuthError::invalid_client(
            "the client is unknown",
        )));
    };
    let scopes = grantable(&client);
    let resources: Vec<&str> = client.apis.iter().map(|api| &*api.audience).collect();
    let policy = policy(&client, &scopes, &resources);
    let request = match authorization::parse(params, &policy, now) {
        Ok(request) => AuthorizationRequest {
            scopes: client.allowed_scopes(&request.scopes, &request.audiences),
            ..request
        },
        Err(Rejection::Redirect {
            redirect_uri,
            response_mode,
            state,
            error,
        }) => {
            let issuer = &app.config.server.issuer;
            let answer = authorization::error_response(
                &redirect_uri,
                response_mode,
                state.as_deref(),
                &error,
                issuer,
            );
            return Ok(deliver(site, &browser.headers, answer));
        }
        Err(Rejection::Show(error)) => return Err(PageError::rejected(&error, client.way_back())),
    };
    if let Some(code) = &request.org_code
        && organizations::find(&mut app.db.read().await?, code)
            .await?
            .is_none()
    {
        let error = OAuthError::invalid_request(format!("there is no organization {code}"));
        return Err(PageError::rejected(&error, client.way_back()));
    }
    check_audiences(&request, &client)
        .map_err(|error| PageError::rejected(&error, client.way_back()))?;
    let mut tx = app.db.write().await?;
    let lifetime = app.config.sign_in.interaction_lifetime;
    let interaction =
        interaction::begin(&mut tx, request, lifetime, now, &mut app.random.generator()).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/interaction/{}", interaction.id)).into_response())
}

/// All scopes that a client may ever have; which of them, depends on the APIs that it asks for.
fn grantable(client: &RegisteredClient) -> Scopes {
    let of_apis = client.apis.iter().map(|api| &api.allowed);
    of_apis.fold(client.client.scopes.0.clone(), |scopes, api| {
        scopes.union(api)
    })
}

fn policy<'a>(
    client: &'a RegisteredClient,
    allowed_scopes: &'a Scopes,
    resources: &'a [&'a str],
) -> ClientPolicy<'a> {
    ClientPolicy {
        client_id: &client.client.id,
        redirect_uris: &client.redirect_uris,
        grant_types: client.client.kind.0.default_grant_types(),
        allowed_scopes,
        resources,
        pkce_required: client.client.requires_pkce,
    }
}

/// An `audience` that the client may not call is a mistake in its configuration. It is shown, not sent back:
/// an application that starts a new sign-in upon every error would never stop. A `resource` is refused before,
/// as RFC 8707 §2.1 has it: who speaks that, expects its errors.
fn check_audiences(
    request: &AuthorizationRequest,
    client: &RegisteredClient,
) -> Result<(), OAuthError> {
    let is_allowed = |audience: &String| client.apis.iter().any(|api| api.audience == *audience);
    match request
        .audiences
        .iter()
        .find(|audience| !is_allowed(audience))
    {
        None => Ok(()),
        Some(audience) => {
            let why = format!(
                "this client may not call the API {audience}; register it for that API first"
            );
            Err(OAuthError::new(ErrorCode::InvalidTarget, why))
        }
    }
}
