//! Identities: the ways in which a user signs in. Not the profile.

use sqlx::FromRow;

use super::Tx;
use super::attribute_sources::Source;
use super::types::{Text, keys};
use super::user_words;
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
    /// Since when it is set aside for an identity of the user's business: nobody signs in by it.
    pub set_aside_at: Option<Timestamp>,
}

words! {
    /// What kind of way to sign in.
    pub enum IdentityKind {
        /// A mail address.
        Email = "email",
        /// A phone number (E.164).
        Phone = "phone",
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
    ///
    /// Phone numbers are compared without what people write between the digits.
    pub fn key(self, value: &str) -> String {
        match self {
            Self::Email | Self::Username => value.trim().to_lowercase(),
            Self::Phone => {
                let is_gap = |character: char| {
                    character.is_whitespace() || "-./()\u{2010}\u{2011}".contains(character)
                };
                value.chars().filter(|it| !is_gap(*it)).collect()
            }
        }
    }
}

/// The identity of that kind and value, in any spelling.
pub async fn find_by_value(
    tx: &mut Tx,
    kind: IdentityKind,
    value: &str,
) -> sqlx::Result<Option<Identity>> {
    tx.optional(
        "SELECT * FROM identities WHERE kind = $1 AND value_key = $2",
        (Text(kind), kind.key(value)),
    )
    .await
}

/// The identity of that kind and value, in any spelling, unless it is set aside: for somebody who signs in.
pub async fn find_usable(
    tx: &mut Tx,
    kind: IdentityKind,
    value: &str,
) -> sqlx::Result<Option<Identity>> {
    tx.optional(
        "SELECT * FROM identities WHERE kind = $1 AND value_key = $2 AND set_aside_at IS NULL",
        (Text(kind), kind.key(value)),
    )
    .await
}

/// An identity, and what is known of the account's claim to it.
#[derive(Debug, Clone, FromRow)]
pub struct Claim {
    /// The identity.
    #[sqlx(flatten)]
    pub identity: Identity,
    /// Who wrote the address that the account shows, if that is known.
    pub email_source: Option<Text<Source>>,
    /// Whether the account has another address that is known to be its user's.
    pub is_proven_elsewhere: bool,
}

/// The identity of that kind and value, in any spelling, unless it is set aside, with what is known of the claim to it.
pub async fn find_claim(
    tx: &mut Tx,
    kind: IdentityKind,
    value: &str,
) -> sqlx::Result<Option<Claim>> {
    tx.optional(
        "SELECT identities.*, attribute_sources.source AS email_source,
            EXISTS (SELECT 1 FROM identities AS other WHERE other.user_id = identities.user_id
                AND other.id <> identities.id AND other.kind = 'email' AND other.verified_at IS NOT NULL)
                AS is_proven_elsewhere
         FROM identities LEFT JOIN attribute_sources
            ON attribute_sources.user_id = identities.user_id AND attribute_sources.attribute = 'email'
         WHERE identities.kind = $1 AND identities.value_key = $2 AND identities.set_aside_at IS NULL",
        (Text(kind), kind.key(value)),
    )
    .await
}

/// All identities of a user, oldest first.
pub async fn list_for_user(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Identity>> {
    tx.all(
        "SELECT * FROM identities WHERE user_id = $1 ORDER BY created_at, id",
        (user,),
    )
    .await
}

/// The identity of a user that tokens show of a kind.
pub async fn find_primary(
    tx: &mut Tx,
    user: &UserId,
    kind: IdentityKind,
) -> sqlx::Result<Option<Identity>> {
    tx.optional(
        "SELECT * FROM identities WHERE user_id = $1 AND kind = $2 AND is_primary",
        (user, Text(kind)),
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
    if added == 1 {
        user_words::add_whole(tx, &identity.user_id, &identity.kind.0.key(&identity.value)).await?;
    }
    Ok(added == 1)
}

/// The identity of that id.
pub async fn find(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<Option<Identity>> {
    tx.optional("SELECT * FROM identities WHERE id = $1", (id,))
        .await
}

/// The identities of these users, oldest first.
pub async fn list_for_users(tx: &mut Tx, users: &[UserId]) -> sqlx::Result<Vec<Identity>> {
    tx.all(
        "SELECT * FROM identities WHERE user_id IN (SELECT key FROM json_each(json($1))) ORDER BY created_at, id",
        (keys(users.iter().map(UserId::as_str)),),
    )
    .await
}

/// The users who have these values of a kind, in any spelling.
pub async fn list_owners(
    tx: &mut Tx,
    kind: IdentityKind,
    values: &[&str],
) -> sqlx::Result<Vec<UserId>> {
    let rows: Vec<(UserId,)> = tx
        .all(
            "SELECT DISTINCT user_id FROM identities
             WHERE kind = $1 AND value_key IN (SELECT key FROM json_each(json($2)))",
            (Text(kind), keys(values.iter().map(|value| kind.key(value)))),
        )
        .await?;
    Ok(rows.into_iter().map(|(user,)| user).collect())
}

/// The users whose last sign-in, here or through an upstream, lies after a place in the order of last sign-ins and
/// ids, and when that was; in that order, at most `limit`.
///
/// Each half reads a range of an index.
pub async fn list_signed_in_after(
    tx: &mut Tx,
    (at, user): (Timestamp, &str),
    limit: i64,
) -> sqlx::Result<Vec<(UserId, Timestamp)>> {
    tx.all(
        "SELECT user_id, last_sign_in_at FROM (
            SELECT * FROM (SELECT user_id, last_sign_in_at FROM identities AS latest
             WHERE (last_sign_in_at, user_id) > ($1, $2) AND last_sign_in_at IS NOT NULL
                AND id = (SELECT id FROM identities WHERE user_id = latest.user_id AND last_sign_in_at IS NOT NULL
                    ORDER BY last_sign_in_at DESC, id LIMIT 1)
                AND NOT EXISTS (SELECT 1 FROM upstream_identities AS later
                    WHERE later.user_id = latest.user_id AND later.last_sign_in_at >= latest.last_sign_in_at)
             ORDER BY last_sign_in_at, user_id LIMIT $3) AS here
            UNION ALL
            SELECT * FROM (SELECT user_id, last_sign_in_at FROM upstream_identities AS latest
             WHERE (last_sign_in_at, user_id) > ($1, $2) AND last_sign_in_at IS NOT NULL
                AND id = (SELECT id FROM upstream_identities
                    WHERE user_id = latest.user_id AND last_sign_in_at IS NOT NULL
                    ORDER BY last_sign_in_at DESC, id LIMIT 1)
                AND NOT EXISTS (SELECT 1 FROM identities AS later
                    WHERE later.user_id = latest.user_id AND later.last_sign_in_at > latest.last_sign_in_at)
             ORDER BY last_sign_in_at, user_id LIMIT $3) AS there
         ) AS signed_in ORDER BY last_sign_in_at, user_id LIMIT $3",
        (at, user, limit),
    )
    .await
}

/// How many identities of a user can be signed in with: those that are not set aside.
pub async fn count_usable(tx: &mut Tx, user: &UserId) -> sqlx::Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT COUNT(*) FROM identities WHERE user_id = $1 AND set_aside_at IS NULL",
            (user,),
        )
        .await?;
    Ok(count)
}

/// Makes an identity the one of its kind that tokens show, in place of any other.
pub async fn make_primary(tx: &mut Tx, identity: &Identity) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE identities SET is_primary = FALSE WHERE user_id = $1 AND kind = $2 AND is_primary",
        (&identity.user_id, &identity.kind),
    )
    .await?;
    tx.execute(
        "UPDATE identities SET is_primary = TRUE WHERE id = $1",
        (&identity.id,),
    )
    .await?;
    Ok(())
}

/// Removes an identity.
pub async fn remove(tx: &mut Tx, identity: &Identity) -> sqlx::Result<()> {
    tx.execute("DELETE FROM identities WHERE id = $1", (&identity.id,))
        .await?;
    user_words::renew(tx, &identity.user_id).await
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

/// Puts an identity back that was set aside. Returns false when it was not.
pub async fn restore(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<bool> {
    let restored = tx
        .execute(
            "UPDATE identities SET set_aside_at = NULL WHERE id = $1 AND set_aside_at IS NOT NULL",
            (id,),
        )
        .await?;
    Ok(restored == 1)
}

/// Sets aside all identities of a user: they are kept, and nobody signs in by them until they are put back.
pub async fn set_aside(tx: &mut Tx, user: &UserId, now: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE identities SET set_aside_at = $2 WHERE user_id = $1 AND set_aside_at IS NULL",
        (user, now),
    )
    .await?;
    Ok(())
}
