//! Signing in through an upstream: gathers what is known of whom an assertion may be about, lets
//! [`reconcile`](super::reconcile) decide, and carries the decision out.

mod carry_out;
mod facts;
mod outlook;
pub mod rehearsal;
pub mod replay;
mod synced;

use rand::CryptoRng;

use super::reconcile::{Facts, Reconciliation, Refusal, Terms, Upstream, reconcile};
use crate::clock::Timestamp;
use crate::federation::Assertion;
use crate::id::{ConnectionId, IdentityId, UserId};
use crate::store::invitations::Invitation;
use crate::store::{Tx, connections, environment};

pub use facts::gather;
pub use outlook::{Outlook, outlook};
pub use synced::Synced;

/// Who was signed in, and by what.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The user.
    pub user: UserId,
    /// The identity.
    pub identity: IdentityId,
    /// What was decided.
    pub reconciliation: Reconciliation,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// Somebody else has taken an address or an identity in this very moment: try once more.
    #[error("somebody else was quicker")]
    Outrun,
    /// The decision.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// The connection of that id, with all that is set of it.
pub async fn find(tx: &mut Tx, id: &ConnectionId) -> sqlx::Result<Option<Upstream>> {
    let Some(connection) = connections::find(tx, id).await? else {
        return Ok(None);
    };
    Ok(Some(Upstream {
        domains: connections::list_domains(tx, id).await?,
        group_roles: connections::list_group_roles(tx, id).await?,
        connection,
    }))
}

/// The policies that count for newcomers and profiles.
pub async fn terms(tx: &mut Tx) -> sqlx::Result<Terms> {
    let policies = environment::policies(tx).await?;
    Ok(Terms {
        syncs_profiles: policies.syncs_profiles,
        self_sign_up_allowed: policies.self_sign_up_allowed,
        sign_up_domains: environment::list_sign_up_domains(tx).await?,
    })
}

/// What was decided, and by what.
#[derive(Debug, Clone)]
pub struct Decided {
    /// What is known of whom it may be about.
    pub facts: Facts,
    /// What it means here, or why nobody is signed in.
    pub outcome: Result<Reconciliation, Refusal>,
}

/// Decides whom the assertion is about, and what changes. Nothing is changed. `invited` is the invitation that the
/// request names, if it is open and for the stated address.
pub async fn decide(
    tx: &mut Tx,
    assertion: &Assertion,
    upstream: &Upstream,
    linking: Option<&UserId>,
    invited: Option<Invitation>,
) -> sqlx::Result<Decided> {
    let terms = terms(tx).await?;
    let facts = Facts {
        invited,
        ..gather(tx, assertion, upstream, linking).await?
    };
    let outcome = reconcile(assertion, upstream, &terms, &facts);
    Ok(Decided { facts, outcome })
}

/// Decides whom the assertion is about, and brings everything up to date. `invited` is as for [`decide`].
///
/// # Errors
///
/// Why nobody is signed in. Then the transaction is to be rolled back, and nothing remains of it.
pub async fn adopt(
    tx: &mut Tx,
    assertion: &Assertion,
    upstream: &Upstream,
    linking: Option<&UserId>,
    invited: Option<Invitation>,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Adopted, AdoptionError> {
    let Decided { facts, outcome } = decide(tx, assertion, upstream, linking, invited).await?;
    let reconciliation = outcome?;
    let (user, identity) =
        carry_out::carry_out(tx, assertion, upstream, &facts, &reconciliation, now, rng).await?;
    Ok(Adopted {
        user,
        identity,
        reconciliation,
    })
}
