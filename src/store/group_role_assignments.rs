//! Roles that groups of an upstream give, apart from those that somebody gave by hand.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::{ConnectionId, OrganizationId, RoleId, UserId};

/// A role that a user has through a group of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow, Serialize, Deserialize)]
pub struct GroupRoleAssignment {
    /// In which organization.
    pub organization_id: OrganizationId,
    /// The role.
    pub role_id: RoleId,
    /// The group.
    pub group_name: String,
}

/// What groups of a connection give a user, everywhere.
pub async fn list_for_user(
    tx: &mut Tx,
    connection: &ConnectionId,
    user: &UserId,
) -> sqlx::Result<Vec<GroupRoleAssignment>> {
    tx.all(
        "SELECT organization_id, role_id, group_name FROM group_role_assignments
         WHERE connection_id = $1 AND user_id = $2 ORDER BY organization_id, role_id, group_name",
        (connection, user),
    )
    .await
}

/// How many roles groups of a connection give, to all.
pub async fn count(tx: &mut Tx, connection: &ConnectionId) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM group_role_assignments WHERE connection_id = $1",
            (connection,),
        )
        .await?;
    Ok(count)
}

/// How many people each group of a connection gives each role.
pub async fn count_each(
    tx: &mut Tx,
    connection: &ConnectionId,
) -> sqlx::Result<Vec<(GroupRoleAssignment, i64)>> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        given: GroupRoleAssignment,
        people: i64,
    }
    let rows: Vec<Row> = tx
        .all(
            "SELECT organization_id, role_id, group_name, COUNT(*) AS people FROM group_role_assignments
             WHERE connection_id = $1 GROUP BY organization_id, role_id, group_name
             ORDER BY organization_id, role_id, group_name",
            (connection,),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.given, row.people))
        .collect())
}

/// Gives a member a role through a group. Returns false when they have it so already.
pub async fn insert(
    tx: &mut Tx,
    connection: &ConnectionId,
    user: &UserId,
    given: &GroupRoleAssignment,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO group_role_assignments
                (organization_id, user_id, role_id, connection_id, group_name, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            (
                &given.organization_id,
                user,
                &given.role_id,
                connection,
                &given.group_name,
                now,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// Takes from a user all that groups of a connection gave. Returns how many roles that were.
pub async fn remove_for_user(
    tx: &mut Tx,
    connection: &ConnectionId,
    user: &UserId,
) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM group_role_assignments WHERE connection_id = $1 AND user_id = $2",
        (connection, user),
    )
    .await
}

/// Takes a role that a group gave. Returns false when it gave none.
pub async fn remove(
    tx: &mut Tx,
    connection: &ConnectionId,
    user: &UserId,
    given: &GroupRoleAssignment,
) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM group_role_assignments
             WHERE organization_id = $1 AND user_id = $2 AND role_id = $3 AND connection_id = $4 AND group_name = $5",
            (
                &given.organization_id,
                user,
                &given.role_id,
                connection,
                &given.group_name,
            ),
        )
        .await?;
    Ok(removed == 1)
}
