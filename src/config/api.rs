//! `[api]`: what programs may ask of the management API.

use super::error::ConfigError;
use super::section::Section;

/// What programs may ask of the management API.
#[derive(Debug, Clone, Copy)]
pub struct Api {
    /// Requests of one application, on each node; 0: as many as it likes.
    pub requests_per_minute: u32,
}

impl Api {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            requests_per_minute: section.integer("requests_per_minute", 0..=1_000_000)?,
        })
    }
}
