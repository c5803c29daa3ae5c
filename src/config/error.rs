//! Why a configuration is refused, and where the culprit stands.

use std::fmt;
use std::path::{Path, PathBuf};

/// A configuration that can't be used. Displays as `place: key: what to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    origin: Origin,
    key: Option<String>,
    reason: String,
}

impl ConfigError {
    /// An error about a place as a whole.
    pub(super) fn at(origin: Origin, reason: impl Into<String>) -> Self {
        Self {
            origin,
            key: None,
            reason: reason.into(),
        }
    }

    /// An error about the setting `key`, written `section.key`.
    pub(super) fn about(key: String, origin: Origin, reason: impl Into<String>) -> Self {
        Self {
            origin,
            key: Some(key),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.origin)?;
        if let Some(key) = &self.key {
            write!(formatter, "{key}: ")?;
        }
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for ConfigError {}

/// Where a setting was written, the weakest layer first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The built-in example.
    Default,
    /// A file; the position, line and column from 1, when it is known.
    File {
        path: PathBuf,
        position: Option<(usize, usize)>,
    },
    /// A variable of the environment.
    Environment { variable: String },
}

impl Origin {
    /// A file as a whole.
    pub(super) fn file(path: &Path) -> Self {
        Self::File {
            path: path.to_owned(),
            position: None,
        }
    }

    /// Whether both belong to the same layer.
    pub(super) fn same_layer(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("the default settings"),
            Self::File {
                path,
                position: Some((line, column)),
            } => write!(formatter, "{}:{line}:{column}", path.display()),
            Self::File {
                path,
                position: None,
            } => write!(formatter, "{}", path.display()),
            Self::Environment { variable } => {
                write!(formatter, "the environment variable {variable}")
            }
        }
    }
}
