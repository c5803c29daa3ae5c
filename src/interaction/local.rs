//! Signing in with a password.

use rand::CryptoRng;
use serde_json::json;

use super::circumstances::Circumstances;
use super::session::{self, Proof};
use super::throttle::{self, Throttled};
use crate::audit::{self, Actor};
use crate::directory::accounts::{self, Account};
use crate::passwords::{PasswordError, Verdict};
use crate::secret::Secret;
use crate::store::identities::Identity;
use crate::store::interactions::{Authenticated, Interaction, ResetProof, Screen};
use crate::store::{Tx, identities, interactions, passwords, throttles, users};

/// How a password is called in `amr` (RFC 8176 §2).
pub(super) const PASSWORD: &str = "pwd";

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Nobody may create an account with such an address.
    #[error("no account may be created with an address at that domain")]
    AddressNotAdmitted,
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

    let (Some(account), Some(stored)) = (&account, stored) else {
        return refuse(account.as_ref(), at, rng).await;
    };
    let confirmed = match &verdict {
        Verdict::Right => &stored.password_hash,
        Verdict::RightRehash(new) => new,
        Verdict::Wrong => return refuse(Some(account), at, rng).await,
    };
    let user = &account.user.id;
    let mut tx = at.db.write().await?;
    // Checking took its time. Whoever changed the password meanwhile has locked the former one out.
    if !passwords::rehash(&mut tx, user, &stored.password_hash, confirmed).await? {
        drop(tx);
        return refuse(Some(account), at, rng).await;
    }
    // Whoever knows the password has not been guessing. In the order in which `attempt` counts: PostgreSQL
    // would find a deadlock between two that lock the same rows the other way round.
    throttles::give_back(&mut tx, &throttle::address_subject(at.visitor)).await?;
    throttles::clear(&mut tx, &throttle::account_subject(&identifier, at.visitor)).await?;
    let is_suspended = users::find(&mut tx, user)
        .await?
        .is_none_or(|user| user.suspended_at.is_some());
    if is_suspended {
        tx.commit().await?;
        return Err(SignInError::Suspended);
    }
    let cookie = if stored.is_temporary {
        let proof = ResetProof {
            identifier,
            replaces: Some(confirmed.clone()),
        };
        require_new_password(&mut tx, interaction, proof).await?;
        None
    } else {
        Some(authenticate(&mut tx, interaction, &account.identity, at, rng).await?)
    };
    tx.commit().await?;
    Ok(cookie)
}

/// Refuses an attempt, and records it: against the account, if there is one. What was typed is not
/// recorded, as people type passwords into the wrong field.
async fn refuse(
    account: Option<&Account>,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Option<Secret>, SignInError> {
    let subject = account.map_or("unknown", |account| account.user.id.as_str());
    let details = json!({ "address": at.visitor.address });
    let mut tx = at.db.write().await?;
    if let Some(account) = account {
        users::record_failed_sign_in(&mut tx, &account.user.id).await?;
    }
    audit::record(
        &mut tx,
        Actor::Anonymous,
        "user.sign_in_failed",
        subject,
        details,
        at.now,
        rng,
    )
    .await?;
    tx.commit().await?;
    Err(SignInError::Wrong)
}

/// Records that the account is theirs, and that nothing but a new password leads into it.
async fn require_new_password(
    tx: &mut Tx,
    interaction: &mut Interaction,
    proof: ResetProof,
) -> Result<(), SignInError> {
    let progress = &mut interaction.progress.0;
    progress.screen = Screen::ForgotPassword;
    progress.reset_sent_to = None;
    progress.reset_proof = Some(proof);
    save(tx, interaction).await
}

/// Stores the progress of an interaction that nothing else has changed since it was read.
pub(super) async fn save(tx: &mut Tx, interaction: &Interaction) -> Result<(), SignInError> {
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

/// Begins the session of whose identity it is, and records in the interaction that it came of it.
pub(super) async fn authenticate(
    tx: &mut Tx,
    interaction: &mut Interaction,
    identity: &Identity,
    at: &Circumstances<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Secret, SignInError> {
    identities::record_sign_in(tx, &identity.id, at.now).await?;
    let (session, cookie) =
        session::begin(tx, &identity.user_id, Proof::here(PASSWORD), at, rng).await?;
    let progress = &mut interaction.progress.0;
    progress.authenticated = Some(Authenticated {
        session_id: session.id,
    });
    progress.registration = None;
    progress.reset_proof = None;
    progress.reset_sent_to = None;
    save(tx, interaction).await?;
    Ok(cookie)
}
