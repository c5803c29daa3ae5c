//! `/organizations/{org_code}/users/{user_id}/…`: what a member may, one role or permission at a time.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done, Instant};
use super::caller::{MayIn, check_organization};
use super::error::{ApiError, Errors};
use super::extract::{Body, Path, Query};
use super::paging::{Paging, Position};
use super::{members, permissions, roles};
use crate::access::members as operations;
use crate::access::scopes::{
    CreateOrganizationUserPermissions, CreateOrganizationUserRoles,
    DeleteOrganizationUserPermissions, DeleteOrganizationUserRoles,
    ReadOrganizationUserPermissions, ReadOrganizationUserRoles,
};
use crate::access::{Catalogue, evaluate};
use crate::clock::Timestamp;
use crate::id::{PermissionId, RoleId, UserId};
use crate::store::assignments::{self, RoleAssignment, Source};
use crate::store::permissions as stored_permissions;
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list_roles, assign_role))
        .routes(routes!(take_role))
        .routes(routes!(list_permissions, assign_permission))
        .routes(routes!(take_permission))
        .routes(routes!(holders))
        .routes(routes!(count_holders))
}

/// A role that somebody has.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRole {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    key: String,
    name: String,
}

/// The roles of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRoles {
    roles: Vec<HeldRole>,
    /// Always null: the roles of one member fit on a page.
    next_token: Option<String>,
}

/// Lists the roles of a member, those that have expired left out.
#[utoipa::path(
    get, path = "/organizations/{org_code}/users/{user_id}/roles", tag = "Members",
    operation_id = "listMemberRoles",
    security(("management" = ["read:organization_user_roles"])),
    params(("org_code" = String, Path), ("user_id" = String, Path)),
    responses((status = 200, body = Answer<HeldRoles>), (status = "4XX", body = Errors)),
)]
pub async fn list_roles(
    may: MayIn<ReadOrganizationUserRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user)): Path<(String, String)>,
) -> Result<Answer<HeldRoles>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let user = members::find(&mut tx, &may.organization, &user).await?;
    let held = assignments::list_roles(&mut tx, &may.organization, &user).await?;
    let catalogue = site.app.catalogues.latest(&mut tx, now).await?;
    let roles = evaluate(&catalogue, &held, &[], now).roles;
    let roles = roles.into_iter().map(|role| HeldRole {
        id: role.id.clone(),
        key: role.key.clone(),
        name: role.name.clone(),
    });
    Ok(Answer::of(HeldRoles {
        roles: roles.collect(),
        next_token: None,
    }))
}

/// A role to give.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RoleToAssign {
    #[schema(format = Uuid)]
    role_id: String,
    /// Until when they have it; for good when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_on: Option<String>,
}

/// Gives a member a role. One that they have already is held until `expires_on` from now on, or for good.
#[utoipa::path(
    post, path = "/organizations/{org_code}/users/{user_id}/roles", tag = "Members",
    operation_id = "addMemberRole",
    security(("management" = ["create:organization_user_roles"])),
    params(("org_code" = String, Path), ("user_id" = String, Path)),
    request_body = RoleToAssign,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn assign_role(
    may: MayIn<CreateOrganizationUserRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user)): Path<(String, String)>,
    Body(wanted): Body<RoleToAssign>,
) -> Result<Done, ApiError> {
    let expires_at = expiry(wanted.expires_on.as_deref(), now)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = members::find(&mut tx, &may.organization, &user).await?;
    let role = roles::find_to_change(&mut tx, &wanted.role_id).await?;
    let member = (&may.organization, &user);
    let what = (&role.id, Source::Api, expires_at);
    operations::assign_role(&mut tx, may.actor(), member, what, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Role added to user"))
}

/// Takes a role from a member.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/users/{user_id}/roles/{role_id}", tag = "Members",
    operation_id = "removeMemberRole",
    security(("management" = ["delete:organization_user_roles"])),
    params(("org_code" = String, Path), ("user_id" = String, Path), ("role_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn take_role(
    may: MayIn<DeleteOrganizationUserRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user, role)): Path<(String, String, String)>,
) -> Result<Done, ApiError> {
    let role = RoleId::parse(&role).ok_or_else(roles::unknown)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = members::find(&mut tx, &may.organization, &user).await?;
    let member = (&may.organization, &user);
    if !operations::take_role(&mut tx, may.actor(), member, &role, now, &mut rng).await? {
        let message = "the member has no role of that id";
        return Err(ApiError::not_found("ROLE_NOT_FOUND", message));
    }
    tx.commit().await?;
    Ok(Done::saying("Role removed from user"))
}

