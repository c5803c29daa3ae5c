//! Who calls the management API: a client with an access token of its own, and what it may.
//!
//! [`authenticate`] stands around every route; [`May`] is how a handler states the scope that it needs.
//! A machine that is registered for one organization acts there and nowhere else: only [`MayIn`] lets it in,
//! and for it no other organization exists.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::error::ApiError;
use crate::access::management;
use crate::access::scopes::ManagementScope;
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{ClientId, OrganizationId};
use crate::protocol::token::presented_token;
use crate::protocol::{OAuthError, Scopes};
use crate::store::{Tx, organizations};
use crate::tokens::verify::{Bearer, verify};
use crate::web::extract::Now;
use crate::web::oidc::by_client::authorization;
use crate::web::site::Site;

/// A client that calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client.
    pub client: ClientId,
    /// What it may now: what its token says, less what was taken from it since.
    pub scopes: Scopes,
    /// The one organization in which it acts, if it is a machine of one.
    pub organization: Option<OrganizationId>,
}

impl Caller {
    /// The caller as the audit log names it.
    pub fn actor(&self) -> Actor<'_> {
        Actor::Client(&self.client)
    }
}

/// Lets a request pass that carries an access token for the management API, of a client that has not called too
/// often.
pub async fn authenticate(
    State(site): State<Site>,
    Now(now): Now,
    mut request: Request,
    next: Next,
) -> Response {
    match identify(&site, now, request.headers()).await {
        Ok(caller) => {
            let allowance = site.rates.count(&caller.client, now);
            let mut response = if allowance.is_none_or(|allowance| allowance.is_allowed) {
                request.extensions_mut().insert(caller);
                next.run(request).await
            } else {
                ApiError::too_many().into_response()
            };
            if let Some(allowance) = allowance {
                allowance.tell(&mut response);
            }
            response
        }
        Err(error) => error.into_response(),
    }
}

async fn identify(site: &Site, now: Timestamp, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let unauthenticated = |error: OAuthError| ApiError::unauthenticated(Some(&error));
    let app = &site.app;
    let issuer = &app.config.server.issuer;
    let header = authorization(headers);
    let Some(token) = presented_token(header, None).map_err(unauthenticated)? else {
        return Err(ApiError::unauthenticated(None));
    };
    let mut tx = app.db.read().await?;
    let active = verify(&mut tx, &app.keys.current(), issuer, token.expose(), now).await?;
    drop(tx);
    let audience = management::audience(issuer);
    let is_for_us = |claim: &serde_json::Value| {
        let audiences = claim.as_array().into_iter().flatten();
        audiences
            .filter_map(serde_json::Value::as_str)
            .any(|one| one == audience)
    };
    let active = active
        .filter(|token| matches!(token.bearer, Bearer::Machine))
        .filter(|token| token.claims.get("aud").is_some_and(is_for_us))
        .ok_or_else(|| {
            unauthenticated(OAuthError::invalid_token(
                "no valid access token of a machine for the management API: ask for one with \
                 grant_type=client_credentials and this API as the audience",
            ))
        })?;
    let client = app.clients.find(&app.db, &active.client_id, now).await?;
    let Some(client) = client.filter(|client| client.is_enabled()) else {
        return Err(ApiError::unauthenticated(None));
    };
    Ok(Caller {
        scopes: active.scopes.intersection(&client.api_scopes(&[audience])),
        organization: client.client.organization_id.clone(),
        client: active.client_id,
    })
}

/// A caller that holds the scope, for the whole business.
#[derive(Debug)]
pub struct May<S> {
    caller: Caller,
    scope: PhantomData<S>,
}

impl<S> May<S> {
    /// The caller as the audit log names it.
    pub fn actor(&self) -> Actor<'_> {
        self.caller.actor()
    }

    /// That the caller holds another scope besides, where what is asked for needs it.
    pub fn check_also<T: ManagementScope>(&self) -> Result<(), ApiError> {
        check::<T>(&self.caller)
    }

    /// Refuses to hand out more of the management API than the caller holds: whoever may change applications would
    /// hold everything otherwise.
    pub fn check_holds(&self, scopes: &Scopes) -> Result<(), ApiError> {
        let missing = scopes.difference(&self.caller.scopes);
        if missing.is_empty() {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "INSUFFICIENT_SCOPE",
            format!("this would hand out {missing}, which the token lacks itself"),
        ))
    }
}

impl<S: ManagementScope> FromRequestParts<Site> for May<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _site: &Site) -> Result<Self, ApiError> {
        let caller = holder::<S>(parts)?;
        if caller.organization.is_some() {
            return Err(ApiError::forbidden(
                "ORGANIZATION_SCOPED_CLIENT",
                "this application acts in one organization alone: call with one of the whole business",
            ));
        }
        Ok(Self {
            caller,
            scope: PhantomData,
        })
    }
}

/// A caller that holds the scope, in the organization that the path names as `{org_code}`.
#[derive(Debug)]
pub struct MayIn<S> {
    caller: Caller,
    /// The organization of the path. Whether there is one of that code is not known yet.
    pub organization: OrganizationId,
    scope: PhantomData<S>,
}

impl<S> MayIn<S> {
    /// The caller as the audit log names it.
    pub fn actor(&self) -> Actor<'_> {
        self.caller.actor()
    }

    /// Whether the caller acts in this organization alone.
    pub fn is_confined(&self) -> bool {
        self.caller.organization.is_some()
    }
}

impl<S: ManagementScope> FromRequestParts<Site> for MayIn<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        let caller = holder::<S>(parts)?;
        let path = RawPathParams::from_request_parts(parts, site)
            .await
            .map_err(|_| ApiError::no_route())?;
        let code = path.iter().find(|(name, _)| *name == "org_code");
        let organization = code
            .and_then(|(_, code)| OrganizationId::parse(code))
            .filter(|code| caller.organization.as_ref().is_none_or(|own| own == code))
            .ok_or_else(no_organization)?;
        Ok(Self {
            caller,
            organization,
            scope: PhantomData,
        })
    }
}

/// Confirms that there is an organization of that code.
pub async fn check_organization(tx: &mut Tx, code: &OrganizationId) -> Result<(), ApiError> {
    match organizations::find(tx, code).await? {
        Some(_) => Ok(()),
        None => Err(no_organization()),
    }
}

/// There is no such organization, or not for this caller.
pub fn no_organization() -> ApiError {
    ApiError::not_found(
        "ORGANIZATION_NOT_FOUND",
        "there is no organization of that code",
    )
}

fn holder<S: ManagementScope>(parts: &Parts) -> Result<Caller, ApiError> {
    let caller = parts.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| ApiError::unauthenticated(None))?;
    check::<S>(&caller)?;
    Ok(caller)
}

fn check<S: ManagementScope>(caller: &Caller) -> Result<(), ApiError> {
    if caller.scopes.contains(S::WORD) {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "INSUFFICIENT_SCOPE",
        format!("the token lacks the scope {}", S::WORD),
    ))
}
