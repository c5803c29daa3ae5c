//! `/users/{id}/sync_records`: what sign-ins through connections have changed of a user, and why; and
//! `/connections/{id}/conflicts`: what they left for somebody to look at.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Instant};
use super::caller::May;
use super::connections::unknown;
use super::error::{ApiError, Errors};
use super::extract::{Path, Query};
use super::paging::{Paging, Position};
use super::users;
use crate::access::scopes::{ReadConnections, ReadUsers};
use crate::directory::reconcile::{Change, Kept, Rule, Why};
use crate::directory::upstream::Synced;
use crate::federation::mapping::Attribute;
use crate::id::{ConnectionId, IdentityId, OrganizationId, RoleId, SyncRecordId, UserId};
use crate::store::connections;
use crate::store::group_role_assignments::GroupRoleAssignment;
use crate::store::sync_records::{self as stored, SyncRecord};
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_conflicts))
}

/// What a sign-in has changed of a user, and why the rest stayed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncRecord)]
pub struct Shown {
    #[schema(value_type = String, pattern = "^sync_[0-9a-f]{32}$")]
    id: SyncRecordId,
    occurred_on: Instant,
    /// Whose profile it is.
    #[schema(value_type = String)]
    user_id: UserId,
    /// Whether somebody should look at it: the two sides contradict each other, or roles are held.
    needs_attention: bool,
    /// The connection that they came through; null when it was removed since.
    #[schema(value_type = Option<String>)]
    connection_id: Option<ConnectionId>,
    /// The identity that they came by.
    #[schema(value_type = String)]
    identity_id: IdentityId,
    /// Why the identity is theirs: it was `known`, they `asked` for it, it was `waiting` for their address, their
    /// `verified_email` is the same on both sides, or they are `new`.
    #[schema(value_type = String, pattern = "^(known|asked|waiting|verified_email|new)$")]
    rule: Rule,
    /// What of the profile was written.
    changes: Vec<Written>,
    /// What of the profile was left as it is, and why.
    kept: Vec<Left>,
    /// The organization that they joined.
    #[schema(value_type = Option<String>)]
    joined_org_code: Option<OrganizationId>,
    /// The roles that groups give from then on.
    roles_granted: Vec<GroupRole>,
    /// The roles that groups gave until then.
    roles_withdrawn: Vec<GroupRole>,
    /// The roles that groups give no more, and that were kept all the same because so many at once are likely to be a
    /// mistake.
    roles_held: Vec<GroupRole>,
}

/// An attribute that a sign-in wrote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeChange)]
pub struct Written {
    #[schema(value_type = String)]
    attribute: Attribute,
    before: Option<String>,
    after: Option<String>,
    /// The claim that says so.
    claim: String,
    /// Of a mail address, whether it is proven; null of others.
    is_verified: Option<bool>,
}

impl From<Change> for Written {
    fn from(change: Change) -> Self {
        Self {
            attribute: change.attribute,
            before: change.before,
            after: change.after,
            claim: change.claim,
            is_verified: change.is_verified,
        }
    }
}

/// An attribute that a sign-in left as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptAttribute)]
pub struct Left {
    #[schema(value_type = String)]
    attribute: Attribute,
    /// Why: the claim was `absent`, `empty`, `malformed` or the `same`; it was `edited` or `filled` here, and the
    /// mapping honours that; the mapping says `import_only` or `never`; `sync_off`; or somebody else's address, `taken`.
    #[schema(
        value_type = String,
        pattern = "^(absent|edited|empty|filled|import_only|malformed|never|same|sync_off|taken)$"
    )]
    why: Why,
    /// Whether the two sides contradict each other, so that somebody should look at it.
    is_conflict: bool,
}

impl From<Kept> for Left {
    fn from(kept: Kept) -> Self {
        Self {
            attribute: kept.attribute,
            why: kept.why,
            is_conflict: kept.why.is_conflict(),
        }
    }
}

