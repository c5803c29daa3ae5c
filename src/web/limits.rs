//! What a request may cost: so much time, so large a body; and a panic costs nobody but its own.

use std::any::Any;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::Server;

/// Sets the limits around routes, with what is answered when they are reached.
pub fn around<S: Clone + Send + Sync + 'static, E: IntoResponse + 'static>(
    routes: Router<S>,
    server: &Server,
    late: fn() -> E,
    panicked: fn() -> E,
) -> Router<S> {
    let longest = server.request_timeout.to_std();
    let in_time = from_fn(move |request: Request, next: Next| async move {
        if let Ok(response) = timeout(longest, next.run(request)).await {
            return response;
        }
        tracing::warn!("a request took too long");
        late().into_response()
    });
    let catch = CatchPanicLayer::custom(move |_: Box<dyn Any + Send>| {
        tracing::error!("a handler panicked");
        panicked().into_response()
    });
    routes.layer((
        catch,
        in_time,
        DefaultBodyLimit::max(server.body_limit_bytes),
    ))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::http::{StatusCode, Uri, header};
    use tower::ServiceExt as _;

    use super::*;
    use crate::clock::Seconds;
    use crate::config::Config;
    use crate::web::error::JsonError;

    #[tokio::test]
    async fn a_limit_that_is_reached_is_answered_with_words() {
        let mut server = Config::load(None, std::iter::empty()).unwrap().server;
        server.request_timeout = Seconds::new(0);
        server.body_limit_bytes = 1024;
        let routes = around(
            Router::new().fallback(handler),
            &server,
            || JsonError::later("try again"),
            JsonError::internal,
        );
        for (path, body, status) in [
            ("/", 1024, StatusCode::OK),
            ("/", 1025, StatusCode::PAYLOAD_TOO_LARGE),
            ("/late", 0, StatusCode::SERVICE_UNAVAILABLE),
            ("/panic", 0, StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let body = Body::from(vec![b'a'; body]);
            let request = Request::builder().uri(path).body(body).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            let is_later = response.headers().contains_key(header::RETRY_AFTER);
            assert_eq!(is_later, path == "/late", "{path}");
            let body = axum::body::to_bytes(response.into_body(), 1024).await;
            assert!(!body.unwrap().is_empty(), "{path}");
        }
    }

    async fn handler(uri: Uri, _body: Bytes) -> String {
        match uri.path() {
            "/late" => std::future::pending().await,
            "/panic" => panic!("of the test"),
            path => path.to_owned(),
        }
    }
}
