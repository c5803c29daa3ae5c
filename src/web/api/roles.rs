//! `/roles`: sets of permissions, defined once for the business. What a role holds is in
//! [`role_permissions`](super::role_permissions).

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done};
use super::caller::May;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Edit, Path, Query};
use super::paging::{Paging, Position};
use super::permissions;
use crate::access::roles::{self, Definition, RoleError};
use crate::access::scopes::{CreateRoles, DeleteRoles, ReadRoles, UpdateRoles};
use crate::id::{PermissionId, RoleId};
use crate::naming;
use crate::store::Tx;
use crate::store::roles::{self as stored, Role};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, update, remove))
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Role)]
pub struct Shown {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    /// What tokens say, such as `analyst`.
    key: String,
    name: String,
    description: String,
    /// Whether every new member of any organization gets it.
    is_default_role: bool,
    /// The permission that a person needs to hand the role out; it does not bind applications.
    #[schema(value_type = Option<String>, format = Uuid)]
    assignment_permission_id: Option<PermissionId>,
}

impl From<Role> for Shown {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            key: role.key,
            name: role.name,
            description: role.description,
            is_default_role: role.is_default,
            assignment_permission_id: role.assignment_permission_id,
        }
    }
}

/// A page of roles.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Roles)]
pub struct Page {
    roles: Vec<Shown>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// One role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneRole)]
pub struct One {
    role: Shown,
}

/// Lists the roles.
#[utoipa::path(
    get, path = "/roles", tag = "Roles",
    operation_id = "listRoles",
    security(("management" = ["read:roles"])),
    params(Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadRoles>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["name_asc", "name_desc", "id_asc", "id_desc"])?;
    let mut tx = site.app.db.read().await?;
    let all = stored::list(&mut tx).await?;
    let (page, next_token) = wanted.select(all, |role| {
        let id = role.id.to_string();
        match wanted.sort.by {
            "name" => Position(role.name.clone(), id),
            _ => Position(id, String::new()),
        }
    });
    Ok(Answer::of(Page {
        roles: page.into_iter().map(Shown::from).collect(),
        next_token,
    }))
}

/// A role to define.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewRole {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What tokens say. Unique.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-+\\--~]+$")]
    key: String,
    /// Whether every new member of any organization gets it.
    is_default_role: Option<bool>,
    /// The permission that a person needs to hand the role out; it does not bind applications.
    #[schema(value_type = Option<String>, format = Uuid)]
    assignment_permission_id: Option<String>,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedRole {
    role: Reference,
}

/// A role by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleReference)]
pub struct Reference {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
}

/// Defines a role. It starts with the permissions that every new role has.
#[utoipa::path(
    post, path = "/roles", tag = "Roles",
    operation_id = "createRole",
    security(("management" = ["create:roles"])),
    request_body = NewRole,
    responses((status = 201, body = Answer<CreatedRole>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewRole>,
) -> Result<Created<CreatedRole>, ApiError> {
    let description = new.description.unwrap_or_default();
    let assignment = new.assignment_permission_id.as_deref();
    let definition = Definition {
        key: checked("key", &new.key, naming::key)?,
        name: checked("name", &new.name, naming::name)?,
        description: checked("description", &description, naming::description)?,
        is_default: new.is_default_role.unwrap_or_default(),
        assignment_permission_id: assignment.map(permission_id).transpose()?,
    };
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let role = roles::define(&mut tx, may.actor(), definition, now, &mut rng).await??;
    tx.commit().await?;
    let role = Reference { id: role.id };
    Ok(Answer::saying("Role created", CreatedRole { role }).created())
}

/// Reads a role.
#[utoipa::path(
    get, path = "/roles/{role_id}", tag = "Roles",
    operation_id = "getRole",
    security(("management" = ["read:roles"])),
    params(("role_id" = String, Path)),
    responses((status = 200, body = Answer<One>), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadRoles>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<One>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let role = find(&mut tx, &id).await?.into();
    Ok(Answer::of(One { role }))
}

/// What a role is to be. A description, a switch or a permission that is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RoleChange {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Edit<String>,
    /// From the next token on, tokens say this instead.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-+\\--~]+$")]
    key: String,
    is_default_role: Option<bool>,
    /// The permission that a person needs to hand the role out; null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    assignment_permission_id: Edit<String>,
}

/// Changes a role.
#[utoipa::path(
    patch, path = "/roles/{role_id}", tag = "Roles",
    operation_id = "updateRole",
    security(("management" = ["update:roles"])),
    params(("role_id" = String, Path)),
    request_body = RoleChange,
    responses((status = 201, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<RoleChange>,
) -> Result<(StatusCode, Done), ApiError> {
    let key = checked("key", &change.key, naming::key)?;
    let name = checked("name", &change.name, naming::name)?;
    let check = |text: String| checked("description", &text, naming::description);
    let description = change.description.try_map(check)?;
    let parse = |text: String| permission_id(&text);
    let assignment = change.assignment_permission_id.try_map(parse)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &id).await?;
    let mut definition = Definition {
        key,
        name,
        description: before.description.clone(),
        is_default: change.is_default_role.unwrap_or(before.is_default),
        assignment_permission_id: before.assignment_permission_id.clone(),
    };
    description.apply_or(&mut definition.description, String::new());
    assignment.apply_to(&mut definition.assignment_permission_id);
    roles::change(&mut tx, may.actor(), &before, definition, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Role updated").created())
}

/// Removes a role, and from everybody what it granted. This can't be undone; the answer tells how many had it.
#[utoipa::path(
    delete, path = "/roles/{role_id}", tag = "Roles",
    operation_id = "deleteRole",
    security(("management" = ["delete:roles"])),
    params(("role_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteRoles>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let role = find_to_change(&mut tx, &id).await?;
    let holders = roles::remove(&mut tx, may.actor(), &role, now, &mut rng).await?;
    tx.commit().await?;
    let plural = if holders == 1 {
        "user has"
    } else {
        "users have"
    };
    Ok(Done::saying(format!(
        "Role deleted; {holders} {plural} lost it"
    )))
}

/// The role of that id.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Role, ApiError> {
    let found = match RoleId::parse(id) {
        Some(id) => stored::find(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// The role of that id, which nobody else changes meanwhile.
pub async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Role, ApiError> {
    let found = match RoleId::parse(id) {
        Some(id) => stored::find_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

fn permission_id(text: &str) -> Result<PermissionId, ApiError> {
    PermissionId::parse(text)
        .ok_or_else(|| ApiError::field("assignment_permission_id", "is the id of no permission"))
}

/// There is no such role.
pub fn unknown() -> ApiError {
    ApiError::not_found("ROLE_NOT_FOUND", "there is no role of that id")
}

impl From<RoleError> for ApiError {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::KeyTaken(taken) => taken.into(),
            RoleError::UnknownPermission(_) => permissions::unknown_named(&error),
        }
    }
}
