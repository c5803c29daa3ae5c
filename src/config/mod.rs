//! The settings of the server, read once at start.
//!
//! Three layers, each stronger than the one before: the defaults, which are the values in
//! `config/example.toml`; the configuration file; the environment. The example is at the same
//! time the schema: it says which keys exist and of which kind each is (see [`layers`]). A section
//! then turns its keys into domain types, so that nothing is checked a second time.
//!
//! # Decision
//!
//! The sections are read by hand and not by derived deserialization, because every refusal shall
//! name the file, line and column, or the variable, that the value came from, also when the value
//! is wrong only in view of another one. That knowledge is lost once layers are merged.

mod api;
mod branding;
mod database;
mod error;
mod federation;
mod keys;
mod layers;
mod log;
mod mail;
mod master_key;
mod network;
mod passwords;
mod section;
mod server;
mod sign_in;
mod tokens;

use std::path::Path;

pub use api::Api;
pub use branding::{Branding, Colour};
pub use database::{Database, DatabaseUrl};
pub use error::{ConfigError, Origin};
pub use federation::Federation;
pub use keys::{Keys, MasterKeySource};
pub use log::{Log, LogFormat};
pub use mail::{Mail, MailTransport, Smtp, SmtpCredentials, SmtpTls};
pub use master_key::{MasterKey, MasterKeys};
pub use network::Network;
pub use passwords::Passwords;
pub use server::{ForwardingHeader, Server};
pub use sign_in::{Sessions, SignIn, Throttle};
pub use tokens::Tokens;

use layers::Settings;

/// All settings. A section a struct, in the order of `config/example.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Listening, and what a connection or request may cost.
    pub server: Server,
    /// Which database.
    pub database: Database,
    /// The master key, and the rotation of signing keys.
    pub keys: Keys,
    /// How long a browser stays signed in.
    pub sessions: Sessions,
    /// One sign-in: its lifetime, its codes, its throttling.
    pub sign_in: SignIn,
    /// Requests to upstream providers.
    pub federation: Federation,
    /// Which passwords are accepted, and how they are hashed.
    pub passwords: Passwords,
    /// How mail leaves.
    pub mail: Mail,
    /// How pages and mails look.
    pub branding: Branding,
    /// Lifetimes where an application sets none.
    pub tokens: Tokens,
    /// What programs may ask of the management API.
    pub api: Api,
    /// What is logged, and how.
    pub log: Log,
}

impl Config {
    /// Reads the defaults, then `file`, then those of the variables that begin with `VESTIBULE__`.
    ///
    /// Relative paths start at the folder of `file`, or at the working directory without one.
    ///
    /// # Errors
    ///
    /// The first setting that is unknown or impossible, with its place and what to do.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut settings = Settings::defaults()?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                ConfigError::at(Origin::file(path), format!("can't be read: {error}"))
            })?;
            settings.add_file(path, &text)?;
        }
        settings.add_environment(environment)?;
        Self::from_settings(&settings)
    }

    fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let config = Self {
            server: Server::read(&settings.section("server"))?,
            database: Database::read(&settings.section("database"))?,
            keys: Keys::read(&settings.section("keys"))?,
            sessions: Sessions::read(&settings.section("sessions"))?,
            sign_in: SignIn::read(&settings.section("sign_in"))?,
            federation: Federation::read(&settings.section("federation"))?,
            passwords: Passwords::read(&settings.section("passwords"))?,
            mail: Mail::read(&settings.section("mail"))?,
            branding: Branding::read(&settings.section("branding"))?,
            tokens: Tokens::read(&settings.section("tokens"))?,
            api: Api::read(&settings.section("api"))?,
            log: Log::read(&settings.section("log"))?,
        };
        debug_assert_eq!(
            settings.unread(),
            [""; 0],
            "the example names a setting that nobody reads"
        );
        settings.section("keys").require(
            config.keys.retain >= config.tokens.longest_signed(),
            &["retain_seconds"],
            "must be at least the longest lifetime in [tokens], or tokens outlive the key that verifies them",
        )?;
        Ok(config)
    }
}

/// The variables of this process, for [`Config::load`].
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |part: std::ffi::OsString| part.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

#[cfg(test)]
mod tests;
