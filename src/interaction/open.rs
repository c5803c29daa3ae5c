//! Opens an interaction for the browser that it belongs to, and for no other.
//!
//! The address says which interaction, the cookie proves whose. The first browser that opens an
//! interaction claims it: a client's form may have been posted from another site, where our
//! `SameSite=Lax` cookie is not sent.

use crate::clock::Timestamp;
use crate::id::InteractionId;
use crate::secret::{Secret, SecretHash};
use crate::store::interactions::Interaction;
use crate::store::{Db, Tx, interactions};

/// Why an interaction can't go on in this browser.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its time is over.
    #[error("the interaction has expired")]
    Expired(Box<Interaction>),
    /// It has been answered.
    #[error("the interaction is finished")]
    Finished(Box<Interaction>),
    /// It belongs to another browser.
    #[error("the interaction belongs to another browser")]
    Foreign(Box<Interaction>),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// There is none of that id.
    #[error("there is no such interaction")]
    Unknown,
}

/// The interaction of that id, when it is open and belongs to `browser`.
///
/// # Errors
///
/// Says why it can't go on; who asks decides what way back to offer.
pub async fn open(
    tx: &mut Tx,
    id: &InteractionId,
    browser: Option<&Secret>,
    now: Timestamp,
) -> Result<Interaction, OpenError> {
    let interaction = interactions::find(tx, id)
        .await?
        .ok_or(OpenError::Unknown)?;
    let is_theirs = match (&interaction.browser_hash, browser) {
        (Some(owner), Some(browser)) => owner.matches(&browser.hash()),
        _ => false,
    };
    if !is_theirs {
        return Err(OpenError::Foreign(Box::new(interaction)));
    }
    still_open(interaction, now)
}

/// The same, but an interaction that no browser has opened yet becomes this one's.
///
/// # Errors
///
/// As [`open`].
pub async fn claim(
    db: &Db,
    id: &InteractionId,
    browser: &Secret,
    now: Timestamp,
) -> Result<Interaction, OpenError> {
    let found = interactions::find(&mut db.read().await?, id).await?;
    let mut interaction = found.ok_or(OpenError::Unknown)?;
    let browser: SecretHash = browser.hash();
    let is_theirs = if let Some(owner) = &interaction.browser_hash {
        owner.matches(&browser)
    } else {
        // Of two browsers at once, the write lets one in.
        let mut tx = db.write().await?;
        let is_first = interactions::bind(&mut tx, id, &browser).await?;
        tx.commit().await?;
        is_first
    };
    if !is_theirs {
        return Err(OpenError::Foreign(Box::new(interaction)));
    }
    interaction.browser_hash = Some(browser);
    still_open(interaction, now)
}

fn still_open(interaction: Interaction, now: Timestamp) -> Result<Interaction, OpenError> {
    if interaction.finished_at.is_some() {
        Err(OpenError::Finished(Box::new(interaction)))
    } else if interaction.expires_at <= now {
        Err(OpenError::Expired(Box::new(interaction)))
    } else {
        Ok(interaction)
    }
}
