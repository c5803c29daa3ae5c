//! Signing in: a file for each story.

mod account;
mod account_password;
mod applications;
mod branding;
mod consent;
mod form_post;
mod invitations;
mod languages;
mod organizations;
mod password;
mod recovery;
mod register;
mod resuming;
mod select_account;
mod sessions;
pub(crate) mod upstream;
mod upstream_attacks;
mod upstream_authentication;
mod upstream_groups;
mod upstream_logout;
mod upstream_newcomers;
mod upstream_parameters;
mod upstream_profile;
mod upstream_sign_out;
