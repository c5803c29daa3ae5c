//! `/permissions`: what may be done, defined once for the business.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done};
use super::caller::May;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Edit, Path, Query};
use super::paging::{Paging, Position, Wanted};
use crate::access::permissions::{self, Definition, KeyTaken};
use crate::access::scopes::{
    CreatePermissions, DeletePermissions, ReadPermissions, UpdatePermissions,
};
use crate::id::PermissionId;
use crate::naming;
use crate::store::Tx;
use crate::store::permissions::{self as stored, Permission};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, remove))
}

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub struct Shown {
    #[schema(value_type = String, format = Uuid)]
    id: PermissionId,
    /// What tokens say, such as `read:reports`.
    key: String,
    name: String,
    description: String,
}

impl From<Permission> for Shown {
    fn from(permission: Permission) -> Self {
        Self {
            id: permission.id,
            key: permission.key,
            name: permission.name,
            description: permission.description,
        }
    }
}

/// A page of permissions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permissions)]
pub struct Page {
    permissions: Vec<Shown>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Lists the permissions.
#[utoipa::path(
    get, path = "/permissions", tag = "Permissions",
    operation_id = "listPermissions",
    security(("management" = ["read:permissions"])),
    params(Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadPermissions>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["name_asc", "name_desc", "id_asc", "id_desc"])?;
    let mut tx = site.app.db.read().await?;
    let all = stored::list(&mut tx).await?;
    Ok(Answer::of(Page::cut(&wanted, all)))
}

impl Page {
    /// The page that was asked for, of all.
    pub fn cut(wanted: &Wanted, all: Vec<Permission>) -> Self {
        let (page, next_token) = wanted.select(all, |permission| {
            let id = permission.id.to_string();
            match wanted.sort.by {
                "name" => Position(permission.name.clone(), id),
                _ => Position(id, String::new()),
            }
        });
        Self {
            permissions: page.into_iter().map(Shown::from).collect(),
            next_token,
        }
    }
}

/// A permission to define.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPermission {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What tokens say: an action and an area, such as `read:reports`, are recommended. Unique.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-+\\--~]+$")]
    key: String,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedPermission {
    permission: Reference,
}

/// A permission by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PermissionReference)]
pub struct Reference {
    #[schema(value_type = String, format = Uuid)]
    id: PermissionId,
}

/// Defines a permission.
#[utoipa::path(
    post, path = "/permissions", tag = "Permissions",
    operation_id = "createPermission",
    security(("management" = ["create:permissions"])),
    request_body = NewPermission,
    responses((status = 201, body = Answer<CreatedPermission>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreatePermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewPermission>,
) -> Result<Created<CreatedPermission>, ApiError> {
    let definition = Definition {
        key: checked("key", &new.key, naming::key)?,
        name: checked("name", &new.name, naming::name)?,
        description: checked(
            "description",
            &new.description.unwrap_or_default(),
            naming::description,
        )?,
        is_in_new_roles: false,
    };
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let permission = permissions::define(&mut tx, may.actor(), definition, now, &mut rng).await??;
    tx.commit().await?;
    let permission = Reference { id: permission.id };
    Ok(Answer::saying("Permission created", CreatedPermission { permission }).created())
}

/// What to change of a permission; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PermissionChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Edit<String>,
    /// From the next token on, tokens say this instead.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!-+\\--~]+$")]
    key: Option<String>,
}

/// Changes a permission. When its key changes, the answer tells how many roles and users hold it.
#[utoipa::path(
    patch, path = "/permissions/{permission_id}", tag = "Permissions",
    operation_id = "updatePermission",
    security(("management" = ["update:permissions"])),
    params(("permission_id" = String, Path)),
    request_body = PermissionChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdatePermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(change): Body<PermissionChange>,
) -> Result<Done, ApiError> {
    let name = change.name.map(|name| checked("name", &name, naming::name));
    let key = change.key.map(|key| checked("key", &key, naming::key));
    let (name, key) = (name.transpose()?, key.transpose()?);
    let description = change
        .description
        .try_map(|text| checked("description", &text, naming::description))?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &id).await?;
    let mut definition = Definition {
        key: key.unwrap_or_else(|| before.key.clone()),
        name: name.unwrap_or_else(|| before.name.clone()),
        description: before.description.clone(),
        is_in_new_roles: before.is_in_new_roles,
    };
    description.apply_or(&mut definition.description, String::new());
    let is_renamed = definition.key != before.key;
    let actor = may.actor();
    let holders = permissions::change(&mut tx, actor, &before, definition, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying(if is_renamed {
        format!("Permission updated; {holders} hold it under its new key from their next token on")
    } else {
        "Permission updated".to_owned()
    }))
}

/// Removes a permission from every role and user. This can't be undone; the answer tells from how many.
#[utoipa::path(
    delete, path = "/permissions/{permission_id}", tag = "Permissions",
    operation_id = "deletePermission",
    security(("management" = ["delete:permissions"])),
    params(("permission_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeletePermissions>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let permission = find_to_change(&mut tx, &id).await?;
    let holders = permissions::remove(&mut tx, may.actor(), &permission, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying(format!(
        "Permission deleted; {holders} have lost it"
    )))
}

async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Permission, ApiError> {
    let found = match PermissionId::parse(id) {
        Some(id) => stored::find_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// There is no such permission.
pub fn unknown() -> ApiError {
    ApiError::not_found("PERMISSION_NOT_FOUND", "there is no permission of that id")
}

/// There is no such permission as a request names beside others.
pub fn unknown_named(reason: &impl ToString) -> ApiError {
    ApiError::not_found("PERMISSION_NOT_FOUND", reason.to_string())
}

impl From<KeyTaken> for ApiError {
    fn from(taken: KeyTaken) -> Self {
        Self::refused("KEY_ALREADY_EXISTS", taken.to_string())
    }
}
