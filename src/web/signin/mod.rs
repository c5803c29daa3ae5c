//! The pages of an interaction.

pub mod consent;
pub mod mail;
pub mod password;
pub mod register;
pub mod resume;
