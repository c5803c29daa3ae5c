//! The scopes of registered APIs, and which applications have them.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Answer;
use super::apis::{find, find_to_change};
use super::applications;
use super::caller::May;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Edit, Path};
use crate::access::scopes::{
    CreateApiApplicationScopes, CreateApiScopes, DeleteApisApplicationScopes, DeleteApisScopes,
    ReadApiScopes, UpdateApiScopes,
};
use crate::clients::apis;
use crate::id::{ApiId, ApiScopeId};
use crate::naming;
use crate::protocol::Scope;
use crate::store::Tx;
use crate::store::apis::{self as stored, ApiScope};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, update, remove))
        .routes(routes!(allow, forbid))
}

/// A scope of an API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiScope)]
pub struct Shown {
    #[schema(value_type = String)]
    id: ApiScopeId,
    /// What tokens say, such as `read:orders`.
    key: String,
    description: String,
}

impl From<ApiScope> for Shown {
    fn from(scope: ApiScope) -> Self {
        Self {
            id: scope.id,
            key: scope.name,
            description: scope.description,
        }
    }
}

/// All scopes of an API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiScopes)]
pub struct Page {
    scopes: Vec<Shown>,
}

/// Lists the scopes of an API.
#[utoipa::path(
    get, path = "/apis/{api_id}/scopes", tag = "APIs",
    operation_id = "listApiScopes",
    security(("management" = ["read:api_scopes"])),
    params(("api_id" = String, Path)),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadApiScopes>,
    State(site): State<Site>,
    Path(api): Path<String>,
) -> Result<Answer<Page>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let api = find(&mut tx, &api).await?;
    let scopes = stored::list_scopes(&mut tx, &api.id).await?;
    Ok(Answer::of(Page {
        scopes: scopes.into_iter().map(Shown::from).collect(),
    }))
}

/// A scope to define.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewApiScope {
    /// What tokens say, such as `read:orders`. Unique in the API.
    #[schema(min_length = 1, max_length = 100, pattern = "^[!#-\\[\\]-~]+$")]
    key: String,
    #[schema(max_length = 1000)]
    description: Option<String>,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiScope {
    scope: Reference,
}

/// A scope by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiScopeReference)]
pub struct Reference {
    #[schema(value_type = String)]
    id: ApiScopeId,
}

/// Defines a scope of an API. No application has it yet.
#[utoipa::path(
    post, path = "/apis/{api_id}/scopes", tag = "APIs",
    operation_id = "createApiScope",
    security(("management" = ["create:api_scopes"])),
    params(("api_id" = String, Path)),
    request_body = NewApiScope,
    responses((status = 200, body = Answer<CreatedApiScope>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateApiScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path(api): Path<String>,
    Body(new): Body<NewApiScope>,
) -> Result<Answer<CreatedApiScope>, ApiError> {
    let key = checked("key", &new.key, apis::check_scope)?;
    let description = new.description.unwrap_or_default();
    let description = checked("description", &description, naming::description)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &api).await?;
    let (actor, new) = (may.actor(), (key, description));
    let scope = apis::define_scope(&mut tx, actor, &api, new, now, &mut rng).await??;
    tx.commit().await?;
    let scope = Reference { id: scope.id };
    Ok(Answer::saying("Scope created", CreatedApiScope { scope }))
}

/// A scope that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneApiScope)]
pub struct One {
    scope: Shown,
}

/// Shows a scope of an API.
#[utoipa::path(
    get, path = "/apis/{api_id}/scopes/{scope_id}", tag = "APIs",
    operation_id = "getApiScope",
    security(("management" = ["read:api_scopes"])),
    params(("api_id" = String, Path), ("scope_id" = String, Path)),
    responses((status = 200, body = Answer<One>), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadApiScopes>,
    State(site): State<Site>,
    Path((api, scope)): Path<(String, String)>,
) -> Result<Answer<One>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let api = find(&mut tx, &api).await?;
    let scope = find_scope(&mut tx, &api.id, &scope).await?;
    Ok(Answer::of(One {
        scope: Shown::from(scope),
    }))
}

/// What to change of a scope; what is left out stays. Its key never changes.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ApiScopeChange {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Edit<String>,
}

