//! The store: records, and the SQL that reads and writes them, one file for each noun.
//!
//! Records are plain data with public fields. What may be done with them, and by whom, is decided
//! in the concepts (`directory`, `interaction`, `tokens`).

pub mod access_roles;
pub mod apis;
pub mod assignments;
pub mod attribute_sources;
pub mod audit_events;
pub mod branding;
pub mod client_apis;
pub mod clients;
pub mod codes;
pub mod connection_secrets;
pub mod connections;
pub mod consents;
pub mod db;
pub mod email_codes;
pub mod environment;
pub mod feature_flag_values;
pub mod feature_flags;
pub mod grants;
pub mod group_role_assignments;
pub mod identities;
pub mod interactions;
pub mod invitations;
pub mod logos;
pub mod members;
pub mod memberships;
pub mod organizations;
pub mod passwords;
pub mod permissions;
pub mod properties;
pub mod property_categories;
pub mod property_values;
pub mod refresh_tokens;
pub mod revoked_tokens;
pub mod role_scopes;
pub mod roles;
pub mod sessions;
pub mod signing_keys;
pub mod sync_records;
pub mod throttles;
pub mod types;
pub mod upstream_attempts;
pub mod upstream_identities;
pub mod upstream_logout_tokens;
pub mod upstream_logouts;
pub mod upstream_sessions;
pub mod upstream_sign_ins;
pub mod user_words;
pub mod users;

pub use db::{Db, Tx};
