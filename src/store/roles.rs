//! Roles: sets of permissions, defined once for the business (NIST RBAC).

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::permissions::bump;
use crate::clock::Timestamp;
use crate::id::{PermissionId, RoleId};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Role {
    /// Its name here.
    pub id: RoleId,
    /// What tokens say, e.g. `analyst`.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// Whether every new member of any organization gets it.
    pub is_default: bool,
    /// What somebody needs to hand the role out.
    pub assignment_permission_id: Option<PermissionId>,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The role of that id.
pub async fn find(tx: &mut Tx, id: &RoleId) -> sqlx::Result<Option<Role>> {
    tx.optional("SELECT * FROM roles WHERE id = $1", (id,))
        .await
}

/// The role of that id, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &RoleId) -> sqlx::Result<Option<Role>> {
    tx.optional(
        "UPDATE roles SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The role of that key.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> sqlx::Result<Option<Role>> {
    tx.optional("SELECT * FROM roles WHERE key = $1", (key,))
        .await
}

/// All roles, by key.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<Role>> {
    tx.all("SELECT * FROM roles ORDER BY key", ()).await
}

/// Defines a role, or writes the whole record of an existing one.
pub async fn upsert(tx: &mut Tx, role: &Role) -> sqlx::Result<()> {
    write(tx, role).await?;
    bump(tx).await
}

/// Defines a role that has these permissions.
pub async fn insert(tx: &mut Tx, role: &Role, permissions: &[PermissionId]) -> sqlx::Result<()> {
    write(tx, role).await?;
    change_permissions(tx, &role.id, permissions, &[]).await?;
    Ok(())
}

async fn write(tx: &mut Tx, role: &Role) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO roles (id, key, name, description, is_default, assignment_permission_id, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET
            key = excluded.key, name = excluded.name, description = excluded.description,
            is_default = excluded.is_default, assignment_permission_id = excluded.assignment_permission_id,
            updated_at = excluded.updated_at",
        (
            &role.id,
            &role.key,
            &role.name,
            &role.description,
            role.is_default,
            &role.assignment_permission_id,
            role.created_at,
            role.updated_at,
        ),
    )
    .await?;
    Ok(())
}

/// How many users have a role, in some organization.
pub async fn count_holders(tx: &mut Tx, id: &RoleId) -> sqlx::Result<i64> {
    let (users,): (i64,) = tx
        .one(
            "SELECT COUNT(DISTINCT user_id) FROM held_roles WHERE role_id = $1",
            (id,),
        )
        .await?;
    Ok(users)
}

/// Removes a role, from everybody who has it. Returns false when there is none.
pub async fn remove(tx: &mut Tx, id: &RoleId) -> sqlx::Result<bool> {
    let removed = tx.execute("DELETE FROM roles WHERE id = $1", (id,)).await?;
    bump(tx).await?;
    Ok(removed == 1)
}

/// The permissions of a role, by id.
pub async fn list_permissions(tx: &mut Tx, id: &RoleId) -> sqlx::Result<Vec<PermissionId>> {
    let rows: Vec<(PermissionId,)> = tx
        .all(
            "SELECT permission_id FROM role_permissions WHERE role_id = $1 ORDER BY permission_id",
            (id,),
        )
        .await?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}

/// All pairs of a role and a permission of it.
pub async fn list_all_permissions(tx: &mut Tx) -> sqlx::Result<Vec<(RoleId, PermissionId)>> {
    tx.all(
        "SELECT role_id, permission_id FROM role_permissions ORDER BY role_id, permission_id",
        (),
    )
    .await
}

/// Adds permissions to a role and takes others from it. Returns which of them it did not have, and which
/// it had.
///
/// What all share, the count of changes, is written last, so that two who change roles don't wait for each other.
pub async fn change_permissions<'a>(
    tx: &mut Tx,
    role: &RoleId,
    add: &'a [PermissionId],
    remove: &'a [PermissionId],
) -> sqlx::Result<(Vec<&'a PermissionId>, Vec<&'a PermissionId>)> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for permission in add {
        if insert_permission(tx, role, permission).await? {
            added.push(permission);
        }
    }
    for permission in remove {
        if delete_permission(tx, role, permission).await? {
            removed.push(permission);
        }
    }
    bump(tx).await?;
    Ok((added, removed))
}

/// Adds a permission to a role. Returns false when the role has it already.
pub async fn add_permission(
    tx: &mut Tx,
    role: &RoleId,
    permission: &PermissionId,
) -> sqlx::Result<bool> {
    let permissions = std::slice::from_ref(permission);
    let (added, _) = change_permissions(tx, role, permissions, &[]).await?;
    Ok(!added.is_empty())
}

/// Takes a permission from a role. Returns false when the role did not have it.
pub async fn remove_permission(
    tx: &mut Tx,
    role: &RoleId,
    permission: &PermissionId,
) -> sqlx::Result<bool> {
    let permissions = std::slice::from_ref(permission);
    let (_, removed) = change_permissions(tx, role, &[], permissions).await?;
    Ok(!removed.is_empty())
}

async fn insert_permission(
    tx: &mut Tx,
    role: &RoleId,
    permission: &PermissionId,
) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO role_permissions (role_id, permission_id) VALUES ($1, $2)
             ON CONFLICT (role_id, permission_id) DO NOTHING",
            (role, permission),
        )
        .await?;
    Ok(added == 1)
}

async fn delete_permission(
    tx: &mut Tx,
    role: &RoleId,
    permission: &PermissionId,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM role_permissions WHERE role_id = $1 AND permission_id = $2",
            (role, permission),
        )
        .await?;
    Ok(removed == 1)
}

/// Counts the changes to what is defined once for the business.
pub async fn catalogue_version(tx: &mut Tx) -> sqlx::Result<i64> {
    let (version,): (i64,) = tx
        .one("SELECT catalogue_version FROM environment WHERE id = 1", ())
        .await?;
    Ok(version)
}
