//! Registered APIs: resource servers that access tokens are for (RFC 8707).

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::permissions::bump;
use crate::clock::Timestamp;
use crate::id::{ApiId, ApiScopeId};

/// A registered API.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Api {
    /// Its name here.
    pub id: ApiId,
    /// The name shown to people.
    pub name: String,
    /// Its identifier in `aud`.
    pub audience: String,
    /// Whether it is our own management API.
    pub is_management: bool,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A scope of an API.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct ApiScope {
    /// Its name here.
    pub id: ApiScopeId,
    /// The scope-token.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
}

/// The API of that audience.
pub async fn find_by_audience(tx: &mut Tx, audience: &str) -> sqlx::Result<Option<Api>> {
    tx.optional(
        "SELECT id, name, audience, is_management, created_at FROM apis WHERE audience = $1",
        (audience,),
    )
    .await
}

/// The API of that id.
pub async fn find(tx: &mut Tx, id: &ApiId) -> sqlx::Result<Option<Api>> {
    tx.optional(
        "SELECT id, name, audience, is_management, created_at FROM apis WHERE id = $1",
        (id,),
    )
    .await
}

/// The API of that id, which nobody else changes until this transaction ends; nor its scopes, nor who has them.
pub async fn find_to_change(tx: &mut Tx, id: &ApiId) -> sqlx::Result<Option<Api>> {
    tx.optional(
        "UPDATE apis SET name = name WHERE id = $1
         RETURNING id, name, audience, is_management, created_at",
        (id,),
    )
    .await
}

/// All APIs, by audience.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<Api>> {
    tx.all(
        "SELECT id, name, audience, is_management, created_at FROM apis ORDER BY audience",
        (),
    )
    .await
}

/// Registers an API, or renames the one of that id.
pub async fn upsert(tx: &mut Tx, api: &Api) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO apis (id, name, audience, is_management, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        (&api.id, &api.name, &api.audience, api.is_management, api.created_at),
    )
    .await?;
    Ok(())
}

/// Removes an API; no client may call it any more, and no role grants scopes of it.
pub async fn remove(tx: &mut Tx, id: &ApiId) -> sqlx::Result<()> {
    tx.execute("DELETE FROM apis WHERE id = $1", (id,)).await?;
    bump(tx).await
}

/// The scopes of an API, by name.
pub async fn list_scopes(tx: &mut Tx, api: &ApiId) -> sqlx::Result<Vec<ApiScope>> {
    tx.all(
        "SELECT id, name, description FROM api_scopes WHERE api_id = $1 ORDER BY name",
        (api,),
    )
    .await
}

/// Gives an API this scope, or describes the one of that name anew.
pub async fn upsert_scope(tx: &mut Tx, api: &ApiId, scope: &ApiScope) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO api_scopes (id, api_id, name, description) VALUES ($1, $2, $3, $4)
         ON CONFLICT (api_id, name) DO UPDATE SET description = excluded.description",
        (&scope.id, api, &scope.name, &scope.description),
    )
    .await?;
    Ok(())
}

/// Takes a scope away from an API, and from the roles that grant it.
pub async fn remove_scope(tx: &mut Tx, id: &ApiScopeId) -> sqlx::Result<()> {
    tx.execute("DELETE FROM api_scopes WHERE id = $1", (id,))
        .await?;
    bump(tx).await
}
