//! Permissions: what may be done, defined once for the business (NIST RBAC).

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::PermissionId;

/// A permission.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Permission {
    /// Its name here.
    pub id: PermissionId,
    /// What tokens say, e.g. `read:reports`.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
    /// Whether every new role has it.
    pub is_in_new_roles: bool,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The permission of that id.
pub async fn find(tx: &mut Tx, id: &PermissionId) -> sqlx::Result<Option<Permission>> {
    tx.optional("SELECT * FROM permissions WHERE id = $1", (id,))
        .await
}

/// The permission of that id, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &PermissionId) -> sqlx::Result<Option<Permission>> {
    tx.optional(
        "UPDATE permissions SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The permission of that key.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> sqlx::Result<Option<Permission>> {
    tx.optional("SELECT * FROM permissions WHERE key = $1", (key,))
        .await
}

/// All permissions, by key.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<Permission>> {
    tx.all("SELECT * FROM permissions ORDER BY key", ()).await
}

/// Defines a permission, or writes the whole record of an existing one.
pub async fn upsert(tx: &mut Tx, permission: &Permission) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO permissions (id, key, name, description, is_in_new_roles, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET
            key = excluded.key, name = excluded.name, description = excluded.description,
            is_in_new_roles = excluded.is_in_new_roles, updated_at = excluded.updated_at",
        (
            &permission.id,
            &permission.key,
            &permission.name,
            &permission.description,
            permission.is_in_new_roles,
            permission.created_at,
            permission.updated_at,
        ),
    )
    .await?;
    bump(tx).await
}

/// How many roles contain a permission, and how many users have it by itself in some organization.
pub async fn count_holders(tx: &mut Tx, id: &PermissionId) -> sqlx::Result<(i64, i64)> {
    tx.one(
        "SELECT (SELECT COUNT(*) FROM role_permissions WHERE permission_id = $1),
            (SELECT COUNT(DISTINCT user_id) FROM permission_assignments WHERE permission_id = $1)",
        (id,),
    )
    .await
}

/// Removes a permission, from every role and from everybody who has it. Returns false when there is none.
pub async fn remove(tx: &mut Tx, id: &PermissionId) -> sqlx::Result<bool> {
    let removed = tx
        .execute("DELETE FROM permissions WHERE id = $1", (id,))
        .await?;
    bump(tx).await?;
    Ok(removed == 1)
}

/// Counts a change to what is defined once for the business, so that copies in memory are read anew.
pub(super) async fn bump(tx: &mut Tx) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE environment SET catalogue_version = catalogue_version + 1 WHERE id = 1",
        (),
    )
    .await?;
    Ok(())
}
