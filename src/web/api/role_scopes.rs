//! `/roles/{role_id}/scopes`: the scopes of APIs that a role grants.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::May;
use super::error::{ApiError, Errors};
use super::extract::{Body, Path};
use super::roles::{find, find_to_change};
use crate::access::role_scopes::{self, ForMachinesAlone};
use crate::access::scopes::{CreateRoleScopes, DeleteRoleScopes, ReadRoleScopes};
use crate::id::{ApiId, ApiScopeId};
use crate::store::Tx;
use crate::store::role_scopes::{self as stored, GrantableScope};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
}

/// A scope that a role grants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleScope)]
pub struct Shown {
    #[schema(value_type = String)]
    id: ApiScopeId,
    /// The scope as tokens say it.
    key: String,
    description: String,
    /// The API that it is of.
    #[schema(value_type = String)]
    api_id: ApiId,
}

/// The scopes that a role grants.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleScopes {
    scopes: Vec<Shown>,
}

/// Lists the scopes of APIs that a role grants, by key.
#[utoipa::path(
    get, path = "/roles/{role_id}/scopes", tag = "Roles",
    operation_id = "listRoleScopes",
    security(("management" = ["read:role_scopes"])),
    params(("role_id" = String, Path)),
    responses((status = 200, body = Answer<RoleScopes>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadRoleScopes>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<RoleScopes>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let role = find(&mut tx, &id).await?;
    let shown = |scope: GrantableScope| Shown {
        id: scope.id,
        key: scope.name,
        description: scope.description,
        api_id: scope.api_id,
    };
    let scopes = stored::list(&mut tx, &role.id).await?;
    let scopes = scopes.into_iter().map(shown).collect();
    Ok(Answer::of(RoleScopes { scopes }))
}

/// A scope to grant.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewRoleScope {
    /// The id of a scope of an API.
    scope_id: String,
}

/// Lets a role grant a scope of an API.
///
/// Whoever has the role gets the scope in their access tokens for that API, in the organization where they have the
/// role: whether their application asks for it or not, unless it has to ask them for their consent. Scopes of the
/// management API can't be granted.
#[utoipa::path(
    post, path = "/roles/{role_id}/scopes", tag = "Roles",
    operation_id = "addRoleScope",
    security(("management" = ["create:role_scopes"])),
    params(("role_id" = String, Path)),
    request_body = NewRoleScope,
    responses((status = 201, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn add(
    may: May<CreateRoleScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(new): Body<NewRoleScope>,
) -> Result<(StatusCode, Done), ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let role = find_to_change(&mut tx, &id).await?;
    let scope = find_scope(&mut tx, &new.scope_id)
        .await?
        .ok_or_else(|| ApiError::refused("SCOPE_NOT_FOUND", "scope_id is no scope of any API"))?;
    role_scopes::add(&mut tx, may.actor(), &role, &scope, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Scope added to the role").created())
}

/// Takes a scope from a role. From their next token on, those who have the role are without it.
#[utoipa::path(
    delete, path = "/roles/{role_id}/scopes/{scope_id}", tag = "Roles",
    operation_id = "removeRoleScope",
    security(("management" = ["delete:role_scopes"])),
    params(("role_id" = String, Path), ("scope_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteRoleScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path((role, scope)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let unknown = || ApiError::not_found("SCOPE_NOT_FOUND", "the role does not grant that scope");
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let role = find_to_change(&mut tx, &role).await?;
    let scope = find_scope(&mut tx, &scope).await?.ok_or_else(unknown)?;
    if !role_scopes::remove(&mut tx, may.actor(), &role, &scope, now, &mut rng).await? {
        return Err(unknown());
    }
    tx.commit().await?;
    Ok(Done::saying("Scope taken from the role"))
}

async fn find_scope(tx: &mut Tx, id: &str) -> sqlx::Result<Option<GrantableScope>> {
    match ApiScopeId::parse(id) {
        Some(id) => stored::find(tx, &id).await,
        None => Ok(None),
    }
}

impl From<ForMachinesAlone> for ApiError {
    fn from(refused: ForMachinesAlone) -> Self {
        Self::refused("SCOPE_NOT_FOR_USERS", refused.to_string())
    }
}
