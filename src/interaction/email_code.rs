//! Codes sent by mail: made, sent again, entered.
//!
//! A code belongs to one interaction and one address, is taken a few times only, and for a short time.
//! Whether there is an account behind the address changes nothing of that: a code is stored in every
//! case, and where it must not be known it is not sent.

use rand::CryptoRng;
use serde_json::json;

use super::circumstances::Circumstances;
use super::local::SignInError;
use super::throttle::{self, Throttled};
use super::{Letter, recovery, registration};
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::secret::{NumericCode, Secret};
use crate::store::email_codes::{EmailCode, Purpose};
use crate::store::identities::IdentityKind;
use crate::store::interactions::{Interaction, Screen};
use crate::store::types::Text;
use crate::store::{Tx, email_codes};

/// What entering the code has led to.
#[derive(Debug)]
pub enum Entered {
    /// The address is proven; a password is to be chosen next.
    Proven,
    /// The account exists now, and its user is signed in: the value of the session's cookie.
    SignedIn(Secret),
}

/// Why a code was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// Nobody could be signed in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The code has been tried too often, or is too old; a new one is needed.
    #[error("the code is spent")]
    Spent,
    /// Somebody has taken the address meanwhile.
    #[error("the address belongs to another account")]
    Taken,
    /// It is another code.
    #[error("the code is wrong")]
    Wrong,
}

impl From<sqlx::Error> for CodeError {
    fn from(error: sqlx::Error) -> Self {
        Self::SignIn(error.into())
    }
}

/// Makes the code that proves `recipient`. Returns it, and until when it is taken.
pub(super) async fn make(
    tx: &mut Tx,
    interaction: &Interaction,
    purpose: Purpose,
    recipient: &str,
    at: &Circumstances<'_>,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<(Secret, Timestamp)> {
    let recipient = IdentityKind::Email.key(recipient);
    let code = NumericCode::generate(rng);
    let expires_at = at.now.plus(at.limits.email_code_lifetime);
    let stored = EmailCode {
        purpose: Text(purpose),
        code_hash: NumericCode::hash(at.hash_key, &recipient, &code),
        recipient,
        attempts_left: i64::from(at.limits.email_code_attempts),
        sent_at: at.now,
        expires_at,
    };
    email_codes::replace(tx, &interaction.id, &stored).await?;
    Ok((code, expires_at))
}

/// Counts a mail to `recipient`, who may not want any.
pub(super) async fn count_mail(
    tx: &mut Tx,
    recipient: &str,
    at: &Circumstances<'_>,
) -> sqlx::Result<Result<(), Throttled>> {
    let by_recipient = throttle::mail_subject(recipient);
    let by_address = throttle::address_subject(at.visitor);
    let recipient = throttle::count(tx, &by_recipient, at.limits.mail_throttle, at.now).await?;
    let address = throttle::count(tx, &by_address, at.limits.address_throttle, at.now).await?;
    Ok(recipient.and(address))
}

/// Sends the code again: a new one, in place of the last.
///
/// # Errors
///
/// [`SignInError::Changed`] when no code is waited for, [`SignInError::Throttled`] after too many mails.
pub async fn resend(
    interaction: &mut Interaction,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Letter, SignInError> {
    let progress = &interaction.progress.0;
    match (
        progress.screen,
        &progress.registration,
        &progress.reset_sent_to,
    ) {
        (Screen::Register, Some(registration), _) if registration.password_hash.is_some() => {
            registration::send_code(interaction, at, rng).await
        }
        (Screen::ForgotPassword, _, Some(recipient)) => {
            let recipient = recipient.clone();
            recovery::request(interaction, &recipient, at, rng).await
        }
        _ => Err(SignInError::Changed),
    }
}

/// Enters a code.
///
/// # Errors
///
/// Says why it was not taken. A wrong code costs one of its attempts.
pub async fn enter(
    interaction: &mut Interaction,
    typed: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Entered, CodeError> {
    let mut tx = at.db.write().await?;
    let by_address = throttle::address_subject(at.visitor);
    let counted = throttle::count(&mut tx, &by_address, at.limits.address_throttle, at.now).await?;
    if let Err(throttled) = counted {
        tx.commit().await?;
        return Err(CodeError::SignIn(throttled.into()));
    }
    let outcome = match email_codes::try_once(&mut tx, &interaction.id, at.now).await? {
        None => Err(CodeError::Spent),
        Some(code) if !fits(&code, typed, at) => {
            let details = json!({ "attempts_left": code.attempts_left });
            audit::record(
                &mut tx,
                Actor::Anonymous,
                "email_code.refused",
                &code.recipient,
                details,
                at.now,
                rng,
            )
            .await?;
            Err(if code.attempts_left > 0 {
                CodeError::Wrong
            } else {
                CodeError::Spent
            })
        }
        Some(code) => {
            email_codes::remove(&mut tx, &interaction.id).await?;
            let entered = match code.purpose.0 {
                Purpose::Register => {
                    registration::complete(&mut tx, interaction, &code.recipient, at, rng).await
                }
                Purpose::ResetPassword => {
                    recovery::proven(&mut tx, interaction, &code.recipient).await
                }
            };
            // An account that could not be created whole must leave nothing behind.
            return match entered {
                Ok(entered) => {
                    tx.commit().await?;
                    Ok(entered)
                }
                Err(refusal) => Err(refusal),
            };
        }
    };
    tx.commit().await?;
    outcome
}

fn fits(code: &EmailCode, typed: &str, at: &Circumstances<'_>) -> bool {
    // People copy codes with blanks around and within.
    let digits: String = typed
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    code.code_hash.matches(&NumericCode::hash(
        at.hash_key,
        &code.recipient,
        &Secret::from(digits),
    ))
}
