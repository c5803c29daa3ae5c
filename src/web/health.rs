//! For load balancers and service managers: is the process alive, can it serve?

use axum::extract::State;
use axum::http::StatusCode;

use super::site::Site;

/// Alive. Asks nobody.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready: the database answers.
pub async fn readyz(State(site): State<Site>) -> (StatusCode, &'static str) {
    match site.app.db.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
    }
}
