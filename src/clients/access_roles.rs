//! Which roles let somebody sign in to a client whose access is controlled.

use rand::CryptoRng;
use serde_json::json;

use super::Refusal;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::protocol::client::ApplicationKind;
use crate::store::clients::Client;
use crate::store::roles::Role;
use crate::store::{Tx, access_roles};

/// Lets those who hold a role sign in. The role may be one of them already.
pub async fn add_access_role(
    tx: &mut Tx,
    actor: Actor<'_>,
    client: &Client,
    role: &Role,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refusal>> {
    if client.kind.0 == ApplicationKind::Machine {
        return Ok(Err(Refusal::AccessControlNotSupported));
    }
    if access_roles::insert(tx, &client.id, &role.id).await? {
        let details = json!({ "role": role.id, "key": role.key });
        let id = client.id.as_str();
        audit::record(
            tx,
            actor,
            "application.access_role_added",
            id,
            details,
            now,
            rng,
        )
        .await?;
    }
    Ok(Ok(()))
}

/// Lets the holders of a role sign in no more, by that role. Returns false when it let nobody in.
pub async fn remove_access_role(
    tx: &mut Tx,
    actor: Actor<'_>,
    client: &Client,
    role: &Role,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<bool, Refusal>> {
    let roles = access_roles::list_ids(tx, &client.id).await?;
    if !roles.contains(&role.id) {
        return Ok(Ok(false));
    }
    if client.is_access_controlled && roles.len() == 1 {
        return Ok(Err(Refusal::AccessRolesRequired));
    }
    access_roles::remove(tx, &client.id, &role.id).await?;
    let details = json!({ "role": role.id, "key": role.key });
    let id = client.id.as_str();
    audit::record(
        tx,
        actor,
        "application.access_role_removed",
        id,
        details,
        now,
        rng,
    )
    .await?;
    Ok(Ok(true))
}
