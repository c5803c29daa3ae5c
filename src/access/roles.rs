//! Roles: defined, changed, given permissions, removed; once for the business.

use rand::CryptoRng;
use serde_json::json;

use super::permissions::KeyTaken;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{PermissionId, RoleId};
use crate::store::roles::Role;
use crate::store::{Tx, permissions, roles};

/// What a role is, but for its id, times and permissions. The texts are checked by [`crate::naming`].
#[derive(Debug, Clone)]
pub struct Definition {
    /// What tokens say.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// Whether every new member of any organization gets it.
    pub is_default: bool,
    /// What a person needs to hand the role out. It binds no machine: what a machine may, its scopes say.
    pub assignment_permission_id: Option<PermissionId>,
}

/// Why a role can't be so; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Another role has the key.
    #[error(transparent)]
    KeyTaken(#[from] KeyTaken),
    /// There is no permission of an id that was named.
    #[error("there is no permission {0}")]
    UnknownPermission(PermissionId),
}

/// Defines a role. It has the permissions that every new role has.
pub async fn define(
    tx: &mut Tx,
    actor: Actor<'_>,
    new: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Role, RoleError>> {
    if let Err(refusal) = check(tx, &new, None).await? {
        return Ok(Err(refusal));
    }
    let role = record(RoleId::generate(rng), new, now, now);
    let given = permissions::list(tx).await?.into_iter();
    let given = given.filter(|permission| permission.is_in_new_roles);
    let given: Vec<PermissionId> = given.map(|permission| permission.id).collect();
    roles::insert(tx, &role, &given).await?;
    let details = audit::difference(None, Some(&role));
    audit::record(
        tx,
        actor,
        "role.created",
        role.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(role))
}

/// Changes what a role is; tokens say so from the next one on.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &Role,
    definition: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), RoleError>> {
    if let Err(refusal) = check(tx, &definition, Some(&before.id)).await? {
        return Ok(Err(refusal));
    }
    let after = record(before.id.clone(), definition, before.created_at, now);
    roles::upsert(tx, &after).await?;
    let details = audit::difference(Some(before), Some(&after));
    audit::record(
        tx,
        actor,
        "role.updated",
        before.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(()))
}

/// Removes a role, and from everybody what it granted. Tells how many users had it.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    role: &Role,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<i64> {
    let holders = roles::count_holders(tx, &role.id).await?;
    roles::remove(tx, &role.id).await?;
    let details = audit::difference(Some(role), None);
    audit::record(
        tx,
        actor,
        "role.removed",
        role.id.as_str(),
        details,
        now,
        rng,
    )
    .await?;
    Ok(holders)
}

/// What a change of a role's permissions has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionsChanged {
    /// Those that the role did not have before.
    pub added: Vec<PermissionId>,
    /// Those that it had.
    pub removed: Vec<PermissionId>,
}

/// Gives a role permissions and takes others from it; who has the role has them from the next token on.
///
/// With an unknown permission among them nothing is changed, once the transaction is rolled back.
pub async fn change_permissions(
    tx: &mut Tx,
    actor: Actor<'_>,
    role: &Role,
    (add, remove): (&[PermissionId], &[PermissionId]),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<PermissionsChanged, RoleError>> {
    for id in add {
        if permissions::find(tx, id).await?.is_none() {
            return Ok(Err(RoleError::UnknownPermission(id.clone())));
        }
    }
    let (added, removed) = roles::change_permissions(tx, &role.id, add, remove).await?;
    let changed = PermissionsChanged {
        added: added.into_iter().cloned().collect(),
        removed: removed.into_iter().cloned().collect(),
    };
    if changed != PermissionsChanged::default() {
        let details = json!({ "added": changed.added, "removed": changed.removed });
        let (action, id) = ("role.permissions_changed", role.id.as_str());
        audit::record(tx, actor, action, id, details, now, rng).await?;
    }
    Ok(Ok(changed))
}

async fn check(
    tx: &mut Tx,
    definition: &Definition,
    own: Option<&RoleId>,
) -> sqlx::Result<Result<(), RoleError>> {
    let other = roles::find_by_key(tx, &definition.key).await?;
    if other.is_some_and(|other| Some(&other.id) != own) {
        return Ok(Err(KeyTaken(definition.key.clone()).into()));
    }
    // Locked, so that it is still there when the role is written.
    if let Some(id) = &definition.assignment_permission_id
        && permissions::find_to_change(tx, id).await?.is_none()
    {
        return Ok(Err(RoleError::UnknownPermission(id.clone())));
    }
    Ok(Ok(()))
}

fn record(id: RoleId, definition: Definition, created_at: Timestamp, now: Timestamp) -> Role {
    Role {
        id,
        key: definition.key,
        name: definition.name,
        description: definition.description,
        is_default: definition.is_default,
        assignment_permission_id: definition.assignment_permission_id,
        created_at,
        updated_at: now,
    }
}