/// A permission that somebody has.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldPermission {
    #[schema(value_type = String, format = Uuid)]
    id: PermissionId,
    key: String,
    name: String,
    description: String,
    /// With `expand=roles`, the roles that give it, none when it was given directly.
    roles: Vec<GrantingRole>,
}

/// A role that gives a permission.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GrantingRole {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    key: String,
}

/// The permissions of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldPermissions {
    permissions: Vec<HeldPermission>,
}

/// What to show besides.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Expand {
    /// `roles` shows which roles give each permission.
    expand: Option<String>,
}

/// Lists the permissions of a member: those given directly, and those that roles give.
#[utoipa::path(
    get, path = "/organizations/{org_code}/users/{user_id}/permissions", tag = "Members",
    operation_id = "listMemberPermissions",
    security(("management" = ["read:organization_user_permissions"])),
    params(("org_code" = String, Path), ("user_id" = String, Path), Expand),
    responses((status = 200, body = Answer<HeldPermissions>), (status = "4XX", body = Errors)),
)]
pub async fn list_permissions(
    may: MayIn<ReadOrganizationUserPermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user)): Path<(String, String)>,
    Query(Expand { expand }): Query<Expand>,
) -> Result<Answer<HeldPermissions>, ApiError> {
    let with_roles = match expand.as_deref() {
        None | Some("") => false,
        Some("roles") => true,
        Some(_) => return Err(ApiError::field("expand", "is roles, or left out")),
    };
    let mut tx = site.app.db.read().await?;
    let user = members::find(&mut tx, &may.organization, &user).await?;
    let held = assignments::list_roles(&mut tx, &may.organization, &user).await?;
    let direct = assignments::list_permissions(&mut tx, &may.organization, &user).await?;
    let catalogue = site.app.catalogues.latest(&mut tx, now).await?;
    let granting = granting(&catalogue, &held, now);
    let access = evaluate(&catalogue, &held, &direct, now);
    let found = access.permissions.iter();
    let permissions = found.filter_map(|key| catalogue.permission_by_key(key));
    let permissions = permissions.map(|permission| HeldPermission {
        id: permission.id.clone(),
        key: permission.key.clone(),
        name: permission.name.clone(),
        description: permission.description.clone(),
        roles: match granting.get(&permission.id) {
            Some(roles) if with_roles => roles.clone(),
            _ => Vec::new(),
        },
    });
    Ok(Answer::of(HeldPermissions {
        permissions: permissions.collect(),
    }))
}

/// Which of these roles give which permission.
fn granting<'a>(
    catalogue: &'a Catalogue,
    held: &[RoleAssignment],
    now: Timestamp,
) -> BTreeMap<&'a PermissionId, Vec<GrantingRole>> {
    let mut granting: BTreeMap<&PermissionId, Vec<GrantingRole>> = BTreeMap::new();
    for role in evaluate(catalogue, held, &[], now).roles {
        let given = catalogue.role(&role.id).map(|(_, given)| given);
        for permission in given.unwrap_or_default() {
            granting.entry(permission).or_default().push(GrantingRole {
                id: role.id.clone(),
                key: role.key.clone(),
            });
        }
    }
    granting
}

/// A permission to give.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PermissionToAssign {
    #[schema(format = Uuid)]
    permission_id: String,
    /// Until when they have it; for good when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_on: Option<String>,
}

