//! Replacing one's own password while signed in.

use rand::CryptoRng;
use serde_json::json;

use super::circumstances::Circumstances;
use super::facts::SignedIn;
use super::local::SignInError;
use super::throttle;
use crate::audit::{self, Actor};
use crate::directory::accounts;
use crate::passwords::Verdict;
use crate::store::{passwords, throttles};

/// Replaces the password of who is signed in, once they have proven to know the present one. All their
/// other sessions end.
///
/// # Errors
///
/// [`SignInError::Wrong`] when the present password is another one, [`SignInError::Throttled`] after too many
/// of these.
pub async fn change_password(
    signed_in: &SignedIn,
    present: &str,
    chosen: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<(), SignInError> {
    let user = &signed_in.user.id;
    let subject = throttle::account_subject(user.as_str(), at.visitor);
    let mut tx = at.db.write().await?;
    let counted = throttle::count(&mut tx, &subject, at.limits.account_throttle, at.now).await?;
    let stored = passwords::find(&mut tx, user).await?;
    tx.commit().await?;
    counted?;

    let stored = stored.map(|stored| stored.password_hash);
    let verdict = at.hasher.verify(present, stored.as_ref(), rng).await?;
    if verdict == Verdict::Wrong {
        let details = json!({ "reason": "wrong present password" });
        let mut tx = at.db.write().await?;
        let action = "user.password_change_failed";
        audit::record(
            &mut tx,
            Actor::User(user),
            action,
            user.as_str(),
            details,
            at.now,
            rng,
        )
        .await?;
        tx.commit().await?;
        return Err(SignInError::Wrong);
    }
    let hash = at.hasher.hash(chosen, rng).await?;
    let mut tx = at.db.write().await?;
    throttles::clear(&mut tx, &subject).await?;
    accounts::change_password(
        &mut tx,
        user,
        hash,
        Some(&signed_in.session.id),
        at.now,
        rng,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}
