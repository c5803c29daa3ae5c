//! The web: the route table, and what stands around every route.

pub mod account;
pub mod assets;
pub mod client_address;
pub mod colour;
pub mod cookies;
pub mod error;
pub mod extract;
pub mod headers;
pub mod health;
pub mod home;
pub mod oidc;
pub mod page;
pub mod request_id;
pub mod server;
pub mod signin;
pub mod site;
pub mod text;

use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use error::PageError;
use oidc::{authorize, cors, discovery, introspect, logout, revoke, token, userinfo};
use site::Site;

/// The realm of our challenges (RFC 9110 §11.5).
pub const REALM: &str = "vestibule";

/// All routes.
pub fn router(site: Site) -> Router {
    let server = &site.app.config.server;
    let limits = (
        TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            server.request_timeout.to_std(),
        ),
        DefaultBodyLimit::max(server.body_limit_bytes),
    );
    Router::new()
        .merge(metadata())
        .merge(tokens(&site))
        .merge(pages())
        .fallback(async || PageError::Unknown)
        .layer(limits)
        .layer(from_fn_with_state(site.clone(), error::render))
        .layer(CatchPanicLayer::custom(
            |_panic: Box<dyn std::any::Any + Send>| {
                tracing::error!("a handler panicked");
                PageError::Internal.into_response()
            },
        ))
        .layer(from_fn_with_state(site.clone(), headers::secure))
        .layer(from_fn_with_state(site.clone(), request_id::assign))
        .with_state(site)
}

/// What everybody may read, from any origin.
fn metadata() -> Router<Site> {
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(discovery::configuration),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::configuration),
        )
        .route("/.well-known/jwks.json", get(discovery::jwks))
        .route("/.well-known/jwks", get(discovery::jwks))
        .layer(from_fn(cors::everybody))
}

/// What clients call with a token, a code or a secret.
fn tokens(site: &Site) -> Router<Site> {
    Router::new()
        .route("/oauth2/token", post(token::token))
        .route("/oauth2/revoke", post(revoke::revoke))
        .route(
            "/oauth2/v2/user_profile",
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route(
            "/oauth2/userinfo",
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route("/oauth2/user_profile", get(userinfo::user_profile_v1))
        .layer(from_fn_with_state(site.clone(), cors::clients))
        // For resource servers, which are no browsers.
        .route("/oauth2/introspect", post(introspect::introspect))
}

/// What browsers visit.
fn pages() -> Router<Site> {
    Router::new()
        .route("/", get(home::home))
        .route(
            "/oauth2/auth",
            get(authorize::authorize).post(authorize::authorize),
        )
        .route("/logout", get(logout::logout).post(logout::logout))
        .merge(signin::routes())
        .merge(account::routes())
        .route("/static/{*file}", get(asset))
        .route("/favicon.ico", get(favicon))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
}

async fn asset(State(site): State<Site>, OriginalUri(uri): OriginalUri) -> Response {
    site.assets.respond(uri.path())
}

async fn favicon(State(site): State<Site>) -> Response {
    site.assets.icon()
}
