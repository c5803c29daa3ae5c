//! The policies of the business: one row.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;

/// What holds for everybody, until an organization or a connection says otherwise.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each policy is a switch of its own"
)]
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Policies {
    /// Whether whoever belongs to no other organization belongs to the default one.
    pub default_organization_takes_users: bool,
    /// Whether users may create an organization while they sign up or in.
    pub organization_creation_allowed: bool,
    /// Whether strangers may create an account for themselves.
    pub self_sign_up_allowed: bool,
    /// Whether members of several organizations go to the one they were in last, without being asked.
    pub skips_picker_for_most_recent: bool,
    /// Whether a profile is brought up to date when its user signs in through an upstream provider.
    pub syncs_profiles: bool,
}

/// The policies in force.
pub async fn policies(tx: &mut Tx) -> sqlx::Result<Policies> {
    tx.one(
        "SELECT default_organization_takes_users, organization_creation_allowed, self_sign_up_allowed,
            skips_picker_for_most_recent, syncs_profiles
         FROM environment WHERE id = 1",
        (),
    )
    .await
}

/// The policies in force, which nobody else changes until this transaction ends.
pub async fn policies_to_change(tx: &mut Tx) -> sqlx::Result<Policies> {
    tx.one(
        "UPDATE environment SET self_sign_up_allowed = self_sign_up_allowed WHERE id = 1
         RETURNING default_organization_takes_users, organization_creation_allowed, self_sign_up_allowed,
            skips_picker_for_most_recent, syncs_profiles",
        (),
    )
    .await
}

/// Lets nobody else change anything of the environment until this transaction ends.
pub async fn hold(tx: &mut Tx) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE environment SET self_sign_up_allowed = self_sign_up_allowed WHERE id = 1",
        (),
    )
    .await?;
    Ok(())
}

/// The domains at which strangers must have an address to create an account, in the order of the alphabet; none
/// stand for all.
pub async fn list_sign_up_domains(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .all("SELECT domain FROM sign_up_domains ORDER BY domain", ())
        .await?;
    Ok(rows.into_iter().map(|(domain,)| domain).collect())
}

/// Lets strangers with an address at these domains create an account, and no others; none stand for all.
pub async fn replace_sign_up_domains(tx: &mut Tx, domains: &[String]) -> sqlx::Result<()> {
    tx.execute("DELETE FROM sign_up_domains", ()).await?;
    for domain in domains {
        tx.execute(
            "INSERT INTO sign_up_domains (domain) VALUES ($1)",
            (domain,),
        )
        .await?;
    }
    Ok(())
}

/// Puts `policies` in force.
pub async fn update(tx: &mut Tx, policies: &Policies) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE environment SET default_organization_takes_users = $1, organization_creation_allowed = $2,
            self_sign_up_allowed = $3, skips_picker_for_most_recent = $4, syncs_profiles = $5
         WHERE id = 1",
        (
            policies.default_organization_takes_users,
            policies.organization_creation_allowed,
            policies.self_sign_up_allowed,
            policies.skips_picker_for_most_recent,
            policies.syncs_profiles,
        ),
    )
    .await?;
    Ok(())
}
