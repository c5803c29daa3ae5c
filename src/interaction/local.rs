//! Signing in with a password.

use rand::CryptoRng;
use serde_json::json;

use super::circumstances::Circumstances;
use super::session;
use super::throttle::{self, Throttled};
use crate::audit::{self, Actor};
use crate::directory::accounts::{self, Account};
use crate::id::UserId;
use crate::passwords::{PasswordError, Verdict};
use crate::secret::Secret;
use crate::store::interactions::{Authenticated, Interaction, Screen};
use crate::store::{Tx, identities, interactions, passwords, throttles};

/// How a password is called in `amr` (RFC 8176 §2).
const PASSWORD: &str = "pwd";

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] PasswordError),
    /// The interaction changed meanwhile, in another tab.
    #[error("the interaction has changed")]
    Changed,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The proof is right, but the user may not sign in.
    #[error("the user is suspended")]
    Suspended,
    /// Too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// No such account, no password, or another one. Which of these is nobody's business.
    #[error("the password is wrong")]
    Wrong,
}

/// Signs in with the identifier given before and `password`. Returns the value of the session's cookie; none
/// when the password is a temporary one, in whose place another has to be chosen first.
///
/// # Errors
///
/// Says why nobody was signed in. An attempt that failed is counted all the same.
pub async fn sign_in(
    interaction: &mut Interaction,
    password: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, SignInError> {
    let identifier = interaction
        .progress
        .0
        .identifier
        .clone()
        .ok_or(SignInError::Changed)?;
    let account = attempt(&identifier, at).await?;
    let stored = account
        .as_ref()
        .and_then(|account| account.password.as_ref());
    let verdict = at
        .hasher
        .verify(password, stored.map(|stored| &stored.password_hash), rng)
        .await?;

    let mut tx = at.db.write().await?;
    let Some(account) = account.filter(|_| !matches!(verdict, Verdict::Wrong)) else {
        let details = json!({ "reason": "wrong password or unknown account" });
        audit::record(
            &mut tx,
            Actor::Anonymous,
            "user.sign_in_failed",
            &identifier,
            details,
            at.now,
            rng,
        )
        .await?;
        tx.commit().await?;
        return Err(SignInError::Wrong);
    };
    // Whoever knows the password has not been guessing.
    throttles::clear(&mut tx, &throttle::account_subject(&identifier, at.visitor)).await?;
    if account.user.suspended_at.is_some() {
        tx.commit().await?;
        return Err(SignInError::Suspended);
    }
    if let (Verdict::RightRehash(new), Some(old)) = (&verdict, &account.password) {
        passwords::rehash(&mut tx, &account.user.id, &old.password_hash, new).await?;
    }
    identities::record_sign_in(&mut tx, &account.identity.id, at.now).await?;
    let is_temporary = account
        .password
        .as_ref()
        .is_some_and(|password| password.is_temporary);
    let cookie = if is_temporary {
        require_new_password(&mut tx, interaction, identifier).await?;
        None
    } else {
        Some(authenticate(&mut tx, interaction, &account.user.id, at, rng).await?)
    };
    tx.commit().await?;
    Ok(cookie)
}

/// Records that the account is theirs, and that nothing but a new password leads into it.
async fn require_new_password(
    tx: &mut Tx,
    interaction: &mut Interaction,
    identifier: String,
) -> Result<(), SignInError> {
    let progress = &mut interaction.progress.0;
    progress.screen = Screen::ForgotPassword;
    progress.reset_sent_to = None;
    progress.reset_proven_for = Some(identifier);
    if interactions::update(tx, interaction).await? {
        Ok(())
    } else {
        Err(SignInError::Changed)
    }
}

/// Counts the attempt, and finds what it is aimed at.
async fn attempt(identifier: &str, at: &Circumstances<'_>) -> Result<Option<Account>, SignInError> {
    let mut tx = at.db.write().await?;
    let subject = throttle::address_subject(at.visitor);
    let by_address = throttle::count(&mut tx, &subject, at.limits.address_throttle, at.now).await?;
    let subject = throttle::account_subject(identifier, at.visitor);
    let by_account = throttle::count(&mut tx, &subject, at.limits.account_throttle, at.now).await?;
    let account = accounts::find(&mut tx, identifier).await?;
    tx.commit().await?;
    by_address?;
    by_account?;
    Ok(account)
}

/// Begins the session, and records in the interaction that it came of it.
pub(super) async fn authenticate(
    tx: &mut Tx,
    interaction: &mut Interaction,
    user: &UserId,
    at: &Circumstances<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Secret, SignInError> {
    let (session, cookie) = session::begin(tx, user, PASSWORD, at, rng).await?;
    let progress = &mut interaction.progress.0;
    progress.authenticated = Some(Authenticated {
        session_id: session.id,
    });
    progress.registration = None;
    progress.reset_proven_for = None;
    progress.reset_sent_to = None;
    if interactions::update(tx, interaction).await? {
        Ok(cookie)
    } else {
        Err(SignInError::Changed)
    }
}
