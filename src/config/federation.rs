//! `[federation]`: which networks upstream providers may be in.

use std::sync::Arc;

use super::error::ConfigError;
use super::network::Network;
use super::section::Section;

/// What holds for requests to upstream providers.
#[derive(Debug, Clone)]
pub struct Federation {
    /// Networks that are not public, and may be asked all the same.
    pub allowed_networks: Arc<[Network]>,
}

impl Federation {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            allowed_networks: section.list("allowed_networks", str::parse)?.into(),
        })
    }
}
