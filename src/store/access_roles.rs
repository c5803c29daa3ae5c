//! Access roles: of a client whose access is controlled, the roles of which somebody needs one to sign in to it.

use super::Tx;
use super::roles::Role;
use crate::id::{ClientId, RoleId};

/// The access roles of a client, by id.
pub async fn list(tx: &mut Tx, client: &ClientId) -> sqlx::Result<Vec<Role>> {
    tx.all(
        "SELECT roles.* FROM client_access_roles JOIN roles ON roles.id = client_access_roles.role_id
         WHERE client_access_roles.client_id = $1 ORDER BY roles.id",
        (client,),
    )
    .await
}

/// The ids of the access roles of a client.
pub async fn list_ids(tx: &mut Tx, client: &ClientId) -> sqlx::Result<Vec<RoleId>> {
    let rows: Vec<(RoleId,)> = tx
        .all(
            "SELECT role_id FROM client_access_roles WHERE client_id = $1 ORDER BY role_id",
            (client,),
        )
        .await?;
    Ok(rows.into_iter().map(|(role,)| role).collect())
}

/// Adds a role. Returns false when it was one already.
pub async fn insert(tx: &mut Tx, client: &ClientId, role: &RoleId) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO client_access_roles (client_id, role_id) VALUES ($1, $2)
             ON CONFLICT (client_id, role_id) DO NOTHING",
            (client, role),
        )
        .await?;
    Ok(added == 1)
}

/// Takes a role away. Returns false when it was none.
pub async fn remove(tx: &mut Tx, client: &ClientId, role: &RoleId) -> sqlx::Result<bool> {
    let removed = tx
        .execute(
            "DELETE FROM client_access_roles WHERE client_id = $1 AND role_id = $2",
            (client, role),
        )
        .await?;
    Ok(removed == 1)
}
