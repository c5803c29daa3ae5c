//! Signing in through an upstream: gathers what is known of whom an assertion may be about, lets
//! [`reconcile`](super::reconcile) decide, and carries the decision out.

mod carry_out;
mod facts;
mod synced;

use rand::CryptoRng;

use super::reconcile::{Facts, Reconciliation, Refusal, Terms, Upstream, reconcile};
use crate::clock::Timestamp;
use crate::federation::Assertion;
use crate::id::{ConnectionId, IdentityId, UserId};
use crate::store::invitations::Invitation;
use crate::store::{Tx, connections, environment};

pub use facts::gather;
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

/// Decides whom the assertion is about, and brings everything up to date. `invited` is the invitation that the request
/// names, if it is open and for the stated address.
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
    let terms = terms(tx).await?;
    let facts = Facts {
        invited,
        ..gather(tx, assertion, upstream, linking).await?
    };
    let reconciliation = reconcile(assertion, upstream, &terms, &facts)?;
    let (user, identity) =
        carry_out::carry_out(tx, assertion, upstream, &facts, &reconciliation, now, rng).await?;
    Ok(Adopted {
        user,
        identity,
        reconciliation,
    })
}
