//! The three layers, merged: which keys there are, what each holds and where that was written.
//!
//! `config/example.toml` is the schema. A later layer may set the keys it names, with values of
//! the same kind, and no others. What a value means is decided in [`super::section`].

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeInteger, DeTable, DeValue};

use super::error::{ConfigError, Origin};
use super::section::Section;

const EXAMPLE: &str = include_str!("../../config/example.toml");
const VARIABLE_PREFIX: &str = "VESTIBULE__";

/// What was written for one key. Never printed, since it may be a secret.
#[derive(Clone)]
pub(super) enum Value {
    Flag(bool),
    Integer(i64),
    List(Vec<String>),
    Text(String),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::List(_) => "a list of texts",
            Self::Text(_) => "a text",
        }
    }

    /// Reads the text of a variable as a value of the same kind.
    fn parse_alike(&self, text: &str) -> Option<Self> {
        Some(match self {
            Self::Flag(_) => Self::Flag(text.trim().parse().ok()?),
            Self::Integer(_) => Self::Integer(text.trim().parse().ok()?),
            Self::List(_) => Self::List(
                text.split(',')
                    .map(|item| item.trim().to_owned())
                    .filter(|item| !item.is_empty())
                    .collect(),
            ),
            Self::Text(_) => Self::Text(text.to_owned()),
        })
    }
}

/// One key's value, and where it was written.
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
    pub(super) read: Cell<bool>,
}

/// All settings, by section and key.
pub(super) struct Settings {
    values: BTreeMap<String, BTreeMap<String, Setting>>,
    folder: PathBuf,
}

impl Settings {
    /// The values of `config/example.toml`.
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        let mut values = BTreeMap::<_, BTreeMap<_, _>>::new();
        for entry in entries(Path::new("config/example.toml"), EXAMPLE)? {
            let setting = Setting {
                value: entry.value?,
                origin: Origin::Default,
                read: Cell::new(false),
            };
            values
                .entry(entry.section)
                .or_default()
                .insert(entry.key, setting);
        }
        Ok(Self {
            values,
            folder: PathBuf::new(),
        })
    }

    /// Puts the text of a configuration file over what is there.
    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        self.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        for entry in entries(path, text)? {
            let setting = self.known(&entry.section, &entry.key, &entry.key_origin)?;
            let value = entry.value?;
            if value.kind() != setting.value.kind() {
                return Err(ConfigError::about(
                    format!("{}.{}", entry.section, entry.key),
                    entry.value_origin,
                    format!("must be {}, not {}", setting.value.kind(), value.kind()),
                ));
            }
            setting.value = value;
            setting.origin = entry.value_origin;
        }
        Ok(())
    }

    /// Puts the variables named `VESTIBULE__SECTION__KEY` over what is there.
    pub(super) fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(VARIABLE_PREFIX) else {
                continue;
            };
            let origin = Origin::Environment {
                variable: variable.clone(),
            };
            let name = name.to_ascii_lowercase();
            let (section, key) = name.split_once("__").ok_or_else(|| {
                let reason = "must be named VESTIBULE__SECTION__KEY, with two underscores each";
                ConfigError::at(origin.clone(), reason)
            })?;
            let setting = self.known(section, key, &origin)?;
            setting.value = setting.value.parse_alike(&text).ok_or_else(|| {
                ConfigError::about(
                    format!("{section}.{key}"),
                    origin.clone(),
                    format!("must be {}", setting.value.kind()),
                )
            })?;
            setting.origin = origin;
        }
        Ok(())
    }

    pub(super) fn section(&self, name: &'static str) -> Section<'_> {
        Section::new(name, &self.values[name], &self.folder)
    }

    /// The settings that no section has asked for.
    pub(super) fn unread(&self) -> Vec<&str> {
        self.values
            .values()
            .flatten()
            .filter(|(_, setting)| !setting.read.get())
            .map(|(key, _)| key.as_str())
            .collect()
    }

    fn known(
        &mut self,
        section: &str,
        key: &str,
        origin: &Origin,
    ) -> Result<&mut Setting, ConfigError> {
        let unknown =
            |reason| ConfigError::about(format!("{section}.{key}"), origin.clone(), reason);
        let sections = self.values.keys().cloned().collect::<Vec<_>>().join(", ");
        let Some(settings) = self.values.get_mut(section) else {
            let reason = format!("there is no section [{section}]; the sections are {sections}");
            return Err(unknown(reason));
        };
        let keys = settings.keys().cloned().collect::<Vec<_>>().join(", ");
        settings.get_mut(key).ok_or_else(|| {
            unknown(format!(
                "there is no such setting; [{section}] knows {keys}"
            ))
        })
    }
}

/// One `key = value` of a document.
struct Entry {
    section: String,
    key: String,
    key_origin: Origin,
    value: Result<Value, ConfigError>,
    value_origin: Origin,
}

fn entries(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let at = |span: Range<usize>| Origin::File {
        path: path.to_owned(),
        position: Some(position(text, span.start)),
    };
    let document = DeTable::parse(text).map_err(|error| {
        let origin = error.span().map_or_else(|| Origin::file(path), at);
        ConfigError::at(origin, error.message())
    })?;
    let mut entries = Vec::new();
    for (section, content) in document.get_ref() {
        let DeValue::Table(table) = content.get_ref() else {
            return Err(ConfigError::about(
                section.get_ref().to_string(),
                at(section.span()),
                "must stand in a section, below a line such as [server]",
            ));
        };
        for (key, value) in table {
            let name = format!("{}.{}", section.get_ref(), key.get_ref());
            let refuse = |reason| ConfigError::about(name, at(value.span()), reason);
            entries.push(Entry {
                section: section.get_ref().to_string(),
                key: key.get_ref().to_string(),
                key_origin: at(key.span()),
                value: convert(value.get_ref()).map_err(refuse),
                value_origin: at(value.span()),
            });
        }
    }
    Ok(entries)
}

fn convert(value: &DeValue<'_>) -> Result<Value, &'static str> {
    match value {
        DeValue::Boolean(flag) => Ok(Value::Flag(*flag)),
        DeValue::Integer(integer) => integer_value(integer).map(Value::Integer),
        DeValue::String(text) => Ok(Value::Text(text.to_string())),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map(Value::List)
            .ok_or("must be a list of texts"),
        DeValue::Datetime(_) | DeValue::Float(_) | DeValue::Table(_) => {
            Err("must be a text, a whole number, true or false, or a list of texts")
        }
    }
}

fn integer_value(integer: &DeInteger<'_>) -> Result<i64, &'static str> {
    i64::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| "is too large a number")
}

/// Line and column of a byte, both from 1; columns are characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}
