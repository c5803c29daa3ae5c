//! The policies of the business: one row.

use sqlx::FromRow;

use super::Tx;

/// What holds for everybody, until an organization or a connection says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Policies {
    /// Whether strangers may create an account for themselves.
    pub self_sign_up_allowed: bool,
}

/// The policies in force.
pub async fn policies(tx: &mut Tx) -> sqlx::Result<Policies> {
    tx.one(
        "SELECT self_sign_up_allowed FROM environment WHERE id = 1",
        (),
    )
    .await
}

/// Puts `policies` in force.
pub async fn update(tx: &mut Tx, policies: &Policies) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE environment SET self_sign_up_allowed = $1 WHERE id = 1",
        (policies.self_sign_up_allowed,),
    )
    .await?;
    Ok(())
}
