//! Claims: an account has a mail address that nobody has proven yet. What does it mean when somebody proves it?
//!
//! # Decision
//!
//! Whoever reads a mailbox is its owner, and may have no idea that an account claims it. Who has claimed it decides:
//!
//! - The business has, and nothing else of the account is proven: it made the account for whoever has that address, and
//!   they may be a user who was brought here from elsewhere. They recover it by a forgotten password, and it is emptied
//!   first ([`settle`]): whoever was in it before has proven nothing, but may know a password that was set in advance,
//!   be signed in still, or have linked an upstream identity of theirs. None of that outlives the proof.
//! - An upstream has, and does not vouch for it; or the account has another address that is proven, or that is the one
//!   it shows: then the account is somebody's who only says that the address is theirs. Nobody is led into it by the
//!   address, and a forgotten password finds no account. The owner registers instead, and the claim gives way
//!   ([`give_way`](super::identities::give_way)).
//!
//! An account that nobody knows by whom it was claimed is older than provenance; at that time only the business could
//! claim what was not proven.

use rand::CryptoRng;
use serde_json::json;

use super::identities::remove_upstream;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::store::attribute_sources::Source;
use crate::store::identities::{Identity, IdentityKind};
use crate::store::upstream_identities::UpstreamIdentity;
use crate::store::{Tx, consents, grants, identities, sessions, upstream_identities};

/// What an account may be entered for by whoever has just proven the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It was proven before.
    Proven,
    /// Nobody but somebody unproven says so: the account is not theirs.
    Unproven,
    /// The business says that the account is theirs.
    Vouched,
}

/// What an account claims of its address. Pure.
fn weigh(found: &identities::Claim) -> Claim {
    let is_of_business = match found.email_source.as_ref().map(|source| source.0) {
        Some(Source::Administrator | Source::Api | Source::Import) | None => true,
        Some(Source::Connection | Source::User) => false,
    };
    if found.identity.verified_at.is_some() {
        Claim::Proven
    } else if is_of_business && found.identity.is_primary && !found.is_proven_elsewhere {
        Claim::Vouched
    } else {
        Claim::Unproven
    }
}

/// The identity by which whoever proves the address may enter an account, if there is one, and whether it was proven
/// before.
///
/// One statement, whatever is found: nobody learns of an account by how long that takes.
pub async fn find_entered(tx: &mut Tx, address: &str) -> sqlx::Result<Option<(Identity, Claim)>> {
    let found = identities::find_claim(tx, IdentityKind::Email, address).await?;
    Ok(found.and_then(|found| match weigh(&found) {
        Claim::Unproven => None,
        claim => Some((found.identity, claim)),
    }))
}

/// Makes an account its owner's, who has just proven the address and was not known to be its owner: sessions and grants
/// end, what clients were allowed is forgotten, and upstream identities go that were linked without that proof. The
/// password is the caller's to replace.
pub async fn settle(
    tx: &mut Tx,
    identity: &Identity,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let user = &identity.user_id;
    // First, so that nobody who is signed in links anything more.
    sessions::end_for_user(tx, user, None, now).await?;
    for linked in upstream_identities::list_for_user(tx, user).await? {
        if !is_proven_by(&linked, identity) {
            let removed = remove_upstream(tx, Actor::System, &linked, true, now, rng).await?;
            debug_assert!(removed.is_ok(), "it was insisted upon");
        }
    }
    // Once more: somebody may have signed in by one of these in this moment.
    sessions::end_for_user(tx, user, None, now).await?;
    grants::revoke_for_user(tx, user, None, now).await?;
    consents::remove_for_user(tx, user).await?;
    identities::mark_verified(tx, &identity.id, now).await?;
    let details = json!({
        "identity": identity.id,
        "before": { "verified_at": null },
        "after": { "verified_at": now },
    });
    let (action, actor) = ("identity.updated", Actor::User(user));
    audit::record(tx, actor, action, user.as_str(), details, now, rng).await
}

/// Whether an upstream identity is the address's owner's: it waits for whom the business names, or was linked because
/// the address was proven on both sides. Pure.
fn is_proven_by(linked: &UpstreamIdentity, address: &Identity) -> bool {
    let key = |text: &str| IdentityKind::Email.key(text);
    let proven = linked.evidence.0.verified_email.as_deref();
    linked.subject.is_none() || proven.map(key) == Some(key(&address.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IdentityId, UserId};
    use crate::store::types::Text;

    #[test]
    fn an_account_is_entered_by_what_was_proven_or_what_the_business_says() {
        let now = Timestamp::from_unix(0);
        let claim = |source, is_verified: bool, is_primary, is_proven_elsewhere| {
            weigh(&identities::Claim {
                identity: Identity {
                    id: IdentityId::parse("identity_0123456789abcdef0123456789abcdef").unwrap(),
                    user_id: UserId::parse("kp_0123456789abcdef0123456789abcdef").unwrap(),
                    kind: Text(IdentityKind::Email),
                    value: "ada@example.test".to_owned(),
                    verified_at: is_verified.then_some(now),
                    is_primary,
                    sign_ins: 0,
                    last_sign_in_at: None,
                    created_at: now,
                    set_aside_at: None,
                },
                email_source: Option::map(source, Text),
                is_proven_elsewhere,
            })
        };
        let business = [
            None,
            Some(Source::Administrator),
            Some(Source::Api),
            Some(Source::Import),
        ];
        let others = [Some(Source::Connection), Some(Source::User)];
        for source in business.into_iter().chain(others) {
            for (is_primary, is_elsewhere) in [(true, false), (true, true), (false, true)] {
                let proven = claim(source, true, is_primary, is_elsewhere);
                assert_eq!(proven, Claim::Proven, "{source:?}");
            }
            for (is_primary, is_elsewhere) in [(true, true), (false, false), (false, true)] {
                let unproven = claim(source, false, is_primary, is_elsewhere);
                assert_eq!(unproven, Claim::Unproven, "{source:?}");
            }
        }
        for source in business {
            assert_eq!(
                claim(source, false, true, false),
                Claim::Vouched,
                "{source:?}"
            );
        }
        for source in others {
            let unproven = claim(source, false, true, false);
            assert_eq!(unproven, Claim::Unproven, "{source:?}");
        }
    }
}
