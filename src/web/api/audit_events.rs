//! `/audit_events`: what happened, to whom, by whom.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Instant};
use super::caller::May;
use super::error::{ApiError, Errors};
use super::extract::Query;
use super::paging::{Paging, Position};
use crate::access::scopes::ReadAuditEvents;
use crate::audit::ActorType;
use crate::clock::Timestamp;
use crate::id::AuditEventId;
use crate::store::audit_events::{self as stored, AuditEvent};
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct Shown {
    #[schema(value_type = String, pattern = "^event_[0-9a-f]{32}$")]
    id: AuditEventId,
    occurred_on: Instant,
    /// Who did it: the id of a user or a client, or the type again.
    actor: String,
    #[schema(value_type = String, pattern = "^(anonymous|client|operator|system|user)$")]
    actor_type: ActorType,
    /// What was done, such as `user.signed_in`.
    action: String,
    /// The id of what it was done to.
    subject: Option<String>,
    /// What else there is to know; of a change, `before` and `after` with the members that differ. Never a secret.
    #[schema(value_type = Object)]
    details: Value,
}

impl From<AuditEvent> for Shown {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id,
            occurred_on: Instant(event.occurred_at),
            actor_type: ActorType::of(&event.actor),
            actor: event.actor,
            action: event.action,
            subject: event.subject,
            details: event.details.0,
        }
    }
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvents)]
pub struct Page {
    audit_events: Vec<Shown>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only what this user or client did; `anonymous`, `operator` and `system` are actors too.
    actor: Option<String>,
    /// Only this action, or, with a dot at the end, those that begin so: `user.` for all that became of users.
    action: Option<String>,
    /// Only what was done to the user, organization, role or other thing of this id.
    subject: Option<String>,
    /// Only what happened at this instant (RFC 3339) or later.
    #[param(format = DateTime)]
    occurred_from: Option<String>,
    /// Only what happened before this instant.
    #[param(format = DateTime)]
    occurred_to: Option<String>,
}

impl Filter {
    fn check(&self) -> Result<stored::Filter<'_>, ApiError> {
        let instant = |name: &'static str, text: Option<&str>, otherwise: i64| match text {
            None => Ok(Timestamp::from_unix(otherwise)),
            Some(text) => Instant::parse(text).ok_or_else(|| {
                let example =
                    "is an instant such as 2026-11-22T08:00:00Z, a plus sign in it written as %2B";
                ApiError::field(name, example)
            }),
        };
        Ok(stored::Filter {
            actor: given(self.actor.as_ref()),
            action: given(self.action.as_ref()),
            subject: given(self.subject.as_ref()),
            from: instant(
                "occurred_from",
                given(self.occurred_from.as_ref()),
                i64::MIN,
            )?,
            to: instant("occurred_to", given(self.occurred_to.as_ref()), i64::MAX)?,
        })
    }
}

/// A parameter, unless it is empty.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// Lists what happened, youngest first; of one second, as it was recorded.
#[utoipa::path(
    get, path = "/audit_events", tag = "Audit",
    operation_id = "listAuditEvents",
    security(("management" = ["read:audit_events"])),
    params(Paging, Filter),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadAuditEvents>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["occurred_on_desc"])?;
    let filter = filter.check()?;
    let before = wanted.before("next_token")?;
    let mut tx = site.app.db.read().await?;
    let events = stored::list(&mut tx, filter, before, wanted.limit()).await?;
    let (events, next_token) = wanted.cut(events, |event| {
        Position::at(event.occurred_at, event.id.as_str())
    });
    Ok(Answer::of(Page {
        audit_events: events.into_iter().map(Shown::from).collect(),
        next_token,
    }))
}
