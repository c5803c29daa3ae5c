//! `[log]`: what is logged, and how.

use tracing_subscriber::EnvFilter;

use super::error::ConfigError;
use super::section::Section;

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Log {
    /// The form of an event.
    pub format: LogFormat,
    /// Directives that [`EnvFilter`] accepts.
    pub filter: String,
}

/// The form of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One object a line.
    Json,
    /// For people.
    Pretty,
}

impl Log {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            format: section.text("format", |text| match text {
                "json" => Ok(LogFormat::Json),
                "pretty" => Ok(LogFormat::Pretty),
                _ => Err("must be \"json\" or \"pretty\""),
            })?,
            filter: section.text("filter", |text| {
                EnvFilter::try_new(text).map(|_| text.to_owned())
            })?,
        })
    }
}
