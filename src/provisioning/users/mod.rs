//! `[[users]]`: people for development and tests.
//!
//! A user is known by the mail address, or without one by the user name. What the document leaves out
//! stays as it is, since people change their profile themselves. For the same reason a password is
//! set when the user is created and never again; it is the operator's choice and held to no policy.
//!
//! Who is created with `organizations` belongs to these, and to the default one only if it is among them.

mod memberships;
mod written;

use rand::CryptoRng;

pub(super) use written::Written;

use super::change::{Change, Fields, Noun, Subject};
use super::error::ApplyError;
use super::{Hashing, record};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::accounts::{self, NewAccount};
use crate::directory::provenance;
use crate::id::IdentityId;
use crate::protocol::claims::StandardClaims;
use crate::secret::Secret;
use crate::store::Tx;
use crate::store::identities::{self, Identity, IdentityKind};
use crate::store::types::{Json, Text};
use crate::store::users::{self, Subject as StoredUser, User};
use crate::tokens::claims::standard_claims;
use memberships::{Resolved, WantedMembership};

/// A user as the document wants them.
#[derive(Debug)]
pub(super) struct Desired {
    email: Option<String>,
    username: Option<String>,
    email_verified: bool,
    given_name: Option<String>,
    family_name: Option<String>,
    picture: Option<String>,
    password: Option<Secret>,
    attributes: StandardClaims,
    memberships: Vec<WantedMembership>,
}

impl Desired {
    /// What two entries of the same user have in common.
    pub(super) fn key(&self) -> (IdentityKind, String) {
        let (kind, value) = self.identifier();
        (kind, kind.key(value))
    }

    /// The name or address by which the user is known.
    pub(super) fn name(&self) -> &str {
        self.identifier().1
    }

    fn identifier(&self) -> (IdentityKind, &str) {
        match (&self.email, &self.username) {
            (Some(email), _) => (IdentityKind::Email, email),
            (None, username) => (
                IdentityKind::Username,
                username.as_deref().unwrap_or_default(),
            ),
        }
    }

    /// The profile that results from the present one and what the document names.
    fn over(&self, user: &User) -> User {
        let or = |wanted: &Option<String>, present: &Option<String>| {
            wanted.clone().or_else(|| present.clone())
        };
        let (wanted, present) = (&self.attributes, &user.attributes.0);
        let attributes = StandardClaims {
            middle_name: or(&wanted.middle_name, &present.middle_name),
            nickname: or(&wanted.nickname, &present.nickname),
            profile: or(&wanted.profile, &present.profile),
            website: or(&wanted.website, &present.website),
            gender: or(&wanted.gender, &present.gender),
            birthdate: or(&wanted.birthdate, &present.birthdate),
            zoneinfo: or(&wanted.zoneinfo, &present.zoneinfo),
            locale: or(&wanted.locale, &present.locale),
            phone_number: or(&wanted.phone_number, &present.phone_number),
            phone_number_verified: wanted
                .phone_number_verified
                .or(present.phone_number_verified),
            address: wanted.address.clone().or_else(|| present.address.clone()),
            ..present.clone()
        };
        User {
            given_name: or(&self.given_name, &user.given_name),
            family_name: or(&self.family_name, &user.family_name),
            picture: or(&self.picture, &user.picture),
            attributes: Json(attributes),
            ..user.clone()
        }
    }
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let (kind, value) = desired.identifier();
    let subject = Subject(Noun::User, desired.name());
    let memberships = memberships::resolve(tx, subject, &desired.memberships).await?;
    let found = match identities::find_by_value(tx, kind, value).await? {
        Some(identity) => users::find_subject(tx, &identity.user_id).await?,
        None => None,
    };
    match found {
        None => create(tx, desired, &memberships, hashing, now, rng).await,
        Some(found) => update(tx, desired, &memberships, found, now, rng).await,
    }
}

