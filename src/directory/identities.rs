//! Identities of users who exist: added, made the primary one of their kind, removed.
//!
//! # Decision
//!
//! Neither adding nor removing an identity ends a session: whoever is signed in has proven who they are, and that
//! stays true when an address is theirs no longer. To lock somebody out is to suspend them.

use rand::CryptoRng;
use serde_json::{Value, json};

use super::accounts::{NewIdentity, Taken};
use super::provenance;
use super::reconcile::Rule;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{ConnectionId, IdentityId, UserId};
use crate::naming;
use crate::store::identities::{Identity, IdentityKind};
use crate::store::types::{Json, Text};
use crate::store::upstream_identities::{Evidence, Listed, UpstreamIdentity};
use crate::store::{
    Tx, connections, email_codes, grants, group_role_assignments, identities, sessions,
    upstream_identities, users,
};

/// How many identities a user has at most.
pub const MOST: usize = 100;

/// Why an identity was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// Another domain leads to the connection.
    #[error("the connection is for addresses at {0} alone: give one of those")]
    Elsewhere(String),
    /// There is no such connection.
    #[error("there is no connection of that id")]
    NoConnection,
    /// Somebody has it already.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// The user has too many.
    #[error("a user has at most {MOST} identities: remove one first")]
    TooMany,
    /// An identity waits for the address already.
    #[error("an identity waits for that address at this connection already: remove it first")]
    Waiting,
}

/// The last way in is not removed unless that is insisted upon: nobody could sign in any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is the last identity by which this user can sign in: add another one first, or say is_forced=true"
)]
pub struct IsLast;

/// A way to sign in: here, or through an upstream.
#[derive(Debug, Clone)]
pub enum Way {
    /// One that is proven here.
    Here(Identity),
    /// One that an upstream proves.
    Upstream(Listed),
}

impl Way {
    /// Its name.
    pub fn id(&self) -> &IdentityId {
        match self {
            Self::Here(identity) => &identity.id,
            Self::Upstream(listed) => &listed.identity.id,
        }
    }

    /// Whose it is.
    pub fn user(&self) -> &UserId {
        match self {
            Self::Here(identity) => &identity.user_id,
            Self::Upstream(listed) => &listed.identity.user_id,
        }
    }

    fn created_at(&self) -> Timestamp {
        match self {
            Self::Here(identity) => identity.created_at,
            Self::Upstream(listed) => listed.identity.created_at,
        }
    }
}

