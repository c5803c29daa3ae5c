//! Memberships: who belongs to which organization.

use sqlx::FromRow;

use super::Tx;
use super::organizations::Shown;
use super::types::keys;
use crate::clock::Timestamp;
use crate::id::{OrganizationId, PermissionId, RoleId, UserId};

/// A user in an organization.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Membership {
    /// The organization.
    pub organization_id: OrganizationId,
    /// The user.
    pub user_id: UserId,
    /// Since when.
    pub joined_at: Timestamp,
    /// When they last signed in to it.
    pub last_sign_in_at: Option<Timestamp>,
}

/// The membership of a user in an organization.
pub async fn find(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
) -> sqlx::Result<Option<Membership>> {
    tx.optional(
        "SELECT organization_id, user_id, joined_at, last_sign_in_at FROM memberships
         WHERE organization_id = $1 AND user_id = $2",
        (organization, user),
    )
    .await
}

/// A membership as tokens show it.
#[derive(Debug, Clone, FromRow)]
pub struct Held {
    /// The organization.
    #[sqlx(flatten)]
    pub organization: Shown,
    roles: String,
    permissions: String,
    organizations: String,
}

impl Held {
    /// The roles that count, in any order; one that comes from several places is there several times.
    pub fn roles(&self) -> Vec<RoleId> {
        RoleId::list(&self.roles)
    }

    /// The direct permissions that count, in any order.
    pub fn permissions(&self) -> Vec<PermissionId> {
        PermissionId::list(&self.permissions)
    }

    /// All organizations that the user belongs to, suspended ones included, by code.
    pub fn organizations(&self) -> Vec<OrganizationId> {
        OrganizationId::list(&self.organizations)
    }
}

/// The membership of a user in an organization, with what they hold there at `now`.
///
/// Every token needs this, and some users belong to many organizations: it is one statement, whose answer is one row
/// with few columns. Reading a row or a value costs more than all that the engine does to find it.
pub async fn find_held(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<Option<Held>> {
    tx.optional(
        "SELECT organizations.id, organizations.name, organizations.external_id, organizations.suspended_at,
            (organizations.decides_persistence AND NOT organizations.persists_sessions) AS sessions_end_with_browser,
            COALESCE((SELECT string_agg(role_id, ' ') FROM (
                SELECT role_id FROM held_roles
                WHERE organization_id = $1 AND user_id = $2 AND (expires_at IS NULL OR expires_at > $3)) AS held), '')
                AS roles,
            COALESCE((SELECT string_agg(permission_id, ' ') FROM permission_assignments
                WHERE organization_id = $1 AND user_id = $2 AND (expires_at IS NULL OR expires_at > $3)), '')
                AS permissions,
            (SELECT string_agg(organization_id, ' ' ORDER BY organization_id) FROM memberships WHERE user_id = $2)
                AS organizations
         FROM organizations JOIN memberships ON memberships.organization_id = organizations.id
         WHERE memberships.organization_id = $1 AND memberships.user_id = $2",
        (organization, user, now),
    )
    .await
}

/// The membership of a user in an organization, which nobody else removes until this transaction ends.
pub async fn find_to_change(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
) -> sqlx::Result<Option<Membership>> {
    tx.optional(
        "UPDATE memberships SET joined_at = joined_at WHERE organization_id = $1 AND user_id = $2
         RETURNING organization_id, user_id, joined_at, last_sign_in_at",
        (organization, user),
    )
    .await
}

/// The memberships of a user.
pub async fn list_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Membership>> {
    tx.all(
        "SELECT organization_id, user_id, joined_at, last_sign_in_at FROM memberships
         WHERE user_id = $1 ORDER BY organization_id",
        (user,),
    )
    .await
}

/// The memberships of these users, by organization.
pub async fn list_for_users(tx: &mut Tx, users: &[UserId]) -> sqlx::Result<Vec<Membership>> {
    tx.all(
        "SELECT organization_id, user_id, joined_at, last_sign_in_at FROM memberships
         WHERE user_id IN (SELECT key FROM json_each(json($1))) ORDER BY organization_id",
        (keys(users.iter().map(UserId::as_str)),),
    )
    .await
}

/// Those of these users who belong to an organization.
pub async fn list_members_among(tx: &mut Tx, users: &[UserId]) -> sqlx::Result<Vec<UserId>> {
    let rows: Vec<(UserId,)> = tx
        .all(
            "SELECT id FROM users WHERE id IN (SELECT key FROM json_each(json($1)))
                AND EXISTS (SELECT 1 FROM memberships WHERE memberships.user_id = users.id)",
            (keys(users.iter().map(UserId::as_str)),),
        )
        .await?;
    Ok(rows.into_iter().map(|(user,)| user).collect())
}

/// Adds a user to an organization. Returns false when they belong to it already.
pub async fn insert(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO memberships (organization_id, user_id, joined_at) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id, user_id) DO NOTHING",
            (organization, user, now),
        )
        .await?;
    Ok(added == 1)
}

