//! Organizations: created, suspended, removed; the default one, which there always is.

use rand::CryptoRng;
use serde_json::json;

use crate::access::members;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{OrganizationId, UserId};
use crate::store::organizations::Organization;
use crate::store::{Tx, environment, grants, memberships, organizations};

/// What the default organization is called until somebody renames it.
const DEFAULT_NAME: &str = "Default organization";

/// The longest name of an organization.
pub const LONGEST_NAME: usize = 64;

/// Makes the default organization when there is none, and takes everybody in who belongs nowhere.
pub async fn ensure_default(
    tx: &mut Tx,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if organizations::find_default(tx).await?.is_none() {
        let organization = Organization {
            is_default: true,
            ..new(DEFAULT_NAME, now, rng)
        };
        organizations::upsert(tx, &organization).await?;
        memberships::insert_homeless(tx, &organization.id, now).await?;
        record(
            tx,
            Actor::System,
            "organization.created",
            &organization,
            now,
            rng,
        )
        .await?;
    }
    Ok(())
}

/// A new organization of that name, not stored yet.
pub fn new(name: &str, now: Timestamp, rng: &mut impl CryptoRng) -> Organization {
    Organization {
        id: OrganizationId::generate(rng),
        name: name.to_owned(),
        handle: None,
        external_id: None,
        is_default: false,
        is_auto_membership: false,
        suspended_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// Creates an organization.
pub async fn create(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    organizations::upsert(tx, organization).await?;
    record(tx, actor, "organization.created", organization, now, rng).await
}

/// What can't be done to the default organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the default organization can be neither suspended nor removed: make another one the default first"
)]
pub struct IsDefault;

/// Suspends an organization: nobody signs in to it, and what clients were granted there ends.
pub async fn suspend(
    tx: &mut Tx,
    actor: Actor<'_>,
    mut organization: Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), IsDefault>> {
    if organization.is_default {
        return Ok(Err(IsDefault));
    }
    organization.suspended_at = Some(now);
    organization.updated_at = now;
    organizations::upsert(tx, &organization).await?;
    grants::revoke_for_organization(tx, &organization.id, now).await?;
    record(tx, actor, "organization.suspended", &organization, now, rng).await?;
    Ok(Ok(()))
}

/// Removes an organization with everything that its members had there.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), IsDefault>> {
    if organization.is_default {
        return Ok(Err(IsDefault));
    }
    grants::revoke_for_organization(tx, &organization.id, now).await?;
    organizations::remove(tx, &organization.id).await?;
    record(tx, actor, "organization.removed", organization, now, rng).await?;
    Ok(Ok(()))
}

/// Takes a new user in: into the organization named, else into the default one, where policy says so.
pub async fn place(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    organization: Option<&OrganizationId>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if let Some(organization) = organization {
        members::join(tx, actor, organization, user, now, rng).await?;
    } else if environment::policies(tx)
        .await?
        .default_organization_takes_users
        && let Some(default) = organizations::find_default(tx).await?
    {
        members::join(tx, actor, &default.id, user, now, rng).await?;
    }
    Ok(())
}

async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    action: &str,
    organization: &Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let details = json!({ "name": organization.name });
    audit::record(
        tx,
        actor,
        action,
        organization.id.as_str(),
        details,
        now,
        rng,
    )
    .await
}
