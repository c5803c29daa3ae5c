//! `[keys]`: where the master keys are, and when signing keys rotate.

use std::path::PathBuf;

use rand::CryptoRng;

use super::error::ConfigError;
use super::master_key::{self, MasterKey, MasterKeys};
use super::section::{Either, Section};
use crate::clock::Seconds;

/// The master key, and the rotation of signing keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Where the current master key comes from.
    pub master_key: MasterKeySource,
    /// The former master keys, which only decrypt.
    pub previous_master_keys: Vec<MasterKey>,
    /// The age at which a signing key is replaced; none leaves that to the command line.
    pub rotate_after: Option<Seconds>,
    /// How long the next key is published before it signs.
    pub publish_before: Seconds,
    /// How long a key is published after it has signed for the last time.
    pub retain: Seconds,
}

/// Where the current master key comes from.
#[derive(Debug, Clone)]
pub enum MasterKeySource {
    /// A file, made when it does not exist.
    File(PathBuf),
    /// The configuration itself.
    Given(MasterKey),
}

impl Keys {
    /// The master keys. Makes the file of the current one when there is none.
    pub fn master_keys(&self, rng: &mut impl CryptoRng) -> Result<MasterKeys, ConfigError> {
        let current = match &self.master_key {
            MasterKeySource::File(path) => master_key::read_or_create(path, rng)?,
            MasterKeySource::Given(key) => key.clone(),
        };
        Ok(MasterKeys {
            current,
            previous: self.previous_master_keys.clone(),
        })
    }

    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let keys = Self {
            master_key: match section.stronger("master_key", "master_key_file")? {
                Some(Either::First(text)) => MasterKeySource::Given(
                    MasterKey::parse(text)
                        .map_err(|reason| section.refuse("master_key", reason))?,
                ),
                Some(Either::Second(path)) => MasterKeySource::File(section.resolve(path)),
                None => return Err(section.refuse("master_key_file", "must be set, or master_key")),
            },
            previous_master_keys: previous(section)?,
            rotate_after: section
                .integer("rotate_after_seconds", 0..=10 * 365 * 86400)
                .map(|age: i64| (age > 0).then(|| Seconds::new(age)))?,
            publish_before: section.seconds("publish_before_seconds", 0..=365 * 86400)?,
            retain: section.seconds("retain_seconds", 60..=10 * 365 * 86400)?,
        };
        section.require(
            keys.rotate_after
                .is_none_or(|age| age > keys.publish_before),
            &["rotate_after_seconds", "publish_before_seconds"],
            "rotate_after_seconds must be longer than publish_before_seconds, or 0",
        )?;
        Ok(keys)
    }
}

fn previous(section: &Section<'_>) -> Result<Vec<MasterKey>, ConfigError> {
    let mut keys = section.list("previous_master_keys", MasterKey::parse)?;
    keys.extend(section.list("previous_master_key_files", |path| {
        let path = section.resolve(path);
        master_key::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    })?);
    Ok(keys)
}
