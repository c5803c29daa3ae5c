//! The reference of a request: in its log lines, in a header of its response, on an error's page.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use rand::RngExt as _;
use tracing::Instrument as _;

use super::site::Site;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The reference of one request: 16 hexadecimal digits.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives each request its reference, and writes one line about it when it is answered.
///
/// The path is logged and never the query, where codes and tokens may travel.
pub async fn assign(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let bytes: [u8; 8] = site.app.random.generator().random();
    let id = hex::encode(bytes);
    let span =
        tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    request.extensions_mut().insert(RequestId(id.clone()));
    async move {
        let mut response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(X_REQUEST_ID.clone(), value);
        }
        response
    }
    .instrument(span)
    .await
}
