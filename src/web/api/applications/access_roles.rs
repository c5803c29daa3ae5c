//! The access roles of an application: of which somebody needs one to sign in, where access is controlled.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, find_to_change};
use crate::access::scopes::{ReadApplications, UpdateApplications};
use crate::clients;
use crate::id::RoleId;
use crate::store::roles::Role;
use crate::store::{Tx, access_roles, roles};
use crate::web::api::answer::{Answer, Done};
use crate::web::api::caller::May;
use crate::web::api::cursors::Cursors;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::{Path, Query};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(add, remove))
}

/// A role that lets somebody in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessRole)]
pub struct Shown {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    key: String,
    name: String,
    description: String,
}

/// Roles that let somebody in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessRoles)]
pub struct Page {
    roles: Vec<Shown>,
    has_more: bool,
}

/// Lists the access roles of an application.
#[utoipa::path(
    get, path = "/applications/{application_id}/access_roles", tag = "Applications",
    operation_id = "listApplicationAccessRoles",
    security(("management" = ["read:applications"])),
    params(("application_id" = String, Path), Cursors),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadApplications>,
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(cursors): Query<Cursors>,
) -> Result<Answer<Page>, ApiError> {
    let stretch = cursors.check(RoleId::parse)?;
    let mut tx = site.app.db.read().await?;
    let client = find(&mut tx, &id).await?;
    let all = access_roles::list(&mut tx, &client.id).await?;
    let (roles, has_more) = stretch.select_by_id(all, |role| &role.id);
    let shown = |role: Role| Shown {
        id: role.id,
        key: role.key,
        name: role.name,
        description: role.description,
    };
    Ok(Answer::of(Page {
        roles: roles.into_iter().map(shown).collect(),
        has_more,
    }))
}

/// Lets those who hold a role sign in to an application whose access is controlled.
#[utoipa::path(
    post, path = "/applications/{application_id}/access_roles/{role_id}", tag = "Applications",
    operation_id = "addApplicationAccessRole",
    security(("management" = ["update:applications"])),
    params(("application_id" = String, Path), ("role_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn add(
    may: May<UpdateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, role)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = find_to_change(&mut tx, &id).await?;
    let role = find_role(&mut tx, &role).await?;
    clients::add_access_role(&mut tx, may.actor(), &client, &role, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Access role added"))
}

/// Takes an access role away. Who signed in by it alone can refresh no more.
#[utoipa::path(
    delete, path = "/applications/{application_id}/access_roles/{role_id}", tag = "Applications",
    operation_id = "removeApplicationAccessRole",
    security(("management" = ["update:applications"])),
    params(("application_id" = String, Path), ("role_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<UpdateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, role)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = find_to_change(&mut tx, &id).await?;
    let role = find_role(&mut tx, &role).await?;
    let actor = may.actor();
    if !clients::remove_access_role(&mut tx, actor, &client, &role, now, &mut rng).await?? {
        return Err(unknown_role());
    }
    tx.commit().await?;
    Ok(Done::saying("Access role removed"))
}

async fn find_role(tx: &mut Tx, id: &str) -> Result<Role, ApiError> {
    let found = match RoleId::parse(id) {
        Some(id) => roles::find(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown_role)
}

fn unknown_role() -> ApiError {
    ApiError::not_found("ROLE_NOT_FOUND", "there is no such role, or not here")
}
