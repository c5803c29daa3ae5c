//! Permissions: defined, renamed, removed; once for the business.

use std::fmt;

use rand::CryptoRng;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::PermissionId;
use crate::store::Tx;
use crate::store::permissions::{self, Permission};

/// What a permission is, but for its id and times. The texts are checked by [`crate::naming`].
#[derive(Debug, Clone)]
pub struct Definition {
    /// What tokens say.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
    /// Whether every new role has it.
    pub is_in_new_roles: bool,
}

/// Another permission or role has the key; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key {0} is taken")]
pub struct KeyTaken(pub String);

/// Who holds a permission or a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holders {
    /// How many roles contain it.
    pub roles: i64,
    /// How many users have it, apart from those who have it by a role.
    pub users: i64,
}

impl fmt::Display for Holders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count| if count == 1 { "" } else { "s" };
        let Self { roles, users } = *self;
        write!(
            formatter,
            "{roles} role{} and {users} user{}",
            plural(roles),
            plural(users)
        )
    }
}

/// Who holds a permission.
pub async fn holders(tx: &mut Tx, id: &PermissionId) -> sqlx::Result<Holders> {
    let (roles, users) = permissions::count_holders(tx, id).await?;
    Ok(Holders { roles, users })
}

/// Defines a permission.
pub async fn define(
    tx: &mut Tx,
    actor: Actor<'_>,
    new: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Permission, KeyTaken>> {
    if permissions::find_by_key(tx, &new.key).await?.is_some() {
        return Ok(Err(KeyTaken(new.key)));
    }
    let permission = Permission {
        id: PermissionId::generate(rng),
        key: new.key,
        name: new.name,
        description: new.description,
        is_in_new_roles: new.is_in_new_roles,
        created_at: now,
        updated_at: now,
    };
    permissions::upsert(tx, &permission).await?;
    let details = audit::difference(None, Some(&permission));
    let id = permission.id.as_str();
    audit::record(tx, actor, "permission.created", id, details, now, rng).await?;
    Ok(Ok(permission))
}

/// Changes what a permission is; tokens say so from the next one on. Tells who holds it.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &Permission,
    definition: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Holders, KeyTaken>> {
    let other = permissions::find_by_key(tx, &definition.key).await?;
    if other.is_some_and(|other| other.id != before.id) {
        return Ok(Err(KeyTaken(definition.key)));
    }
    let after = Permission {
        id: before.id.clone(),
        key: definition.key,
        name: definition.name,
        description: definition.description,
        is_in_new_roles: definition.is_in_new_roles,
        created_at: before.created_at,
        updated_at: now,
    };
    permissions::upsert(tx, &after).await?;
    let details = audit::difference(Some(before), Some(&after));
    let id = before.id.as_str();
    audit::record(tx, actor, "permission.updated", id, details, now, rng).await?;
    Ok(Ok(holders(tx, &before.id).await?))
}

/// Removes a permission from every role and every user. Tells who held it.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    permission: &Permission,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Holders> {
    let held = holders(tx, &permission.id).await?;
    permissions::remove(tx, &permission.id).await?;
    let details = audit::difference(Some(permission), None);
    let id = permission.id.as_str();
    audit::record(tx, actor, "permission.removed", id, details, now, rng).await?;
    Ok(held)
}
