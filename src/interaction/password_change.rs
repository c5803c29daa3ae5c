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
use crate::id::UserId;
use crate::passwords::{PasswordHash, Verdict};
use crate::secret::Secret;
use crate::store::{Tx, passwords, throttles};

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
    let action = "user.password_change_failed";
    let stored = prove(signed_in, present, action, at, rng).await?;
    let hash = at.hasher.hash(chosen, rng).await?;
    let mut tx = at.db.write().await?;
    // Checking took its time. Whoever changed the password meanwhile has locked the former one out, and
    // whoever ended this session has ended this.
    let is_unchanged = passwords::rehash(&mut tx, user, &stored, &stored).await?;
    let cookie = session::renew_cookie(&mut tx, &signed_in.session, rng).await?;
    let Some(cookie) = cookie.filter(|_| is_unchanged) else {
        return Err(SignInError::Changed);
    };
    forgive(&mut tx, user, at).await?;
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

/// Proves that whoever is signed in knows their password, which is returned as it is stored.
///
/// # Errors
///
/// As [`change_password`]. A wrong one is recorded as `action`.
pub(super) async fn prove(
    signed_in: &SignedIn,
    present: &str,
    action: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<PasswordHash, SignInError> {
    let user = &signed_in.user.id;
    let subject = throttle::account_subject(user.as_str(), at.visitor);
    let mut tx = at.db.write().await?;
    let counted = throttle::count(&mut tx, &subject, at.limits.account_throttle, at.now).await?;
    let stored = passwords::find(&mut tx, user).await?;
    tx.commit().await?;
    counted?;

    let stored = stored.map(|stored| stored.password_hash);
    let verdict = at.hasher.verify(present, stored.as_ref(), rng).await?;
    if let (Some(stored), false) = (stored, verdict == Verdict::Wrong) {
        return Ok(stored);
    }
    let details = json!({ "reason": "wrong present password" });
    let mut tx = at.db.write().await?;
    let (actor, id) = (Actor::User(user), user.as_str());
    audit::record(&mut tx, actor, action, id, details, at.now, rng).await?;
    tx.commit().await?;
    Err(SignInError::Wrong)
}

/// Forgets the attempts of whoever knows the password.
pub(super) async fn forgive(
    tx: &mut Tx,
    user: &UserId,
    at: &Circumstances<'_>,
) -> sqlx::Result<()> {
    let subject = throttle::account_subject(user.as_str(), at.visitor);
    throttles::clear(tx, &subject).await
}