/// Gives a member a permission, apart from their roles. One that they have so already is held until `expires_on`
/// from now on, or for good.
#[utoipa::path(
    post, path = "/organizations/{org_code}/users/{user_id}/permissions", tag = "Members",
    operation_id = "addMemberPermission",
    security(("management" = ["create:organization_user_permissions"])),
    params(("org_code" = String, Path), ("user_id" = String, Path)),
    request_body = PermissionToAssign,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn assign_permission(
    may: MayIn<CreateOrganizationUserPermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user)): Path<(String, String)>,
    Body(wanted): Body<PermissionToAssign>,
) -> Result<Done, ApiError> {
    let expires_at = expiry(wanted.expires_on.as_deref(), now)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = members::find(&mut tx, &may.organization, &user).await?;
    let permission = match PermissionId::parse(&wanted.permission_id) {
        Some(id) => stored_permissions::find_to_change(&mut tx, &id).await?,
        None => None,
    };
    let permission = permission.ok_or_else(permissions::unknown)?;
    let member = (&may.organization, &user);
    let what = (&permission.id, Source::Api, expires_at);
    operations::assign_permission(&mut tx, may.actor(), member, what, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Permission added to user"))
}

/// Takes a permission from a member that they were given directly. What roles give, they keep.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/users/{user_id}/permissions/{permission_id}", tag = "Members",
    operation_id = "removeMemberPermission",
    security(("management" = ["delete:organization_user_permissions"])),
    params(("org_code" = String, Path), ("user_id" = String, Path), ("permission_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn take_permission(
    may: MayIn<DeleteOrganizationUserPermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user, permission)): Path<(String, String, String)>,
) -> Result<Done, ApiError> {
    let permission = PermissionId::parse(&permission).ok_or_else(permissions::unknown)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = members::find(&mut tx, &may.organization, &user).await?;
    let (member, actor) = ((&may.organization, &user), may.actor());
    if !operations::take_permission(&mut tx, actor, member, &permission, now, &mut rng).await? {
        let message = "the member was not given a permission of that id directly";
        return Err(ApiError::not_found("PERMISSION_NOT_FOUND", message));
    }
    tx.commit().await?;
    Ok(Done::saying("Permission removed from user"))
}

/// A page of those who have a role in an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct Holders {
    users: Vec<Holder>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Somebody who has a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct Holder {
    #[schema(value_type = String)]
    id: UserId,
}

/// Lists the members of an organization who have a role.
#[utoipa::path(
    get, path = "/organizations/{org_code}/roles/{role_id}/users", tag = "Members",
    operation_id = "listOrganizationRoleUsers",
    security(("management" = ["read:organization_user_roles"])),
    params(("org_code" = String, Path), ("role_id" = String, Path), Paging),
    responses((status = 200, body = Answer<Holders>), (status = "4XX", body = Errors)),
)]
pub async fn holders(
    may: MayIn<ReadOrganizationUserRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, role)): Path<(String, String)>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Holders>, ApiError> {
    let wanted = paging.check(&["id_asc"])?;
    let Position(user, organization) = &wanted.after;
    let after = (user.as_str(), organization.as_str());
    let mut tx = site.app.db.read().await?;
    check_organization(&mut tx, &may.organization).await?;
    let role = roles::find(&mut tx, &role).await?.id;
    let (within, limit) = (Some(&may.organization), wanted.limit());
    let rows = assignments::list_holders(&mut tx, &role, within, after, limit, now).await?;
    let (rows, next_token) = wanted.cut(rows, |(user, organization)| {
        Position(user.to_string(), organization.to_string())
    });
    Ok(Answer::of(Holders {
        users: rows.into_iter().map(|(id, _)| Holder { id }).collect(),
        next_token,
    }))
}

/// How many have a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct HolderCount {
    count: i64,
}

/// Counts the members of an organization who have a role.
#[utoipa::path(
    get, path = "/organizations/{org_code}/roles/{role_id}/users/count", tag = "Members",
    operation_id = "countOrganizationRoleUsers",
    security(("management" = ["read:organization_user_roles"])),
    params(("org_code" = String, Path), ("role_id" = String, Path)),
    responses((status = 200, body = Answer<HolderCount>), (status = "4XX", body = Errors)),
)]
pub async fn count_holders(
    may: MayIn<ReadOrganizationUserRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, role)): Path<(String, String)>,
) -> Result<Answer<HolderCount>, ApiError> {
    let mut tx = site.app.db.read().await?;
    check_organization(&mut tx, &may.organization).await?;
    let role = roles::find(&mut tx, &role).await?.id;
    let count = assignments::count_holders(&mut tx, &role, &may.organization, now).await?;
    Ok(Answer::of(HolderCount { count }))
}

/// Until when an assignment is to count.
fn expiry(text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let at = Instant::parse(text).filter(|at| *at > now);
    let wrong = || {
        ApiError::field(
            "expires_on",
            "is an instant ahead, such as 2030-01-01T00:00:00Z",
        )
    };
    at.ok_or_else(wrong).map(Some)
}
