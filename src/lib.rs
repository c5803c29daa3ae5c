//! Vestibule, a self-hosted `OpenID` Connect identity provider.

pub mod clock;
pub mod config;
pub mod id;
pub mod passwords;
pub mod secret;
pub mod store;
