//! Changes and removes clients. Every node sees it within a second.

use rand::CryptoRng;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::protocol::client::ApplicationKind;
use crate::store::clients::{self, Client};
use crate::store::{Tx, access_roles, grants};

/// Why a client can't become what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody signs in to a machine.
    #[error("nobody signs in to a machine, so that there is no access to control")]
    AccessControlNotSupported,
    /// With access controlled and no role, nobody could sign in.
    #[error("without an access role nobody could sign in: keep or add one first")]
    AccessRolesRequired,
    /// Public clients use PKCE (RFC 9700 §2.1.1).
    #[error("this application has no secret: PKCE is what protects its codes")]
    PkceRequired,
}

/// Writes `after` in place of `before`, which the transaction holds. What is disabled loses what it was granted.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &Client,
    mut after: Client,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refusal>> {
    if after == *before {
        return Ok(Ok(()));
    }
    if !after.kind.0.is_confidential() && !after.requires_pkce {
        return Ok(Err(Refusal::PkceRequired));
    }
    if after.is_access_controlled && !before.is_access_controlled {
        if after.kind.0 == ApplicationKind::Machine {
            return Ok(Err(Refusal::AccessControlNotSupported));
        }
        if access_roles::list_ids(tx, &after.id).await?.is_empty() {
            return Ok(Err(Refusal::AccessRolesRequired));
        }
    }
    after.updated_at = now;
    clients::upsert(tx, &after).await?;
    if after.disabled_at.is_some() && before.disabled_at.is_none() {
        grants::revoke_for_client(tx, &after.id, now).await?;
    }
    let details = audit::difference(Some(before), Some(&after));
    let id = after.id.as_str();
    audit::record(tx, actor, "application.updated", id, details, now, rng).await?;
    Ok(Ok(()))
}

/// Removes a client and everything that was granted to it.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    client: &Client,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    clients::remove(tx, &client.id).await?;
    let details = audit::difference(Some(client), None);
    let id = client.id.as_str();
    audit::record(tx, actor, "application.removed", id, details, now, rng).await
}
