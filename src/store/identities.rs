//! Identities: the ways in which a user signs in. Not the profile.

use sqlx::FromRow;

use super::Tx;
use super::types::Text;
use crate::clock::Timestamp;
use crate::id::{IdentityId, UserId};
use crate::words::words;

/// A way to sign in.
#[derive(Debug, Clone, FromRow)]
pub struct Identity {
    /// Its name.
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// Of which kind.
    pub kind: Text<IdentityKind>,
    /// The address or name, as it was given.
    pub value: String,
    /// Since when it is known to be theirs.
    pub verified_at: Option<Timestamp>,
    /// Whether it is the one of its kind that tokens show.
    pub is_primary: bool,
    /// How often it was used.
    pub sign_ins: i64,
    /// When it was last used.
    pub last_sign_in_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
}

words! {
    /// What kind of way to sign in.
    pub enum IdentityKind {
        /// A mail address.
        Email = "email",
        /// A name chosen here.
        Username = "username",
    }
}

impl IdentityKind {
    /// What two spellings of the same identity have in common.
    ///
    /// Mail addresses are compared without regard to case in both halves: the standard leaves the local
    /// part to the receiving host (RFC 5321 §2.4), but no host of today tells `Ada@` from `ada@`, and
    /// two accounts for one mailbox would be a way to take one over.
    pub fn key(self, value: &str) -> String {
        value.trim().to_lowercase()
    }
}

/// The identity of that kind and value, in any spelling.
pub async fn find_by_value(
    tx: &mut Tx,
    kind: IdentityKind,
    value: &str,
) -> sqlx::Result<Option<Identity>> {
    tx.optional(
        "SELECT id, user_id, kind, value, verified_at, is_primary, sign_ins, last_sign_in_at, created_at
         FROM identities WHERE kind = $1 AND value_key = $2",
        (Text(kind), kind.key(value)),
    )
    .await
}

/// All identities of a user, oldest first.
pub async fn list_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Identity>> {
    tx.all(
        "SELECT id, user_id, kind, value, verified_at, is_primary, sign_ins, last_sign_in_at, created_at
         FROM identities WHERE user_id = $1 ORDER BY created_at, id",
        (user,),
    )
    .await
}

/// Adds an identity. Returns false, and adds nothing, when somebody has it already.
pub async fn insert(tx: &mut Tx, identity: &Identity) -> sqlx::Result<bool> {
    let added = tx
        .execute(
            "INSERT INTO identities
                (id, user_id, kind, value, value_key, verified_at, is_primary, sign_ins, last_sign_in_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (kind, value_key) DO NOTHING",
            (
                &identity.id,
                &identity.user_id,
                &identity.kind,
                &identity.value,
                identity.kind.0.key(&identity.value),
                identity.verified_at,
                identity.is_primary,
                identity.sign_ins,
                identity.last_sign_in_at,
                identity.created_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// Notes that an identity was proven to be its user's, if it wasn't yet.
pub async fn mark_verified(tx: &mut Tx, id: &IdentityId, now: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE identities SET verified_at = $2 WHERE id = $1 AND verified_at IS NULL",
        (id, now),
    )
    .await?;
    Ok(())
}

/// Counts a sign-in by this identity.
pub async fn record_sign_in(tx: &mut Tx, id: &IdentityId, now: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE identities SET sign_ins = sign_ins + 1, last_sign_in_at = $2 WHERE id = $1",
        (id, now),
    )
    .await?;
    Ok(())
}
