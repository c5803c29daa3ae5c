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
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{IdentityId, UserId};
use crate::store::identities::{Identity, IdentityKind};
use crate::store::types::Text;
use crate::store::{Tx, email_codes, identities, users};

/// How many identities a user has at most.
pub const MOST: usize = 100;

/// Why an identity was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// Somebody has it already.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// The user has too many.
    #[error("a user has at most {MOST} identities: remove one first")]
    TooMany,
}

/// The only identity is not removed unless that is insisted upon: nobody could sign in any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is the last identity of this user, who could not sign in without it: add another one first, or say is_forced=true"
)]
pub struct IsLast;

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
    let present = identities::list_for_user(tx, user).await?;
    if present.len() >= MOST {
        return Ok(Err(NotAdded::TooMany));
    }
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
    if all.len() == 1 && !is_forced {
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