/// Says anew what a scope allows.
#[utoipa::path(
    patch, path = "/apis/{api_id}/scopes/{scope_id}", tag = "APIs",
    operation_id = "updateApiScope",
    security(("management" = ["update:api_scopes"])),
    params(("api_id" = String, Path), ("scope_id" = String, Path)),
    request_body = ApiScopeChange,
    responses((status = 200, description = "It is changed."), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateApiScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path((api, scope)): Path<(String, String)>,
    Body(change): Body<ApiScopeChange>,
) -> Result<StatusCode, ApiError> {
    let edit = change
        .description
        .try_map(|text| checked("description", &text, naming::description))?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &api).await?;
    let scope = find_scope(&mut tx, &api.id, &scope).await?;
    let mut description = scope.description.clone();
    edit.apply_or(&mut description, String::new());
    let (actor, both) = (may.actor(), (&api, &scope));
    apis::describe_scope(&mut tx, actor, both, description, now, &mut rng).await??;
    tx.commit().await?;
    Ok(StatusCode::OK)
}

/// Removes a scope, from the API and from every application that had it.
#[utoipa::path(
    delete, path = "/apis/{api_id}/scopes/{scope_id}", tag = "APIs",
    operation_id = "deleteApiScope",
    security(("management" = ["delete:apis_scopes"])),
    params(("api_id" = String, Path), ("scope_id" = String, Path)),
    responses((status = 200, description = "It is gone."), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteApisScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path((api, scope)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &api).await?;
    let scope = find_scope(&mut tx, &api.id, &scope).await?;
    apis::remove_scope(&mut tx, may.actor(), (&api, &scope), now, &mut rng).await??;
    tx.commit().await?;
    Ok(StatusCode::OK)
}

/// Lets an application that may call an API have a scope of it.
///
/// A scope of the management API is handed out only by who holds it.
#[utoipa::path(
    post, path = "/apis/{api_id}/applications/{application_id}/scopes/{scope_id}", tag = "APIs",
    operation_id = "addApplicationApiScope",
    security(("management" = ["create:api_application_scopes"])),
    params(("api_id" = String, Path), ("application_id" = String, Path), ("scope_id" = String, Path)),
    responses((status = 200, description = "It has the scope."), (status = "4XX", body = Errors)),
)]
pub async fn allow(
    may: May<CreateApiApplicationScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path((api, client, scope)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &api).await?;
    let client = applications::find_to_change(&mut tx, &client).await?;
    let scope = find_scope(&mut tx, &api.id, &scope).await?;
    if api.is_management {
        may.check_holds(&Scope::parse(&scope.name).into_iter().collect())?;
    }
    let what = (&api, &client, &scope);
    apis::allow_scope(&mut tx, may.actor(), what, true, now, &mut rng).await??;
    tx.commit().await?;
    Ok(StatusCode::OK)
}

/// Takes a scope of an API from an application; its tokens give it no more.
#[utoipa::path(
    delete, path = "/apis/{api_id}/applications/{application_id}/scopes/{scope_id}", tag = "APIs",
    operation_id = "removeApplicationApiScope",
    security(("management" = ["delete:apis_application_scopes"])),
    params(("api_id" = String, Path), ("application_id" = String, Path), ("scope_id" = String, Path)),
    responses((status = 200, description = "It has the scope no more."), (status = "4XX", body = Errors)),
)]
pub async fn forbid(
    may: May<DeleteApisApplicationScopes>,
    State(site): State<Site>,
    Now(now): Now,
    Path((api, client, scope)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &api).await?;
    let client = applications::find_to_change(&mut tx, &client).await?;
    let scope = find_scope(&mut tx, &api.id, &scope).await?;
    let what = (&api, &client, &scope);
    apis::allow_scope(&mut tx, may.actor(), what, false, now, &mut rng).await??;
    tx.commit().await?;
    Ok(StatusCode::OK)
}

async fn find_scope(tx: &mut Tx, api: &ApiId, id: &str) -> Result<ApiScope, ApiError> {
    let scopes = stored::list_scopes(tx, api).await?;
    let found = scopes.into_iter().find(|scope| scope.id.as_str() == id);
    found.ok_or_else(|| ApiError::not_found("SCOPE_NOT_FOUND", "the API has no scope of that id"))
}
