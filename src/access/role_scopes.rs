//! Scopes of APIs that roles grant, in the organization where somebody has the role.

use rand::CryptoRng;
use serde_json::json;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::store::Tx;
use crate::store::role_scopes::{self, GrantableScope};
use crate::store::roles::Role;

/// Tokens of users are no good at the management API, so that its scopes would be a promise not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the management API is for machines alone: no role can grant its scopes")]
pub struct ForMachinesAlone;

/// Lets a role grant a scope; tokens for its API say so from the next one on. Returns false when the role
/// grants it already.
pub async fn add(
    tx: &mut Tx,
    actor: Actor<'_>,
    role: &Role,
    scope: &GrantableScope,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<bool, ForMachinesAlone>> {
    if scope.is_management {
        return Ok(Err(ForMachinesAlone));
    }
    let is_new = role_scopes::insert(tx, &role.id, &scope.id).await?;
    if is_new {
        let details = json!({ "before": {}, "after": { "scope": scope } });
        let id = role.id.as_str();
        audit::record(tx, actor, "role.updated", id, details, now, rng).await?;
    }
    Ok(Ok(is_new))
}

/// Takes a scope from a role; from the next token on it is gone. Returns false when the role did not grant it.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    role: &Role,
    scope: &GrantableScope,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let was_there = role_scopes::remove(tx, &role.id, &scope.id).await?;
    if was_there {
        let details = json!({ "before": { "scope": scope }, "after": {} });
        let id = role.id.as_str();
        audit::record(tx, actor, "role.updated", id, details, now, rng).await?;
    }
    Ok(was_there)
}
