//! What a sign-in does about organizations: joins one, creates one, records the one chosen.

use rand::CryptoRng;

use super::facts::SignedIn;
use crate::access::members;
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::organizations;
use crate::id::OrganizationId;
use crate::store::interactions::{self, Interaction};
use crate::store::{Db, Tx};

/// Lets the signed-in user join an organization that admits them.
pub async fn join(
    db: &Db,
    organization: &OrganizationId,
    signed_in: &SignedIn,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> sqlx::Result<()> {
    let user = &signed_in.user.id;
    let mut tx = db.write().await?;
    members::join(&mut tx, Actor::User(user), organization, user, now, rng).await?;
    tx.commit().await
}

/// Creates an organization with the signed-in user as its first member, and records it as the one chosen.
///
/// Of two tabs that do this at once, one creates it: the other finds the interaction changed, and nothing
/// of what it did remains.
pub async fn create(
    db: &Db,
    interaction: &mut Interaction,
    name: &str,
    signed_in: &SignedIn,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> sqlx::Result<()> {
    let user = &signed_in.user.id;
    let organization = organizations::new(name, now, rng);
    let mut tx = db.write().await?;
    organizations::create(&mut tx, Actor::User(user), &organization, now, rng).await?;
    members::join(&mut tx, Actor::User(user), &organization.id, user, now, rng).await?;
    if choose(&mut tx, interaction, organization.id).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// Records the organization chosen. Returns false when the interaction has changed meanwhile.
pub async fn choose(
    tx: &mut Tx,
    interaction: &mut Interaction,
    organization: OrganizationId,
) -> sqlx::Result<bool> {
    interaction.progress.0.organization = Some(organization);
    interactions::update(tx, interaction).await
}
