//! What users see and change of their own account: their profile, who keeps it as it is, and their ways to sign in.

use rand::CryptoRng;

use super::identities::{self, Way};
use super::users::{self as operations, Wanted};
use super::{provenance, upstream};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::federation::mapping::{Attribute, Mode};
use crate::id::{IdentityId, UserId};
use crate::store::attribute_sources::{self, AttributeSource};
use crate::store::connections::{self, Connection};
use crate::store::identities::IdentityKind;
use crate::store::users::User;
use crate::store::{Tx, passwords, users};

/// What users may change of their profile themselves.
pub const EDITABLE: [Attribute; 2] = [Attribute::GivenName, Attribute::FamilyName];

/// An attribute of a profile.
#[derive(Debug, Clone)]
pub struct Line {
    /// Which.
    pub attribute: Attribute,
    /// What it is.
    pub value: Option<String>,
    /// Who wrote it, if that is known.
    pub source: Option<AttributeSource>,
    /// The connection that keeps it as it is: each sign-in there writes it.
    pub keeper: Option<Connection>,
}

impl Line {
    /// Whether its user may change it.
    pub fn is_editable(&self) -> bool {
        EDITABLE.contains(&self.attribute) && self.keeper.is_none()
    }
}

/// The profile of a user, each attribute with where it comes from.
pub async fn profile(tx: &mut Tx, user: &User) -> sqlx::Result<Vec<Line>> {
    let subject = users::find_subject(tx, &user.id).await?;
    let email = subject
        .as_ref()
        .and_then(|subject| subject.email.as_deref());
    let sources = attribute_sources::list(tx, &user.id).await?;
    let connections = connections::list_of_user(tx, &user.id).await?;
    let syncs = upstream::terms(tx).await?.syncs_profiles;
    let line = |attribute: Attribute| {
        let source = sources.iter().find(|one| one.attribute.0 == attribute);
        Line {
            attribute,
            value: provenance::value(user, email, attribute),
            keeper: keeper(source, &connections, syncs).cloned(),
            source: source.cloned(),
        }
    };
    Ok(Attribute::ALL.iter().copied().map(line).collect())
}

/// The connection that keeps an attribute as it is: it has written it last, and writes it again at each sign-in,
/// whatever is edited here. Pure.
fn keeper<'a>(
    source: Option<&AttributeSource>,
    connections: &'a [Connection],
    syncs: bool,
) -> Option<&'a Connection> {
    let source = source?;
    let from = source.connection_id.as_ref()?;
    let mut connections = connections.iter();
    connections.find(|connection| {
        let rule = connection.mapping.0.0.get(&source.attribute.0);
        connection.id == *from
            && connection.sync.0.decides(syncs)
            && rule.is_some_and(|rule| rule.mode == Mode::Follow)
    })
}

/// Another one keeps the attribute as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{by} keeps this as it is")]
pub struct Kept {
    /// The attribute.
    pub attribute: Attribute,
    /// What the button of the connection says.
    pub by: String,
}

/// Changes the name of a user, as they want it.
pub async fn rename(
    tx: &mut Tx,
    user: &UserId,
    (given_name, family_name): (Option<String>, Option<String>),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Kept>> {
    let Some(found) = users::find_to_change(tx, user).await? else {
        return Ok(Ok(()));
    };
    let wanted = Wanted {
        given_name,
        family_name,
        ..Wanted::as_is(&found)
    };
    for line in profile(tx, &found).await? {
        let changes = match line.attribute {
            Attribute::FamilyName => wanted.family_name != found.family_name,
            Attribute::GivenName => wanted.given_name != found.given_name,
            _ => false,
        };
        if let (true, Some(keeper)) = (changes, line.keeper) {
            return Ok(Err(Kept {
                attribute: line.attribute,
                by: keeper.display_name,
            }));
        }
    }
    let changed = operations::change(tx, Actor::User(user), &found, wanted, now, rng).await?;
    debug_assert!(changed.is_ok(), "nothing else was changed");
    Ok(Ok(()))
}

/// What removing a way to sign in leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: its user could sign in no more.
    Nothing,
    /// One other way alone.
    One(IdentityId),
    /// Several others, or it is no way in itself.
    Several,
}

/// What removing one of these ways to sign in leaves. Pure.
///
/// A way in is what its user can sign in by as things are: an upstream identity whose connection is switched on; an
/// address, number or name, if there is a password; and an address that is proven, by which a password can be had.
/// What is set aside is none.
pub fn leaves(ways: &[Way], removed: &IdentityId, has_password: bool) -> Leaves {
    let is_way_in = |way: &Way| match way {
        Way::Here(identity) => {
            identity.set_aside_at.is_none()
                && (has_password || (is_email(way) && identity.verified_at.is_some()))
        }
        Way::Upstream(listed) => listed.identity.subject.is_some() && listed.connection_is_enabled,
    };
    let left: Vec<&Way> = ways
        .iter()
        .filter(|way| way.id() != removed && is_way_in(way))
        .collect();
    let counts = ways.iter().any(|way| way.id() == removed && is_way_in(way));
    match left.as_slice() {
        [] => Leaves::Nothing,
        [one] if counts => Leaves::One(one.id().clone()),
        _ => Leaves::Several,
    }
}

fn is_email(way: &Way) -> bool {
    matches!(way, Way::Here(identity) if identity.kind.0 == IdentityKind::Email)
}

/// Nothing would be left to sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NothingLeft;

/// Removes one of a user's own ways to sign in, which was found to be changed.
pub async fn remove(
    tx: &mut Tx,
    user: &UserId,
    way: &Way,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), NothingLeft>> {
    let ways = identities::list(tx, user).await?;
    let has_password = passwords::find(tx, user).await?.is_some();
    if leaves(&ways, way.id(), has_password) == Leaves::Nothing {
        return Ok(Err(NothingLeft));
    }
    let actor = Actor::User(user);
    // What is left was looked at more closely than what counts there.
    let removed = match way {
        Way::Here(identity) => identities::remove(tx, actor, identity, true, now, rng).await?,
        Way::Upstream(listed) => {
            identities::remove_upstream(tx, actor, &listed.identity, true, now, rng).await?
        }
    };
    debug_assert!(removed.is_ok(), "it was insisted upon");
    Ok(Ok(()))
}

#[cfg(test)]
mod tests;
