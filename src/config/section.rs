//! Reads one section's values into domain types, and blames the right place when one is impossible.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Origin};
use super::layers::{Setting, Value};
use crate::clock::Seconds;
use crate::secret::Secret;

/// The settings of one section.
///
/// The readers panic on a key that `config/example.toml` does not hold with that kind of value,
/// which reading the defaults in a test rules out.
pub(super) struct Section<'a> {
    name: &'static str,
    settings: &'a BTreeMap<String, Setting>,
    folder: &'a Path,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        name: &'static str,
        settings: &'a BTreeMap<String, Setting>,
        folder: &'a Path,
    ) -> Self {
        Self {
            name,
            settings,
            folder,
        }
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        let Value::Flag(flag) = self.setting(key).value else {
            unreachable!("{key} is a flag in the example, and other kinds are refused");
        };
        flag
    }

    pub(super) fn integer<T: TryFrom<i64>>(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Result<T, ConfigError> {
        let Value::Integer(integer) = self.setting(key).value else {
            unreachable!("{key} is a number in the example, and other kinds are refused");
        };
        T::try_from(integer)
            .ok()
            .filter(|_| range.contains(&integer))
            .ok_or_else(|| {
                let (least, most) = range.into_inner();
                self.refuse(
                    key,
                    format!("must be from {least} to {most}, not {integer}"),
                )
            })
    }

    pub(super) fn seconds(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Seconds, ConfigError> {
        self.integer::<i64>(key, range).map(Seconds::new)
    }

    /// A text that must not be empty, as `parse` reads it.
    pub(super) fn text<T, E: Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        self.optional(key, parse)?
            .ok_or_else(|| self.refuse(key, "must be set"))
    }

    /// A text as `parse` reads it; absent when empty.
    pub(super) fn optional<T, E: Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match self.raw(key) {
            "" => Ok(None),
            text => parse(text)
                .map(Some)
                .map_err(|reason| self.refuse(key, reason.to_string())),
        }
    }

    /// The texts of a list, each as `parse` reads it.
    pub(super) fn list<T, E: Display>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, ConfigError> {
        let Value::List(items) = &self.setting(key).value else {
            unreachable!("{key} is a list in the example, and other kinds are refused");
        };
        items
            .iter()
            .map(|item| parse(item).map_err(|reason| self.refuse(key, reason.to_string())))
            .collect()
    }

    /// A path, from the folder of the configuration file.
    pub(super) fn path(&self, key: &str) -> Result<PathBuf, ConfigError> {
        self.text(key, |text| Ok::<_, String>(self.resolve(text)))
    }

    /// `path`, from the folder of the configuration file.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// A secret, given as `key` or as the content of the file that `{key}_file` names.
    ///
    /// The one set in the stronger layer counts; both in the same layer contradict each other.
    pub(super) fn secret(&self, key: &str) -> Result<Option<Secret>, ConfigError> {
        let file_key = format!("{key}_file");
        match self.stronger(key, &file_key)? {
            Some(Either::First(text)) => Ok(Some(Secret::from(text))),
            Some(Either::Second(path)) => {
                self.secret_file(&file_key, &self.resolve(path)).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The content of a secret's file, without the line break that editors add.
    pub(super) fn secret_file(&self, key: &str, path: &Path) -> Result<Secret, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            self.refuse(key, format!("{} can't be read: {error}", path.display()))
        })?;
        Ok(Secret::from(text.trim_end_matches(['\r', '\n'])))
    }

    /// Which of two alternatives is set in the stronger layer.
    pub(super) fn stronger(
        &self,
        first: &str,
        second: &str,
    ) -> Result<Option<Either<'_>>, ConfigError> {
        let (one, other) = (self.raw(first), self.raw(second));
        if one.is_empty() || other.is_empty() {
            return Ok(match (one, other) {
                ("", "") => None,
                ("", other) => Some(Either::Second(other)),
                (one, _) => Some(Either::First(one)),
            });
        }
        let (origin, other_origin) = (self.origin(first), self.origin(second));
        if origin.same_layer(other_origin) {
            return Err(self.refuse(second, format!("set either this or {first}, not both")));
        }
        Ok(Some(if origin > other_origin {
            Either::First(one)
        } else {
            Either::Second(other)
        }))
    }

    /// Demands what concerns several keys; the one set in the strongest layer is blamed.
    pub(super) fn require(
        &self,
        condition: bool,
        keys: &[&str],
        reason: &str,
    ) -> Result<(), ConfigError> {
        if condition {
            return Ok(());
        }
        let blamed = keys.iter().max_by_key(|key| self.origin(key));
        let key = blamed.expect("a demand names its keys");
        Err(self.refuse(key, reason))
    }

    /// The error that says why the value of `key` is impossible.
    pub(super) fn refuse(&self, key: &str, reason: impl Into<String>) -> ConfigError {
        let origin = self.origin(key).clone();
        ConfigError::about(format!("{}.{key}", self.name), origin, reason)
    }

    fn raw(&self, key: &str) -> &str {
        let Value::Text(text) = &self.setting(key).value else {
            unreachable!("{key} is a text in the example, and other kinds are refused");
        };
        text
    }

    fn origin(&self, key: &str) -> &Origin {
        &self.setting(key).origin
    }

    fn setting(&self, key: &str) -> &Setting {
        let setting = &self.settings[key];
        setting.read.set(true);
        setting
    }
}

/// The one of two alternatives that is set.
pub(super) enum Either<'a> {
    First(&'a str),
    Second(&'a str),
}
