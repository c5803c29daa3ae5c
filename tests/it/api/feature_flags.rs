//! Feature flags: their definitions, and their values for the environment and for organizations.
