//! Metadata and keys: OpenID Connect Discovery 1.0 §4, RFC 8414 §3, RFC 7517 §5.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use super::cors;
use crate::config::Config;
use crate::interaction::ACR;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::discovery::{Capabilities, metadata};
use crate::protocol::{Scopes, scope};
use crate::web::headers;
use crate::web::request_id::RequestId;
use crate::web::site::Site;
use crate::web::text::Locale;

/// How long others may keep what is answered here. Short, so that a key that is published ahead of its
/// first use is known in time.
const CACHEABLE: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=300"),
);

/// What this server can do. The same document serves OpenID Connect and plain OAuth 2.0.
pub async fn configuration(State(site): State<Site>) -> Response {
    let document = site.configuration.clone();
    publish(&site, "application/json", document)
}

/// The document, which stays the same for as long as the process runs.
///
/// # Panics
///
/// Never: it holds names and texts, which JSON can say.
pub fn document(config: &Config) -> Bytes {
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
    serde_json::to_vec(&document)
        .expect("it holds names and texts")
        .into()
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
    let keys = Bytes::from_owner(site.app.keys.current().jwks());
    publish(&site, "application/jwk-set+json", keys)
}

/// A document for everybody.
fn publish(site: &Site, kind: &'static str, document: Bytes) -> Response {
    let mut response = Response::new(Body::from(document));
    let headers = response.headers_mut();
    headers.clone_from(&site.published);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    RequestId::draw(site.app.random).attach(&mut response);
    response
}

/// The head of every published document, made once, but for its kind and reference.
pub fn head(config: &Config) -> HeaderMap {
    let mut response = Response::new(());
    response.headers_mut().extend([CACHEABLE, cors::EVERYBODY]);
    headers::secure(&config.server, &mut response);
    response.into_parts().0.headers
}
