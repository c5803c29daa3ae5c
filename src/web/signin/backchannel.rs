//! Logout tokens of upstreams (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8).

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::scene::upstreams;
use crate::id::ConnectionId;
use crate::interaction::upstream::UpstreamError;
use crate::interaction::upstream_logout::{Refused, receive};
use crate::protocol::OAuthError;
use crate::secret::Secret;
use crate::web::error::JsonError;
use crate::web::extract::{Browser, Now, Parameters};
use crate::web::site::Site;

/// `POST /login/backchannel-logout/{connection_id}`
pub(super) async fn logout(
    State(site): State<Site>,
    Now(now): Now,
    Path(connection): Path<String>,
    browser: Browser,
    request: Request,
) -> Result<Response, JsonError> {
    let Parameters(params) = Parameters::read(request, &site).await?;
    let missing = || OAuthError::invalid_request("logout_token is missing");
    let token = params.get("logout_token")?.ok_or_else(missing)?;
    let token = Secret::from(token);
    let id = ConnectionId::parse(&connection);
    let id = id.ok_or_else(|| refused(Refused::Unknown.to_string()))?;
    let mut rng = site.app.random.generator();
    let at = (&site.app.db, upstreams(&site));
    let received = receive(at, &id, &token, &browser.visitor, now, &mut rng).await?;
    Ok(match received {
        Ok(_) => (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]).into_response(),
        Err(Refused::TooMany(throttled)) => {
            let error = JsonError::from(refused("too many logout tokens".to_owned()));
            let mut response = error.into_response();
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            let after = HeaderValue::from(throttled.0.as_i64());
            response.headers_mut().insert(header::RETRY_AFTER, after);
            response
        }
        Err(refusal) => return Err(refused(refusal.to_string()).into()),
    })
}

fn refused(why: String) -> OAuthError {
    OAuthError::invalid_request(why)
}

impl From<UpstreamError> for JsonError {
    fn from(error: UpstreamError) -> Self {
        if let UpstreamError::Sql(error) = error {
            return error.into();
        }
        tracing::error!(%error, "a logout token can't be checked");
        Self::internal()
    }
}
