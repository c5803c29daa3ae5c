//! Configuration as code: makes the database say what a document says.
//!
//! A document is TOML: `[policies]`, `[logos]`, `[[feature_flags]]`, `[[properties]]`, `[[apis]]`, `[[applications]]`,
//! `[[permissions]]`, `[[roles]]`, `[[organizations]]`, `[[connections]]`, `[[users]]`; `config/demo.toml` is a commented
//! example. Each noun has a file here, with the form in which it is written, what is
//! refused, and how it is compared and stored. A new noun is a new file, a field of
//! [`document::Document`], and a line in [`apply`].
//!
//! What the document does not name is left alone: other applications, APIs and users stay as they
//! are, wherever they came from. Of what it does name, it is the authority: what was changed by other
//! means is changed back. To be rid of something, say `remove = true`.
//!
//! # Decision
//!
//! The difference is not computed apart from being applied. [`plan`] applies in a transaction and rolls
//! it back, so that what it foretells can't differ from what [`apply`] does.

mod apis;
mod applications;
mod bootstrap;
mod change;
mod check;
mod connections;
mod document;
mod error;
mod feature_flags;
mod logos;
mod organizations;
mod permissions;
mod policies;
mod properties;
mod references;
mod roles;
mod users;

#[cfg(test)]
mod tests;

use rand::CryptoRng;

pub use bootstrap::{Administrator, Bootstrap, ManagementClient, Outcome, bootstrap};
pub use change::{Action, Change, Changes, FieldChange, Noun, Values};
pub use document::Document;
pub use error::{ApplyError, DocumentError};
pub use references::References;

use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::config::{Config, Tokens};
use crate::passwords::PasswordHasher;
use crate::protocol::Issuer;
use crate::secret::HashKey;
use crate::store::{Db, Tx};
use crate::vault::Vault;

/// What the configuration says where a document says nothing.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// Ourselves.
    pub issuer: Issuer,
    /// Lifetimes of tokens.
    pub tokens: Tokens,
    /// How long a signing key stays published after its last signature: the longest life of a token.
    pub key_retention: Seconds,
}

impl From<&Config> for Defaults {
    fn from(config: &Config) -> Self {
        Self {
            issuer: config.server.issuer.clone(),
            tokens: config.tokens,
            key_retention: config.keys.retain,
        }
    }
}

/// What hashes or seals the secrets that come in.
#[derive(Debug, Clone, Copy)]
pub struct Hashing<'a> {
    /// For client secrets.
    pub key: &'a HashKey,
    /// For passwords.
    pub passwords: &'a PasswordHasher,
    /// For our secrets elsewhere, which have to be read again.
    pub vault: &'a Vault,
}

/// Makes the database say what `document` says. What is so already is not written.
///
/// # Errors
///
/// When the document can't be applied to this database; the transaction is then to be rolled back.
pub async fn apply(
    tx: &mut Tx,
    document: &Document,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Changes, ApplyError> {
    let mut changes = Vec::new();
    if let Some(policies) = &document.policies {
        changes.push(policies::apply(tx, policies, now, rng).await?);
    }
    if let Some(logos) = &document.logos {
        changes.push(logos::apply(tx, logos, now, rng).await?);
    }
    for flag in &document.feature_flags {
        changes.push(feature_flags::apply(tx, flag, now, rng).await?);
    }
    for property in &document.properties {
        changes.push(properties::apply(tx, property, now, rng).await?);
    }
    for api in &document.apis {
        changes.push(apis::apply(tx, api, now, rng).await?);
    }
    for application in &document.applications {
        changes.push(applications::apply(tx, application, hashing, now, rng).await?);
    }
    for permission in &document.permissions {
        changes.push(permissions::apply(tx, permission, now, rng).await?);
    }
    for role in &document.roles {
        changes.push(roles::apply(tx, role, now, rng).await?);
    }
    for organization in &document.organizations {
        changes.push(organizations::apply(tx, organization, now, rng).await?);
    }
    let confirmed = document.confirmed_withdrawals;
    for connection in &document.connections {
        changes.push(connections::apply(tx, (connection, confirmed), hashing, now, rng).await?);
    }
    for user in &document.users {
        changes.push(users::apply(tx, user, hashing, now, rng).await?);
    }
    Ok(Changes(changes))
}

/// What [`apply`] would change. Nothing is.
///
/// # Errors
///
/// As [`apply`].
pub async fn plan(
    db: &Db,
    document: &Document,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Changes, ApplyError> {
    let mut tx = db.write().await?;
    apply(&mut tx, document, hashing, now, rng).await
}

/// Records that a document was held, if that is why it was not applied. What was done of it is to be rolled back
/// before.
pub async fn record_held(
    db: &Db,
    error: &ApplyError,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let ApplyError::Held {
        connection,
        withdrawals,
        ..
    } = error
    else {
        return Ok(());
    };
    let mut tx = db.write().await?;
    let details = serde_json::json!({ "withdrawals": withdrawals });
    let (action, subject) = ("connection.change_held", connection.as_str());
    audit::record(&mut tx, Actor::Operator, action, subject, details, now, rng).await?;
    tx.commit().await
}

/// Records a change in the audit log, if it is one.
async fn record(
    tx: &mut Tx,
    change: &Change,
    subject: &str,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if change.is_unchanged() {
        return Ok(());
    }
    let (event, details) = (change.event(), change.details());
    audit::record(tx, Actor::Operator, &event, subject, details, now, rng).await
}
