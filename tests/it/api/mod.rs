//! The management API: a file for each noun, and what all of its routes have in common.

mod apis;
mod applications;
mod audit_events;
mod conventions;
mod description;
mod docs;
mod environment;
mod explain;
mod feature_flags;
mod identities;
mod invitations;
mod logos;
mod member_access;
mod members;
mod organizations;
mod passwords;
mod permissions;
mod properties;
mod rate;
mod role_permissions;
mod role_scopes;
mod roles;
mod search;
mod upstream_identities;
mod user_sessions;
mod users;
