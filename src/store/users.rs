//! Users: who somebody is, apart from how they sign in.

use sqlx::FromRow;

use super::Tx;
use super::types::Json;
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
    tx.optional(
        "SELECT id, given_name, family_name, picture, attributes, suspended_at, created_at, updated_at
         FROM users WHERE id = $1",
        (id,),
    )
    .await
}

/// Adds a user.
pub async fn insert(tx: &mut Tx, user: &User) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO users (id, given_name, family_name, picture, attributes, suspended_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (
            &user.id,
            &user.given_name,
            &user.family_name,
            &user.picture,
            &user.attributes,
            user.suspended_at,
            user.created_at,
            user.updated_at,
        ),
    )
    .await?;
    Ok(())
}

/// Writes the whole record of an existing user.
pub async fn update(tx: &mut Tx, user: &User) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE users SET given_name = $2, family_name = $3, picture = $4, attributes = $5, suspended_at = $6, updated_at = $7
         WHERE id = $1",
        (
            &user.id,
            &user.given_name,
            &user.family_name,
            &user.picture,
            &user.attributes,
            user.suspended_at,
            user.updated_at,
        ),
    )
    .await?;
    Ok(())
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
    /// The primary user name.
    pub username: Option<String>,
}

/// The user of that id, as tokens show them.
pub async fn find_subject(tx: &mut Tx, id: &UserId) -> sqlx::Result<Option<Subject>> {
    tx.optional(
        "SELECT users.id, users.given_name, users.family_name, users.picture, users.attributes, users.suspended_at,
            users.created_at, users.updated_at,
            email.value AS email, email.verified_at AS email_verified_at, username.value AS username
         FROM users
         LEFT JOIN identities AS email ON email.user_id = users.id AND email.kind = 'email' AND email.is_primary
         LEFT JOIN identities AS username
            ON username.user_id = users.id AND username.kind = 'username' AND username.is_primary
         WHERE users.id = $1",
        (id,),
    )
    .await
}
