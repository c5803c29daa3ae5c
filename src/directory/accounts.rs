//! Local accounts: a user, their address or name, and a password.

use rand::CryptoRng;
use serde_json::json;

use super::{identifier, organizations, provenance};
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{IdentityId, OrganizationId, SessionId, UserId};
use crate::passwords::PasswordHash;
use crate::passwords::imported::Method;
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

/// The account that an address, a phone number or a user name leads to.
pub async fn find(tx: &mut Tx, typed: &str) -> sqlx::Result<Option<Account>> {
    let kind = identifier::kind_of(typed);
    let Some(identity) = identities::find_usable(tx, kind, typed).await? else {
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
    /// What the business calls them elsewhere.
    pub provided_id: Option<String>,
    /// Further ways to sign in. The first of each kind is the one that tokens show.
    pub further: Vec<NewIdentity>,
}

/// A way to sign in that is to be added.
#[derive(Debug, Clone)]
pub struct NewIdentity {
    /// Of which kind.
    pub kind: IdentityKind,
    /// The address, number or name, checked by [`identifier`].
    pub value: String,
    /// Whether it is known to be theirs.
    pub is_verified: bool,
}

impl NewAccount {
    /// The ways to sign in, and whether each is the first of its kind.
    fn identities(&self) -> Vec<(NewIdentity, bool)> {
        let named = |kind, value: &Option<String>, is_verified| {
            value.clone().map(|value| NewIdentity {
                kind,
                value,
                is_verified,
            })
        };
        let email = named(IdentityKind::Email, &self.email, self.email_verified);
        let username = named(IdentityKind::Username, &self.username, true);
        let all = email.into_iter().chain(username);
        let mut found: Vec<(NewIdentity, bool)> = Vec::new();
        for identity in all.chain(self.further.iter().cloned()) {
            let is_first = found.iter().all(|(known, _)| known.kind != identity.kind);
            found.push((identity, is_first));
        }
        // In one order always: PostgreSQL would find a deadlock between two that take the same values the
        // other way round.
        found.sort_by_key(|(identity, _)| (identity.kind, identity.kind.key(&identity.value)));
        found
    }
}

/// Somebody has the address, the number or the user name already.
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
    let identities = new.identities();
    let user = User {
        id: UserId::generate(rng),
        given_name: new.given_name,
        family_name: new.family_name,
        picture: new.picture,
        attributes: Json(new.attributes),
        suspended_at: None,
        created_at: now,
        updated_at: now,
        provided_id: new.provided_id,
        failed_sign_ins: 0,
    };
    users::insert(tx, &user).await?;
    provenance::record_profile(tx, actor, None, &user, now).await?;
    let mut told = Vec::new();
    for (wanted, is_primary) in identities {
        let identity = Identity {
            id: IdentityId::generate(rng),
            user_id: user.id.clone(),
            kind: Text(wanted.kind),
            value: wanted.value,
            verified_at: wanted.is_verified.then_some(now),
            is_primary,
            sign_ins: 0,
            last_sign_in_at: None,
            created_at: now,
            set_aside_at: None,
        };
        if !identities::insert(tx, &identity).await? {
            return Ok(Err(Taken(wanted.kind)));
        }
        if is_primary {
            let written = (None, Some(&identity));
            provenance::record_email(tx, actor, &user.id, written, now).await?;
        }
        told.push(json!({ "kind": wanted.kind, "value": identity.value }));
    }
    if let Some(password_hash) = new.password_hash {
        let password = Password {
            password_hash,
            is_temporary: new.password_is_temporary,
            changed_at: now,
        };
        passwords::replace(tx, &user.id, &password).await?;
    }
    let told = json!({
        "given_name": user.given_name,
        "family_name": user.family_name,
        "picture": user.picture,
        "provided_id": user.provided_id,
        "identities": told,
    });
    let details = json!({ "before": {}, "after": told });
    let subject = user.id.as_str();
    audit::record(tx, actor, "user.created", subject, details, now, rng).await?;
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

/// Gives a user a password that was hashed elsewhere, by that method. Whoever is signed in as them is
/// signed out, and what clients were granted ends. Returns false when there is no such user.
pub async fn import_password(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    (method, password): (Method, &Password),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    if users::find_to_change(tx, user).await?.is_none() {
        return Ok(false);
    }
    passwords::replace(tx, user, password).await?;
    sessions::end_for_user(tx, user, None, now).await?;
    grants::revoke_for_user(tx, user, None, now).await?;
    let details = json!({ "method": method, "is_temporary": password.is_temporary });
    let action = "user.password_imported";
    audit::record(tx, actor, action, user.as_str(), details, now, rng).await?;
    Ok(true)
}