/// All ways of a user to sign in, oldest first.
pub async fn list(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Way>> {
    let here = identities::list_for_user(tx, user).await?;
    let there = upstream_identities::list_for_users(tx, std::slice::from_ref(user)).await?;
    let there = there.into_iter().map(Way::Upstream);
    let mut all: Vec<Way> = here.into_iter().map(Way::Here).chain(there).collect();
    all.sort_by(|one, other| (one.created_at(), one.id()).cmp(&(other.created_at(), other.id())));
    Ok(all)
}

/// The way to sign in of that id.
pub async fn find_way(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<Option<Way>> {
    if let Some(identity) = identities::find(tx, id).await? {
        return Ok(Some(Way::Here(identity)));
    }
    let listed = upstream_identities::find_listed(tx, id).await?;
    Ok(listed.map(Way::Upstream))
}

/// The way to sign in of that id, whose user nobody else changes until this transaction ends.
pub async fn find_way_to_change(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<Option<Way>> {
    let user = match find_way(tx, id).await? {
        None => return Ok(None),
        Some(Way::Here(identity)) => identity.user_id,
        Some(Way::Upstream(listed)) => listed.identity.user_id,
    };
    users::find_to_change(tx, &user).await?;
    // It may have changed before the user was ours.
    find_way(tx, id).await
}

/// How many identities of a user can be signed in with: those that are not set aside, and whose connection is
/// switched on.
async fn count_usable(tx: &mut Tx, user: &UserId) -> sqlx::Result<i64> {
    let here = identities::count_usable(tx, user).await?;
    Ok(here + upstream_identities::count_usable(tx, user).await?)
}

async fn has_too_many(tx: &mut Tx, user: &UserId) -> sqlx::Result<bool> {
    Ok(list(tx, user).await?.len() >= MOST)
}

/// The identity of that id, whose user nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &IdentityId) -> sqlx::Result<Option<Identity>> {
    let Some(identity) = identities::find(tx, id).await? else {
        return Ok(None);
    };
    users::find_to_change(tx, &identity.user_id).await?;
    // It may have changed before the user was ours.
    identities::find(tx, id).await
}

/// Adds an identity to a user, who was found to be changed. The first of its kind is the primary one.
pub async fn add(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    new: NewIdentity,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Identity, NotAdded>> {
    if has_too_many(tx, user).await? {
        return Ok(Err(NotAdded::TooMany));
    }
    let present = identities::list_for_user(tx, user).await?;
    let identity = Identity {
        id: IdentityId::generate(rng),
        user_id: user.clone(),
        kind: Text(new.kind),
        value: new.value,
        verified_at: new.is_verified.then_some(now),
        is_primary: present.iter().all(|known| known.kind.0 != new.kind),
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: now,
        set_aside_at: None,
    };
    if !identities::insert(tx, &identity).await? {
        return Ok(Err(Taken(new.kind).into()));
    }
    if identity.is_primary {
        let written = (None, Some(&identity));
        provenance::record_email(tx, actor, user, written, now).await?;
    }
    let details = json!({ "identity": identity.id, "before": {}, "after": told(&identity) });
    let (action, subject) = ("identity.created", user.as_str());
    audit::record(tx, actor, action, subject, details, now, rng).await?;
    Ok(Ok(identity))
}

/// Makes an identity, which was found to be changed, the one of its kind that tokens show.
pub async fn make_primary(
    tx: &mut Tx,
    actor: Actor<'_>,
    identity: &Identity,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if identity.is_primary {
        return Ok(());
    }
    let shown = identities::find_primary(tx, &identity.user_id, identity.kind.0).await?;
    identities::make_primary(tx, identity).await?;
    let written = (shown.as_ref(), Some(identity));
    provenance::record_email(tx, actor, &identity.user_id, written, now).await?;
    let details = json!({
        "identity": identity.id,
        "before": { "is_primary": false },
        "after": { "is_primary": true },
    });
    let (action, subject) = ("identity.updated", identity.user_id.as_str());
    audit::record(tx, actor, action, subject, details, now, rng).await
}

/// Removes an identity, which was found to be changed. The oldest other one of its kind takes its place as the
/// primary one, and codes on their way to an address are worth nothing any more.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    identity: &Identity,
    is_forced: bool,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), IsLast>> {
    let all = identities::list_for_user(tx, &identity.user_id).await?;
    let is_usable = identity.set_aside_at.is_none();
    let leaves = count_usable(tx, &identity.user_id).await? - i64::from(is_usable);
    if leaves < 1 && !is_forced {
        return Ok(Err(IsLast));
    }
    identities::remove(tx, identity).await?;
    if identity.kind.0 == IdentityKind::Email {
        let address = IdentityKind::Email.key(&identity.value);
        email_codes::remove_for_recipient(tx, &address).await?;
    }
    let details = json!({ "identity": identity.id, "before": told(identity), "after": {} });
    let (action, subject) = ("identity.removed", identity.user_id.as_str());
    audit::record(tx, actor, action, subject, details, now, rng).await?;
    if identity.is_primary {
        let next = heir(identity, &all);
        if let Some(next) = next {
            make_primary(tx, actor, next, now, rng).await?;
        }
        let written = (Some(identity), next);
        provenance::record_email(tx, actor, &identity.user_id, written, now).await?;
    }
    Ok(Ok(()))
}

/// Puts an identity back, which was found to be changed, after one of its user's business had taken over from it. Nothing
/// happens when it was not set aside.
pub async fn restore(
    tx: &mut Tx,
    actor: Actor<'_>,
    identity: &Identity,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if !identities::restore(tx, &identity.id).await? {
        return Ok(());
    }
    let details = json!({
        "identity": identity.id,
        "before": { "set_aside_at": identity.set_aside_at },
        "after": { "set_aside_at": null },
    });
    let (action, subject) = ("identity.updated", identity.user_id.as_str());
    audit::record(tx, actor, action, subject, details, now, rng).await
}

/// Adds an identity that waits at a connection for whoever comes with an address: then it is theirs for good. The
/// user was found to be changed.
pub async fn add_waiting(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    (connection, email): (&ConnectionId, &str),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<IdentityId, NotAdded>> {
    // It stays until this transaction ends, so that what refers to it can be stored.
    if connections::find_to_change(tx, connection).await?.is_none() {
        return Ok(Err(NotAdded::NoConnection));
    }
    let domains = connections::list_domains(tx, connection).await?;
    let domain = email.rsplit_once('@').map(|(_, domain)| domain);
    let domain = domain.and_then(|domain| naming::domain(domain).ok());
    if !domains.is_empty() && !domain.is_some_and(|domain| domains.contains(&domain)) {
        return Ok(Err(NotAdded::Elsewhere(domains.join(", "))));
    }
    if has_too_many(tx, user).await? {
        return Ok(Err(NotAdded::TooMany));
    }
    let identity = UpstreamIdentity {
        id: IdentityId::generate(rng),
        user_id: user.clone(),
        connection_id: connection.clone(),
        issuer: None,
        subject: None,
        email_key: Some(IdentityKind::Email.key(email)),
        evidence: Json(Evidence {
            rule: Rule::Waiting.as_str().to_owned(),
            verified_email: None,
            actor: Some(actor.as_str().to_owned()),
        }),
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: now,
    };
    if !upstream_identities::insert(tx, &identity).await? {
        return Ok(Err(NotAdded::Waiting));
    }
    let after = told_of_upstream(&identity);
    let details = json!({ "identity": identity.id, "before": {}, "after": after });
    let (action, subject) = ("identity.created", user.as_str());
    audit::record(tx, actor, action, subject, details, now, rng).await?;
    Ok(Ok(identity.id))
}

/// Removes an identity at an upstream, which was found to be changed: what comes from there is somebody unknown from
/// now on. With the last one at its connection go the roles that groups gave through it, as nobody else would ever
/// take them.
pub async fn remove_upstream(
    tx: &mut Tx,
    actor: Actor<'_>,
    identity: &UpstreamIdentity,
    is_forced: bool,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), IsLast>> {
    let (user, connection) = (&identity.user_id, &identity.connection_id);
    let found = connections::find(tx, connection).await?;
    let is_usable = found.is_some_and(|found| found.is_enabled);
    let leaves = count_usable(tx, user).await? - i64::from(is_usable);
    if leaves < 1 && !is_forced {
        return Ok(Err(IsLast));
    }
    upstream_identities::remove(tx, &identity.id).await?;
    let left = upstream_identities::list_for_user(tx, user).await?;
    let mut withdrawn = 0;
    if left.iter().all(|other| other.connection_id != *connection) {
        withdrawn = group_role_assignments::remove_for_user(tx, connection, user).await?;
    }
    let before = told_of_upstream(identity);
    let details = json!({
        "identity": identity.id, "before": before, "after": {}, "withdrawn_group_roles": withdrawn,
    });
    let (action, subject) = ("identity.removed", user.as_str());
    audit::record(tx, actor, action, subject, details, now, rng).await?;
    Ok(Ok(()))
}

/// Takes an address that is not proven from whoever claims it, for somebody who has proven it. Whoever is signed in to
/// that account is signed out, and what clients were granted ends: it may be somebody who has waited for the owner of
/// the address. Returns false, and changes nothing, when it is theirs no more, or has been proven meanwhile.
pub async fn give_way(
    tx: &mut Tx,
    id: &IdentityId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let found = find_to_change(tx, id).await?;
    let Some(identity) = found.filter(|identity| identity.verified_at.is_none()) else {
        return Ok(false);
    };
    let removed = remove(tx, Actor::System, &identity, true, now, rng).await?;
    debug_assert!(removed.is_ok(), "it was insisted upon");
    sessions::end_for_user(tx, &identity.user_id, None, now).await?;
    grants::revoke_for_user(tx, &identity.user_id, None, now).await?;
    Ok(true)
}

fn told_of_upstream(identity: &UpstreamIdentity) -> Value {
    json!({
        "connection": identity.connection_id,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email_key,
        "evidence": identity.evidence.0,
    })
}

/// Which identity takes the place of a primary one: the oldest other of its kind. Pure.
fn heir<'a>(removed: &Identity, all: &'a [Identity]) -> Option<&'a Identity> {
    all.iter()
        .filter(|other| other.kind == removed.kind && other.id != removed.id)
        .min_by_key(|other| (other.created_at, &other.id))
}

/// What the audit log tells of an identity.
fn told(identity: &Identity) -> Value {
    json!({
        "kind": identity.kind.0,
        "value": identity.value,
        "is_primary": identity.is_primary,
        "verified_at": identity.verified_at,
    })
}
