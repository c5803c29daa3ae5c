//! What every step of a local account needs to know of the request it serves.

use super::session::Visitor;
use crate::clock::Timestamp;
use crate::config::{Sessions, SignIn};
use crate::passwords::PasswordHasher;
use crate::secret::HashKey;
use crate::store::Db;
use crate::store::sessions::Session;

/// The circumstances of one request within an interaction.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The database.
    pub db: &'a Db,
    /// Hashes passwords, a few at a time.
    pub hasher: &'a PasswordHasher,
    /// Hashes codes.
    pub hash_key: &'a HashKey,
    /// How often something may be tried, and how long codes live.
    pub limits: &'a SignIn,
    /// How long sessions live.
    pub lifetimes: &'a Sessions,
    /// The session that the browser has already, whoever's.
    pub present: Option<&'a Session>,
    /// The browser.
    pub visitor: &'a Visitor,
    /// The time.
    pub now: Timestamp,
}
