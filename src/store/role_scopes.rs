//! Scopes of APIs that roles grant.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::permissions::bump;
use crate::id::{ApiId, ApiScopeId, RoleId};

/// A scope that a role can grant.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct GrantableScope {
    /// The scope.
    pub id: ApiScopeId,
    /// The scope-token.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
    /// The API that it is of.
    pub api_id: ApiId,
    /// Whether that is our own management API.
    pub is_management: bool,
}

/// A scope that a role grants, as tokens need it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct GrantedScope {
    /// The role.
    pub role_id: RoleId,
    /// The identifier of the API.
    pub audience: String,
    /// The scope-token.
    pub name: String,
}

/// The scope of that id, whichever API it is of.
pub async fn find(tx: &mut Tx, id: &ApiScopeId) -> sqlx::Result<Option<GrantableScope>> {
    tx.optional(
        "SELECT api_scopes.id, api_scopes.name, api_scopes.description, api_scopes.api_id, apis.is_management
         FROM api_scopes JOIN apis ON apis.id = api_scopes.api_id WHERE api_scopes.id = $1",
        (id,),
    )
    .await
}

/// The scopes that a role grants, by name.
pub async fn list(tx: &mut Tx, role: &RoleId) -> sqlx::Result<Vec<GrantableScope>> {
    tx.all(
        "SELECT api_scopes.id, api_scopes.name, api_scopes.description, api_scopes.api_id, apis.is_management
         FROM role_scopes
         JOIN api_scopes ON api_scopes.id = role_scopes.scope_id
         JOIN apis ON apis.id = api_scopes.api_id
         WHERE role_scopes.role_id = $1 ORDER BY api_scopes.name, api_scopes.id",
        (role,),
    )
    .await
}

/// All scopes that roles grant.
pub async fn list_all(tx: &mut Tx) -> sqlx::Result<Vec<GrantedScope>> {
    tx.all(
        "SELECT role_scopes.role_id, apis.audience, api_scopes.name
         FROM role_scopes
         JOIN api_scopes ON api_scopes.id = role_scopes.scope_id
         JOIN apis ON apis.id = api_scopes.api_id
         ORDER BY role_scopes.role_id, apis.audience, api_scopes.name",
        (),
    )
    .await
}

/// Lets a role grant a scope. Returns false when it does already.
pub async fn insert(tx: &mut Tx, role: &RoleId, scope: &ApiScopeId) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO role_scopes (role_id, scope_id) VALUES ($1, $2)
             ON CONFLICT (role_id, scope_id) DO NOTHING",
            (role, scope),
        )
        .await?;
    bump(tx).await?;
    Ok(added == 1)
}

/// Takes a scope from a role. Returns false when the role did not grant it.
pub async fn remove(tx: &mut Tx, role: &RoleId, scope: &ApiScopeId) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM role_scopes WHERE role_id = $1 AND scope_id = $2",
            (role, scope),
        )
        .await?;
    bump(tx).await?;
    Ok(removed == 1)
}