async fn create(
    tx: &mut Tx,
    desired: &Desired,
    memberships: &[Resolved],
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let password_hash = match &desired.password {
        Some(password) => Some(hashing.passwords.hash(password.expose(), rng).await?),
        None => None,
    };
    let account = NewAccount {
        email: desired.email.clone(),
        email_verified: desired.email_verified,
        username: desired.username.clone(),
        given_name: desired.given_name.clone(),
        family_name: desired.family_name.clone(),
        picture: desired.picture.clone(),
        attributes: desired.attributes.clone(),
        password_hash,
        organization: memberships.first().map(|it| it.organization.clone()),
        ..NewAccount::default()
    };
    let user = accounts::create(tx, Actor::Operator, account, now, rng)
        .await?
        .map_err(|taken| {
            ApplyError::refused(Subject(Noun::User, desired.name()), taken.to_string())
        })?;
    let (_, belongs) = memberships::add(tx, &user.id, memberships, now, rng).await?;
    let created = StoredUser {
        user,
        email: desired.email.clone(),
        email_verified_at: desired.email_verified.then_some(now),
        phone: None,
        phone_verified_at: None,
        username: desired.username.clone(),
    };
    let mut change = Change::between(Noun::User, desired.name(), None, &fields(&created));
    change.add(Change::between(Noun::User, desired.name(), None, &belongs).fields);
    if desired.password.is_some() {
        change.note_secret("password");
    }
    Ok(change)
}

async fn update(
    tx: &mut Tx,
    desired: &Desired,
    memberships: &[Resolved],
    before: StoredUser,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let subject = Subject(Noun::User, desired.name());
    let after = StoredUser {
        user: desired.over(&before.user),
        email: before.email.clone(),
        email_verified_at: before
            .email_verified_at
            .or(desired.email_verified.then_some(now)),
        phone: None,
        phone_verified_at: None,
        username: before.username.clone().or_else(|| desired.username.clone()),
    };
    let same_name = |one: &String, other: &String| {
        IdentityKind::Username.key(one) == IdentityKind::Username.key(other)
    };
    if let (Some(wanted), Some(present)) = (&desired.username, &before.username)
        && !same_name(wanted, present)
    {
        let reason =
            format!("has the user name {present:?}, which a document does not change: write that");
        return Err(ApplyError::refused(subject, reason));
    }
    let mut change = Change::between(
        Noun::User,
        desired.name(),
        Some(&fields(&before)),
        &fields(&after),
    );
    if !change.is_unchanged() {
        store(tx, desired, &before, after, now, rng).await?;
    }
    let id = &before.user.id;
    let (belonged, belongs) = memberships::add(tx, id, memberships, now, rng).await?;
    change.add(Change::between(Noun::User, desired.name(), Some(&belonged), &belongs).fields);
    record(tx, &change, id.as_str(), now, rng).await?;
    Ok(change)
}

async fn store(
    tx: &mut Tx,
    desired: &Desired,
    before: &StoredUser,
    after: StoredUser,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), ApplyError> {
    let user = User {
        updated_at: now,
        ..after.user
    };
    users::update(tx, &user).await?;
    provenance::record_profile(tx, Actor::Operator, Some(&before.user), &user, now).await?;
    if before.email_verified_at.is_none() && desired.email_verified {
        for identity in identities::list_for_user(tx, &user.id).await? {
            if identity.kind.0 == IdentityKind::Email && identity.is_primary {
                identities::mark_verified(tx, &identity.id, now).await?;
            }
        }
    }
    if before.username.is_none()
        && let Some(username) = &desired.username
    {
        add_username(tx, &user, username, now, rng).await?;
    }
    Ok(())
}

async fn add_username(
    tx: &mut Tx,
    user: &User,
    username: &str,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), ApplyError> {
    let identity = Identity {
        id: IdentityId::generate(rng),
        user_id: user.id.clone(),
        kind: Text(IdentityKind::Username),
        value: username.to_owned(),
        verified_at: Some(now),
        is_primary: true,
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: now,
        set_aside_at: None,
    };
    if identities::insert(tx, &identity).await? {
        return Ok(());
    }
    let taken = accounts::Taken(IdentityKind::Username);
    Err(ApplyError::refused(
        Subject(Noun::User, username),
        taken.to_string(),
    ))
}

/// What tokens say of a user is what a document can change.
fn fields(user: &StoredUser) -> Fields {
    // A document describes the number of the profile, not one that they sign in with.
    let profile = StoredUser {
        phone: None,
        ..user.clone()
    };
    let claims = StandardClaims {
        name: None,
        updated_at: None,
        ..standard_claims(&profile)
    };
    let known = claims.to_map();
    StandardClaims::names()
        .iter()
        .fold(Fields::default(), |fields, name| {
            let value = known.get(*name).map(|value| match value.as_str() {
                Some(text) => text.to_owned(),
                None => value.to_string(),
            });
            fields.with_optional(name, value)
        })
}