/// Removes a user from an organization, and with it what they had there. Returns false when they did not
/// belong to it.
pub async fn remove(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2",
            (organization, user),
        )
        .await?;
    Ok(removed == 1)
}

/// Notes that a user has signed in to an organization.
pub async fn record_sign_in(
    tx: &mut Tx,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE memberships SET last_sign_in_at = $3 WHERE organization_id = $1 AND user_id = $2",
        (organization, user, now),
    )
    .await?;
    Ok(())
}

/// Adds every user who belongs nowhere to an organization. Returns how many those were.
pub async fn insert_homeless(
    tx: &mut Tx,
    organization: &OrganizationId,
    now: Timestamp,
) -> sqlx::Result<u64> {
    tx.execute(
        "INSERT INTO memberships (organization_id, user_id, joined_at)
         SELECT $1, users.id, $2 FROM users
         WHERE NOT EXISTS (SELECT 1 FROM memberships WHERE memberships.user_id = users.id)",
        (organization, now),
    )
    .await
}

/// Adds those who belong to one organization alone to another one too, with the default roles there. Returns how
/// many they are.
pub async fn insert_stranded(
    tx: &mut Tx,
    from: &OrganizationId,
    to: &OrganizationId,
    now: Timestamp,
) -> sqlx::Result<u64> {
    let added = tx
        .execute(
            "INSERT INTO memberships (organization_id, user_id, joined_at)
             SELECT $2, leaving.user_id, $3 FROM memberships AS leaving
             WHERE leaving.organization_id = $1 AND NOT EXISTS (
                SELECT 1 FROM memberships AS other
                WHERE other.user_id = leaving.user_id AND other.organization_id <> $1)
             ON CONFLICT (organization_id, user_id) DO NOTHING",
            (from, to, now),
        )
        .await?;
    if added > 0 {
        tx.execute(
            "INSERT INTO role_assignments (organization_id, user_id, role_id, source, created_at)
             SELECT $2, arrived.user_id, roles.id, 'default', $3
             FROM memberships AS leaving
             JOIN memberships AS arrived ON arrived.user_id = leaving.user_id
                AND arrived.organization_id = $2 AND arrived.joined_at = $3
             CROSS JOIN roles
             WHERE leaving.organization_id = $1
                AND (roles.is_default OR EXISTS (
                    SELECT 1 FROM organization_default_roles AS given
                    WHERE given.organization_id = $2 AND given.role_id = roles.id))
                AND NOT EXISTS (
                    SELECT 1 FROM memberships AS other
                    WHERE other.user_id = leaving.user_id AND other.organization_id NOT IN ($1, $2))
             ON CONFLICT (organization_id, user_id, role_id) DO NOTHING",
            (from, to, now),
        )
        .await?;
    }
    Ok(added)
}
