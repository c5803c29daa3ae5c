//! `[tokens]`: lifetimes where an application sets none.

use super::error::ConfigError;
use super::section::Section;
use crate::clock::Seconds;

/// Lifetimes where an application sets none.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    /// Of an access token for a user.
    pub access_lifetime: Seconds,
    /// Of an ID token.
    pub id_lifetime: Seconds,
    /// Of a refresh token, from its issue.
    pub refresh_lifetime: Seconds,
    /// Of an access token for a machine-to-machine application.
    pub machine_lifetime: Seconds,
    /// How long a refresh token that was used gives the same successor again.
    pub refresh_grace: Seconds,
}

impl Tokens {
    /// The longest lifetime of those tokens that we sign.
    pub fn longest_signed(&self) -> Seconds {
        self.access_lifetime
            .max(self.id_lifetime)
            .max(self.machine_lifetime)
    }

    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let lifetime = |key| section.seconds(key, 60..=365 * 86400);
        Ok(Self {
            access_lifetime: lifetime("access_lifetime_seconds")?,
            id_lifetime: lifetime("id_lifetime_seconds")?,
            refresh_lifetime: lifetime("refresh_lifetime_seconds")?,
            machine_lifetime: lifetime("machine_lifetime_seconds")?,
            refresh_grace: section.seconds("refresh_grace_seconds", 0..=300)?,
        })
    }
}
