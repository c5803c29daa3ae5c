//! Assignments: the roles and permissions that somebody has in one organization, and where each comes from.

use std::collections::HashMap;

use sqlx::FromRow;

use super::Tx;
use super::types::{Text, keys};
use crate::clock::Timestamp;
use crate::id::{OrganizationId, PermissionId, RoleId, UserId};
use crate::words::words;

words! {
    /// Where an assignment comes from.
    pub enum Source {
        /// A machine, through the management API.
        Api = "api",
        /// The default roles of the business or the organization.
        Default = "default",
        /// A group of an upstream.
        Group = "group",
        /// An import.
        Import = "import",
        /// An invitation that was accepted.
        Invitation = "invitation",
        /// A document that was applied.
        Operator = "operator",
        /// A person.
        Person = "person",
    }
}

/// A role that a user has in an organization.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RoleAssignment {
    /// The role.
    pub role_id: RoleId,
    /// Where it comes from.
    pub source: Text<Source>,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

/// A permission that a user has in an organization, apart from their roles.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PermissionAssignment {
    /// The permission.
    pub permission_id: PermissionId,
    /// Where it comes from.
    pub source: Text<Source>,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

/// The roles of a user in an organization, wherever they come from, expired ones included. One that comes from several
/// places is there several times.
pub async fn list_roles(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
) -> sqlx::Result<Vec<RoleAssignment>> {
    tx.all(
        "SELECT role_id, source, expires_at, created_at FROM held_roles
         WHERE organization_id = $1 AND user_id = $2 ORDER BY role_id",
        (organization, user),
    )
    .await
}

/// Of the roles of a user in an organization, those that somebody gave: not those that come of a group.
pub async fn list_given_roles(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
) -> sqlx::Result<Vec<RoleAssignment>> {
    tx.all(
        "SELECT role_id, source, expires_at, created_at FROM role_assignments
         WHERE organization_id = $1 AND user_id = $2 ORDER BY role_id",
        (organization, user),
    )
    .await
}

/// The roles of several users in an organization, expired ones included.
pub async fn list_roles_for_users(
    tx: &mut Tx,
    organization: &OrganizationId,
    users: &[UserId],
) -> sqlx::Result<HashMap<UserId, Vec<RoleAssignment>>> {
    #[derive(FromRow)]
    struct Row {
        user_id: UserId,
        #[sqlx(flatten)]
        assignment: RoleAssignment,
    }
    let rows: Vec<Row> = tx
        .all(
            "SELECT user_id, role_id, source, expires_at, created_at FROM held_roles
             WHERE organization_id = $1 AND user_id IN (SELECT key FROM json_each(json($2))) ORDER BY role_id",
            (organization, keys(users.iter().map(UserId::as_str))),
        )
        .await?;
    let mut held: HashMap<UserId, Vec<RoleAssignment>> = HashMap::new();
    for row in rows {
        held.entry(row.user_id).or_default().push(row.assignment);
    }
    Ok(held)
}

/// The direct permissions of a user in an organization, expired ones included.
pub async fn list_permissions(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
) -> sqlx::Result<Vec<PermissionAssignment>> {
    tx.all(
        "SELECT permission_id, source, expires_at, created_at FROM permission_assignments
         WHERE organization_id = $1 AND user_id = $2 ORDER BY permission_id",
        (organization, user),
    )
    .await
}

/// Gives a member a role, in place of one that has expired. Returns false when they have it already.
pub async fn insert_role(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    assignment: &RoleAssignment,
) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO role_assignments (organization_id, user_id, role_id, source, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (organization_id, user_id, role_id) DO UPDATE SET
                source = excluded.source, expires_at = excluded.expires_at, created_at = excluded.created_at
             WHERE role_assignments.expires_at <= excluded.created_at",
            (
                organization,
                user,
                &assignment.role_id,
                &assignment.source,
                assignment.expires_at,
                assignment.created_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// Gives a member a role on these terms, whether they have it already or not. Returns false when they have it
/// for just as long.
pub async fn put_role(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    assignment: &RoleAssignment,
) -> sqlx::Result<bool> {
    let changed = tx
        .execute(
            "INSERT INTO role_assignments (organization_id, user_id, role_id, source, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (organization_id, user_id, role_id) DO UPDATE SET
                source = excluded.source, expires_at = excluded.expires_at, created_at = excluded.created_at
             WHERE role_assignments.expires_at IS DISTINCT FROM excluded.expires_at",
            (
                organization,
                user,
                &assignment.role_id,
                &assignment.source,
                assignment.expires_at,
                assignment.created_at,
            ),
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a member a permission on these terms, whether they have it already or not. Returns false when they
/// have it for just as long.
pub async fn put_permission(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    assignment: &PermissionAssignment,
) -> sqlx::Result<bool> {
    let changed = tx
        .execute(
            "INSERT INTO permission_assignments (organization_id, user_id, permission_id, source, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (organization_id, user_id, permission_id) DO UPDATE SET
                source = excluded.source, expires_at = excluded.expires_at, created_at = excluded.created_at
             WHERE permission_assignments.expires_at IS DISTINCT FROM excluded.expires_at",
            (
                organization,
                user,
                &assignment.permission_id,
                &assignment.source,
                assignment.expires_at,
                assignment.created_at,
            ),
        )
        .await?;
    Ok(changed == 1)
}

/// Takes a role from a member. Returns false when they did not have it.
pub async fn remove_role(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    role: &RoleId,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM role_assignments WHERE organization_id = $1 AND user_id = $2 AND role_id = $3",
            (organization, user, role),
        )
        .await?;
    Ok(removed == 1)
}

/// Takes a direct permission from a member. Returns false when they did not have it.
pub async fn remove_permission(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    permission: &PermissionId,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM permission_assignments WHERE organization_id = $1 AND user_id = $2 AND permission_id = $3",
            (organization, user, permission),
        )
        .await?;
    Ok(removed == 1)
}

/// The users who have a role at `now`, each with an organization where they have it: those of one
/// organization, or of all; by user, then organization, from the one after `after` on.
pub async fn list_holders(
    tx: &mut Tx,
    role: &RoleId,
    organization: Option<&OrganizationId>,
    after: (&str, &str),
    limit: i64,
    now: Timestamp,
) -> sqlx::Result<Vec<(UserId, OrganizationId)>> {
    tx.all(
        "SELECT DISTINCT user_id, organization_id FROM held_roles
         WHERE role_id = $1 AND (CAST($2 AS TEXT) IS NULL OR organization_id = $2)
            AND (expires_at IS NULL OR expires_at > $3)
            AND (user_id > $4 OR (user_id = $4 AND organization_id > $5))
         ORDER BY user_id, organization_id LIMIT $6",
        (role, organization, now, after.0, after.1, limit),
    )
    .await
}

/// How many members of an organization have a role at `now`.
pub async fn count_holders(
    tx: &mut Tx,
    role: &RoleId,
    organization: &OrganizationId,
    now: Timestamp,
) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(DISTINCT user_id) FROM held_roles
             WHERE role_id = $1 AND organization_id = $2 AND (expires_at IS NULL OR expires_at > $3)",
            (role, organization, now),
        )
        .await?;
    Ok(count)
}
