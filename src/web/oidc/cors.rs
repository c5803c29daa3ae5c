//! Which origins may read our answers from a script (the Fetch standard's CORS protocol).
//!
//! Metadata and keys are for everybody. Endpoints that take a token or give one are for the origins of
//! registered redirect URIs, and with credentials, because browser SDKs send them. The authorization
//! endpoint is for none: it is visited, not read.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::store::clients;
use crate::web::error::JsonError;
use crate::web::site::Site;

/// How long a browser may keep the answer to a preflight request. Seconds.
const MAX_AGE: &str = "7200";

/// The header by which every origin may read.
pub const EVERYBODY: (HeaderName, HeaderValue) = (
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    HeaderValue::from_static("*"),
);

/// Answers a preflight request for metadata and keys.
pub async fn everybody(request: Request) -> Response {
    ([EVERYBODY], preflight(&request)).into_response()
}

/// For endpoints of tokens: the origins of our clients may read.
pub async fn clients(State(site): State<Site>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let is_registered = match is_registered(&site, &origin).await {
        Ok(is_registered) => is_registered,
        Err(error) => return JsonError::from(error).into_response(),
    };
    let mut response = if request.method() == Method::OPTIONS {
        preflight(&request)
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if is_registered {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("www-authenticate"),
        );
    }
    response
}

async fn is_registered(site: &Site, origin: &HeaderValue) -> sqlx::Result<bool> {
    // `null` is the origin of sandboxed documents: anybody's.
    let Some(origin) = origin.to_str().ok().filter(|origin| origin.contains("://")) else {
        return Ok(false);
    };
    let mut tx = site.app.db.read().await?;
    clients::has_redirect_uri_at(&mut tx, origin).await
}

fn preflight(request: &Request) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static(MAX_AGE),
    );
    if let Some(wanted) = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    (StatusCode::NO_CONTENT, headers).into_response()
}
