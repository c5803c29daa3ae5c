//! Tokens: codes, access tokens, refresh tokens and ID Tokens; the keys that sign them.
//!
//! Owns their whole life: issued on a grant, redeemed, refreshed, verified, revoked. The requests and
//! responses are `protocol`'s; who may have a token at all is decided in `interaction`.
//!
//! # Decision
//!
//! Redeeming has two halves. The first, in a transaction, spends what was presented and says what is
//! due ([`Entitlement`]). The second, after the commit, signs. A signature takes longer than all
//! statements of the first half together, and on `SQLite` every other writer would wait for it.

pub mod attributes;
pub mod authorize;
pub mod claims;
pub mod explain;
pub mod keyring;
pub mod machine;
pub mod membership;
pub mod mint;
pub mod redeem;
pub mod refresh;
pub mod revoke;
pub mod rotation;
pub mod verify;

use self::membership::Memberships;
use crate::protocol::scope::Scopes;
use crate::secret::Secret;
use crate::store::grants::Grant;
use crate::store::users::Subject;

/// What a client is due: the tokens of one grant.
#[derive(Debug)]
pub struct Entitlement {
    /// The authorization they stand on, for the APIs that the access token is wanted for.
    pub grant: Grant,
    /// Whose it is.
    pub subject: Subject,
    /// The user's organizations, and what they may in the one that the tokens are for.
    pub memberships: Memberships,
    /// What the tokens allow: the grant's scopes, or fewer.
    pub scopes: Scopes,
    /// The refresh token to hand out, if any.
    pub refresh_token: Option<Secret>,
    /// The `nonce` for the ID Token; only the first one carries it (OpenID Connect Core 1.0 §12.2).
    pub nonce: Option<String>,
}
