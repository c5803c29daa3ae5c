//! Users: who somebody is, apart from how they sign in.

use sqlx::FromRow;

use super::Tx;
use super::types::{Json, keys};
use super::user_words;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::protocol::claims::StandardClaims;

/// A person known here.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// The `sub` of every token.
    pub id: UserId,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// Further claims (OpenID Connect Core 1.0 §5.1); those with a column of their own are left out here.
    pub attributes: Json<StandardClaims>,
    /// Since when this user may not sign in.
    pub suspended_at: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
    /// What the business calls them elsewhere.
    pub provided_id: Option<String>,
    /// How often somebody tried a wrong password.
    pub failed_sign_ins: i64,
}

impl User {
    /// The name to call them by, if any is known.
    pub fn full_name(&self) -> Option<String> {
        let names: Vec<&str> = [&self.given_name, &self.family_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

/// The user of that id.
pub async fn find(tx: &mut Tx, id: &UserId) -> sqlx::Result<Option<User>> {
    tx.optional("SELECT * FROM users WHERE id = $1", (id,))
        .await
}

/// The user of that id, whom nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &UserId) -> sqlx::Result<Option<User>> {
    tx.optional(
        "UPDATE users SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The user whom the business calls so elsewhere.
pub async fn find_by_provided_id(tx: &mut Tx, provided_id: &str) -> sqlx::Result<Option<User>> {
    tx.optional("SELECT * FROM users WHERE provided_id = $1", (provided_id,))
        .await
}

/// The users of these ids, in no particular order.
pub async fn list_among(tx: &mut Tx, ids: &[UserId]) -> sqlx::Result<Vec<User>> {
    tx.all(
        "SELECT * FROM users WHERE id IN (SELECT key FROM json_each(json($1)))",
        (keys(ids.iter().map(UserId::as_str)),),
    )
    .await
}

/// The ids that follow `after`, in their order, at most `limit`.
pub async fn list_ids_after(tx: &mut Tx, after: &str, limit: i64) -> sqlx::Result<Vec<UserId>> {
    let rows: Vec<(UserId,)> = tx
        .all(
            "SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2",
            (after, limit),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The ids that precede `before`, from there backwards, at most `limit`.
pub async fn list_ids_before(tx: &mut Tx, before: &str, limit: i64) -> sqlx::Result<Vec<UserId>> {
    let rows: Vec<(UserId,)> = tx
        .all(
            "SELECT id FROM users WHERE id < $1 ORDER BY id DESC LIMIT $2",
            (before, limit),
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Adds a user.
pub async fn insert(tx: &mut Tx, user: &User) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO users (id, given_name, family_name, picture, attributes, suspended_at, created_at, updated_at,
            provided_id, failed_sign_ins)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        (
            &user.id,
            &user.given_name,
            &user.family_name,
            &user.picture,
            &user.attributes,
            user.suspended_at,
            user.created_at,
            user.updated_at,
            &user.provided_id,
            user.failed_sign_ins,
        ),
    )
    .await?;
    let names = [&user.given_name, &user.family_name];
    user_words::add(tx, &user.id, names.into_iter().flatten()).await
}

/// Writes the profile of an existing user; what is counted of them stays.
pub async fn update(tx: &mut Tx, user: &User) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE users SET given_name = $2, family_name = $3, picture = $4, attributes = $5, suspended_at = $6,
            updated_at = $7, provided_id = $8
         WHERE id = $1",
        (
            &user.id,
            &user.given_name,
            &user.family_name,
            &user.picture,
            &user.attributes,
            user.suspended_at,
            user.updated_at,
            &user.provided_id,
        ),
    )
    .await?;
    user_words::renew(tx, &user.id).await
}

/// Counts a wrong password.
pub async fn record_failed_sign_in(tx: &mut Tx, id: &UserId) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE users SET failed_sign_ins = failed_sign_ins + 1 WHERE id = $1",
        (id,),
    )
    .await?;
    Ok(())
}

/// Removes a user, and with them everything that was theirs. Returns false when there was none.
pub async fn remove(tx: &mut Tx, id: &UserId) -> sqlx::Result<bool> {
    let removed = tx.execute("DELETE FROM users WHERE id = $1", (id,)).await?;
    Ok(removed == 1)
}

/// A user with the addresses and names that tokens show.
#[derive(Debug, Clone, FromRow)]
pub struct Subject {
    /// The user.
    #[sqlx(flatten)]
    pub user: User,
    /// The primary mail address.
    pub email: Option<String>,
    /// Since when that address is known to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// The primary phone number.
    pub phone: Option<String>,
    /// Since when that number is known to be theirs.
    pub phone_verified_at: Option<Timestamp>,
    /// The primary user name.
    pub username: Option<String>,
}

impl Subject {
    /// The primary mail address, if it is known to be theirs.
    pub fn proven_email(&self) -> Option<&str> {
        self.email_verified_at.and(self.email.as_deref())
    }
}

/// The user of that id, as tokens show them.
pub async fn find_subject(tx: &mut Tx, id: &UserId) -> sqlx::Result<Option<Subject>> {
    tx.optional(
        "SELECT users.*, email.value AS email, email.verified_at AS email_verified_at,
            phone.value AS phone, phone.verified_at AS phone_verified_at, username.value AS username
         FROM users
         LEFT JOIN identities AS email ON email.user_id = users.id AND email.kind = 'email' AND email.is_primary
         LEFT JOIN identities AS phone ON phone.user_id = users.id AND phone.kind = 'phone' AND phone.is_primary
         LEFT JOIN identities AS username
            ON username.user_id = users.id AND username.kind = 'username' AND username.is_primary
         WHERE users.id = $1",
        (id,),
    )
    .await
}
