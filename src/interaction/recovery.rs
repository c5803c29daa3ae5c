//! A forgotten password: the address, then the code that was mailed, then a new password.
//!
//! Who proves an address enters the account that has it only where that is theirs: the address was proven before, or the
//! business says so ([`claims`]). An account in which somebody else may have been before is emptied first. Where an
//! account only claims the address, there is none for its owner: they learn that by mail, and nobody else does.

use rand::CryptoRng;

use super::Letter;
use super::circumstances::Circumstances;
use super::email_code::{self, CodeError, Entered};
use super::local::{self, SignInError, save};
use crate::directory::accounts::{self, Account};
use crate::directory::claims::{self, Claim};
use crate::secret::Secret;
use crate::store::email_codes::Purpose;
use crate::store::identities::IdentityKind;
use crate::store::interactions::{Interaction, ResetProof, Screen};
use crate::store::{Tx, interactions, passwords, users};

/// Records whose password was forgotten, and mails the code. Returns the mail.
///
/// # Errors
///
/// [`SignInError::Throttled`] after too many mails.
pub async fn request(
    interaction: &mut Interaction,
    email: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Letter, SignInError> {
    let typed = email.to_owned();
    let mut tx = at.db.write().await?;
    email_code::count_mail(&mut tx, &typed, at).await??;
    let (code, expires_at) = email_code::make(
        &mut tx,
        interaction,
        Purpose::ResetPassword,
        &typed,
        at,
        rng,
    )
    .await?;
    let known = claims::find_entered(&mut tx, &typed).await?;
    let progress = &mut interaction.progress.0;
    progress.screen = Screen::ForgotPassword;
    progress.reset_sent_to = Some(typed.clone());
    progress.reset_proof = None;
    save(&mut tx, interaction).await?;
    tx.commit().await?;
    Ok(match known {
        // To the address of the account, not to what was typed: letters that are alike in lower case
        // (U+212A, the Kelvin sign, and k) make another mailbox.
        Some((identity, _)) => Letter::ResetPassword {
            to: identity.value,
            code,
            expires_at,
        },
        None => Letter::NoAccount { to: typed },
    })
}

/// Records that the address was proven.
pub(super) async fn proven(
    tx: &mut Tx,
    interaction: &mut Interaction,
    proven: &str,
) -> Result<Entered, CodeError> {
    let account = accounts::find(tx, proven).await?;
    let password = account.and_then(|account| account.password);
    interaction.progress.0.reset_proof = Some(ResetProof {
        identifier: proven.to_owned(),
        replaces: password.map(|password| password.password_hash),
    });
    save(tx, interaction).await?;
    Ok(Entered::Proven)
}

/// Replaces the password of the account that was proven to be theirs, and signs its user in: everywhere
/// else they are signed out. Returns the session's cookie, and the mail that tells the owner, if they have an address.
///
/// # Errors
///
/// [`SignInError::Suspended`] when the user may not sign in; the password then stays as it was.
pub async fn choose_password(
    interaction: &mut Interaction,
    password: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<(Secret, Option<Letter>), SignInError> {
    let proof = interaction
        .progress
        .0
        .reset_proof
        .clone()
        .ok_or(SignInError::Changed)?;
    let hash = at.hasher.hash(password, rng).await?;
    let mut tx = at.db.write().await?;
    let account = accounts::find(&mut tx, &proof.identifier)
        .await?
        .ok_or(SignInError::Changed)?;
    if account.user.suspended_at.is_some() {
        return Err(SignInError::Suspended);
    }
    if !still_replaces(&mut tx, &account, &proof).await? {
        drop(tx);
        return begin_anew(interaction, at).await;
    }
    if interaction.progress.0.reset_sent_to.is_some() {
        // What is decided stays so until this transaction ends.
        users::find_to_change(&mut tx, &account.user.id).await?;
        match claims::find_entered(&mut tx, &proof.identifier).await? {
            Some((entered, Claim::Proven)) if entered.id == account.identity.id => {}
            Some((entered, _)) if entered.id == account.identity.id => {
                claims::settle(&mut tx, &entered, at.now, rng).await?;
            }
            // It is somebody else's meanwhile.
            _ => {
                drop(tx);
                return begin_anew(interaction, at).await;
            }
        }
    }
    accounts::change_password(&mut tx, &account.user.id, hash, None, at.now, rng).await?;
    // Their own session was ended just now with all others; a new one takes its place.
    let present = at
        .present
        .filter(|present| present.user_id != account.user.id);
    let at = &Circumstances { present, ..*at };
    let cookie = local::authenticate(&mut tx, interaction, &account.identity, at, rng).await?;
    let owner = users::find_subject(&mut tx, &account.user.id).await?;
    tx.commit().await?;
    let identity = account.identity;
    let to = if identity.kind.0 == IdentityKind::Email {
        Some(identity.value)
    } else {
        // A user name or a phone number takes no mail.
        owner.and_then(|owner| owner.email)
    };
    Ok((cookie, to.map(|to| Letter::PasswordChanged { to })))
}

/// Whether the account has the very password that the proof was given for.
async fn still_replaces(tx: &mut Tx, account: &Account, proof: &ResetProof) -> sqlx::Result<bool> {
    match &proof.replaces {
        None => Ok(account.password.is_none()),
        Some(former) => passwords::rehash(tx, &account.user.id, former, former).await,
    }
}

/// Drops a proof that is void: its owner has chosen a password meanwhile.
async fn begin_anew<T>(
    interaction: &mut Interaction,
    at: &Circumstances<'_>,
) -> Result<T, SignInError> {
    let progress = &mut interaction.progress.0;
    progress.reset_proof = None;
    progress.reset_sent_to = None;
    let mut tx = at.db.write().await?;
    interactions::update(&mut tx, interaction).await?;
    tx.commit().await?;
    Err(SignInError::Changed)
}
