//! Why a document is refused, or could not be applied.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::directory::connections::brake::Withdrawals;
use crate::id::ConnectionId;
use crate::passwords::PasswordError;
use crate::vault::VaultError;

/// A document that can't be used. Displays as `file:line:column: what: what to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    path: PathBuf,
    position: Option<(usize, usize)>,
    reason: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:", self.path.display())?;
        if let Some((line, column)) = self.position {
            write!(formatter, "{line}:{column}:")?;
        }
        write!(formatter, " {}", self.reason)
    }
}

impl std::error::Error for DocumentError {}

/// Why a document could not be applied; the transaction is then to be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A connection would withdraw much of what its groups give, and nobody has confirmed that.
    #[error("{subject}: {withdrawals}: if that is meant, run again with --confirm-withdrawals {}", withdrawals.withdrawn)]
    Held {
        /// Which, e.g. `connection "Acme"`.
        subject: String,
        /// Its id.
        connection: ConnectionId,
        /// How much.
        withdrawals: Withdrawals,
    },
    /// A user's password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The document says what the database can't.
    #[error("{subject}: {reason}")]
    Refused {
        /// What it says it of, e.g. `application "Shop"`.
        subject: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A secret of ours elsewhere can't be sealed or read.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl ApplyError {
    pub(super) fn refused(subject: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self::Refused {
            subject: subject.to_string(),
            reason: reason.into(),
        }
    }
}

/// Something that a document may not say, before it is known in which file.
#[derive(Debug)]
pub(super) struct Refusal {
    span: Option<Range<usize>>,
    reason: String,
}

impl Refusal {
    /// A refusal of what stands at `span`.
    pub(super) fn at(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            reason: reason.into(),
        }
    }

    /// The same, naming what it is about.
    pub(super) fn about(mut self, subject: impl fmt::Display) -> Self {
        self.reason = format!("{subject}: {}", self.reason);
        self
    }

    /// The same, for whoever wrote `text` in the file at `path`.
    pub(super) fn in_file(self, path: &Path, text: &str) -> DocumentError {
        DocumentError {
            path: path.to_owned(),
            position: self.span.map(|span| position(text, span.start)),
            reason: self.reason,
        }
    }
}

impl From<toml::de::Error> for Refusal {
    /// The message alone: the error's own display quotes the line, which may hold what should be secret.
    fn from(error: toml::de::Error) -> Self {
        let message = error.message();
        let remedy = match message {
            unknown if unknown.starts_with("unknown field") => ": correct or remove it",
            _ => "",
        };
        Self {
            span: error.span(),
            reason: format!("{message}{remedy}"),
        }
    }
}

/// Line and column of a byte, both from 1; columns are characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}
