//! `/connections/{id}/sign_ins`: what an upstream has answered of late, and what became of it.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Instant};
use super::caller::May;
use super::error::{ApiError, Errors};
use super::extract::{Path, Query};
use super::paging::{Paging, Position};
use crate::access::scopes::ReadConnections;
use crate::federation::Assertion;
use crate::federation::assertion::EmailProof;
use crate::id::{ConnectionId, UpstreamSignInId, UserId};
use crate::store::connections;
use crate::store::upstream_sign_ins::{self as stored, UpstreamSignIn};
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list))
}

/// An answer of an upstream.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpstreamSignIn)]
pub struct Shown {
    /// What the page that people see calls the reference.
    #[schema(value_type = String, pattern = "^upstream_[0-9a-f]{32}$")]
    id: UpstreamSignInId,
    occurred_on: Instant,
    /// `signed_in`, or `linked` to the account of whoever was signed in; or the check that failed, such as `id_token`, or
    /// why nobody was signed in, such as `no_account`.
    outcome: String,
    /// The check that failed; null when somebody was signed in.
    failed_check: Option<String>,
    /// What was wrong, in words; null when somebody was signed in.
    reason: Option<String>,
    /// Who was signed in, or to whose account it was linked.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// What was stated; null when its proof did not hold.
    assertion: Option<Stated>,
}

/// What an upstream stated of somebody. There are no tokens in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assertion)]
pub struct Stated {
    issuer: String,
    subject: String,
    /// Everything that was said, but for what ties it to tokens: that is `[redacted]`.
    #[schema(value_type = Object)]
    claims: Map<String, Value>,
    /// The groups that they are in there; null when the upstream did not say.
    groups: Option<Vec<String>>,
    /// What vouches for the mail address: the upstream has `stated` that it checked, it runs the `domain`, it left that
    /// `unsaid`, or `none`.
    #[schema(value_type = String, pattern = "^(domain|none|stated|unsaid)$")]
    email_proof: EmailProof,
    /// When they proved to the upstream who they are, if it says so.
    authenticated_on: Option<Instant>,
}

impl From<Assertion> for Stated {
    fn from(assertion: Assertion) -> Self {
        use crate::federation::Presence;
        Self {
            issuer: assertion.issuer,
            subject: assertion.subject,
            claims: assertion.claims,
            groups: match assertion.groups {
                Presence::Absent => None,
                Presence::Empty => Some(Vec::new()),
                Presence::Present(groups) => Some(groups),
            },
            email_proof: assertion.email_proof,
            authenticated_on: assertion.authenticated_at.map(Instant),
        }
    }
}

impl From<UpstreamSignIn> for Shown {
    fn from(sign_in: UpstreamSignIn) -> Self {
        let said = |name: &str| sign_in.checks.0[name].as_str().map(str::to_owned);
        Self {
            failed_check: said("failed"),
            reason: said("why"),
            id: sign_in.id,
            occurred_on: Instant(sign_in.occurred_at),
            outcome: sign_in.outcome,
            user_id: sign_in.user_id,
            assertion: sign_in.assertion.map(|assertion| assertion.0.into()),
        }
    }
}

/// A page of answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpstreamSignIns)]
pub struct Page {
    sign_ins: Vec<Shown>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Lists what the upstream of a connection has answered, the latest first: who was signed in, and what was wrong when
/// nobody was. The list is always sorted by `occurred_on_desc`; entries are kept for a limited time.
#[utoipa::path(
    get, path = "/connections/{connection_id}/sign_ins", tag = "Connections",
    operation_id = "listConnectionSignIns",
    security(("management" = ["read:connections"])),
    params(("connection_id" = String, Path), Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadConnections>,
    State(site): State<Site>,
    Path(connection): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["occurred_on_desc"])?;
    let before = wanted.before("next_token")?;
    let unknown =
        || ApiError::not_found("CONNECTION_NOT_FOUND", "there is no connection of that id");
    let id = ConnectionId::parse(&connection).ok_or_else(unknown)?;
    let mut tx = site.app.db.read().await?;
    connections::find(&mut tx, &id).await?.ok_or_else(unknown)?;
    let sign_ins = stored::list_for_connection(&mut tx, &id, before, wanted.limit()).await?;
    let (sign_ins, next_token) = wanted.cut(sign_ins, |sign_in| {
        Position::at(sign_in.occurred_at, sign_in.id.as_str())
    });
    Ok(Answer::of(Page {
        sign_ins: sign_ins.into_iter().map(Shown::from).collect(),
        next_token,
    }))
}
