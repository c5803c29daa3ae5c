//! The web: the route table, and what stands around every route.

pub mod account;
pub mod account_api;
pub mod api;
pub mod assets;
pub mod client_address;
pub mod colour;
pub mod cookies;
pub mod error;
pub mod extract;
pub mod faces;
pub mod headers;
pub mod health;
pub mod home;
pub mod invitation;
pub mod limits;
pub mod logos;
pub mod look;
pub mod oidc;
pub mod page;
pub mod request_id;
pub mod server;
pub mod signin;
pub mod site;
pub mod text;

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, options, post};
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::Instrument as _;

use error::{JsonError, PageError};
use oidc::{authorize, cors, discovery, introspect, logout, revoke, token, userinfo};
use request_id::RequestId;
use site::Site;

/// The realm of our challenges (RFC 9110 §11.5).
pub const REALM: &str = "vestibule";

/// All routes.
pub fn router(site: Site) -> Router {
    let server = &site.app.config.server;
    let pages = limits::around(
        pages().fallback(async || PageError::Unknown),
        server,
        || PageError::Busy,
        || PageError::Internal,
    );
    let tokens = limits::around(
        tokens(&site),
        server,
        || JsonError::later("this took too long; try again"),
        JsonError::internal,
    );
    pages
        .layer(from_fn_with_state(site.clone(), error::render))
        .merge(tokens)
        .merge(api::router(&site))
        .layer(from_fn_with_state(site.clone(), surround))
        .merge(metadata(&site))
        .with_state(site)
}

/// Gives each request its reference, and its answer the headers of all; writes one line about it.
///
/// The path is logged and never the query, where codes and tokens may travel.
async fn surround(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let id = RequestId::draw(site.app.random);
    let (method, path) = (request.method().as_str(), request.uri().path());
    let span = tracing::info_span!("request", %id, method, path);
    request.extensions_mut().insert(id);
    async move {
        let mut response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        headers::secure(&site.app.config.server, &mut response);
        id.attach(&mut response);
        response
    }
    .instrument(span)
    .await
}

/// What everybody may read, from any origin.
///
/// Without limits and without a line in the log: these answers are ready before they are asked for, and
/// every application asks for them again and again. Only what is asked wrongly takes the usual way.
fn metadata(site: &Site) -> Router<Site> {
    let otherwise = || {
        options(cors::everybody)
            .fallback(async || StatusCode::METHOD_NOT_ALLOWED)
            .layer(from_fn_with_state(site.clone(), surround))
    };
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            otherwise().get(discovery::configuration),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            otherwise().get(discovery::configuration),
        )
        .route("/.well-known/jwks.json", otherwise().get(discovery::jwks))
        .route("/.well-known/jwks", otherwise().get(discovery::jwks))
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
        .merge(account_api())
        .layer(from_fn_with_state(site.clone(), cors::clients))
        // For resource servers, which are no browsers.
        .route("/oauth2/introspect", post(introspect::introspect))
        // For upstreams, which are none either.
        .merge(signin::machine_routes())
}

/// What applications ask of their users with tokens, and nobody may keep.
fn account_api() -> Router<Site> {
    let private = SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    account_api::routes().layer(private)
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
        .route("/logout/callback", get(logout::elsewhere::back))
        .route("/team_invitation", get(invitation::follow))
        .merge(signin::routes())
        .merge(account::routes())
        .route("/logo/{address}", get(logos::show))
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
