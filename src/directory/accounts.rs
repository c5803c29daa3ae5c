//! Local accounts: a user, their address or name, and a password.

use rand::CryptoRng;
use serde_json::json;

use super::{identifier, organizations};
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{IdentityId, OrganizationId, SessionId, UserId};
use crate::passwords::PasswordHash;
use crate::protocol::claims::StandardClaims;
use crate::store::identities::{Identity, IdentityKind};
use crate::store::passwords::Password;
use crate::store::types::{Json, Text};
use crate::store::users::User;
use crate::store::{Tx, grants, identities, passwords, sessions, users};

/// An account that somebody may be about to sign in to.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The identity by which it was found.
    pub identity: Identity,
    /// The password, if there is one.
    pub password: Option<Password>,
}

/// The account that an address or a user name leads to.
pub async fn find(tx: &mut Tx, typed: &str) -> sqlx::Result<Option<Account>> {
    let kind = identifier::kind_of(typed);
    let Some(identity) = identities::find_by_value(tx, kind, typed).await? else {
        return Ok(None);
    };
    let Some(user) = users::find(tx, &identity.user_id).await? else {
        return Ok(None);
    };
    let password = passwords::find(tx, &user.id).await?;
    Ok(Some(Account {
        user,
        identity,
        password,
    }))
}

/// An account to be created.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// The mail address.
    pub email: Option<String>,
    /// Whether the address is known to be theirs.
    pub email_verified: bool,
    /// The user name.
    pub username: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// Further claims.
    pub attributes: StandardClaims,
    /// The password.
    pub password_hash: Option<PasswordHash>,
    /// Whether the password has to be changed at the first sign-in.
    pub password_is_temporary: bool,
    /// The organization to join; the default one when none is named.
    pub organization: Option<OrganizationId>,
}

/// Somebody has the address or the user name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} belongs to another account")]
pub struct Taken(pub IdentityKind);

/// Creates an account. Returns its user and identities, or what is taken; then the transaction is to be
/// rolled back.
pub async fn create(
    tx: &mut Tx,
    actor: Actor<'_>,
    new: NewAccount,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<User, Taken>> {
    let user = User {
        id: UserId::generate(rng),
        given_name: new.given_name,
        family_name: new.family_name,
        picture: new.picture,
        attributes: Json(new.attributes),
        suspended_at: None,
        created_at: now,
        updated_at: now,
    };
    users::insert(tx, &user).await?;
    let wanted = [
        (IdentityKind::Email, new.email, new.email_verified),
        (IdentityKind::Username, new.username, true),
    ];
    for (kind, value, is_verified) in wanted {
        let Some(value) = value else { continue };
        let identity = Identity {
            id: IdentityId::generate(rng),
            user_id: user.id.clone(),
            kind: Text(kind),
            value,
            verified_at: is_verified.then_some(now),
            is_primary: true,
            sign_ins: 0,
            last_sign_in_at: None,
            created_at: now,
        };
        if !identities::insert(tx, &identity).await? {
            return Ok(Err(Taken(kind)));
        }
    }
    if let Some(password_hash) = new.password_hash {
        let password = Password {
            password_hash,
            is_temporary: new.password_is_temporary,
            changed_at: now,
        };
        passwords::replace(tx, &user.id, &password).await?;
    }
    audit::record(
        tx,
        actor,
        "user.created",
        user.id.as_str(),
        json!({}),
        now,
        rng,
    )
    .await?;
    organizations::place(tx, actor, &user.id, new.organization.as_ref(), now, rng).await?;
    Ok(Ok(user))
}

/// Gives a user a new password of their own choice. Whoever knew the old one is signed out: all sessions
/// but the one to keep end, and what clients were granted in them.
pub async fn change_password(
    tx: &mut Tx,
    user: &UserId,
    password_hash: PasswordHash,
    keep: Option<&SessionId>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let password = Password {
        password_hash,
        is_temporary: false,
        changed_at: now,
    };
    passwords::replace(tx, user, &password).await?;
    sessions::end_for_user(tx, user, keep, now).await?;
    grants::revoke_for_user(tx, user, keep, now).await?;
    audit::record(
        tx,
        Actor::User(user),
        "user.password_changed",
        user.as_str(),
        json!({}),
        now,
        rng,
    )
    .await
}
