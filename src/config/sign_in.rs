//! `[sessions]` and `[sign_in]`: how long a browser stays signed in, and what one sign-in may take.

use super::error::ConfigError;
use super::section::Section;
use crate::clock::Seconds;

/// How long a browser stays signed in.
#[derive(Debug, Clone, Copy)]
pub struct Sessions {
    /// Since it was last used.
    pub idle: Seconds,
    /// Since the sign-in.
    pub absolute: Seconds,
}

impl Sessions {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let sessions = Self {
            idle: section.seconds("idle_seconds", 60..=365 * 86400)?,
            absolute: section.seconds("absolute_seconds", 60..=365 * 86400)?,
        };
        section.require(
            sessions.idle <= sessions.absolute,
            &["idle_seconds", "absolute_seconds"],
            "idle_seconds must not be longer than absolute_seconds",
        )?;
        Ok(sessions)
    }
}

/// One sign-in: its lifetime, its codes, its throttling.
#[derive(Debug, Clone, Copy)]
pub struct SignIn {
    /// Of a sign-in in progress.
    pub interaction_lifetime: Seconds,
    /// Of an authorization code.
    pub code_lifetime: Seconds,
    /// Of a code sent by mail.
    pub email_code_lifetime: Seconds,
    /// Of an invitation to an organization.
    pub invitation_lifetime: Seconds,
    /// Wrong entries of a code sent by mail before it is void.
    pub email_code_attempts: u32,
    /// Failures for one account from one address.
    pub account_throttle: Throttle,
    /// Failures from one address, whatever the account.
    pub address_throttle: Throttle,
    /// Codes mailed to one recipient.
    pub mail_throttle: Throttle,
}

/// So many attempts within a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    pub attempts: u32,
    pub window: Seconds,
}

impl SignIn {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            interaction_lifetime: section.seconds("interaction_lifetime_seconds", 60..=86400)?,
            // RFC 6749 §4.1.2 allows ten minutes; RFC 9700 and FAPI 2.0 ask for one.
            code_lifetime: section.seconds("code_lifetime_seconds", 5..=60)?,
            email_code_lifetime: section.seconds("email_code_lifetime_seconds", 60..=86400)?,
            // Six digits: a hundred attempts would already be one chance in ten thousand.
            email_code_attempts: section.integer("email_code_attempts", 1..=10)?,
            invitation_lifetime: section
                .seconds("invitation_lifetime_seconds", 60..=365 * 86400)?,
            account_throttle: throttle(section, "account")?,
            address_throttle: throttle(section, "address")?,
            mail_throttle: throttle(section, "mail")?,
        })
    }
}

fn throttle(section: &Section<'_>, name: &str) -> Result<Throttle, ConfigError> {
    Ok(Throttle {
        attempts: section.integer(&format!("throttle_{name}_attempts"), 1..=100_000)?,
        window: section.seconds(&format!("throttle_{name}_window_seconds"), 1..=86400)?,
    })
}
