//! Metadata and keys: OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 7517 §5.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::interaction::ACR;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::discovery::{Capabilities, metadata};
use crate::protocol::{Scopes, scope};
use crate::web::site::Site;
use crate::web::text::Locale;

/// How long others may keep what is answered here. Short, so that a key that is published ahead of its
/// first use is known in time.
const CACHEABLE: &str = "public, max-age=300";

/// What this server can do. The same document serves OpenID Connect and plain OAuth 2.0.
pub async fn configuration(State(site): State<Site>) -> Response {
    let config = &site.app.config;
    let algorithms: Vec<&str> = SigningAlgorithm::ALL
        .iter()
        .map(|algorithm| algorithm.as_str())
        .collect();
    let locales: Vec<&str> = Locale::ALL.iter().map(|locale| locale.as_str()).collect();
    let scopes = supported_scopes();
    let document = metadata(
        &config.server.issuer,
        &Capabilities {
            scopes: &scopes,
            id_token_signing_algs: &algorithms,
            acr_values: &[ACR],
            ui_locales: &locales,
            op_tos_uri: config.branding.terms_url.as_ref().map(url::Url::as_str),
            op_policy_uri: config.branding.privacy_url.as_ref().map(url::Url::as_str),
        },
    );
    ([(header::CACHE_CONTROL, CACHEABLE)], Json(document)).into_response()
}

/// The scopes of OpenID Connect that we know. Those of APIs are the business of each client.
pub fn supported_scopes() -> Scopes {
    [
        scope::OPENID,
        scope::PROFILE,
        scope::EMAIL,
        scope::ADDRESS,
        scope::PHONE,
        scope::OFFLINE,
        scope::OFFLINE_ACCESS,
    ]
    .into_iter()
    .filter_map(crate::protocol::Scope::parse)
    .collect()
}

/// The keys that verify our tokens.
pub async fn jwks(State(site): State<Site>) -> Response {
    let headers = [
        (header::CACHE_CONTROL, CACHEABLE),
        (header::CONTENT_TYPE, "application/jwk-set+json"),
    ];
    (headers, site.app.keys.current().jwks().to_string()).into_response()
}
