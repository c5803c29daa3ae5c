//! Replacing one's own password while signed in.

use rand::CryptoRng;
use serde_json::json;

use super::circumstances::Circumstances;
use super::facts::SignedIn;
use super::local::SignInError;
use super::session;
use super::throttle;
use crate::audit::{self, Actor};
use crate::directory::accounts;
use crate::passwords::Verdict;
use crate::secret::Secret;
use crate::store::{passwords, throttles};

/// Replaces the password of who is signed in, once they have proven to know the present one. All their
/// other sessions end, and this one gets another cookie: its value is returned.
///
/// # Errors
///
/// [`SignInError::Changed`] when password or session have changed meanwhile, [`SignInError::Wrong`] when the present password is another one, [`SignInError::Throttled`] after too many
/// of these.
pub async fn change_password(
    signed_in: &SignedIn,
    present: &str,
    chosen: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Secret, SignInError> {
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
    // Checking took its time. Whoever changed the password meanwhile has locked the former one out, and
    // whoever ended this session has ended this.
    let is_unchanged = match &stored {
        Some(stored) => passwords::rehash(&mut tx, user, stored, stored).await?,
        None => false,
    };
    let cookie = session::renew_cookie(&mut tx, &signed_in.session, rng).await?;
    let Some(cookie) = cookie.filter(|_| is_unchanged) else {
        return Err(SignInError::Changed);
    };
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
    Ok(cookie)
}
