//! Users' passwords, as hashes.

use sqlx::FromRow;

use super::Tx;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::passwords::PasswordHash;

/// A user's password.
#[derive(Debug, Clone, FromRow)]
pub struct Password {
    /// Its hash.
    pub password_hash: PasswordHash,
    /// Whether it has to be changed at the next sign-in.
    pub is_temporary: bool,
    /// When it was set.
    pub changed_at: Timestamp,
}

/// The password of a user, if they have one.
pub async fn find(tx: &mut Tx, user: &UserId) -> sqlx::Result<Option<Password>> {
    tx.optional(
        "SELECT password_hash, is_temporary, changed_at FROM passwords WHERE user_id = $1",
        (user,),
    )
    .await
}

/// Gives a user this password in place of any other.
pub async fn replace(tx: &mut Tx, user: &UserId, password: &Password) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO passwords (user_id, password_hash, is_temporary, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE
         SET password_hash = excluded.password_hash, is_temporary = excluded.is_temporary, changed_at = excluded.changed_at",
        (user, &password.password_hash, password.is_temporary, password.changed_at),
    )
    .await?;
    Ok(())
}

/// Says whether a password has to be changed at the next sign-in. Returns false when the user has none.
pub async fn set_temporary(tx: &mut Tx, user: &UserId, is_temporary: bool) -> sqlx::Result<bool> {
    let found = tx
        .execute(
            "UPDATE passwords SET is_temporary = $2 WHERE user_id = $1",
            (user, is_temporary),
        )
        .await?;
    Ok(found == 1)
}

/// Writes a hash in place of another of the same password. Returns false when the password has changed
/// meanwhile: then whoever proved the former one has proven nothing.
///
/// To confirm that nothing has changed, `new` is `old`. The row stays locked until the transaction ends.
pub async fn rehash(
    tx: &mut Tx,
    user: &UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> sqlx::Result<bool> {
    let found = tx
        .execute(
            "UPDATE passwords SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2",
            (user, old, new),
        )
        .await?;
    Ok(found == 1)
}
