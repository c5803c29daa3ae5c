//! What stands before and after every page: same-site requests only, and security headers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use url::Url;

use super::Playground;
use super::problem::Problem;

const STYLESHEET: &str = include_str!("../../templates/playground/playground.css");

// No `form-action`: browsers hold every redirect after a form against it, and a provider may
// send the browser on to further providers.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Serves the one stylesheet.
pub(super) async fn stylesheet() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=60"),
        ],
        STYLESHEET,
    )
}

/// Adds the headers that every response carries.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Admits requests to the playground's own origin.
///
/// Another host name would lose the cookie between sign-in and callback (and could be a rebound
/// DNS name); a form posted from elsewhere is not the End-User's wish.
pub(super) async fn same_site(
    State(playground): State<Arc<Playground>>,
    request: Request,
    next: Next,
) -> Response {
    let base = &playground.base;
    let host = text(request.headers(), &header::HOST);
    if host.is_some_and(|host| host != authority(base)) {
        return elsewhere(base, &request);
    }
    let origin = text(request.headers(), &header::ORIGIN);
    let foreign = origin.is_some_and(|origin| origin != base.origin().ascii_serialization());
    if request.method() == Method::POST && foreign {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "This form came from another site",
            "The playground accepts forms from its own pages only.",
        )
        .advise("Go to the start page and try again.")
        .into_response();
    }
    next.run(request).await
}

fn elsewhere(base: &Url, request: &Request) -> Response {
    if request.method() != Method::GET {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut url = base.clone();
    url.set_path(request.uri().path());
    url.set_query(request.uri().query());
    Redirect::to(url.as_str()).into_response()
}

fn authority(base: &Url) -> &str {
    &base[url::Position::BeforeHost..url::Position::AfterPort]
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
