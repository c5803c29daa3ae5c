//! `[database]`: SQLite or PostgreSQL, and how many connections.

use std::path::PathBuf;

use super::error::ConfigError;
use super::section::Section;
use crate::clock::Seconds;
use crate::secret::Secret;

/// Which database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Connections kept open at most.
    pub max_connections: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Seconds,
}

/// The place of the database, and with it the engine.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// A `postgres://` address, kept secret for the password in it.
    Postgres(Secret),
    /// A file.
    Sqlite(PathBuf),
}

impl Database {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let url = section
            .secret("url")?
            .ok_or_else(|| section.refuse("url", "must be set"))?;
        Ok(Self {
            url: parse(section, url)?,
            max_connections: section.integer("max_connections", 1..=1000)?,
            acquire_timeout: section.seconds("acquire_timeout_seconds", 1..=60)?,
        })
    }
}

fn parse(section: &Section<'_>, url: Secret) -> Result<DatabaseUrl, ConfigError> {
    let text = url.expose();
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        let reason = "names no file; write sqlite:data/vestibule.db";
        return if path.is_empty() || path.starts_with(':') {
            Err(section.refuse("url", reason))
        } else {
            Ok(DatabaseUrl::Sqlite(section.resolve(path)))
        };
    }
    // The address is not quoted: it may hold a password.
    let parsed = url::Url::parse(text);
    match parsed {
        Ok(parsed) if matches!(parsed.scheme(), "postgres" | "postgresql") => {
            Ok(DatabaseUrl::Postgres(url))
        }
        _ => Err(section.refuse(
            "url",
            "must be sqlite:PATH or postgres://user:password@host/name",
        )),
    }
}
