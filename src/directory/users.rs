//! Users: their profiles changed, suspended, removed; and how lists show them.

use std::collections::HashMap;

use rand::CryptoRng;
use serde::Serialize;
use serde_json::json;

use super::provenance;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::store::identities::{Identity, IdentityKind};
use crate::store::memberships::Membership;
use crate::store::upstream_identities::Listed;
use crate::store::users::User;
use crate::store::{
    Tx, audit_events, email_codes, grants, identities, memberships, passwords, sessions,
    upstream_identities, users,
};

/// A user with what lists show besides.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The user.
    pub user: User,
    /// The ways to sign in, oldest first.
    pub identities: Vec<Identity>,
    /// Those through upstreams, oldest first.
    pub upstream: Vec<Listed>,
    /// Where they belong, by organization.
    pub memberships: Vec<Membership>,
}

impl Entry {
    /// The address, number or name of a kind that tokens show.
    pub fn primary(&self, kind: IdentityKind) -> Option<&str> {
        let mut identities = self.identities.iter();
        let primary = identities.find(|identity| identity.kind.0 == kind && identity.is_primary);
        primary.map(|identity| identity.value.as_str())
    }

    /// How often they signed in.
    pub fn sign_ins(&self) -> i64 {
        let here = self.identities.iter().map(|one| one.sign_ins);
        let there = self.upstream.iter().map(|one| one.identity.sign_ins);
        here.chain(there).sum()
    }

    /// When they last did.
    pub fn last_sign_in_at(&self) -> Option<Timestamp> {
        let here = self.identities.iter().map(|one| one.last_sign_in_at);
        let there = self.upstream.iter();
        let there = there.map(|one| one.identity.last_sign_in_at);
        here.chain(there).flatten().max()
    }
}

/// The users of these ids as lists show them, in the order of the ids. Those who are gone are left out.
///
/// Four statements, however many users.
pub async fn entries(tx: &mut Tx, ids: &[UserId]) -> sqlx::Result<Vec<Entry>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: HashMap<UserId, Entry> = HashMap::new();
    for user in users::list_among(tx, ids).await? {
        let entry = Entry {
            user,
            identities: Vec::new(),
            upstream: Vec::new(),
            memberships: Vec::new(),
        };
        found.insert(entry.user.id.clone(), entry);
    }
    for identity in identities::list_for_users(tx, ids).await? {
        if let Some(entry) = found.get_mut(&identity.user_id) {
            entry.identities.push(identity);
        }
    }
    for listed in upstream_identities::list_for_users(tx, ids).await? {
        if let Some(entry) = found.get_mut(&listed.identity.user_id) {
            entry.upstream.push(listed);
        }
    }
    for membership in memberships::list_for_users(tx, ids).await? {
        if let Some(entry) = found.get_mut(&membership.user_id) {
            entry.memberships.push(membership);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The user of that id as lists show them.
pub async fn entry(tx: &mut Tx, id: &UserId) -> sqlx::Result<Option<Entry>> {
    let ids = std::slice::from_ref(id);
    Ok(entries(tx, ids).await?.pop())
}

/// What a user is to be. The texts are checked by whoever reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// What the business calls them elsewhere.
    pub provided_id: Option<String>,
    /// Whether they may not sign in.
    pub is_suspended: bool,
    /// Whether the next sign-in only leads to a new password; as it is when nothing is said.
    pub must_change_password: Option<bool>,
}

impl Wanted {
    /// A user as they are.
    pub fn as_is(user: &User) -> Self {
        Self {
            given_name: user.given_name.clone(),
            family_name: user.family_name.clone(),
            picture: user.picture.clone(),
            provided_id: user.provided_id.clone(),
            is_suspended: user.suspended_at.is_some(),
            must_change_password: None,
        }
    }
}

/// Why a user was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to be changed at the next sign-in.
    #[error("the user has no password that could be reset: give them one instead")]
    NoPassword,
    /// Somebody else is called so.
    #[error("the provided_id {0} belongs to another user")]
    ProvidedIdTaken(String),
}

