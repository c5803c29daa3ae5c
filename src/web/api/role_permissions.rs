//! `/roles/{role_id}/permissions` and `/roles/{role_id}/users`: what a role holds, and who holds it.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::caller::May;
use super::error::{ApiError, Errors};
use super::extract::{Body, Path, Query, at_most};
use super::paging::{Paging, Position};
use super::permissions::{self, Page};
use super::roles::{find, find_to_change};
use crate::access::roles;
use crate::access::scopes::{
    DeleteRolePermissions, ReadOrganizationUserRoles, ReadRolePermissions, UpdateRolePermissions,
};
use crate::id::{OrganizationId, PermissionId, UserId};
use crate::store::{assignments, permissions as stored, roles as stored_roles};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, change))
        .routes(routes!(remove))
        .routes(routes!(users))
}

/// Lists the permissions of a role.
#[utoipa::path(
    get, path = "/roles/{role_id}/permissions", tag = "Roles",
    operation_id = "listRolePermissions",
    security(("management" = ["read:role_permissions"])),
    params(("role_id" = String, Path), Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadRolePermissions>,
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["name_asc", "name_desc", "id_asc", "id_desc"])?;
    let mut tx = site.app.db.read().await?;
    let role = find(&mut tx, &id).await?;
    let held = stored_roles::list_permissions(&mut tx, &role.id).await?;
    let mut all = stored::list(&mut tx).await?;
    all.retain(|permission| held.binary_search(&permission.id).is_ok());
    Ok(Answer::of(Page::cut(&wanted, all)))
}

/// What to change of the permissions of a role.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RolePermissionsChange {
    /// At most 100.
    #[schema(max_items = 100)]
    permissions: Vec<PermissionEntry>,
}

/// One permission, which the role is to have or not.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PermissionEntry {
    #[schema(format = Uuid)]
    id: String,
    /// `delete` takes the permission away; without it, it is given.
    operation: Option<String>,
}

/// What has changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolePermissionsChanged {
    #[schema(value_type = Vec<String>)]
    permissions_added: Vec<PermissionId>,
    #[schema(value_type = Vec<String>)]
    permissions_removed: Vec<PermissionId>,
}

/// Gives a role permissions, and takes others away; all of it or nothing.
#[utoipa::path(
    patch, path = "/roles/{role_id}/permissions", tag = "Roles",
    operation_id = "updateRolePermissions",
    security(("management" = ["update:role_permissions"])),
    params(("role_id" = String, Path)),
    request_body = RolePermissionsChange,
    responses((status = 200, body = Answer<RolePermissionsChanged>), (status = "4XX", body = Errors)),
)]
pub async fn change(
    may: May<UpdateRolePermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<RolePermissionsChange>,
) -> Result<Answer<RolePermissionsChanged>, ApiError> {
    at_most(100, "permissions", &change.permissions)?;
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for entry in change.permissions {
        let id = PermissionId::parse(&entry.id).ok_or_else(permissions::unknown)?;
        match entry.operation.as_deref() {
            None => add.push(id),
            Some("delete") => remove.push(id),
            Some(_) => return Err(ApiError::field("operation", "is delete, or left out")),
        }
    }
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let role = find_to_change(&mut tx, &id).await?;
    let change = (add.as_slice(), remove.as_slice());
    let changed =
        roles::change_permissions(&mut tx, may.actor(), &role, change, now, &mut rng).await??;
    tx.commit().await?;
    let changed = RolePermissionsChanged {
        permissions_added: changed.added,
        permissions_removed: changed.removed,
    };
    Ok(Answer::saying("Role updated", changed))
}

/// Takes a permission from a role.
#[utoipa::path(
    delete, path = "/roles/{role_id}/permissions/{permission_id}", tag = "Roles",
    operation_id = "removeRolePermission",
    security(("management" = ["delete:role_permissions"])),
    params(("role_id" = String, Path), ("permission_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteRolePermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, permission)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let permission = PermissionId::parse(&permission).ok_or_else(permissions::unknown)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let role = find_to_change(&mut tx, &id).await?;
    let change = (&[][..], std::slice::from_ref(&permission));
    let changed =
        roles::change_permissions(&mut tx, may.actor(), &role, change, now, &mut rng).await??;
    if changed.removed.is_empty() {
        return Err(ApiError::not_found(
            "PERMISSION_NOT_FOUND",
            "the role has no permission of that id",
        ));
    }
    tx.commit().await?;
    Ok(Done::saying("Permission removed from role"))
}

/// A page of those who have a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleUsers {
    users: Vec<RoleUser>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Somebody who has a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleUser {
    #[schema(value_type = String)]
    id: UserId,
    /// In which organizations. Somebody with many may stand on two pages.
    #[schema(value_type = Vec<String>)]
    org_codes: Vec<OrganizationId>,
}

/// Lists those who have a role, in whatever organization.
#[utoipa::path(
    get, path = "/roles/{role_id}/users", tag = "Roles",
    operation_id = "listRoleUsers",
    security(("management" = ["read:organization_user_roles"])),
    params(("role_id" = String, Path), Paging),
    responses((status = 200, body = Answer<RoleUsers>), (status = "4XX", body = Errors)),
)]
pub async fn users(
    _may: May<ReadOrganizationUserRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Answer<RoleUsers>, ApiError> {
    let wanted = paging.check(&["id_asc"])?;
    let Position(user, organization) = &wanted.after;
    let mut tx = site.app.db.read().await?;
    let role = find(&mut tx, &id).await?;
    let after = (user.as_str(), organization.as_str());
    let rows =
        assignments::list_holders(&mut tx, &role.id, None, after, wanted.limit(), now).await?;
    let (rows, next_token) = wanted.cut(rows, |(user, organization)| {
        Position(user.to_string(), organization.to_string())
    });
    let mut users: BTreeMap<UserId, Vec<OrganizationId>> = BTreeMap::new();
    for (user, organization) in rows {
        users.entry(user).or_default().push(organization);
    }
    let users = users
        .into_iter()
        .map(|(id, org_codes)| RoleUser { id, org_codes });
    Ok(Answer::of(RoleUsers {
        users: users.collect(),
        next_token,
    }))
}
