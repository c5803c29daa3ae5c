//! Throttling: how often somebody may guess, and how much mail somebody may cause.
//!
//! Counts are kept for an account *as tried from one address*, and for an address as a whole. Nobody
//! can lock another out: whoever guesses at an account from elsewhere uses up their own attempts only.

use super::session::Visitor;
use crate::clock::{Seconds, Timestamp};
use crate::config::Throttle;
use crate::directory::identifier;
use crate::store::identities::IdentityKind;
use crate::store::{Tx, throttles};

/// Too many attempts; how long until the next is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; the next one counts in {0:?}")]
pub struct Throttled(pub Seconds);

/// Counts one attempt at `subject`. Returns whether it is one too many.
pub async fn count(
    tx: &mut Tx,
    subject: &str,
    limit: Throttle,
    now: Timestamp,
) -> sqlx::Result<Result<(), Throttled>> {
    let (attempts, window_ends_at) =
        throttles::count(tx, subject, now, now.plus(limit.window)).await?;
    Ok(if attempts > i64::from(limit.attempts) {
        Err(Throttled(window_ends_at.since(now)))
    } else {
        Ok(())
    })
}

/// The subject for guesses at one account by one visitor.
pub fn account_subject(identifier: &str, visitor: &Visitor) -> String {
    format!(
        "account {} {}",
        identifier::kind_of(identifier).key(identifier),
        visitor.network()
    )
}

/// The subject for all guesses by one visitor.
pub fn address_subject(visitor: &Visitor) -> String {
    format!("address {}", visitor.network())
}

/// The subject for mails to one recipient.
pub fn mail_subject(recipient: &str) -> String {
    format!("mail {}", IdentityKind::Email.key(recipient))
}