/// What the audit log tells of a user.
#[derive(Serialize)]
struct Audited<'a> {
    given_name: &'a Option<String>,
    family_name: &'a Option<String>,
    picture: &'a Option<String>,
    provided_id: &'a Option<String>,
    suspended_at: Option<Timestamp>,
    must_change_password: bool,
}

impl<'a> Audited<'a> {
    fn of(user: &'a User, must_change_password: bool) -> Self {
        Self {
            given_name: &user.given_name,
            family_name: &user.family_name,
            picture: &user.picture,
            provided_id: &user.provided_id,
            suspended_at: user.suspended_at,
            must_change_password,
        }
    }
}

/// Changes a user, who was found to be changed. Who is suspended now has no session and no valid token any
/// more. Returns the user, and whether they must change their password.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &User,
    wanted: Wanted,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(User, bool), Refusal>> {
    if let Some(provided_id) = &wanted.provided_id
        && is_called_otherwise(tx, provided_id, &before.id).await?
    {
        return Ok(Err(Refusal::ProvidedIdTaken(provided_id.clone())));
    }
    let password = passwords::find(tx, &before.id).await?;
    let had_to = password.is_some_and(|password| password.is_temporary);
    let must = wanted.must_change_password.unwrap_or(had_to);
    if must != had_to && !passwords::set_temporary(tx, &before.id, must).await? {
        return Ok(Err(Refusal::NoPassword));
    }
    let after = User {
        given_name: wanted.given_name,
        family_name: wanted.family_name,
        picture: wanted.picture,
        provided_id: wanted.provided_id,
        suspended_at: wanted
            .is_suspended
            .then(|| before.suspended_at.unwrap_or(now)),
        updated_at: now,
        ..before.clone()
    };
    users::update(tx, &after).await?;
    provenance::record_profile(tx, actor, Some(before), &after, now).await?;
    let action = match (before.suspended_at, after.suspended_at) {
        (None, Some(_)) => "user.suspended",
        (Some(_), None) => "user.unsuspended",
        _ => "user.updated",
    };
    if action == "user.suspended" {
        sessions::end_for_user(tx, &after.id, None, now).await?;
        grants::revoke_for_user(tx, &after.id, None, now).await?;
    }
    let details = audit::difference(
        Some(&Audited::of(before, had_to)),
        Some(&Audited::of(&after, must)),
    );
    let id = after.id.as_str();
    audit::record(tx, actor, action, id, details, now, rng).await?;
    Ok(Ok((after, must)))
}

/// Whether the business calls somebody else so.
async fn is_called_otherwise(tx: &mut Tx, provided_id: &str, id: &UserId) -> sqlx::Result<bool> {
    let other = users::find_by_provided_id(tx, provided_id).await?;
    Ok(other.is_some_and(|other| other.id != *id))
}

/// Removes a user with everything that was theirs: their tokens are worth nothing from now on.
///
/// Of what the audit log tells of them only this stays: their id, what happened, when, and by whom. Names and
/// addresses are forgotten there as well.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &User,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let id = user.id.as_str();
    for identity in identities::list_for_user(tx, &user.id).await? {
        if identity.kind.0 == IdentityKind::Email {
            let address = IdentityKind::Email.key(&identity.value);
            email_codes::remove_for_recipient(tx, &address).await?;
            audit_events::rename_subject(tx, &address, id).await?;
        }
    }
    audit_events::forget_details(tx, id).await?;
    users::remove(tx, &user.id).await?;
    audit::record(tx, actor, "user.removed", id, json!({}), now, rng).await
}

/// Signs a user out everywhere: their sessions end, and what clients were granted in them. Returns how many
/// sessions those were.
pub async fn end_sessions(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<u64> {
    let ended = sessions::end_for_user(tx, user, None, now).await?;
    grants::revoke_for_user(tx, user, None, now).await?;
    let details = json!({ "sessions": ended });
    let action = "user.sessions_ended";
    audit::record(tx, actor, action, user.as_str(), details, now, rng).await?;
    Ok(ended)
}