/// A role that a group gives in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupRoleChange)]
pub struct GroupRole {
    #[schema(value_type = String)]
    org_code: OrganizationId,
    #[schema(value_type = String)]
    role_id: RoleId,
    /// The group, as the upstream calls it.
    group: String,
}

pub(super) fn group_roles(given: Vec<GroupRoleAssignment>) -> Vec<GroupRole> {
    let given = given.into_iter().map(|given| GroupRole {
        org_code: given.organization_id,
        role_id: given.role_id,
        group: given.group_name,
    });
    given.collect()
}

impl Shown {
    fn of(record: SyncRecord) -> Result<Self, ApiError> {
        let synced = Synced::read(&record).map_err(|error| {
            tracing::error!(%error, record = %record.id, "a sync record can't be read");
            ApiError::internal()
        })?;
        Ok(Self {
            id: record.id,
            occurred_on: Instant(record.occurred_at),
            user_id: record.user_id,
            needs_attention: record.needs_attention,
            connection_id: record.connection_id,
            identity_id: synced.identity,
            rule: synced.rule,
            changes: synced.changes.into_iter().map(Written::from).collect(),
            kept: synced.kept.into_iter().map(Left::from).collect(),
            joined_org_code: synced.joined,
            roles_granted: group_roles(synced.granted),
            roles_withdrawn: group_roles(synced.withdrawn),
            roles_held: group_roles(synced.held),
        })
    }
}

/// A page of sync records.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncRecords)]
pub struct Page {
    sync_records: Vec<Shown>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Lists what sign-ins through connections have changed of a user, the latest first. A sign-in that changed nothing is
/// not listed, unless somebody should look at it and it is not told already. The list is always sorted by `occurred_on_desc`.
#[utoipa::path(
    get, path = "/users/{user_id}/sync_records", tag = "Users",
    operation_id = "listUserSyncRecords",
    security(("management" = ["read:users"])),
    params(("user_id" = String, Path), Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadUsers>,
    State(site): State<Site>,
    Path(user): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["occurred_on_desc"])?;
    let before = wanted.before("next_token")?;
    let mut tx = site.app.db.read().await?;
    let user = users::find(&mut tx, &user).await?.id;
    let records = stored::list_for_user(&mut tx, &user, before, wanted.limit()).await?;
    let (records, next_token) = wanted.cut(records, position);
    Page::of(records, next_token)
}

impl Page {
    fn of(records: Vec<SyncRecord>, next_token: Option<String>) -> Result<Answer<Self>, ApiError> {
        let records: Result<Vec<Shown>, ApiError> = records.into_iter().map(Shown::of).collect();
        Ok(Answer::of(Self {
            sync_records: records?,
            next_token,
        }))
    }
}

fn position(record: &SyncRecord) -> Position {
    Position::at(record.occurred_at, record.id.as_str())
}

/// Lists what sign-ins through a connection have left for somebody to look at, the latest first: attributes where the
/// two sides contradict each other, and roles that are held. The list is always sorted by `occurred_on_desc`.
#[utoipa::path(
    get, path = "/connections/{connection_id}/conflicts", tag = "Connections",
    operation_id = "listConnectionConflicts",
    security(("management" = ["read:connections"])),
    params(("connection_id" = String, Path), Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list_conflicts(
    _may: May<ReadConnections>,
    State(site): State<Site>,
    Path(connection): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["occurred_on_desc"])?;
    let before = wanted.before("next_token")?;
    let id = ConnectionId::parse(&connection).ok_or_else(unknown)?;
    let mut tx = site.app.db.read().await?;
    connections::find(&mut tx, &id).await?.ok_or_else(unknown)?;
    let records = stored::list_for_attention(&mut tx, &id, before, wanted.limit()).await?;
    let (records, next_token) = wanted.cut(records, position);
    Page::of(records, next_token)
}
