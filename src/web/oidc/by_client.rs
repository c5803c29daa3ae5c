//! A request from an authenticated client (RFC 6749 §2.3).

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::{HeaderMap, header};

use crate::clients::RegisteredClient;
use crate::protocol::client::PresentedClient;
use crate::protocol::client::authentication::UNKNOWN_CLIENT;
use crate::protocol::{OAuthError, Params};
use crate::web::error::JsonError;
use crate::web::extract::{Now, Parameters};
use crate::web::site::Site;

/// A request whose client has proven who it is, with its parameters.
pub struct ByClient {
    /// The client.
    pub client: Arc<RegisteredClient>,
    /// The parameters.
    pub params: Params,
}

impl FromRequest<Site> for ByClient {
    type Rejection = JsonError;

    async fn from_request(request: Request, site: &Site) -> Result<Self, JsonError> {
        let (mut parts, body) = request.into_parts();
        let Ok(Now(now)) = Now::from_request_parts(&mut parts, site).await;
        let authorization = authorization(&parts.headers).map(str::to_owned);
        let Parameters(params) = Parameters::read(Request::from_parts(parts, body), site).await?;
        let by_header = authorization.is_some();
        let refuse = |error: OAuthError| JsonError::from(error).by_header(by_header);
        let presented =
            PresentedClient::parse(authorization.as_deref(), &params).map_err(refuse)?;
        let client = site
            .app
            .clients
            .find(&site.app.db, &presented.client_id, now)
            .await?;
        let Some(client) = client else {
            return Err(refuse(OAuthError::invalid_client(UNKNOWN_CLIENT)));
        };
        client
            .authenticate(&presented, &site.app.hash_key)
            .map_err(refuse)?;
        Ok(Self { client, params })
    }
}

/// The `Authorization` header.
pub fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
}
