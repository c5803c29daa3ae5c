//! Tries a connection out.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::unknown;
use crate::access::scopes::TestConnections;
use crate::directory::connections;
use crate::directory::connections::probe::probe;
use crate::federation::probe::{Step, Tried};
use crate::id::ConnectionId;
use crate::interaction::upstream::redirect_uri;
use crate::web::api::answer::Answer;
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::Path;
use crate::web::site::Site;

/// How a connection was tried out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionTest {
    test: Outcome,
}

/// How it went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionTestOutcome)]
struct Outcome {
    /// Whether no step failed.
    is_successful: bool,
    /// Each step, in order.
    steps: Vec<Shown>,
}

/// A step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionTestStep)]
struct Shown {
    /// `settings`: all that is needed is set. `address`: it may be asked. `metadata`: they are there, and of the issuer.
    /// `keys`: they can be read. `endpoints`: they are there, and answer.
    #[schema(value_type = String, pattern = "^(settings|address|metadata|keys|endpoints)$")]
    step: Step,
    /// `skipped`: a step before it failed, or this kind has none.
    #[schema(pattern = "^(passed|failed|skipped)$")]
    status: &'static str,
    /// Why it failed; null otherwise.
    message: Option<String>,
}

impl From<Vec<Tried>> for Outcome {
    fn from(tried: Vec<Tried>) -> Self {
        let step = |step: &Step| {
            let found = tried.iter().find(|tried| tried.step == *step);
            let message = found.and_then(|tried| tried.failure.clone());
            Shown {
                step: *step,
                status: match (found, &message) {
                    (None, _) => "skipped",
                    (Some(_), None) => "passed",
                    (Some(_), Some(_)) => "failed",
                },
                message,
            }
        };
        Self {
            is_successful: tried.iter().all(|tried| tried.failure.is_none()),
            steps: Step::ALL.iter().map(step).collect(),
        }
    }
}

/// Tries a connection out, enabled or not: asks the provider for its documents, and whether its endpoints answer.
/// Nobody is signed in, and our secret is not sent. Tells which step failed, and why.
///
/// It has a scope of its own, because it makes the server ask addresses that a connection names: who may read need
/// not be able to.
#[utoipa::path(
    post, path = "/connections/{connection_id}/test", tag = "Connections",
    operation_id = "testConnection",
    security(("management" = ["test:connections"])),
    params(("connection_id" = String, Path)),
    responses((status = 200, body = Answer<ConnectionTest>), (status = "4XX", body = Errors)),
)]
pub async fn test(
    _may: May<TestConnections>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<ConnectionTest>, ApiError> {
    let id = ConnectionId::parse(&id).ok_or_else(unknown)?;
    let app = &site.app;
    let mut tx = app.db.read().await?;
    let found = connections::find(&mut tx, &id).await?;
    drop(tx);
    let connection = found.ok_or_else(unknown)?.connection;
    let answers_at = redirect_uri(&app.config.server.issuer, &connection);
    let with = (&app.outside, app.keys.vault());
    let test = Outcome::from(probe(with, &connection, &answers_at).await);
    Ok(Answer::of(ConnectionTest { test }))
}
