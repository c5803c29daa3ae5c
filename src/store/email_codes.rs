//! One-time codes sent by mail, at most one for each interaction.

use sqlx::FromRow;

use super::Tx;
use super::types::Text;
use crate::clock::Timestamp;
use crate::id::InteractionId;
use crate::secret::SecretHash;
use crate::words::words;

/// A code that was sent.
#[derive(Debug, Clone, FromRow)]
pub struct EmailCode {
    /// What it proves an address for.
    pub purpose: Text<Purpose>,
    /// The address, normalised.
    pub recipient: String,
    /// The keyed hash of the code.
    pub code_hash: SecretHash,
    /// How often it may still be tried.
    pub attempts_left: i64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Until when it is taken.
    pub expires_at: Timestamp,
}

words! {
    /// What an address is proven for.
    pub enum Purpose {
        /// To create an account.
        Register = "register",
        /// To replace a password.
        ResetPassword = "reset_password",
    }
}

/// Stores a code in place of any that was sent for this interaction before.
pub async fn replace(
    tx: &mut Tx,
    interaction: &InteractionId,
    code: &EmailCode,
) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO email_codes (interaction_id, purpose, recipient, code_hash, attempts_left, sent_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (interaction_id) DO UPDATE SET
            purpose = excluded.purpose, recipient = excluded.recipient, code_hash = excluded.code_hash,
            attempts_left = excluded.attempts_left, sent_at = excluded.sent_at, expires_at = excluded.expires_at",
        (
            interaction,
            &code.purpose,
            &code.recipient,
            &code.code_hash,
            code.attempts_left,
            code.sent_at,
            code.expires_at,
        ),
    )
    .await?;
    Ok(())
}

/// The code last sent for an interaction.
pub async fn find(tx: &mut Tx, interaction: &InteractionId) -> sqlx::Result<Option<EmailCode>> {
    tx.optional(
        "SELECT purpose, recipient, code_hash, attempts_left, sent_at, expires_at
         FROM email_codes WHERE interaction_id = $1",
        (interaction,),
    )
    .await
}

/// Takes one attempt off a code that is still good. Returns the code, or none when it is spent or expired.
pub async fn try_once(
    tx: &mut Tx,
    interaction: &InteractionId,
    now: Timestamp,
) -> sqlx::Result<Option<EmailCode>> {
    tx.optional(
        "UPDATE email_codes SET attempts_left = attempts_left - 1
         WHERE interaction_id = $1 AND attempts_left > 0 AND expires_at > $2
         RETURNING purpose, recipient, code_hash, attempts_left, sent_at, expires_at",
        (interaction, now),
    )
    .await
}

/// Removes every code that was sent to an address, given as it is compared.
pub async fn remove_for_recipient(tx: &mut Tx, recipient: &str) -> sqlx::Result<()> {
    tx.execute("DELETE FROM email_codes WHERE recipient = $1", (recipient,))
        .await?;
    Ok(())
}

/// Removes the code of an interaction, once it was used.
pub async fn remove(tx: &mut Tx, interaction: &InteractionId) -> sqlx::Result<()> {
    tx.execute(
        "DELETE FROM email_codes WHERE interaction_id = $1",
        (interaction,),
    )
    .await?;
    Ok(())
}
