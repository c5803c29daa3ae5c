//! The UserInfo endpoint (OpenID Connect Core 1.0 §5.3), under each of its three addresses.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::by_client::authorization;
use crate::clock::Timestamp;
use crate::protocol::token::{bearer_challenge, presented_token, www_authenticate};
use crate::protocol::{ErrorCode, OAuthError, claims, scope};
use crate::store::users::{self, User};
use crate::tokens::claims::{roles, standard_claims};
use crate::tokens::membership::{self, Current};
use crate::tokens::verify::{Bearer, verify};
use crate::web::REALM;
use crate::web::error::JsonError;
use crate::web::extract::{Now, Parameters};
use crate::web::site::Site;

/// The claims of the user whose access token is presented, as its scopes allow.
pub async fn userinfo(State(site): State<Site>, Now(now): Now, request: Request) -> Response {
    respond(&site, now, request, |user, claims| {
        let mut members = Map::new();
        members.insert("sub".into(), json!(user.id));
        members.insert("id".into(), json!(user.id));
        members.extend(claims);
        members
    })
    .await
}

/// The same in the older shape, which some clients still read.
pub async fn user_profile_v1(
    State(site): State<Site>,
    Now(now): Now,
    request: Request,
) -> Response {
    respond(&site, now, request, |user, claims| {
        let of = |name: &str| claims.get(name).cloned().unwrap_or(Value::Null);
        let members = json!({
            "id": user.id,
            "preferred_email": of("email"),
            "username": of("preferred_username"),
            "provided_id": user.provided_id,
            "last_name": of("family_name"),
            "first_name": of("given_name"),
            "picture": of("picture"),
        });
        members.as_object().cloned().unwrap_or_default()
    })
    .await
}

async fn respond(
    site: &Site,
    now: Timestamp,
    request: Request,
    shape: impl FnOnce(&User, Map<String, Value>) -> Map<String, Value>,
) -> Response {
    match find(site, now, request).await {
        Ok(Some((user, claims))) => (
            [(header::CACHE_CONTROL, "no-store")],
            Json(shape(&user, claims)),
        )
            .into_response(),
        // Without a token there is nothing to say but how to come again (RFC 6750 §3.1).
        Ok(None) => challenge(StatusCode::UNAUTHORIZED, &bearer_challenge(REALM), None),
        Err(Refusal::Internal(error)) => error.into_response(),
        Err(Refusal::Token(error)) => {
            let status = match error.code {
                ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
                ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNAUTHORIZED,
            };
            challenge(status, &www_authenticate(&error, REALM), Some(&error))
        }
    }
}

enum Refusal {
    Internal(JsonError),
    Token(OAuthError),
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::Token(error)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// The user of the access token that was presented, and the claims it gives. None when there was no token.
async fn find(
    site: &Site,
    now: Timestamp,
    request: Request,
) -> Result<Option<(User, Map<String, Value>)>, Refusal> {
    let app = &site.app;
    let header = authorization(request.headers()).map(str::to_owned);
    // A GET carries no form, and a token never travels in the query (RFC 9700 §4.3.2).
    let has_form = request.method() == axum::http::Method::POST
        && request.headers().contains_key(header::CONTENT_TYPE);
    let params = if has_form {
        Some(Parameters::read(request, site).await?.0)
    } else {
        None
    };
    let Some(token) = presented_token(header.as_deref(), params.as_ref())? else {
        return Ok(None);
    };

    let invalid = || OAuthError::invalid_token("the access token is unknown, expired or revoked");
    let mut tx = app.db.read().await?;
    let issuer = &app.config.server.issuer;
    let active = verify(&mut tx, &app.keys.current(), issuer, token.expose(), now)
        .await?
        .ok_or_else(invalid)?;
    let Bearer::User(grant) = active.bearer else {
        return Err(
            OAuthError::invalid_token("this is a machine's token; there is no user").into(),
        );
    };
    if !active.scopes.contains(scope::OPENID) {
        return Err(OAuthError::new(
            ErrorCode::InsufficientScope,
            "the token lacks the scope openid",
        )
        .into());
    }
    let subject = users::find_subject(&mut tx, &grant.user_id)
        .await?
        .ok_or_else(invalid)?;
    let known = standard_claims(&subject);
    let mut claims = claims::for_userinfo(&known, &active.scopes, &grant.claims.0);
    let found = membership::find_current(&mut tx, &app.catalogues, &grant, now).await?;
    let current = found.map_err(|_| invalid())?;
    if let Some(current) = current {
        add_organization(&mut claims, &current);
    }
    Ok(Some((subject.user, claims)))
}

/// What the user has in the organization of the token, as it is now; also when the token had no room for it.
fn add_organization(claims: &mut Map<String, Value>, current: &Current) {
    claims.insert("org_code".into(), json!(current.organization.id));
    if !current.permissions.is_empty() {
        claims.insert("permissions".into(), json!(current.permissions));
    }
    if !current.roles.is_empty() {
        claims.insert("roles".into(), roles(&current.roles));
    }
}

fn challenge(status: StatusCode, challenge: &str, error: Option<&OAuthError>) -> Response {
    let mut response = match error {
        Some(error) => (status, Json(error)).into_response(),
        None => status.into_response(),
    };
    if let Ok(value) = HeaderValue::from_str(challenge) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
